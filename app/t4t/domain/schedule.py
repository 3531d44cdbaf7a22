"""The weekly schedule and the cheap hours by the clock on the wall, in any zone and on the days on which clocks are changed: pure.

A span is the time that the clock on the wall shows. What daylight-saving time skips does not happen; what it repeats happens twice.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from t4t.domain.settings.tree import Day, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from t4t.domain.settings.tree import Hours, When

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400.0
_FIRST_WEEKDAY: Final = 3
"""The first of January 1970 was a Thursday."""
_STEP_S: Final = 3 * _HOUR_S
_DAYS_AHEAD: Final = 8
_DAYS: Final = tuple(Day)


def minute_of(text: str) -> int:
    """Minutes after midnight of ``HH:MM``, which the settings have checked."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def covers(hours: Hours, local_s: float) -> bool:
    """Whether ``local_s``, seconds since 1970 as the clock on the wall shows them, lies in ``hours``."""
    day, seconds = divmod(local_s, _DAY_S)
    minute = seconds / _MINUTE_S
    start, end = minute_of(hours.start), minute_of(hours.end)
    today = _DAYS[(int(day) + _FIRST_WEEKDAY) % 7] in hours.days
    if start < end:
        return today and start <= minute < end
    yesterday = _DAYS[(int(day) - 1 + _FIRST_WEEKDAY) % 7] in hours.days
    return (today and minute >= start) or (yesterday and minute < end)


def planned(when: When, local_s: float) -> Response:
    """What the weekly schedule says: the first span that covers the moment decides."""
    return next((span.does for span in when.spans if covers(span, local_s)), when.otherwise)


def is_cheap(when: When, local_s: float) -> bool:
    """Whether the electricity is cheap then."""
    return any(covers(hours, local_s) for hours in when.cheap_hours)


def changes_at(spans: tuple[Hours, ...], shows: Callable[[float], object], now: float, offset_at: Callable[[float], float]) -> float | None:
    """The first moment after ``now`` at which what ``shows`` says of the local time is another thing; None if there is none within eight days.

    It can only be where a span begins or ends by the clock on the wall, or where that clock itself is changed.
    """
    at_present = shows(now + offset_at(now))
    minutes = sorted({0, *(minute_of(text) for span in spans for text in (span.start, span.end))})
    return next((at for at in _moments(minutes, now, offset_at) if shows(at + offset_at(at)) != at_present), None)


def _moments(minutes: list[int], now: float, offset_at: Callable[[float], float]) -> Iterator[float]:
    """In order, all moments to come at which the clock on the wall shows one of ``minutes``, and those at which it is changed."""
    for ahead in range(_DAYS_AHEAD):
        begin = now + ahead * _DAY_S
        steps = [begin + step * _STEP_S for step in range(int(_DAY_S / _STEP_S) + 1)]
        offsets = {offset_at(step) for step in steps}
        found = {_changed(one, other, offset_at) for one, other in itertools.pairwise(steps) if offset_at(one) != offset_at(other)}
        for offset in offsets:
            first_day = (begin + offset) // _DAY_S
            found |= {(first_day + day) * _DAY_S + minute * _MINUTE_S - offset for day in range(2) for minute in minutes}
        yield from sorted(moment for moment in found if begin < moment <= begin + _DAY_S)


def _changed(before: float, after: float, offset_at: Callable[[float], float]) -> float:
    """The moment between the two, to the second, at which the clock on the wall is changed."""
    old = offset_at(before)
    low, high = before, after
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (middle, high) if offset_at(middle) == old else (low, middle)
    return float(high // 1)
