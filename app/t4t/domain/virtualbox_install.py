"""How VirtualBox is installed or repaired on this computer: a plan, from facts alone. Only the base package, never over running machines, never backwards.

Linux takes the distribution's own package where there is a good one, else Oracle's repository with its key, so that the package manager checks every
signature, now and with each update. Windows and macOS take the official installer, whose digest and publisher are checked.
"""

from __future__ import annotations

import enum
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from t4t.domain.changes import DOWNLOAD, MOUNT, Change, Command, Fetch, Note, Plan, What
from t4t.domain.diagnosis.remedies import family
from t4t.domain.diagnosis.tables import Numbers, numbers
from t4t.domain.facts import Architecture, System
from t4t.domain.install_errors import MachinesRunning, NewerInstalled, NoWayKnown
from t4t.domain.record import record
from t4t.domain.virtualbox_release import BASE, FINGERPRINT, KEY, KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.facts import Computer
    from t4t.domain.virtualbox_release import Release

ORACLE: Final = "Oracle America, Inc."
MICROSOFT: Final = "Microsoft Corporation"
_RUNTIME: Final = "vc_redist.x64.exe"
_RUNTIME_ADDRESS: Final = f"https://aka.ms/vs/17/release/{_RUNTIME}"
_APT: Final = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get")
_LIST: Final = "/etc/apt/sources.list.d/oracle-virtualbox.list"
_KEYRING: Final = "/usr/share/keyrings/oracle-virtualbox-2016.asc"
_REPOSITORY: Final = "/etc/yum.repos.d/oracle-virtualbox.repo"
_RPM_KEY: Final = "/etc/pki/rpm-gpg/RPM-GPG-KEY-oracle-virtualbox"
_BUILD_TOOLS: Final = ("gcc", "make", "perl")
_MSI_REFUSED: Final = frozenset({1602, 1223})
_MSI_BUSY: Final = frozenset({1618})
_MSI_RESTART: Final = frozenset({3010, 1641})
_PROPERTIES: Final = {
    "REBOOT": "ReallySuppress",
    "VBOX_START": "0",
    "VBOX_INSTALLDESKTOPSHORTCUT": "0",
    "VBOX_REGISTERFILEEXTENSIONS": "0",
    "ADDLOCAL": "VBoxApplication",
}
"""Without bridged network and USB, which we do not use: no filter driver, so the network goes on while it is installed."""


class Purpose(enum.Enum):
    """Why."""

    INSTALL = "install"
    """What is there and good enough stays."""
    UPDATE = "update"
    """To what is offered now."""
    REPAIR = "repair"
    """The same version over the one that is there; machines and settings stay."""


@record
class Package:
    """What the package manager says of a package; empty: nothing."""

    installed: str = ""
    candidate: str = ""


@record(kw_only=True)
class Scene:
    """All that the plan depends on."""

    computer: Computer
    oldest: str
    installed: Numbers = ()
    running: tuple[str, ...] = ()
    """Names of machines at work."""
    packages: Mapping[str, Package] = field(default_factory=dict)
    """Of apt: those of `asked_packages` that it knows."""
    codename: str = ""
    """Debian's and Ubuntu's word for their release (``bookworm``)."""
    runtime: bool = True
    """Windows: the Visual C++ runtime that VirtualBox needs is there."""
    release: Release | None = None
    """What the official place offers; needed where `needs_release`."""


def asked_packages(computer: Computer) -> tuple[str, ...]:
    """The packages to ask apt about; none where apt is not at home."""
    release = computer.release.value
    if family(computer) not in {"debian", "ubuntu"} or not release:
        return ()
    return ("virtualbox", f"linux-headers-{release}", *_BUILD_TOOLS, *(f"virtualbox-7.{minor}" for minor in range(3)))


def check(scene: Scene) -> None:
    """Raise what forbids any installation, before anything is fetched: `NoWayKnown`, `MachinesRunning`."""
    architecture = scene.computer.architecture.value
    if architecture is not Architecture.X86_64:
        raise NoWayKnown(what="VirtualBox", system="" if architecture is None else architecture.value)
    if scene.running:
        raise MachinesRunning(names=", ".join(scene.running))


def needs_release(scene: Scene) -> bool:
    """Whether the official place must be asked."""
    if scene.computer.system in {System.WINDOWS, System.MACOS}:
        return True
    return family(scene.computer) in {"fedora", "rhel"} or (family(scene.computer) in {"debian", "ubuntu"} and not _native(scene))


def with_release(scene: Scene, release: Release) -> Scene:
    """With what the official place offers."""
    return replace(scene, release=release)


def good_enough(scene: Scene, purpose: Purpose) -> bool:
    """Whether nothing is to be done."""
    return purpose is Purpose.INSTALL and scene.installed >= numbers(scene.oldest)


def plan(scene: Scene, purpose: Purpose) -> Plan:
    """The plan. Raises `NoWayKnown`, `MachinesRunning`, `NewerInstalled` or `LayoutStrange`."""
    check(scene)
    match scene.computer.system:
        case System.WINDOWS:
            return _windows(scene, _offered(scene, purpose), purpose)
        case System.MACOS:
            return _macos(_offered(scene, purpose))
        case System.LINUX:
            return _linux(scene, purpose)
        case _:
            raise NoWayKnown(what="VirtualBox", system=scene.computer.name.value or "")


def _offered(scene: Scene, purpose: Purpose) -> Release:
    """What the official place has; raises `NewerInstalled` if that would be a step back."""
    release = scene.release
    if release is None:
        raise NoWayKnown(what="VirtualBox", system=scene.computer.system.value)
    if scene.installed > numbers(release.version) or (purpose is Purpose.REPAIR and scene.installed and scene.installed != numbers(release.version)):
        raise NewerInstalled(installed=".".join(map(str, scene.installed)), offered=release.version)
    return release


# --- Windows and macOS -------------------------------------------------------------------------------------------------


def _installer(*words: str) -> Command:
    return Command(words=words, restart=_MSI_RESTART, refused=_MSI_REFUSED, busy=_MSI_BUSY)


def _windows(scene: Scene, release: Release, purpose: Purpose) -> Plan:
    name, digest = release.file_for(System.WINDOWS)
    changes: list[Change] = []
    fetch = [Fetch(name=name, address=f"{BASE}/{release.version}/{name}", sha256=digest)]
    if not scene.runtime:
        file = f"{DOWNLOAD}\\{_RUNTIME}"
        fetch.append(Fetch(name=_RUNTIME, address=_RUNTIME_ADDRESS))
        runtime = Command(
            words=(file, "/install", "/quiet", "/norestart"), done=frozenset({0, 1638}), restart=_MSI_RESTART, refused=_MSI_REFUSED, busy=_MSI_BUSY
        )
        changes.append(Change(what=What.INSTALL_RUNTIME, commands=(runtime,), elevated=True, genuine=(file, MICROSOFT)))
    file = f"{DOWNLOAD}\\{name}"
    properties = tuple(word for key, value in _PROPERTIES.items() for word in ("--msi-prop", key, value))
    again = ("--reinstall",) if purpose is Purpose.REPAIR else ()
    changes.append(Change(what=What.RUN_INSTALLER, commands=(_installer(file, "--silent", *again, *properties),), elevated=True, genuine=(file, ORACLE)))
    undo = (Command(words=("winget", "uninstall", "-e", "--id", "Oracle.VirtualBox")),)
    return Plan(changes=tuple(changes), undo=undo, notes=(Note.NETWORK_STOPS,), fetch=tuple(fetch))


def _macos(release: Release) -> Plan:
    name, digest = release.file_for(System.MACOS)
    package = f"{MOUNT}/VirtualBox.pkg"
    attach = Command(words=("hdiutil", "attach", "-nobrowse", "-readonly", "-mountpoint", MOUNT, f"{DOWNLOAD}/{name}"))
    return Plan(
        changes=(
            Change(what=What.OPEN_IMAGE, commands=(attach,)),
            Change(
                what=What.RUN_INSTALLER,
                commands=(Command(words=("installer", "-pkg", package, "-target", "/")),),
                elevated=True,
                genuine=(package, ORACLE),
            ),
            Change(what=What.CLOSE_IMAGE, commands=(Command(words=("hdiutil", "detach", MOUNT)),), always=True),
        ),
        undo=(Command(words=("/Volumes/VirtualBox/VirtualBox_Uninstall.tool", "--unattended")),),
        notes=(Note.ALLOW_EXTENSION,),
        fetch=(Fetch(name=name, address=f"{BASE}/{release.version}/{name}", sha256=digest),),
    )


# --- Linux -------------------------------------------------------------------------------------------------------------


def _linux(scene: Scene, purpose: Purpose) -> Plan:
    match family(scene.computer):
        case "debian" | "ubuntu":
            return _apt_native(scene, purpose) if _native(scene) else _apt_oracle(scene, purpose)
        case "fedora" | "rhel" as kind:
            return _dnf(scene, kind, purpose)
        case "suse":
            force = ("--force",) if purpose is Purpose.REPAIR else ()
            words = ("zypper", "--non-interactive", "install", *force, "virtualbox")
            return _packages((Command(words=words),), ("zypper", "remove", "virtualbox"))
        case "arch":
            wanted = ("virtualbox", *_arch_modules(scene.computer.release.value or ""))
            needed = () if purpose is Purpose.REPAIR else ("--needed",)
            return _packages((Command(words=("pacman", "-S", "--noconfirm", *needed, *wanted)),), ("pacman", "-R", *wanted))
        case _:
            raise NoWayKnown(what="VirtualBox", system=scene.computer.name.value or "Linux")


def _packages(commands: tuple[Command, ...], undo: tuple[str, ...]) -> Plan:
    return Plan(
        changes=(Change(what=What.INSTALL_PACKAGES, commands=commands, elevated=True),),
        undo=(Command(words=undo),),
    )


def _native(scene: Scene) -> bool:
    """Whether the distribution's own package will do, or is there already; Oracle's own package stays Oracle's."""
    package = scene.packages.get("virtualbox", Package())
    if any(one.installed for name, one in scene.packages.items() if name.startswith("virtualbox-")):
        return False
    return bool(package.installed) or numbers(package.candidate) >= numbers(scene.oldest)


def _with_tools(scene: Scene) -> tuple[str, ...]:
    """What the driver is built with, as far as the package manager has it: for a kernel of one's own there are no headers."""
    return tuple(name for name, one in scene.packages.items() if not name.startswith("virtualbox") and one.candidate and not one.installed)


def _apt_native(scene: Scene, purpose: Purpose) -> Plan:
    again = ("--reinstall",) if purpose is Purpose.REPAIR else ()
    candidate = numbers(scene.packages.get("virtualbox", Package()).candidate)
    if candidate and scene.installed > candidate:
        raise NewerInstalled(installed=".".join(map(str, scene.installed)), offered=".".join(map(str, candidate)))
    refresh = Command(words=(*_APT, "update", "-q"), may_fail=True)
    install = Command(words=(*_APT, "install", "-q", "-y", "--no-remove", *again, "virtualbox", *_with_tools(scene)))
    return _packages((refresh, install), ("apt-get", "remove", "virtualbox"))


def _series(release: Release) -> str:
    return release.version.rpartition(".")[0]


def _apt_oracle(scene: Scene, purpose: Purpose) -> Plan:
    release = _offered(scene, Purpose.INSTALL)
    if not scene.codename:
        raise NoWayKnown(what="VirtualBox", system=scene.computer.name.value or "Linux")
    again = ("--reinstall",) if purpose is Purpose.REPAIR else ()
    line = f"deb [arch=amd64 signed-by={_KEYRING}] {BASE}/debian {scene.codename} contrib\n"
    name = f"virtualbox-{_series(release)}"
    commands = (
        Command(words=("install", "-D", "-m", "644", f"{DOWNLOAD}/{KEY_FILE}", _KEYRING)),
        Command(words=("install", "-D", "-m", "644", f"{DOWNLOAD}/oracle-virtualbox.list", _LIST)),
        Command(words=(*_APT, "update", "-q"), may_fail=True),
        Command(words=(*_APT, "install", "-q", "-y", "--no-remove", *again, name, *_with_tools(scene))),
    )
    return _from_oracle(commands, ("oracle-virtualbox.list", line), (("apt-get", "remove", name), ("rm", _LIST, _KEYRING)))


def _from_oracle(commands: tuple[Command, ...], file: tuple[str, str], undo: tuple[tuple[str, ...], ...]) -> Plan:
    return Plan(
        changes=(Change(what=What.ADD_REPOSITORY, commands=commands, elevated=True),),
        undo=tuple(Command(words=words) for words in undo),
        notes=(Note.REPOSITORY,),
        files=(file,),
        fetch=(Fetch(name=KEY_FILE, address=KEY, fingerprint=FINGERPRINT),),
    )


def _dnf(scene: Scene, kind: str, purpose: Purpose) -> Plan:
    release = _offered(scene, Purpose.INSTALL)
    folder = "fedora" if kind == "fedora" else "el"
    text = (
        "[oracle-virtualbox]\nname=VirtualBox by Oracle\n"
        f"baseurl={BASE}/rpm/{folder}/$releasever/$basearch\n"
        f"enabled=1\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://{_RPM_KEY}\n"
    )
    name = f"VirtualBox-{_series(release)}"
    kernel = scene.computer.release.value
    tools = (*((f"kernel-devel-{kernel}",) if kernel else ()), *_BUILD_TOOLS, "elfutils-libelf-devel")
    commands = (
        Command(words=("install", "-D", "-m", "644", f"{DOWNLOAD}/{KEY_FILE}", _RPM_KEY)),
        Command(words=("install", "-D", "-m", "644", f"{DOWNLOAD}/oracle-virtualbox.repo", _REPOSITORY)),
        Command(words=("dnf", "install", "-y", *tools), may_fail=True),
        Command(words=("dnf", "reinstall" if purpose is Purpose.REPAIR and scene.installed else "install", "-y", name)),
    )
    return _from_oracle(commands, ("oracle-virtualbox.repo", text), (("dnf", "remove", name), ("rm", _REPOSITORY, _RPM_KEY)))


def _arch_modules(release: str) -> tuple[str, ...]:
    kind = next((word for word in ("lts", "zen", "hardened") if f"-{word}" in release), "")
    return ("virtualbox-host-dkms", f"linux-{kind}-headers") if kind else ("virtualbox-host-modules-arch",)
