"""Remedies that the program can carry out itself: the same commands that the remedy shows, as a plan with its undo. None switches a security feature off.

What restarts the computer, or asks something in a terminal, says so; what only a person can do has no plan.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from t4t.domain.changes import Change, Command, Note, Plan, What
from t4t.domain.diagnosis.findings import Remedy
from t4t.domain.diagnosis.remedies import OUR_SETTING, family, step
from t4t.domain.facts import System

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.diagnosis.findings import Diagnosis, Finding, Step
    from t4t.domain.facts import Computer

VIRTUALBOX: Final = frozenset({Remedy.INSTALL_VIRTUALBOX, Remedy.UPDATE_VIRTUALBOX, Remedy.REPAIR_VIRTUALBOX})
"""Those have plans of their own (`t4t.domain.virtualbox_install`)."""
_YES: Final = {"apt-get": "-y", "dnf": "-y", "zypper": "--non-interactive", "pacman": "--noconfirm"}
"""How a package manager is told that the volunteer has agreed already."""
_LENDING: Final = ("sh", "-c", f"echo 'options kvm enable_virt_at_load=0' > {OUR_SETTING}")
_ALREADY_RUNNING: Final = 1056
_NOT_CHANGED_YET: Final = 3010
_WINDOWS: Final = {
    Remedy.START_DRIVER: (What.START, frozenset({0, _ALREADY_RUNNING}), ""),
    Remedy.REGISTER_SERVICE: (What.CHANGE_SETTING, frozenset({0}), ""),
    Remedy.WINDOWS_PLATFORM: (What.CHANGE_SETTING, frozenset({0}), "dism /online /disable-feature /featurename:HypervisorPlatform"),
    Remedy.INSTALL_QEMU: (What.INSTALL_PACKAGES, frozenset({0}), "winget uninstall -e --id SoftwareFreedomConservancy.QEMU"),
}


def fix(remedy: Remedy, computer: Computer, *, user: str) -> Plan | None:
    """The plan of ``remedy`` on ``computer``; None if it is the volunteer's to do. ``user`` is who the fix is for."""
    text = step(remedy, computer).command
    if not text:
        return None
    if remedy is Remedy.RESTART_INTO_FIRMWARE:
        return _into_firmware(computer)
    match computer.system:
        case System.LINUX:
            made = _LINUX.get(remedy)
            return None if made is None else made(text, computer, user)
        case System.WINDOWS:
            return _on_windows(remedy, text)
        case _:
            return None


def _into_firmware(computer: Computer) -> Plan:
    windows = computer.system is System.WINDOWS
    words = ("shutdown", "/r", "/fw", "/t", "0") if windows else ("systemctl", "reboot", "--firmware-setup")
    return Plan(
        changes=(Change(what=What.RESTART_COMPUTER, commands=(Command(words=words),), elevated=windows),),
        notes=(Note.SAVE_WORK,),
        restart=True,
    )


def _on_windows(remedy: Remedy, text: str) -> Plan | None:
    if remedy not in _WINDOWS:
        return None
    what, done, undo = _WINDOWS[remedy]
    words = ("cmd.exe", "/d", "/s", "/c", f'"{text}"') if "%" in text else tuple(text.split())
    quiet = ("/norestart",) if words[0] == "dism" else ()
    command = Command(words=(*words, *quiet), done=done, restart=frozenset({_NOT_CHANGED_YET}))
    undone = (Command(words=tuple(undo.split())),) if undo else ()
    return Plan(changes=(Change(what=what, commands=(command,), elevated=remedy is not Remedy.INSTALL_QEMU),), undo=undone)


# --- Linux: the commands of `t4t.domain.diagnosis.remedies` without their "sudo" ------------------------------------------


def _words(text: str) -> tuple[str, ...]:
    """One simple command's words, as root."""
    return tuple(word for word in shlex.split(text) if word != "sudo")


def _packages(text: str, computer: Computer, user: str) -> Plan:
    del user
    words = _words(text)
    manager, verb, *names = words
    quiet = ("env", "DEBIAN_FRONTEND=noninteractive") if manager == "apt-get" else ()
    yes = (_YES[manager],)
    install = (*quiet, manager, *yes, verb, *names) if manager == "zypper" else (*quiet, manager, verb, *yes, *names)
    # what was there before must not go with it: only this one way back is certain
    undo = {"ubuntu": "apt-get", "debian": "apt-get", "fedora": "dnf", "rhel": "dnf", "suse": "zypper"}.get(family(computer), "")
    wanted = tuple(name for name in names if not name.startswith("-"))
    back = (Command(words=(undo, "remove", *wanted)),) if undo else (Command(words=("pacman", "-R", *wanted)),)
    return Plan(changes=(Change(what=What.INSTALL_PACKAGES, commands=(Command(words=install),), elevated=True),), undo=back)


def _plain(what: What, undo: tuple[str, ...] = (), *, restart: bool = False) -> Callable[[str, Computer, str], Plan]:
    def made(text: str, computer: Computer, user: str) -> Plan:
        del computer, user
        command = Command(words=_words(text))
        return Plan(changes=(Change(what=what, commands=(command,), elevated=True),), undo=(Command(words=undo),) if undo else (), restart=restart)

    return made


def _lend(text: str, computer: Computer, user: str) -> Plan:
    del text, computer, user
    command = Command(words=_LENDING)
    return Plan(changes=(Change(what=What.CHANGE_SETTING, commands=(command,), elevated=True),), undo=(Command(words=("rm", OUR_SETTING)),), restart=True)


def _undo_lend(text: str, computer: Computer, user: str) -> Plan:
    del user
    kvm = computer.kvm.value
    place = "" if kvm is None else kvm.override
    undo = _LENDING if place == OUR_SETTING else ("mv", f"{place}.before-t4t", place)
    return Plan(changes=(Change(what=What.CHANGE_SETTING, commands=(Command(words=_words(text)),), elevated=True),), undo=(Command(words=undo),), restart=True)


def _allow(text: str, computer: Computer, user: str) -> Plan | None:
    del text, computer
    if not user:
        return None
    return Plan(
        changes=(Change(what=What.CHANGE_SETTING, commands=(Command(words=("usermod", "-aG", "kvm", user)),), elevated=True),),
        undo=(Command(words=("gpasswd", "-d", user, "kvm")),),
        log_in=True,
    )


def _enrol(text: str, computer: Computer, user: str) -> Plan:
    """The tool asks for a new password, which is needed once, at the blue screen of the next start."""
    del computer, user
    commands = tuple(Command(words=_words(part), asks=True) for part in text.split(" && "))
    certificate = commands[-1].words[-1]
    return Plan(
        changes=(Change(what=What.CHANGE_SETTING, commands=commands, elevated=True),),
        undo=(Command(words=("mokutil", "--revoke-import")), Command(words=("mokutil", "--delete", certificate))),
        notes=(Note.PASSWORD_ONCE,),
        restart=True,
    )


_LINUX: Final[dict[Remedy, Callable[[str, Computer, str], Plan | None]]] = {
    Remedy.INSTALL_HEADERS: _packages,
    Remedy.INSTALL_QEMU: _packages,
    Remedy.BUILD_DRIVER: _plain(What.START),
    Remedy.LOAD_DRIVER: _plain(What.START, ("modprobe", "-r", "vboxdrv")),
    Remedy.KVM_UNLOAD: _plain(What.START),
    Remedy.SELINUX_LABELS: _plain(What.CHANGE_SETTING),
    Remedy.KVM_LEND: _lend,
    Remedy.KVM_UNDO_LEND: _undo_lend,
    Remedy.KVM_ALLOW: _allow,
    Remedy.ENROL_KEY: _enrol,
}


def named(diagnosis: Diagnosis, name: str) -> tuple[Finding, Step] | None:
    """The finding and the remedy that ``name`` means: a remedy's id, or a check's (its first remedy); None if the diagnosis has neither."""
    for finding in diagnosis.findings:
        for one in finding.steps:
            if name in {one.remedy.value, finding.check.value}:
                return finding, one
    return None


def known(diagnosis: Diagnosis) -> tuple[str, ...]:
    """The ids that `named` takes, each once."""
    return tuple(dict.fromkeys(one.remedy.value for finding in diagnosis.findings for one in finding.steps))
