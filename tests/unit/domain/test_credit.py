"""Credit day by day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.credit import CreditDay, decayed, gains, noted

DAY = 86400.0
AMOUNTS = st.floats(0, 1e12)
WORDS = st.lists(st.tuples(st.floats(0, 4e9), AMOUNTS, AMOUNTS), max_size=30)


def told(words: list[tuple[float, float, float]]) -> tuple[CreditDay, ...]:
    history: tuple[CreditDay, ...] = ()
    for now, user, host in words:
        history = noted(history, now, user_total=user, user_recent=1.0, host_total=host, host_recent=1.0)
    return history


@given(WORDS)
def test_one_entry_a_day_the_last_word_counts(words: list[tuple[float, float, float]]) -> None:
    history = told(words)
    assert [one.day for one in history] == sorted({one.day for one in history})
    if words:
        assert (history[-1].at, history[-1].user_total, history[-1].host_total) == words[-1]
    found = gains(history)
    assert [one.day for one in found] == [one.day for one in history]
    assert all(one.user >= 0 and one.host >= 0 for one in found)


def test_what_came() -> None:
    days = told([(0.0, 100.0, 10.0), (0.5 * DAY, 120.0, 20.0), (DAY, 150.0, 30.0), (4 * DAY, 140.0, 35.0)])
    assert [(one.day, one.user, one.host) for one in gains(days)] == [(0, 0.0, 0.0), (1, 30.0, 10.0), (4, 0.0, 5.0)]


def test_three_years_are_kept() -> None:
    assert len(told([(number * DAY, 0.0, 0.0) for number in range(1200)])) == 1100


def test_half_is_left_after_a_week() -> None:
    assert decayed(8.0, 0.0, 7 * DAY) == pytest.approx(4.0)
    assert decayed(8.0, 7 * DAY, 0.0) == 8.0
