"""The weekly schedule and the cheap hours as a week of half hours, and back: pure. What can be said in half hours means the same afterwards."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from t4t.domain.schedule import covers, minute_of
from t4t.domain.settings.tree import Day, Hours, Response, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ValueT = TypeVar("ValueT")
Week: TypeAlias = tuple[tuple[ValueT, ...], ...]
"""For each day, from Monday on, for each half hour from midnight on."""

DAYS: Final = tuple(Day)
SLOTS: Final = 48
SLOT_MIN: Final = 30
_DAY_S: Final = 86_400
_MONDAY: Final = 4
"""The fifth of January 1970, in days."""


def time_of(slot: int) -> str:
    """The time at which a half hour begins; the end of the day is 24:00."""
    hours, minutes = divmod(slot * SLOT_MIN, 60)
    return f"{hours:02}:{minutes:02}"


def is_exact(hours: Sequence[Hours]) -> bool:
    """Whether all of them begin and end at half hours."""
    return all(minute_of(text) % SLOT_MIN == 0 for one in hours for text in (one.start, one.end))


def planned_week(spans: Sequence[Span], otherwise: Response) -> Week[Response]:
    """What the schedule says in the middle of each half hour."""
    return _week(lambda at: next((span.does for span in spans if covers(span, at)), otherwise))


def cheap_week(hours: Sequence[Hours]) -> Week[bool]:
    """Whether electricity is cheap then."""
    return _week(lambda at: any(covers(one, at) for one in hours))


def spans_of(week: Week[Response], otherwise: Response) -> tuple[Span, ...]:
    """The schedule that says so; what is as ``otherwise`` needs no word."""
    return tuple(Span(days=days, start=time_of(start), end=time_of(end), does=does) for days, start, end, does in _runs(week, otherwise))


def hours_of(week: Week[bool]) -> tuple[Hours, ...]:
    """The cheap hours."""
    return tuple(Hours(days=days, start=time_of(start), end=time_of(end)) for days, start, end, _ in _runs(week, ground=False))


def painted(week: Week[ValueT], days: range, slots: range, value: ValueT) -> Week[ValueT]:
    """The same with ``value`` in a part of it."""
    return tuple(tuple(value if day in days and slot in slots else old for slot, old in enumerate(row)) for day, row in enumerate(week))


def _week(value_at: Callable[[float], ValueT]) -> Week[ValueT]:
    middle = SLOT_MIN * 60 / 2
    return tuple(tuple(value_at((_MONDAY + day) * _DAY_S + slot * SLOT_MIN * 60 + middle) for slot in range(SLOTS)) for day in range(len(DAYS)))


def _runs(week: Week[ValueT], ground: ValueT) -> Iterator[tuple[tuple[Day, ...], int, int, ValueT]]:
    """Parts of days that are not as ``ground``, those that are alike on several days together, in the order of the week."""
    found: dict[tuple[int, int, ValueT], list[Day]] = {}
    for day, row in zip(DAYS, week, strict=True):
        for value, slots in groupby(enumerate(row), key=lambda one: one[1]):
            numbers = [slot for slot, _ in slots]
            if value != ground:
                found.setdefault((numbers[0], numbers[-1] + 1, value), []).append(day)
    for (start, end, value), days in found.items():
        yield tuple(days), start, end, value
