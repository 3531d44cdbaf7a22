"""What the program carries out itself: the commands that it shows, with a way back; nothing switches a security feature off."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import machines
from t4t.domain.changes import Command, Ended, What, filled
from t4t.domain.diagnosis import diagnose, fixes
from t4t.domain.diagnosis.findings import Remedy
from t4t.domain.diagnosis.remedies import OUR_SETTING, step
from t4t.domain.facts import Computer, Kvm, Owner, System, Virtualization, certain, unknown
from t4t.storage import tables
from t4t.wording import changes as words
from unit.domain.diagnosis.test_properties import COMPUTER

if TYPE_CHECKING:
    from pathlib import Path

TABLES = tables.load()
_FORBIDDEN = ("setenforce", "bcdedit", "mokutil --disable-validation", "Memory integrity", "DeviceGuard", "netsh", "Set-MpPreference")


def linux(*distribution: str, **more: object) -> Computer:
    return Computer(system=System.LINUX, distribution=certain(distribution, "test"), release=certain("6.8.0", "test"), **more)  # type: ignore[arg-type]


def first(remedy: Remedy, computer: Computer, user: str = "jane") -> tuple[str, tuple[str, ...]]:
    made = fixes.fix(remedy, computer, user=user)
    assert made is not None
    ((command,),) = [one.commands for one in made.changes]
    return command.text, tuple(one.text for one in made.undo)


@given(COMPUTER, st.sampled_from(Remedy))
def test_what_is_done_is_what_is_shown(computer: Computer, remedy: Remedy) -> None:
    made = fixes.fix(remedy, computer, user="jane")
    if made is None:
        return
    shown = step(remedy, computer).command
    assert shown
    assert remedy not in fixes.VIRTUALBOX
    text = "\n".join(words.shown(made))
    assert not any(word in text for word in _FORBIDDEN)
    for change in made.changes:
        for command in change.commands:
            assert "sudo" not in command.words
            if computer.system is System.LINUX and command.words[0] not in {"sh", "usermod"}:
                done = [word for word in command.words if word not in {"-y", "--noconfirm", "--non-interactive", "env", "DEBIAN_FRONTEND=noninteractive"}]
                assert set(done) <= set(shlex.split(shown))


def test_linux() -> None:
    debian = linux("debian", kvm=certain(Kvm(loaded=True, module="kvm_intel"), "test"))
    assert first(Remedy.LOAD_DRIVER, debian) == ("modprobe vboxdrv", ("modprobe -r vboxdrv",))
    assert first(Remedy.BUILD_DRIVER, debian) == ("/sbin/vboxconfig", ())
    assert first(Remedy.KVM_UNLOAD, debian) == ("modprobe -r kvm_intel kvm", ())
    assert first(Remedy.KVM_ALLOW, debian) == ("usermod -aG kvm jane", ("gpasswd -d jane kvm",))
    assert fixes.fix(Remedy.KVM_ALLOW, debian, user="") is None
    assert first(Remedy.KVM_LEND, debian)[1] == (f"rm {OUR_SETTING}",)
    install = ("env DEBIAN_FRONTEND=noninteractive apt-get install -y linux-headers-6.8.0 gcc make perl", ("apt-get remove linux-headers-6.8.0 gcc make perl",))
    assert first(Remedy.INSTALL_HEADERS, debian) == install
    assert first(Remedy.INSTALL_QEMU, linux("fedora"))[0] == "dnf install -y qemu-system-x86 qemu-img"
    assert first(Remedy.INSTALL_QEMU, linux("opensuse"))[0] == "zypper --non-interactive install qemu-x86 qemu-tools"
    assert first(Remedy.INSTALL_QEMU, linux("arch")) == (
        "pacman -S --noconfirm --needed qemu-system-x86 qemu-img",
        ("pacman -R qemu-system-x86 qemu-img",),
    )
    assert fixes.fix(Remedy.INSTALL_QEMU, linux("nixos"), user="jane") is None
    assert fixes.fix(Remedy.CLOSE_PROGRAMS, debian, user="jane") is None
    assert fixes.fix(Remedy.INSTALL_VIRTUALBOX, linux("ubuntu"), user="jane") is None


def test_an_old_setting_and_ours() -> None:
    theirs = linux("debian", kvm=certain(Kvm(override="/etc/modprobe.d/a b.conf"), "test"))
    assert first(Remedy.KVM_UNDO_LEND, theirs) == (
        "sed -i.before-t4t /enable_virt_at_load/d '/etc/modprobe.d/a b.conf'",
        ("mv '/etc/modprobe.d/a b.conf.before-t4t' '/etc/modprobe.d/a b.conf'",),
    )
    ours = linux("debian", kvm=certain(Kvm(override=OUR_SETTING), "test"))
    assert first(Remedy.KVM_UNDO_LEND, ours)[0] == f"rm {OUR_SETTING}"
    assert fixes.fix(Remedy.KVM_UNDO_LEND, linux("debian", kvm=unknown()), user="jane") is None


def test_a_key_is_announced_in_a_terminal() -> None:
    made = fixes.fix(Remedy.ENROL_KEY, linux("debian"), user="jane")
    assert made is not None
    assert [command.asks for command in made.changes[0].commands] == [True, True]
    assert made.restart
    assert made.undo[-1].words[-1] == "/var/lib/shim-signed/mok/MOK.der"


def test_windows() -> None:
    windows = Computer(system=System.WINDOWS)
    assert first(Remedy.START_DRIVER, windows)[0] == "sc.exe start VBoxSup"
    platform = fixes.fix(Remedy.WINDOWS_PLATFORM, windows, user="jane")
    assert platform is not None
    assert platform.changes[0].commands[0].words[-1] == "/norestart"
    assert platform.changes[0].commands[0].ended(3010) is Ended.RESTART
    register = fixes.fix(Remedy.REGISTER_SERVICE, windows, user="jane")
    assert register is not None
    assert register.changes[0].commands[0].words[:4] == ("cmd.exe", "/d", "/s", "/c")
    qemu = fixes.fix(Remedy.INSTALL_QEMU, windows, user="jane")
    assert qemu is not None
    assert not qemu.elevated
    held = Computer(system=System.WINDOWS, virtualization=Virtualization(owners=certain((Owner.HYPER_V,), "test")))
    assert step(Remedy.FULL_SPEED, held).command
    assert fixes.fix(Remedy.FULL_SPEED, held, user="jane") is None  # it is shown, and never run


def test_into_the_firmware() -> None:
    for system, program, elevated in ((System.LINUX, "systemctl", False), (System.WINDOWS, "shutdown", True)):
        made = fixes.fix(Remedy.RESTART_INTO_FIRMWARE, Computer(system=system), user="jane")
        assert made is not None
        assert made.changes[0].what is What.RESTART_COMPUTER
        assert (made.changes[0].commands[0].words[0], made.elevated) == (program, elevated)
    assert fixes.fix(Remedy.INSTALL_QEMU, Computer(system=System.MACOS), user="jane") is None


def test_what_an_id_means(tmp_path: Path) -> None:
    found = diagnose(machines.facts(machines.load("linux-6.12-kvm-holds"), tmp_path), TABLES)
    assert fixes.known(found) == ("kvm-unload", "kvm-lend")
    by_remedy, by_check = fixes.named(found, "kvm-lend"), fixes.named(found, "sharing")
    assert by_remedy is not None
    assert by_remedy[1].remedy is Remedy.KVM_LEND
    assert by_check is not None
    assert by_check[1].remedy is Remedy.KVM_UNLOAD
    assert fixes.named(found, "install-qemu") is None


@pytest.mark.parametrize(("status", "ended"), [(0, Ended.DONE), (1, Ended.RESTART), (2, Ended.REFUSED), (3, Ended.BUSY), (4, Ended.FAILED)])
def test_how_commands_end(status: int, ended: Ended) -> None:
    command = Command(words=("x",), restart=frozenset({1}), refused=frozenset({2}), busy=frozenset({3}))
    assert command.ended(status) is ended
    assert Command(words=("x",), may_fail=True).ended(9) is Ended.DONE
    assert filled("{a}/{b}", {"{a}": "x"}) == "x/{b}"
