"""How fast this computer's connection is, as measured by the transfers themselves."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from t4t.domain.scheduler_request import NetStats

_WEEK_S: Final = 7 * 86400.0
_LEAST_BYTES: Final = 64 * 1024
"""Of less, the time is that of asking, not of the way."""
_LEAST_S: Final = 0.01
_SAMPLE: Final = 0.2
"""What one transfer weighs against all before it, at least."""


def average(before: float, measured_at: float, rate: float, now: float) -> float:
    """The average with one more measurement; what is old weighs less: half of it is forgotten in a week."""
    if not measured_at:
        return rate
    weight = max(_SAMPLE, 1.0 - math.exp2(-max(0.0, now - measured_at) / _WEEK_S))
    return before + weight * (rate - before)


def moved(stats: NetStats, nbytes: int, seconds: float, now: float, *, up: bool) -> NetStats:
    """After a transfer; a small or quick one says nothing. ``bwup`` and ``bwdown`` are the best that was seen lately: they fade towards the average."""
    if nbytes < _LEAST_BYTES or seconds < _LEAST_S:
        return stats
    rate = nbytes / seconds
    if up:
        mean = average(stats.avg_up, stats.avg_time_up, rate, now)
        return replace(stats, bwup=max(rate, average(stats.bwup, stats.avg_time_up, mean, now)), avg_up=mean, avg_time_up=now)
    mean = average(stats.avg_down, stats.avg_time_down, rate, now)
    return replace(stats, bwdown=max(rate, average(stats.bwdown, stats.avg_time_down, mean, now)), avg_down=mean, avg_time_down=now)
