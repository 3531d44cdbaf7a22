"""The data volume that is allowed for some days."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.allowance import DAY_S, Allowance
from t4t.domain.project_errors import AllowanceUsed

MIB = 1024 * 1024


def test_without_a_limit() -> None:
    for allowance in (Allowance(), Allowance(limit_mib=5), Allowance(period_days=5)):
        allowance.note(0.0, 10**15)
        allowance.check(0.0)
        assert allowance.left(0.0) == float("inf")


def test_days_pass() -> None:
    allowance = Allowance(limit_mib=10, period_days=2)
    allowance.note(0.0, 6 * MIB)
    allowance.note(DAY_S, 4 * MIB)
    with pytest.raises(AllowanceUsed):
        allowance.check(DAY_S)
    allowance.check(2 * DAY_S)
    assert allowance.left(2 * DAY_S) == 6 * MIB
    allowance.note(2 * DAY_S, 1)
    assert sorted(allowance.used) == [1, 2]


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 10 * MIB)), max_size=30), st.integers(1, 7))
def test_no_window_of_days_has_more_than_the_limit(steps: list[tuple[float, int]], days: int) -> None:
    allowance = Allowance(limit_mib=20, period_days=days)
    sent: dict[int, int] = {}
    for day, amount in sorted(steps):
        if amount <= allowance.left(day * DAY_S):
            allowance.note(day * DAY_S, amount)
            sent[int(day)] = sent.get(int(day), 0) + amount
    for first in range(21):
        assert sum(sent.get(day, 0) for day in range(first, first + days)) <= 20 * MIB
    assert len(allowance.used) <= days
