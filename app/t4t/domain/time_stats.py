"""How much of the time this computer is on and computes: BOINC's running averages, by which projects judge whether a deadline can be met."""

from __future__ import annotations

import math
from dataclasses import field, replace
from typing import Final

from t4t.domain.record import record
from t4t.domain.scheduler_request import TimeStats

_MEMORY_S: Final = 10 * 86400.0
"""After that long an old value has lost all but 1/e of its weight."""
_STILL_ON: Final = 300.0
"""A longer gap between two ticks means that we did not run; a shorter one is one that was late."""
_SURE: Final = 86400.0
"""A new installation keeps BOINC's starting value of 1 until it was measured for a day: a first hour of set-up must not cost it its first work."""


@record(kw_only=True)
class Tally:
    """Measured so far; ``last`` is the time of the last tick."""

    stats: TimeStats = field(default_factory=TimeStats)
    last: float = 0.0
    measured: float = 0.0
    on: float = 1.0
    active: float = 1.0


def started(tally: Tally, now: float) -> Tally:
    """Our program begins: what lies behind since the last tick, it did not run."""
    first = tally.stats.total_start_time or now
    before = _uptime(tally)
    tally = _elapsed(tally, now, on=False, active=False)
    stats = replace(tally.stats, client_start_time=now, total_start_time=first, session_active_duration=0.0, previous_uptime=before)
    return replace(tally, stats=stats)


def _uptime(tally: Tally) -> float:
    begun = tally.stats.client_start_time
    return max(0.0, tally.last - begun) if begun else 0.0


def ticked(tally: Tally, now: float, *, computing: bool) -> Tally:
    """Our program runs at ``now``, and has been computing or not since the last tick. A clock that goes back counts nothing."""
    gap = now - tally.last
    if gap > _STILL_ON:
        return _elapsed(tally, now, on=False, active=False)
    return _elapsed(tally, now, on=True, active=computing)


def _elapsed(tally: Tally, now: float, *, on: bool, active: bool) -> Tally:
    gap = now - tally.last
    if not tally.last or gap <= 0:
        return replace(tally, last=now, stats=replace(tally.stats, now=now))
    weight = 1.0 - math.exp(-gap / _MEMORY_S)
    on_frac = tally.on + weight * (float(on) - tally.on)
    active_weight = weight if on else 0.0
    active_frac = tally.active + active_weight * (float(active) - tally.active)
    measured = tally.measured + gap
    sure = measured >= _SURE
    busy = gap if active else 0.0
    stats = replace(
        tally.stats,
        on_frac=on_frac if sure else 1.0,
        active_frac=active_frac if sure else 1.0,
        cpu_and_network_available_frac=active_frac if sure else 1.0,
        total_duration=tally.stats.total_duration + (gap if on else 0.0),
        total_active_duration=tally.stats.total_active_duration + busy,
        session_active_duration=tally.stats.session_active_duration + busy,
        now=now,
    )
    return Tally(stats=stats, last=now, measured=measured, on=on_frac, active=active_frac)
