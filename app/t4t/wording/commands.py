"""The words of everything that can be clicked, and what is shown from the click on."""

from __future__ import annotations

from gettext import gettext
from typing import Final

from t4t.domain.policy import AnywayKind, LessKind, PauseKind

_PAUSES: Final = {
    PauseKind.HALF_HOUR: "For 30 minutes",
    PauseKind.HOUR: "For 1 hour",
    PauseKind.THREE_HOURS: "For 3 hours",
    PauseKind.TOMORROW: "Until tomorrow at 08:00",
    PauseKind.RESTART: "Until I restart the computer",
    PauseKind.FOREVER: "Until I continue",
}
_ANYWAYS: Final = {
    AnywayKind.HALF_HOUR: "For 30 minutes",
    AnywayKind.HOUR: "For 1 hour",
    AnywayKind.TWO_HOURS: "For 2 hours",
}
_LESS: Final = {
    LessKind.GENTLE: "Reduced power for 1 hour",
    LessKind.ONE_CORE: "One processor only",
}
_LABELS: Final = {
    "pause": "Pause",
    "change_pause": "Change the pause",
    "change": "Change",
    "prolong": "Add 30 minutes",
    "resume": "Continue now",
    "finish": "Finish the current work, then pause",
    "run_anyway": "Run anyway for 1 hour",
    "obey_rules": "Follow the rules again",
    "use_less": "Use less for now",
    "use_more": "Back to normal",
    "why": "Why?",
    "open": "Open Test4Theory",
    "quit": "Save and quit",
    "quit_asking": "Quit…",
}
_AT_ONCE: Final = {
    "pause": "Pausing…",
    "prolong": "Adding 30 minutes…",
    "resume": "Continuing…",
    "finish": "Finishing the current work, then pausing…",
    "run_anyway": "Running anyway…",
    "obey_rules": "Following the rules again…",
    "use_less": "Using less…",
    "use_more": "Going back to normal…",
    "quit": "Saving the work and ending…",
}


def pause_label(kind: PauseKind) -> str:
    """For how long."""
    return gettext(_PAUSES[kind])


def anyway_length(kind: AnywayKind) -> str:
    """For how long it runs whatever the rules say."""
    return gettext(_ANYWAYS[kind])


def less_label(kind: LessKind) -> str:
    """How much less it is to use for now."""
    return gettext(_LESS[kind])


def anyway_label(why: str) -> str:
    """The command that overrules a rule, with the rule."""
    return gettext("{label} ({why})").format(label=label("run_anyway"), why=why)


def label(key: str) -> str:
    """The words of a command."""
    return gettext(_LABELS[key])


def at_once(key: str) -> str:
    """What is shown from the click on until the agent has done it."""
    return gettext(_AT_ONCE[key])


def start_label() -> str:
    """The button that starts the program."""
    return gettext("Start it")


def copied(percent: int) -> str:
    """How far a move to another disk is."""
    return gettext("Copying the virtual machines: {percent}\N{NO-BREAK SPACE}%").format(percent=min(100, percent))


def moved(place: str) -> str:
    """Where the machines are now."""
    return gettext("The virtual machines are in {place} now.").format(place=place)


def proxy_user(proxy: str) -> str:
    """Asks for the name."""
    return gettext("Name for {proxy}: ").format(proxy=proxy)


def proxy_password() -> str:
    """Asks for the password."""
    return gettext("Password: ")


def proxy_login(proxy: str, *, kept: bool) -> str:
    """It is done."""
    text = gettext("The login for {proxy} is in the system's keyring.") if kept else gettext("The login for {proxy} is forgotten.")
    return text.format(proxy=proxy)
