"""How far a task is, and when its time is over."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.duration import UNKNOWN_FRACTION, TimeUp, fraction_done, remaining_s, time_up


@pytest.mark.parametrize(
    ("elapsed", "duration", "reported", "fraction"),
    [
        (0, 100, None, 0.0),
        (50, 100, 0.9, 0.5),
        (200, 100, None, 1.0),
        (math.nan, 100, None, 0.0),
        (50, 0, 0.9, 0.9),
        (50, 0, 7.0, 1.0),
        (50, 0, None, UNKNOWN_FRACTION),
        (50, 0, math.nan, UNKNOWN_FRACTION),
    ],
)
def test_fraction_done(elapsed: float, duration: float, reported: float | None, fraction: float) -> None:
    assert fraction_done(elapsed_s=elapsed, job_duration_s=duration, reported=reported) == fraction


@pytest.mark.parametrize(
    ("elapsed", "duration", "starting", "verdict"),
    [
        (1e9, 0, True, TimeUp.NO),
        (1e9, 0, False, TimeUp.NO),
        (99, 100, False, TimeUp.NO),
        (100, 100, False, TimeUp.FINISHED),
        (100, 100, True, TimeUp.NO),
        (101, 100, True, TimeUp.PASSED_BEFORE_START),
    ],
)
def test_time_up(elapsed: float, duration: float, *, starting: bool, verdict: TimeUp) -> None:
    assert time_up(elapsed_s=elapsed, job_duration_s=duration, starting=starting) is verdict


def test_remaining() -> None:
    assert remaining_s(elapsed_s=30, job_duration_s=100) == 70
    assert remaining_s(elapsed_s=130, job_duration_s=100) == 0
    assert remaining_s(elapsed_s=30, job_duration_s=0) is None


@given(st.floats(), st.floats(), st.none() | st.floats())
def test_a_fraction_is_a_fraction(elapsed: float, duration: float, reported: float | None) -> None:
    assert 0 <= fraction_done(elapsed_s=elapsed, job_duration_s=duration, reported=reported) <= 1
