"""Changes to this computer in words: what will be done, by whom, with which exact commands, and how it is undone."""

from __future__ import annotations

from gettext import gettext
from typing import TYPE_CHECKING, Final

from t4t.domain.changes import Fetch, Note, What

if TYPE_CHECKING:
    from t4t.domain.changes import Change, Plan

WHATS: Final[dict[What, str]] = {
    What.ADD_REPOSITORY: "Add Oracle's repository and install VirtualBox from it",
    What.INSTALL_PACKAGES: "Install with the system's package manager",
    What.INSTALL_RUNTIME: "Install Microsoft's Visual C++ runtime, which VirtualBox needs",
    What.RUN_INSTALLER: "Run VirtualBox's installer",
    What.OPEN_IMAGE: "Open the disk image",
    What.CLOSE_IMAGE: "Close the disk image",
    What.CHANGE_SETTING: "Change a setting of the system",
    What.START: "Build or start a part of the system",
    What.RESTART_COMPUTER: "Restart the computer",
}

NOTES: Final[dict[Note, str]] = {
    Note.NETWORK_STOPS: "Your internet connection may stop for about ten seconds.",
    Note.ALLOW_EXTENSION: "macOS may ask you to allow software by Oracle: System Settings, Privacy & Security. Then it wants a restart.",
    Note.REPOSITORY: "Your system's package manager will keep VirtualBox up to date from Oracle's repository, and check each package's signature.",
    Note.SAVE_WORK: "Save your work first.",
    Note.PASSWORD_ONCE: "Think up a password when it asks for one. You need it once, at a blue screen after the restart: “Enroll MOK”, “Continue”, “Yes”.",
}


def step(one: Change | Fetch) -> str:
    """What is being done now."""
    if isinstance(one, Fetch):
        return gettext("Download {name}").format(name=one.name)
    return gettext(WHATS[one.what])


def shown(plan: Plan) -> tuple[str, ...]:
    """The whole plan, before it is agreed to: numbered steps, each with its exact commands below it, then what to know and how it is undone."""
    lines: list[str] = []
    number = 0
    for fetch in plan.fetch:
        number += 1
        lines.append(f"{number}. {step(fetch)}")
        lines.append(f"     {fetch.address}")
        checked = fetch.sha256 or fetch.fingerprint
        lines.append(gettext("     it must be {digest}").format(digest=checked) if checked else gettext("     it must be signed by its publisher"))
    for change in plan.changes:
        number += 1
        who = gettext(" (as administrator)") if change.elevated else ""
        lines.append(f"{number}. {step(change)}{who}")
        if change.genuine[0]:
            lines.append(gettext("     only if it is signed by {publisher}").format(publisher=change.genuine[1]))
        lines += [f"     {command.text}" for command in change.commands]
    lines += [gettext(NOTES[note]) for note in plan.notes]
    if plan.restart:
        lines.append(gettext("It acts after a restart of the computer."))
    if plan.log_in:
        lines.append(gettext("It acts after you logged out and in."))
    return (*lines, *undoing(plan))


def undoing(plan: Plan) -> tuple[str, ...]:
    """How it is taken back; nothing where it can't be."""
    return (gettext("To undo it, as administrator:"), *(f"     {command.text}" for command in plan.undo)) if plan.undo else ()


def nothing_to_do() -> str:
    """VirtualBox is there and good enough."""
    return gettext("VirtualBox is there already; nothing was changed.")


def nothing_done() -> str:
    """Nobody agreed."""
    return gettext("Nothing was changed. With --yes it is done without a question.")


def question() -> str:
    """Before anything is changed."""
    return gettext("Do it? [y/N] ")


def yes() -> frozenset[str]:
    """The answers that mean yes."""
    return frozenset({"y", "yes", gettext("y"), gettext("yes")})


def restart_due() -> str:
    """After a change that acts after a restart."""
    return gettext("Done. Restart the computer when it suits you: Test4Theory opens by itself then and goes on here.")


def back(check: str, *, well: bool) -> str:
    """After the restart."""
    return gettext("Welcome back. {check}: it is well now.").format(check=check) if well else gettext("Welcome back. {check}: not yet.").format(check=check)
