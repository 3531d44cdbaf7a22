"""The words of the weekly schedule and the cheap hours."""

from __future__ import annotations

from gettext import gettext
from typing import TYPE_CHECKING, Final

from t4t.domain.settings.tree import Day, Response, Span
from t4t.domain.settings.week import DAYS, time_of
from t4t.wording.settings_page import choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.settings.tree import Hours

_SHORT: Final = {
    Day.MONDAY: "Mon",
    Day.TUESDAY: "Tue",
    Day.WEDNESDAY: "Wed",
    Day.THURSDAY: "Thu",
    Day.FRIDAY: "Fri",
    Day.SATURDAY: "Sat",
    Day.SUNDAY: "Sun",
}
_LONG: Final = {
    Day.MONDAY: "Monday",
    Day.TUESDAY: "Tuesday",
    Day.WEDNESDAY: "Wednesday",
    Day.THURSDAY: "Thursday",
    Day.FRIDAY: "Friday",
    Day.SATURDAY: "Saturday",
    Day.SUNDAY: "Sunday",
}
_WORDS: Final = {
    "how": "Choose what is to happen, then draw over the hours. By keyboard: arrow keys go, with Shift they select, Space fills, a number chooses and fills.",
    "rounded": "Some of these times lie between half hours. They act as they are; a change here rounds them.",
    "edit": "Change…",
    "done": "Done",
    "cheap": "cheap",
    "not_cheap": "not cheap",
    "none": "No hours yet.",
    "whole_day": "all day",
    "every_day": "Every day",
}


def word(key: str) -> str:
    """A word, or a sentence that never changes."""
    return gettext(_WORDS[key])


def day(one: Day) -> str:
    """A day, short."""
    return gettext(_SHORT[one])


def level(value: Response | bool) -> str:  # noqa: FBT001 - what a half hour is
    """What happens in a half hour."""
    return choice(value.value) if isinstance(value, Response) else word("cheap" if value else "not_cheap")


def brush(number: int, value: Response | bool) -> str:  # noqa: FBT001 - what a half hour is to be
    """The button that chooses what is drawn, with its key."""
    return gettext("{number}  {level}").format(number=number, level=level(value))


def spoken(number: int, start: int, end: int, value: Response | bool) -> str:  # noqa: FBT001 - what it is
    """A part of a day for who listens."""
    return gettext("{day}, {start} to {end}: {level}").format(day=gettext(_LONG[DAYS[number]]), start=time_of(start), end=time_of(end), level=level(value))


def selected(days: tuple[int, int], start: int, end: int) -> str:
    """What is selected, for who listens."""
    first, last = (gettext(_LONG[DAYS[one]]) for one in days)
    return gettext("{first} to {last}, {start} to {end} selected").format(first=first, last=last, start=time_of(start), end=time_of(end))


def summary(hours: Sequence[Hours]) -> str:
    """All of them in words, a line each: the same as the picture, for who can't see it or wants to be sure."""
    return "\n".join(_line(one) for one in hours) or word("none")


def _line(one: Hours) -> str:
    times = word("whole_day") if (one.start, one.end) == ("00:00", "24:00") else gettext("{start} to {end}").format(start=one.start, end=one.end)
    does = level(one.does) if isinstance(one, Span) else word("cheap")
    return gettext("{days}, {times}: {does}").format(days=_days(one.days), times=times, does=does)


def _days(days: tuple[Day, ...]) -> str:
    """Those that follow one another as “Mon–Fri”."""
    if set(days) == set(DAYS):
        return word("every_day")
    parts: list[list[Day]] = []
    for one in (one for one in DAYS if one in days):
        if parts and DAYS.index(one) == DAYS.index(parts[-1][-1]) + 1:
            parts[-1].append(one)
        else:
            parts.append([one])
    return ", ".join(day(part[0]) if len(part) == 1 else f"{day(part[0])}–{day(part[-1])}" for part in parts)
