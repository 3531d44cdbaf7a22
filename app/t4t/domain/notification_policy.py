"""Which messages may pop up: at most one a day and three a week that nobody asked for, none at a bad moment, none twice. Pure.

Everything also stands in the program's own list, whatever is decided here: a message is never lost, it is only not shouted.
"""

from __future__ import annotations

import enum
from dataclasses import field
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.readings import Readings, Screen
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400.0
WEEK_S: Final = 7 * _DAY_S
SETTLING_S: Final = 600.0
"""After the log-in nothing pops up: everything else does then."""
_IGNORED_OFTEN: Final = 3


class Event(enum.Enum):
    """What may be worth a message. The value is its name for ever: settings and records have it."""

    FIRST_RESULT = "first_result"
    NEEDS_YOU = "needs_you"
    REPAIRED = "repaired"
    HELD_BY_RULE = "held_by_rule"
    PAUSE_ENDS = "pause_ends"
    LONG_PAUSE = "long_pause"
    MILESTONE = "milestone"
    WEEKLY_SUMMARY = "weekly_summary"
    NO_WORK = "no_work"
    UPDATE = "update"
    SECURITY_UPDATE = "security_update"
    PROJECT_NOTICE = "project_notice"


class Reaction(enum.Enum):
    """What became of a message on the screen; the value is its name in the local API."""

    SHOWN = "shown"
    ANSWERED = "answered"
    """Clicked: it was not ignored."""
    CLOSED = "closed"
    """Gone from the screen, whoever closed it."""
    MUTED = "muted"
    """The volunteer does not want to be told again."""


class Show(enum.Enum):
    """What is done with a message besides the list."""

    TOAST = "toast"
    LATER = "later"
    """A bad moment: ask again when it is over, for it is still worth it."""
    LIST = "list"
    """The list, the icon and the tooltip are enough."""


@record(kw_only=True)
class Habit:
    """How an event is treated: whether it pops up at first, and the least time between two of one subject (None: only once for ever)."""

    toast: bool
    never: bool = False
    """It never pops up, whatever the settings say."""
    apart_s: float | None = None
    passes: bool = False
    """It has an end, and is another one when it comes again: `solved`."""
    by_wish: bool = False
    """The volunteer switched it on himself: it counts to no budget."""


HABITS: Final = {
    Event.FIRST_RESULT: Habit(toast=True),
    Event.NEEDS_YOU: Habit(toast=True, apart_s=_DAY_S, passes=True),
    Event.REPAIRED: Habit(toast=False, never=True),
    Event.HELD_BY_RULE: Habit(toast=False, never=True),
    Event.PAUSE_ENDS: Habit(toast=False, passes=True, by_wish=True),
    Event.LONG_PAUSE: Habit(toast=True, passes=True),
    Event.MILESTONE: Habit(toast=False, never=True),
    Event.WEEKLY_SUMMARY: Habit(toast=False, apart_s=WEEK_S - _HOUR_S, by_wish=True),
    Event.NO_WORK: Habit(toast=False, never=True),
    Event.UPDATE: Habit(toast=False, never=True),
    Event.SECURITY_UPDATE: Habit(toast=True),
    Event.PROJECT_NOTICE: Habit(toast=True, apart_s=WEEK_S),
}


@record(kw_only=True)
class Telling:
    """What the volunteer wants to be told, and how often at most: his settings."""

    wishes: Mapping[Event, bool] = field(default_factory=dict)
    """Only where they differ from `HABITS`."""
    a_day: int = 1
    a_week: int = 3


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One subject that popped up: when last, and how often in a row nobody cared."""

    at: float
    ignored: int = 0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What popped up so far; it is kept over restarts. Times in seconds since 1970."""

    shown: tuple[float, ...] = ()
    """Messages that nobody asked for, of the last week."""
    told: dict[str, Told] = {}
    """By event and subject."""
    muted: tuple[str, ...] = ()
    """What the volunteer does not want to be told again, by event and subject."""


@record(kw_only=True)
class Message:
    """Something to tell: ``subject`` tells one problem, pause or version from another of its kind."""

    event: Event
    subject: str = ""
    critical: bool = True
    """Of a project's notice: the project says that it is important."""
    long: bool = False
    """Of a pause that ends: it was of three hours or more, where being told is the rule."""

    @property
    def key(self) -> str:
        """Its name in the record."""
        return f"{self.event.value}:{self.subject}"


@record(kw_only=True)
class Moment:
    """Now, on the clock on the wall, and what disturbs."""

    now: float
    logged_in_s: float | None = None
    """Since the log-in; None: not known."""
    readings: Readings = field(default_factory=Readings)


_AS_USUAL: Final = Telling()


def bad_moment(moment: Moment) -> bool:
    """Whether nothing may pop up now: full screen, presentation, game, do not disturb, nobody there to see it, just logged in."""
    readings = moment.readings
    if moment.logged_in_s is not None and moment.logged_in_s < SETTLING_S:
        return True
    return readings.screen not in {None, Screen.NOTHING} or bool(readings.quiet) or bool(readings.locked)


def decide(message: Message, record: Record, moment: Moment, telling: Telling = _AS_USUAL) -> Show:
    """What to do with a message."""
    habit = HABITS[message.event]
    wanted = telling.wishes.get(message.event, habit.toast or (message.event is Event.PAUSE_ENDS and message.long))
    if habit.never or not wanted or message.key in record.muted or (message.event is Event.PROJECT_NOTICE and not message.critical):
        return Show.LIST
    told = record.told.get(message.key)
    if told is not None and (habit.apart_s is None or told.ignored >= _IGNORED_OFTEN):
        return Show.LIST
    last = _last(message, record)
    if last is not None and habit.apart_s is not None and abs(moment.now - last) < habit.apart_s:
        return Show.LIST
    if bad_moment(moment) or (not habit.by_wish and _budget_used(record, moment.now, telling)):
        return Show.LATER
    return Show.TOAST


def _last(message: Message, record: Record) -> float | None:
    """When it was told last: each problem has its own day, but the projects share their week."""
    if message.event is Event.PROJECT_NOTICE:
        return max((told.at for key, told in record.told.items() if key.startswith(f"{message.event.value}:")), default=None)
    told = record.told.get(message.key)
    return None if told is None else told.at


def _budget_used(record: Record, now: float, telling: Telling) -> bool:
    """Times to come (the clock was set back) count as those gone by do, so that a clock that was wrong by years silences nothing for years."""
    day = sum(1 for at in record.shown if abs(now - at) < _DAY_S)
    week = sum(1 for at in record.shown if abs(now - at) < WEEK_S)
    return day >= telling.a_day or week >= telling.a_week


def popped_up(message: Message, record: Record, now: float) -> Record:
    """The record after a message popped up: it counts as ignored until somebody answers it."""
    told = record.told.get(message.key)
    ignored = 1 if told is None else told.ignored + 1
    shown = record.shown if HABITS[message.event].by_wish else (*(at for at in record.shown if abs(now - at) < WEEK_S), now)
    return msgspec.structs.replace(record, shown=shown, told=record.told | {message.key: Told(at=now, ignored=ignored)})


def answered(message: Message, record: Record) -> Record:
    """The volunteer did something with it: it was not ignored."""
    told = record.told.get(message.key)
    if told is None:
        return record
    return msgspec.structs.replace(record, told=record.told | {message.key: msgspec.structs.replace(told, ignored=0)})


def muted(message: Message, record: Record) -> Record:
    """The volunteer chose not to be told again."""
    return record if message.key in record.muted else msgspec.structs.replace(record, muted=(*record.muted, message.key))


def solved(message: Message, record: Record) -> Record:
    """The problem is gone: should it come back, it is a new one."""
    return msgspec.structs.replace(record, told={key: told for key, told in record.told.items() if key != message.key})


def heard_again(record: Record, telling: Telling) -> Record:
    """Who switches a kind of message off in the settings has no use for single ones that are muted: switched on again, all of them are told."""
    off = {event.value for event, wish in telling.wishes.items() if not wish}
    kept = tuple(key for key in record.muted if key.partition(":")[0] not in off)
    return record if kept == record.muted else msgspec.structs.replace(record, muted=kept)


HOME: Final = "home"
"""The page of all that has no other."""
_PAGES: Final = {
    Event.FIRST_RESULT: "science",
    Event.WEEKLY_SUMMARY: "contribution",
    Event.PROJECT_NOTICE: "news",
    Event.UPDATE: "help",
    Event.SECURITY_UPDATE: "help",
}
_PAGES_OF_PROBLEMS: Final = {
    "DISK": "computer",
    "MEM": "computer",
    "HV": "computer",
    "VM": "computer",
    "FIX": "computer",
    "ACC": "contribution",
    "KEY": "contribution",
    "PRJ": "contribution",
    "NET": "contribution",
    "SET": "settings",
}
"""By the middle of the error's code."""


def page_of(event: Event, code: str = "") -> str:
    """The page of the window where more is said of it; ``code`` is that of the problem."""
    if event is Event.NEEDS_YOU:
        return _PAGES_OF_PROBLEMS.get(code.partition("-")[2].partition("-")[0], HOME)
    return _PAGES.get(event, HOME)
