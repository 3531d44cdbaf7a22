"""What this computer has done, day by day since it was first counted, and how days become weeks, months and one sum. Pure.

A day is the one that the clock on the wall showed when the work was seen. It is written down with that name and stays there: neither a journey, nor a change to
or from daylight-saving time, nor a clock that is put right moves what was counted. The day on which an hour is left out is an hour shorter, and that is all.
"""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.credit import gains, team_gains

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from t4t.domain.credit import CreditDay, TeamDay
    from t4t.domain.energy import Day

_EPOCH: Final = date(1970, 1, 1)
_HOUR_S: Final = 3600.0
_SUNDAY: Final = 7
_DECEMBER: Final = 12
_COLUMNS: Final[tuple[str, ...]] = (
    "day",
    "collisions",
    "processor_hours",
    "kwh",
    "kwh_estimated",
    "tasks",
    "credit_this_computer",
    "credit_all_computers",
    "credit_team",
)
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


def series(values: Mapping[date, float], span: Span, *, since: date, today: date, most: int | None = None) -> tuple[Bar, ...]:
    """Bars without a gap from ``since`` to ``today``: a time without work is a bar of nothing, and there is none for what nobody counted.

    The last ``most`` of them; None: as many as a chart has.
    """
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
    return tuple(bars[-(SHOWN[span] if most is None else most) :])


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
    return _by_day((gain.day, gain.host if host else gain.user) for history in histories for gain in gains(history))


def team_days(histories: Iterable[Sequence[TeamDay]]) -> tuple[date | None, dict[date, float]]:
    """As `credit_days`, for the volunteer's teams."""
    return _by_day(gain for history in histories for gain in team_gains(history))


def _by_day(found: Iterable[tuple[int, float]]) -> tuple[date | None, dict[date, float]]:
    sums: dict[date, float] = {}
    for number, credit in found:
        day = _EPOCH + timedelta(days=number)
        sums[day] = sums.get(day, 0.0) + credit
    return min(sums, default=None), sums


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was done from ``first`` on to ``last``, both included."""

    first: date
    last: date
    collisions: int = 0
    processor_hours: float = 0.0
    kwh: float = 0.0
    kwh_estimated: bool = False
    tasks: int = 0
    credit_this_computer: float = 0.0
    credit_all_computers: float = 0.0
    credit_team: float = 0.0


def done(work: Contribution, credit: Sequence[Sequence[CreditDay]], teams: Sequence[Sequence[TeamDay]], span: Span, today: date) -> tuple[Done, ...]:
    """All that `series` has, side by side, without a gap from the first day that anybody knows of; with ``Span.ALL`` one line that has it all."""
    days = {day: one for one in work.days if (day := date_of(one.day)) is not None}
    (_, here), (_, everywhere), (_, team) = credit_days(credit, host=True), credit_days(credit, host=False), team_days(teams)
    columns: tuple[Mapping[date, float], ...] = (
        {day: float(one.collisions) for day, one in days.items()},
        {day: one.cpu_s / _HOUR_S for day, one in days.items()},
        {day: one.kwh for day, one in days.items()},
        {day: float(one.estimated) for day, one in days.items()},
        {day: float(one.tasks) for day, one in days.items()},
        here,
        everywhere,
        team,
    )
    begun = min((day for day in (date_of(work.since), *days, *here, *team) if day is not None), default=today)
    lines = tuple(zip(*(series(column, span, since=begun, today=today, most=_LATEST + 1) for column in columns), strict=True))
    if span is Span.ALL:
        lines = lines[-1:]
    return tuple(_done(bars, min(begun, today) if span is Span.ALL else bars[0].first) for bars in lines)


def _done(bars: tuple[Bar, ...], first: date) -> Done:
    collisions, hours, kwh, estimated, tasks, here, everywhere, team = (bar.value for bar in bars)
    return Done(
        first=first,
        last=bars[0].last,
        collisions=round(collisions),
        processor_hours=hours,
        kwh=kwh,
        kwh_estimated=estimated > 0,
        tasks=round(tasks),
        credit_this_computer=here,
        credit_all_computers=everywhere,
        credit_team=team,
    )


def as_csv(work: Contribution, histories: Sequence[Sequence[CreditDay]], teams: Sequence[Sequence[TeamDay]] = ()) -> str:
    """One line a day for other programs: RFC 4180, a point in numbers, English names that stay."""
    (_, here), (_, everywhere), (_, team) = credit_days(histories, host=True), credit_days(histories, host=False), team_days(teams)
    days = {found: one for one in work.days if (found := date_of(one.day)) is not None}
    lines = [_COLUMNS]
    for day in sorted({*days, *here, *everywhere, *team}):
        one = days.get(day, WorkDay(day=day.isoformat()))
        hours, kwh, estimated = f"{one.cpu_s / _HOUR_S:.4f}", f"{one.kwh:.6f}", "yes" if one.estimated else "no"
        credit = (f"{found.get(day, 0.0):.2f}" for found in (here, everywhere, team))
        lines.append((day.isoformat(), str(one.collisions), hours, kwh, estimated, str(one.tasks), *credit))
    return "".join(f"{','.join(line)}\r\n" for line in lines)  # no field of ours needs a quotation mark
