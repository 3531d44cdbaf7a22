"""How far a task is and whether its time is over: ``job_duration`` and the guest's own progress; pure."""

from __future__ import annotations

import enum
import math
from typing import Final

UNKNOWN_FRACTION: Final = 0.001
"""Shown while nothing is known: BOINC takes 0 for "has not begun"."""


class TimeUp(enum.Enum):
    """What a job's duration asks for."""

    NO = "no"
    FINISHED = "finished"
    """The duration is over while the VM runs: it is shut down and the task is a success."""
    PASSED_BEFORE_START = "passed_before_start"
    """The duration was over before the VM was started again: the task has failed (BOINC exit code 197)."""


def fraction_done(*, elapsed_s: float, job_duration_s: float, reported: float | None) -> float:
    """How much of the task is done, 0–1.

    With a duration (over 0) the share of it that has elapsed; without one what the guest reported; without that `UNKNOWN_FRACTION`. ``elapsed_s`` is
    running time over all starts of the task.
    """
    if job_duration_s > 0:
        return _unit(elapsed_s / job_duration_s)
    if reported is None or math.isnan(reported):
        return UNKNOWN_FRACTION
    return max(UNKNOWN_FRACTION, _unit(reported))


def time_up(*, elapsed_s: float, job_duration_s: float, starting: bool) -> TimeUp:
    """Whether the duration is over; ``starting`` when the VM is about to be started, also again. Without a duration it never is."""
    if job_duration_s <= 0:
        return TimeUp.NO
    if starting:
        return TimeUp.PASSED_BEFORE_START if elapsed_s > job_duration_s else TimeUp.NO
    return TimeUp.FINISHED if elapsed_s >= job_duration_s else TimeUp.NO


def remaining_s(*, elapsed_s: float, job_duration_s: float) -> float | None:
    """Running time until the duration is over, seconds, never negative; None without a duration."""
    return max(0.0, job_duration_s - elapsed_s) if job_duration_s > 0 else None


def _unit(value: float) -> float:
    return 0.0 if math.isnan(value) else min(max(value, 0.0), 1.0)
