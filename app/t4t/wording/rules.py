"""The rules of the decision in words: why it waits or works slowly, what each rule sees, and what will change it; `t4t.wording.screen` puts them together."""

from __future__ import annotations

import math
from gettext import gettext
from typing import TYPE_CHECKING, Final

from t4t.domain.intent import LessKind
from t4t.domain.readings import Screen, Thermal
from t4t.domain.settings.tree import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.policy import Value
    from t4t.domain.session import RuleView

_LONGEST: Final = 120
_MINUTE: Final = 60.0
_MOST: Final = 1e9
_MOST_BYTES: Final = 1e18
_GIB: Final = 1 << 30

BECAUSE: Final = {
    "base": "nothing holds it back",
    "manual_pause": "you paused it",
    "quitting": "the program is being ended",
    "disk": "the disk is almost full",
    "session_end": "the session ends",
    "sleep": "the computer goes to sleep",
    "folder_gone": "the folder with the work can’t be reached",
    "memory": "memory is short",
    "too_hot": "the computer is too hot",
    "hot": "the computer is hot",
    "battery_low": "the battery is low",
    "run_anyway": "you said to run anyway",
    "use_less": "you asked it to use less",
    "woke": "the computer has just woken",
    "disk_cap": "the disk space that you give is used up, so nothing new is begun",
    "battery": "the computer runs on battery",
    "charging": "the battery is being charged first",
    "power_saver": "the computer saves power",
    "full_screen": "something fills the screen",
    "programs": "a program from your list runs",
    "schedule": "your schedule says so",
    "cheap_hours": "electricity is dear now",
    "very_busy": "other programs need the computer",
    "busy": "other programs are busy",
    "in_use": "you are using the computer",
}
"""Why, in the middle of a sentence, by the rule that decides."""

HELD: Final = {
    "disk": ("Waiting: the disk is almost full", "It goes on by itself when there is space again."),
    "session_end": ("Waiting: the session ends", "The work is saved first; it goes on after the next start."),
    "sleep": ("Waiting: the computer goes to sleep", "It goes on by itself afterwards."),
    "folder_gone": ("Waiting: the folder with the work can’t be reached", "It goes on by itself when the folder is there again."),
    "memory": ("Waiting: memory is short", "It goes on by itself when other programs need less."),
    "too_hot": ("Waiting: the computer is too hot", "It goes on by itself when it is cooler."),
    "hot": ("Waiting: the computer is hot", "It goes on by itself when it is cooler."),
    "battery_low": ("Waiting: the battery is low", "It goes on by itself when the battery is charged."),
    "woke": ("Waiting: the computer has just woken", "It goes on by itself in a moment."),
    "disk_cap": ("Waiting: the disk space that you give is used up", "It goes on by itself when there is space again, or when you give more."),
    "battery": ("Waiting: the computer runs on battery", "It goes on by itself when it is plugged in."),
    "charging": ("Waiting: the battery is being charged first", "It goes on by itself when the battery is full enough."),
    "power_saver": ("Waiting: the computer saves power", "It goes on by itself when power need not be saved."),
    "full_screen": ("Waiting: something fills the screen", "It goes on by itself afterwards."),
    "programs": ("Waiting: a program from your list runs", "It goes on by itself when that program ends."),
    "schedule": ("Waiting: your schedule says so", "It goes on by itself when your schedule lets it."),
    "cheap_hours": ("Waiting for cheap electricity", "It goes on by itself in the cheap hours."),
    "very_busy": ("Waiting: other programs need the computer", "It goes on by itself when they are calm."),
    "busy": ("Waiting: other programs are busy", "It goes on by itself when they are calm."),
    "in_use": ("Waiting: you are using the computer", "It goes on by itself when you are away."),
}
"""Why it waits and what will change it, by the rule that decides."""

TITLES: Final = {
    "session_end": ("The session ends", "The session goes on"),
    "sleep": ("The computer goes to sleep", "The computer is awake"),
    "folder_gone": ("The folder with the work can’t be reached", "The folder with the work is there"),
    "memory": ("Memory is short", "Enough memory for other programs"),
    "too_hot": ("The computer is too hot", "The computer is not too hot"),
    "hot": ("The computer is hot", "The computer is not hot"),
    "battery_low": ("The battery is low", "The battery is not low"),
    "run_anyway": ("You said to run anyway", "The rules count"),
    "use_less": ("You asked it to use less", "You did not ask it to use less"),
    "woke": ("The computer has just woken", "The computer is awake for longer"),
    "disk_cap": ("Nothing new is begun: the disk space that you give is used up", "Within the disk space that you give"),
    "battery": ("On battery", "Plugged in"),
    "charging": ("The battery is charged first", "The battery need not be charged first"),
    "power_saver": ("The computer saves power", "Power is not being saved"),
    "full_screen": ("Something fills the screen", "Nothing fills the screen"),
    "programs": ("A program from your list runs", "No program from your list runs"),
    "schedule": ("Your schedule holds it back", "Your schedule lets it run"),
    "cheap_hours": ("Electricity is dear now", "Electricity is cheap now"),
    "very_busy": ("Other programs need the computer", "Other programs leave enough"),
    "busy": ("Other programs are busy", "Other programs are calm"),
    "in_use": ("You are using the computer", "You are away"),
}
"""A rule's title while it is true and while it is not."""

SILENT: Final = frozenset(
    {
        "quitting",
        "session_end",
        "sleep",
        "folder_gone",
        "run_anyway",
        "use_less",
        "woke",
        "too_hot",
        "charging",
        "power_saver",
        "programs",
        "cheap_hours",
        "very_busy",
    }
)
"""Rules that nobody asks about while they do not hold."""
_KNOWN_ONLY: Final = frozenset({"memory", "disk_cap", "hot", "full_screen", "schedule", "busy", "in_use"})
"""Rules of which nothing is said while nothing is known."""
_SCREENS: Final = {
    Screen.FULL_SCREEN.value: "a window in full screen",
    Screen.PRESENTATION.value: "a presentation, a call or a film",
    Screen.GAME.value: "a game",
}
_HEAT: Final = {
    Thermal.NOMINAL.value: "cool",
    Thermal.FAIR.value: "warm",
    Thermal.SERIOUS.value: "hot",
    Thermal.CRITICAL.value: "much too hot",
}
_LESS: Final = {LessKind.GENTLE.value: "reduced power", LessKind.ONE_CORE.value: "one processor"}
_SCHEDULE: Final = {
    Response.GO_ON.value: "full power",
    Response.GENTLE.value: "reduced power",
    Response.ONE_CORE.value: "one processor",
    Response.PAUSE.value: "no work",
}


def is_worth_a_line(view: RuleView) -> bool:
    """Whether the rule is shown among the others."""
    if view.holds or view.overruled:
        return True
    return view.id not in SILENT and not (view.id in _KNOWN_ONLY and view.value is None)


def _number(value: Value, *, most: float = _MOST) -> float | None:
    """A number that makes sense."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or not 0 <= value < most:
        return None
    return float(value)


def _against(one: Value, other: Value, with_limit: str, without: str) -> str:
    value, limit = _number(one), _number(other)
    if value is None:
        return ""
    return without.format(value=f"{value:.0f}") if limit is None else with_limit.format(value=f"{value:.0f}", limit=f"{limit:.0f}")


def _word(value: Value, words: dict[str, str]) -> str:
    return gettext(words[value]) if isinstance(value, str) and value in words else ""


def _in_use(view: RuleView) -> str:
    if view.value == "remote":
        return gettext("over the network")
    if view.value == "locked":
        return gettext("the screen is locked")
    seconds, limit = _number(view.value), _number(view.limit)
    if seconds is None or limit is None:
        return ""
    return gettext("last input {minutes} min ago, away after {limit} min").format(minutes=int(seconds // _MINUTE), limit=f"{limit / _MINUTE:g}")


def _heat(view: RuleView) -> str:
    with_limit = gettext("{value}\N{NO-BREAK SPACE}°C, limit {limit}\N{NO-BREAK SPACE}°C")
    return _word(view.value, _HEAT) or _against(view.value, view.limit, with_limit, gettext("{value}\N{NO-BREAK SPACE}°C"))


def _others(view: RuleView) -> str:
    with_limit = gettext("they use {value}\N{NO-BREAK SPACE}%, limit {limit}\N{NO-BREAK SPACE}%")
    return _against(view.value, view.limit, with_limit, gettext("they use {value}\N{NO-BREAK SPACE}%"))


def _charging(view: RuleView) -> str:
    with_limit = gettext("{value}\N{NO-BREAK SPACE}%, goes on at {limit}\N{NO-BREAK SPACE}%")
    return _against(view.value, view.limit, with_limit, gettext("{value}\N{NO-BREAK SPACE}%"))


def _memory(view: RuleView) -> str:
    return _against(view.value, view.limit, gettext("{value} MB free, {limit} MB needed"), gettext("{value} MB free"))


def _woke(view: RuleView) -> str:
    return _against(view.value, view.limit, gettext("{value} s ago, goes on after {limit} s"), gettext("{value} s ago"))


def _disk_cap(view: RuleView) -> str:
    value, limit = (
        None if number is None else f"{number / _GIB:.1f}" for number in (_number(view.value, most=_MOST_BYTES), _number(view.limit, most=_MOST_BYTES))
    )
    if value is None or limit is None:
        return ""
    return gettext("{value} GiB with the next task, limit {limit} GiB").format(value=value, limit=limit)


def _programs(view: RuleView) -> str:
    """Somebody else's names as one printable line."""
    text = view.value if isinstance(view.value, str) else ""
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST]).strip()


_SHOWN: Final[dict[str, Callable[[RuleView], str]]] = {
    "hot": _heat,
    "too_hot": _heat,
    "busy": _others,
    "very_busy": _others,
    "charging": _charging,
    "woke": _woke,
    "memory": _memory,
    "disk_cap": _disk_cap,
    "full_screen": lambda view: _word(view.value, _SCREENS),
    "use_less": lambda view: _word(view.value, _LESS),
    "schedule": lambda view: _word(view.value, _SCHEDULE),
    "in_use": _in_use,
    "programs": _programs,
}


def shown_value(view: RuleView) -> str:
    """What a rule sees and against what, if that says more than its title."""
    return _SHOWN[view.id](view) if view.id in _SHOWN else ""


def overruled() -> str:
    """Beside a rule that would hold."""
    return gettext("overruled: you said to run anyway")
