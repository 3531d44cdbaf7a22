"""What the work costs: watts from a meter or, labelled so, from a table; energy, money and data of each day. Pure arithmetic.

A meter tells of the whole processor or computer. Ours is the part that our processor time is of all processor time used: when nobody else works, all of it,
the idle part too, so a figure from a meter is rather too high than too low.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.readings import Source, Watts
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_JOULES_PER_KWH: Final = 3.6e6
_LONGEST_GAP_S: Final = 600.0
"""Over a longer time nobody measured: the computer slept, or the program did not run."""
_MOST_WATTS: Final = 5000.0
"""More is no measurement."""

ANY_CORE_WATTS: Final = 12.0
CORE_WATTS: Final = (
    (re.compile(r"Core.* i\d-\d{4,5}[GU]|Ryzen .*\d[CU]\b", re.IGNORECASE), 3.8),  # Ryzen 5 3500U: 15 W for 4 cores
    (re.compile(r"EPYC|Xeon.* (Gold|Platinum)", re.IGNORECASE), 7.5),  # Xeon Gold 6148: 150 W for 20 cores
    (re.compile(r"Threadripper", re.IGNORECASE), 7.8),  # Threadripper 2990WX: 250 W for 32 cores
    (re.compile(r"Core.* i[57]|Ryzen [357]", re.IGNORECASE), 10.8),  # Core i5-10400, Ryzen 5 3600: 65 W for 6 cores
)
"""Watts of one busy core by the processor's name; the first that fits. Data: the table of processors of the Green Algorithms project (thermal design power
divided by cores, version of 2024, whose value for an unknown processor is `ANY_CORE_WATTS`)."""


def core_watts(processor: str) -> float:
    """Watts of one busy core of a processor of this name."""
    return next((watts for pattern, watts in CORE_WATTS if pattern.search(processor)), ANY_CORE_WATTS)


def estimated(*, ours_percent: float, cores: int, processor: str) -> Watts:
    """What our programs and VMs need, by the table. ``cores`` are real ones: two threads of a core share its watts."""
    return Watts(watts=ours_percent / 100.0 * cores * core_watts(processor), source=Source.ESTIMATE)


def counted(before: Mapping[str, tuple[int, int]], now: Mapping[str, tuple[int, int]], seconds: float) -> float | None:
    """Watts from two readings of counters in microjoules: by counter its value and the value at which it begins anew. None if they don't tell.

    A counter that begins anew more than once between two readings can't be seen to: readings must not be further apart than `_LONGEST_GAP_S` (a package of
    200 W and a counter of 262 kJ, as they are common, begin anew each 22 minutes).
    """
    if not 0.0 < seconds <= _LONGEST_GAP_S or not now or before.keys() != now.keys():
        return None
    joules = 0.0
    for name, (value, end) in now.items():
        used = value - before[name][0]
        joules += (used if used >= 0 else used + end + 1) / 1e6
    watts = joules / seconds
    return watts if 0.0 <= watts <= _MOST_WATTS else None


def our_part(power: Watts, *, ours_percent: float | None, others_percent: float | None) -> Watts | None:
    """Of a meter's watts those that are ours; an estimate is ours already. None if nothing is known of who works."""
    if power.source is Source.ESTIMATE:
        return power
    if ours_percent is None or others_percent is None:
        return None
    all_percent = ours_percent + others_percent
    return Watts(watts=power.watts * ours_percent / all_percent if all_percent > 0 else 0.0, source=power.source)


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What one day of the calendar cost."""

    day: str
    """As ISO 8601 has it: 2026-11-23, on the clock on the wall."""
    joules: dict[str, float] = {}
    """By where the figures came from (`Source`)."""
    costs: dict[str, float] = {}
    """By currency, at the prices that held when the energy was used."""
    received: int = 0
    sent: int = 0
    """Bytes of files from and to projects."""

    @property
    def kwh(self) -> float:
        """All of its energy."""
        return sum(self.joules.values()) / _JOULES_PER_KWH

    @property
    def estimated(self) -> bool:
        """Whether any of it comes from a table."""
        return self.joules.get(Source.ESTIMATE.value, 0.0) > 0.0


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody who looks on is shown of it: this day and this month, and what the work takes now."""

    day: Day
    month: Day
    power: Watts | None = None
    """None: nothing works now, or nobody knows."""


_STEADY_WATTS: Final = 1.0
_STEADY_SHARE: Final = 0.2


def steadied(shown: Watts | None, now: Watts | None) -> Watts | None:
    """What is shown from ``now`` on: what is shown already, as long as it is nearly true. Whoever looks on is sent each change."""
    if shown is None or now is None or shown.source is not now.source:
        return now
    near = abs(now.watts - shown.watts) <= max(_STEADY_WATTS, _STEADY_SHARE * shown.watts)
    return shown if near else now


@record(kw_only=True)
class Price:
    """Of electricity; 0: not known, and nothing is said of money."""

    per_kwh: float = 0.0
    currency: str = ""


FREE: Final = Price()


def used(day: Day, power: Watts, seconds: float, *, price: Price = FREE) -> Day:
    """The day with ``seconds`` more of ``power``. A time that is too long, or not positive, counts nothing: nobody measured it."""
    if not 0.0 < seconds <= _LONGEST_GAP_S or not 0.0 <= power.watts <= _MOST_WATTS:
        return day
    joules = power.watts * seconds
    source = power.source.value
    costs = day.costs
    if price.per_kwh > 0:
        costs = _sum(costs, {price.currency: joules / _JOULES_PER_KWH * price.per_kwh})
    return msgspec.structs.replace(day, joules=_sum(day.joules, {source: joules}), costs=costs)


def _sum(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {**one, **{name: one.get(name, 0.0) + value for name, value in other.items()}}


def without_costs(day: Day) -> Day:
    """For who does not want to see money."""
    return msgspec.structs.replace(day, costs={})


def moved(day: Day, *, received: int = 0, sent: int = 0) -> Day:
    """The day with more bytes."""
    return msgspec.structs.replace(day, received=day.received + max(0, received), sent=day.sent + max(0, sent))


def together(days: Sequence[Day], name: str = "") -> Day:
    """Several days as one."""
    joules: dict[str, float] = {}
    costs: dict[str, float] = {}
    for day in days:
        joules, costs = _sum(joules, day.joules), _sum(costs, day.costs)
    return Day(day=name, joules=joules, costs=costs, received=sum(day.received for day in days), sent=sum(day.sent for day in days))


def month(days: Sequence[Day], name: str) -> Day:
    """All days of a month, named as 2026-11."""
    return together([day for day in days if day.day.startswith(f"{name}-")], name)
