"""What a VM really uses, and when its limit does not hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.share import WINDOW_S, Sample, Share, observed

FIRST: Final = Sample(at=0.0, process=(1, "a"), cpu_s=10.0, cap_percent=50, cores=2)


def after(*uses: tuple[float, float], first: Sample = FIRST, share: Share | None = None) -> Share:
    """The share after looks, each so many seconds after the one before it, with so many processor seconds used in them."""
    sample = first
    share = observed(share or Share(), sample)
    for seconds, used in uses:
        sample = replace(sample, at=sample.at + seconds, cpu_s=sample.cpu_s + used)
        share = observed(share, sample)
    return share


@settings(max_examples=300, deadline=None)
@given(
    cap=st.integers(1, 99),
    cores=st.integers(1, 64),
    windows=st.lists(st.tuples(st.floats(WINDOW_S + 1, 600), st.floats(0, 1)), min_size=1, max_size=20),
)
def test_a_limit_that_holds_is_never_suspected(cap: int, cores: int, windows: list[tuple[float, float]]) -> None:
    """Whatever the guest does, idle or starved, as long as it is not above its limit."""
    share = after(*((seconds, seconds * cores * cap / 100 * part) for seconds, part in windows), first=replace(FIRST, cap_percent=cap, cores=cores))
    assert not share.fails
    assert share.percent is not None
    assert abs(share.percent - cap * windows[-1][1]) < 1e-6


def test_one_that_does_not_hold_is_seen_in_two_windows() -> None:
    once = after((30, 59))
    assert (once.over, once.fails) == (1, False)
    twice = after((30, 59), (60, 118))
    assert (twice.fails, round(twice.percent or 0)) == (True, 98)
    assert not after((30, 59), (60, 60)).fails, "it was a moment"
    assert after((10, 19), (10, 19), (10, 19), (30, 59)).fails, "short looks add up"
    assert after((30, 59), (60, 118), first=replace(FIRST, cap_percent=100)).over == 0, "there is no limit"


def test_what_stands_still_or_is_another_process_is_not_measured() -> None:
    running = observed(after((30, 59)), None)
    assert (running.begun, running.over) == (None, 1)
    again = after((29, 58), first=replace(FIRST, at=500.0, cpu_s=100.0), share=running)
    assert (again.percent, again.over) == (running.percent, 1), "the time in which it stood does not count"
    for other in (replace(FIRST, process=(2, "b")), replace(FIRST, cap_percent=25), replace(FIRST, cores=1), replace(FIRST, cpu_s=0.0)):
        assert observed(after((30, 59), (30, 59)), other) == Share(begun=other, of=other)
