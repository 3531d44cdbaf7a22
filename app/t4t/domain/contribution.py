"""What this computer has done, day by day since it was first counted, and how days become weeks, months and one sum. Pure.

A day is the one that the clock on the wall showed when the work was seen. It is written down with that name and stays there: neither a journey, nor a change to
or from daylight-saving time, nor a clock that is put right moves what was counted. The day on which an hour is left out is an hour shorter, and that is all.
"""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.credit import gains

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from t4t.domain.credit import CreditDay
    from t4t.domain.energy import Day

_EPOCH: Final = date(1970, 1, 1)
_HOUR_S: Final = 3600.0
_SUNDAY: Final = 7
_DECEMBER: Final = 12
_COLUMNS: Final[tuple[str, ...]] = ("day", "collisions", "processor_hours", "kwh", "kwh_estimated", "tasks", "credit_this_computer", "credit_all_computers")
_LATEST: Final = 3650
"""Days that any span reaches back: what is older, or lies in the future, is told by sums alone."""


class WorkDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day of this computer, as ISO 8601 names it."""

    day: str
    collisions: int = 0
    """Computed, each once: what was computed again after a step back to a checkpoint is not counted again."""
    cpu_s: float = 0.0
    """Processor time of the virtual machines; also that whose work was lost."""
    tasks: int = 0
    """That ended."""
    kwh: float = 0.0
    estimated: bool = False
    """Whether any of the energy comes from a table instead of a meter."""


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """All days on which something was counted, the oldest first; ``since`` is the day from which on everything was counted, empty if it is not known."""

    since: str = ""
    days: tuple[WorkDay, ...] = ()


class Span(enum.Enum):
    """What one bar of a chart is."""

    DAY = "day"
    WEEK = "week"
    """As ISO 8601 has it: from Monday on."""
    MONTH = "month"
    ALL = "all"
    """Everything until the end of that day."""


SHOWN: Final = {Span.DAY: 30, Span.WEEK: 26, Span.MONTH: 24, Span.ALL: _LATEST}
"""So many bars at most."""


class Bar(msgspec.Struct, frozen=True):
    """What came from ``first`` on to ``last``, both included; the last bar's ``last`` is today, which is not over."""

    first: date
    last: date
    value: float


def day_of(at: float, offset: float) -> str:
    """The name of the day at Unix time ``at`` where the clock on the wall is ``offset`` seconds ahead of UTC then."""
    return datetime.fromtimestamp(at + offset, UTC).date().isoformat()


def begin_of(day: date, span: Span) -> date:
    """The first day of the day's week or month."""
    if span is Span.WEEK:
        return day - timedelta(days=day.isoweekday() - 1)
    return day.replace(day=1) if span is Span.MONTH else day


def end_of(first: date, span: Span) -> date:
    """The last day of what begins with ``first``."""
    if span is Span.WEEK:
        return first + timedelta(days=_SUNDAY - 1)
    if span is Span.MONTH:
        following = first.replace(year=first.year + 1, month=1) if first.month == _DECEMBER else first.replace(month=first.month + 1)
        return following - timedelta(days=1)
    return first


def series(values: Mapping[date, float], span: Span, *, since: date, today: date) -> tuple[Bar, ...]:
    """Bars without a gap from ``since`` to ``today``: a time without work is a bar of nothing, and there is none for what nobody counted."""
    since = max(min((since, today, *values)), today - timedelta(days=_LATEST))
    sums: dict[date, float] = {}
    for day, value in values.items():
        first = begin_of(max(since, min(day, today)), span)
        sums[first] = sums.get(first, 0.0) + value
    bars: list[Bar] = []
    first, together = begin_of(since, span), 0.0
    while first <= today:
        last = end_of(first, span)
        together = sums.get(first, 0.0) + (together if span is Span.ALL else 0.0)
        bars.append(Bar(max(first, since), min(last, today), together))
        first = last + timedelta(days=1)
    return tuple(bars[-SHOWN[span] :])


def date_of(name: str) -> date | None:
    """The day of this name; None if it is none."""
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def with_energy(days: Iterable[WorkDay], energy: Iterable[Day]) -> tuple[WorkDay, ...]:
    """The same days with what the ledger has of each, and those that only the ledger knows; the oldest first."""
    found = {one.day: one for one in days}
    for one in energy:
        if one.joules:
            found[one.day] = msgspec.structs.replace(found.get(one.day, WorkDay(day=one.day)), kwh=one.kwh, estimated=one.estimated)
    return tuple(found[name] for name in sorted(found) if date_of(name) is not None)


def credit_days(histories: Iterable[Sequence[CreditDay]], *, host: bool) -> tuple[date | None, dict[date, float]]:
    """What came on each day from all projects together, for this computer alone (``host``) or all of the volunteer's; and the first day that is known.

    These days are the projects' own, in UTC.
    """
    first: date | None = None
    found: dict[date, float] = {}
    for history in histories:
        for gain in gains(history):
            day = _EPOCH + timedelta(days=gain.day)
            first = day if first is None or day < first else first
            found[day] = found.get(day, 0.0) + (gain.host if host else gain.user)
    return first, found


def as_csv(work: Contribution, histories: Sequence[Sequence[CreditDay]]) -> str:
    """One line a day for other programs: RFC 4180, a point in numbers, English names that stay."""
    (_, here), (_, everywhere) = (credit_days(histories, host=host) for host in (True, False))
    days = {found: one for one in work.days if (found := date_of(one.day)) is not None}
    lines = [_COLUMNS]
    for day in sorted({*days, *here, *everywhere}):
        one = days.get(day, WorkDay(day=day.isoformat()))
        hours, kwh, estimated = f"{one.cpu_s / _HOUR_S:.4f}", f"{one.kwh:.6f}", "yes" if one.estimated else "no"
        credit = (f"{found.get(day, 0.0):.2f}" for found in (here, everywhere))
        lines.append((day.isoformat(), str(one.collisions), hours, kwh, estimated, str(one.tasks), *credit))
    return "".join(f"{','.join(line)}\r\n" for line in lines)  # no field of ours needs a quotation mark
