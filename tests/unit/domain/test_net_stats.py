"""The connection's speed out of transfers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.net_stats import moved
from t4t.domain.scheduler_request import NetStats

NOW = 1.8e9
WEEK = 7 * 86400.0
TRANSFERS = st.lists(st.tuples(st.integers(0, 1 << 40), st.floats(0, 1e6), st.floats(-1e6, 1e9), st.booleans()), max_size=20)


@given(TRANSFERS)
def test_between_the_slowest_and_the_fastest(transfers: list[tuple[int, float, float, bool]]) -> None:
    stats, now = NetStats(), NOW
    rates: dict[bool, list[float]] = {True: [], False: []}
    for nbytes, seconds, pause, up in transfers:
        now += pause
        before, stats = stats, moved(stats, nbytes, seconds, now, up=up)
        if stats != before:
            rates[up].append(nbytes / seconds)
    for found, mean, best in ((rates[True], stats.avg_up, stats.bwup), (rates[False], stats.avg_down, stats.bwdown)):
        assert (mean, best) == (0, 0) if not found else min(found) <= mean * 1.000001
        assert mean <= max(found, default=0.0) * 1.000001
        assert mean <= best * 1.000001


def test_small_and_quick_ones_say_nothing() -> None:
    assert moved(NetStats(), 1000, 5.0, NOW, up=True) == NetStats()
    assert moved(NetStats(), 1 << 30, 0.0, NOW, up=False) == NetStats()


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_another_connection_is_learned(up: bool) -> None:  # noqa: FBT001 - a test's own
    stats = moved(NetStats(), 10_000_000, 1.0, NOW, up=up)
    first = (stats.bwup, stats.avg_up, stats.avg_time_up) if up else (stats.bwdown, stats.avg_down, stats.avg_time_down)
    assert first == (1e7, 1e7, NOW)
    for week in range(1, 21):
        stats = moved(stats, 1_000_000, 1.0, NOW + week * WEEK, up=up)
    best, mean = (stats.bwup, stats.avg_up) if up else (stats.bwdown, stats.avg_down)
    assert 1e6 <= mean < 1.001e6
    assert mean <= best < 1.1e6
