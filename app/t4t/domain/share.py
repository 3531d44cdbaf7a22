"""How much of its processors a VM really uses, and whether its limit holds: from the processor time of its process between two looks. Pure.

A limit that does not hold shows itself by too much only: a guest that idles, or waits for its turn behind other programs, uses less than it may.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from t4t.domain.record import record

WINDOW_S: Final = 30.0
"""Over less than this nothing is said: a limit holds on the average, not at each moment."""
_TOLERATED: Final = 1.1
_TOLERATED_POINTS: Final = 3.0
"""Disks, network and screen of the VM are no processor of its own, and count in its process."""
_WINDOWS: Final = 2
"""So many in a row above the limit mean that it does not hold."""
_FULL: Final = 100


@record(kw_only=True)
class Sample:
    """One look at a VM that runs: when (seconds of a clock that stands still in sleep), its process, what that has used, and its limit."""

    at: float
    process: tuple[int, str]
    cpu_s: float
    cap_percent: int
    cores: int


@record(kw_only=True)
class Share:
    """What was measured so far; begin with nothing."""

    begun: Sample | None = None
    """Where the window under way began; None while the VM does not run."""
    of: Sample | None = None
    """Whose process and which limit it is about."""
    percent: float | None = None
    """Of the VM's processors, over the last whole window with this process and this limit."""
    over: int = 0
    """Windows in a row in which it was more than the limit."""

    @property
    def fails(self) -> bool:
        """Whether the limit does not hold."""
        return self.over >= _WINDOWS


def observed(share: Share, sample: Sample | None) -> Share:
    """The share after a look; None: the VM does not run, and what was begun tells nothing."""
    if sample is None:
        return dataclasses.replace(share, begun=None)
    if share.of is None or not _same(share.of, sample):
        return Share(begun=sample, of=sample)
    begun = share.begun
    if begun is None:
        return dataclasses.replace(share, begun=sample)
    seconds = sample.at - begun.at
    if seconds < WINDOW_S:
        return share
    percent = _FULL * (sample.cpu_s - begun.cpu_s) / (seconds * max(1, sample.cores))
    over = sample.cap_percent < _FULL and percent > sample.cap_percent * _TOLERATED + _TOLERATED_POINTS
    return Share(begun=sample, of=sample, percent=percent, over=share.over + 1 if over else 0)


def _same(one: Sample, other: Sample) -> bool:
    """Whether both are of one process with one limit."""
    return (one.process, one.cap_percent, one.cores) == (other.process, other.cap_percent, other.cores) and other.cpu_s >= one.cpu_s
