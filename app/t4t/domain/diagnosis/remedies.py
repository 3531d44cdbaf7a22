"""Remedies as they are on this computer: with the exact command where one does it. Nothing here runs anything.

Security features are never switched off by a command of ours; what changes a setting says in its wording how it is undone.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.diagnosis.findings import Remedy, Step
from t4t.domain.facts import Owner, System

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.facts import Computer

_FAMILIES: Final = ("ubuntu", "debian", "fedora", "rhel", "suse", "arch")
OUR_SETTING: Final = "/etc/modprobe.d/t4t-kvm.conf"
"""The one file of the system that a fix of ours writes."""
_MOK: Final = "/var/lib/shim-signed/mok/MOK.der"
_SECURITY: Final = frozenset({Owner.MEMORY_INTEGRITY, Owner.CREDENTIAL_GUARD, Owner.VBS})
_HEADERS: Final = {
    "ubuntu": "sudo apt-get install linux-headers-{release} gcc make perl",
    "debian": "sudo apt-get install linux-headers-{release} gcc make perl",
    "fedora": "sudo dnf install kernel-devel-{release} gcc make perl elfutils-libelf-devel",
    "rhel": "sudo dnf install kernel-devel-{release} gcc make perl elfutils-libelf-devel",
    "suse": "sudo zypper install kernel-default-devel gcc make perl",
    "arch": "sudo pacman -S --needed linux-headers gcc make perl",
}
_VIRTUALBOX: Final = {
    "ubuntu": "sudo apt-get install virtualbox",
    "suse": "sudo zypper install virtualbox",
    "arch": "sudo pacman -S --needed virtualbox virtualbox-host-modules-arch",
}
"""Debian, Fedora and their kin do not carry it: it comes from Oracle's own repository there, which takes more than a command."""
_QEMU: Final = {
    "ubuntu": "sudo apt-get install qemu-system-x86 qemu-utils",
    "debian": "sudo apt-get install qemu-system-x86 qemu-utils",
    "fedora": "sudo dnf install qemu-system-x86 qemu-img",
    "rhel": "sudo dnf install qemu-kvm qemu-img",
    "suse": "sudo zypper install qemu-x86 qemu-tools",
    "arch": "sudo pacman -S --needed qemu-system-x86 qemu-img",
}
_ON_WINDOWS: Final = {
    Remedy.RESTART_INTO_FIRMWARE: "shutdown /r /fw /t 0",
    Remedy.INSTALL_VIRTUALBOX: "winget install -e --id Oracle.VirtualBox",
    Remedy.UPDATE_VIRTUALBOX: "winget upgrade -e --id Oracle.VirtualBox",
    Remedy.INSTALL_QEMU: "winget install -e --id SoftwareFreedomConservancy.QEMU",
    Remedy.WINDOWS_PLATFORM: "dism /online /enable-feature /featurename:HypervisorPlatform",
    Remedy.START_DRIVER: "sc.exe start VBoxSup",
    Remedy.REGISTER_SERVICE: '"%ProgramFiles%\\Oracle\\VirtualBox\\VBoxSVC.exe" /ReRegServer',
}
_ON_LINUX: Final = {
    Remedy.RESTART_INTO_FIRMWARE: "systemctl reboot --firmware-setup",
    Remedy.LOAD_DRIVER: "sudo modprobe vboxdrv",
    Remedy.SELINUX_LABELS: "sudo restorecon -R -i /usr/lib/virtualbox /usr/lib64/virtualbox /opt/VirtualBox",
    Remedy.KVM_LEND: f"echo 'options kvm enable_virt_at_load=0' | sudo tee {OUR_SETTING}",
    Remedy.KVM_ALLOW: 'sudo usermod -aG kvm "$USER"',
}


def family(computer: Computer) -> str:
    """The kind of Linux, by its own name or those that it is like; empty if it is none that we know."""
    names = computer.distribution.value or ()
    return next((known for name in names for known in _FAMILIES if known in name), "")


def step(remedy: Remedy, computer: Computer) -> Step:
    """``remedy`` with its command on ``computer``."""
    match computer.system:
        case System.LINUX:
            special = _LINUX_SPECIAL.get(remedy)
            return Step(remedy, special(computer) if special is not None else _ON_LINUX.get(remedy, ""))
        case System.WINDOWS:
            return Step(remedy, _full_speed(computer) if remedy is Remedy.FULL_SPEED else _ON_WINDOWS.get(remedy, ""))
        case System.MACOS:
            return Step(remedy, "brew install qemu" if remedy is Remedy.INSTALL_QEMU else "")
        case System.OTHER:
            return Step(remedy)
        case _ as never:
            assert_never(never)


def steps(computer: Computer, *remedies: Remedy) -> tuple[Step, ...]:
    """Several, in order."""
    return tuple(step(remedy, computer) for remedy in remedies)


def _full_speed(computer: Computer) -> str:
    """Only where it switches no security feature off."""
    owners = frozenset(computer.virtualization.owners.value or ())
    return "" if owners & _SECURITY or not owners else "bcdedit /set hypervisorlaunchtype off"


def _headers(computer: Computer) -> str:
    release = computer.release.value
    return "" if release is None else _HEADERS.get(family(computer), "").format(release=shlex.quote(release))


def _build(computer: Computer) -> str:
    building = computer.building.value
    return "sudo dkms autoinstall" if building is not None and building.dkms else "sudo /sbin/vboxconfig"


def _unload(computer: Computer) -> str:
    kvm = computer.kvm.value
    return "" if kvm is None or not kvm.module else f"sudo modprobe -r {kvm.module} kvm"


def _undo_lend(computer: Computer) -> str:
    kvm = computer.kvm.value
    place = "" if kvm is None else kvm.override
    if not place.startswith("/"):
        return ""  # the kernel's command line is edited by hand, each boot loader has its own
    if place == OUR_SETTING:
        return f"sudo rm {OUR_SETTING}"
    return f"sudo sed -i.before-t4t '/enable_virt_at_load/d' {shlex.quote(place)}"


def _enrol(computer: Computer) -> str:
    if family(computer) not in {"ubuntu", "debian"}:
        return ""
    building = computer.building.value
    make = "" if building is not None and building.signing_key else "sudo update-secureboot-policy --new-key && "
    return f"{make}sudo mokutil --import {_MOK}"


_LINUX_SPECIAL: Final[dict[Remedy, Callable[[Computer], str]]] = {
    Remedy.INSTALL_HEADERS: _headers,
    Remedy.INSTALL_VIRTUALBOX: lambda computer: _VIRTUALBOX.get(family(computer), ""),
    Remedy.INSTALL_QEMU: lambda computer: _QEMU.get(family(computer), ""),
    Remedy.KVM_UNLOAD: _unload,
    Remedy.KVM_UNDO_LEND: _undo_lend,
    Remedy.ENROL_KEY: _enrol,
    Remedy.BUILD_DRIVER: _build,
}
