"""Sleep, jumps and zones, from three clocks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.clocks import JUMPED_S, SLEPT_S, ClockWatch, Reading, announce_sleep, announce_waking, look
from t4t.domain.host_events import ClockJumped, Woke, ZoneChanged

unhurried = settings(deadline=None)
START = Reading(awake_s=50, elapsed_s=70, wall_s=1e9, offset_s=3600)
STEPS = st.lists(
    st.tuples(
        st.floats(0, 100),  # awake
        st.just(0.0) | st.floats(SLEPT_S + 0.1, 1e6),  # asleep
        st.just(0.0) | st.floats(JUMPED_S + 0.1, 1e6) | st.floats(-1e6, -JUMPED_S - 0.1),  # jump
    )
)


def go_on(reading: Reading, awake: float, *, asleep: float = 0, jump: float = 0) -> Reading:
    elapsed = awake + asleep
    return replace(reading, awake_s=reading.awake_s + awake, elapsed_s=reading.elapsed_s + elapsed, wall_s=reading.wall_s + elapsed + jump)


@unhurried
@given(steps=STEPS)
def test_each_sleep_and_each_jump_is_told_with_its_size(steps: list[tuple[float, float, float]]) -> None:
    watch, reading = ClockWatch(last=START), START
    for awake, asleep, jump in steps:
        reading = go_on(reading, awake, asleep=asleep, jump=jump)
        watch, events = look(watch, reading)
        assert [event.slept_s for event in events if isinstance(event, Woke)] == ([pytest.approx(asleep, abs=1e-3)] if asleep else [])
        assert [event.seconds for event in events if isinstance(event, ClockJumped)] == ([pytest.approx(jump, abs=1e-3)] if jump else [])
        assert look(watch, reading)[1] == [], "told once"


@unhurried
@given(drift=st.floats(-0.5, 0.5), looks=st.integers(1, 100))
def test_a_clock_that_runs_wrong_jumps_in_the_end(drift: float, looks: int) -> None:
    watch, reading, told = ClockWatch(last=START), START, 0.0
    for _ in range(looks):
        reading = go_on(reading, 30, jump=drift)
        watch, events = look(watch, reading)
        told += sum(event.seconds for event in events if isinstance(event, ClockJumped))
        assert abs(reading.wall_s - reading.elapsed_s - (START.wall_s - START.elapsed_s) - told) < JUMPED_S + 1e-3


def test_zone() -> None:
    watch, events = look(ClockWatch(last=START), replace(START, offset_s=7200))
    assert events == [ZoneChanged(offset_s=7200)]
    assert look(watch, replace(START, offset_s=7200))[1] == []


def test_announced_sleep_is_measured_alone() -> None:
    watch, events = announce_sleep(ClockWatch(last=START), go_on(START, 20, jump=600))
    assert events == [ClockJumped(seconds=600)]
    assert watch.asleep
    watch, events = announce_waking(watch, go_on(watch.last, 1, asleep=3600))
    assert events == [Woke(slept_s=3600)]
    assert announce_waking(watch, watch.last)[1] == [], "Windows says it twice"


def test_the_clocks_may_tell_before_the_system_does() -> None:
    watch, _ = announce_sleep(ClockWatch(last=START), START)
    watch, events = look(watch, go_on(START, 1, asleep=60))
    assert events == [Woke(slept_s=60)]
    assert announce_waking(watch, go_on(watch.last, 1))[1] == []


def test_a_sleep_that_no_clock_shows() -> None:
    watch, _ = announce_sleep(ClockWatch(last=START), START)
    watch, events = announce_waking(watch, go_on(START, 1, jump=-30))
    assert events == [Woke(slept_s=0.0), ClockJumped(seconds=-30)]
    assert not watch.asleep


def test_waking_that_nobody_announced_and_no_clock_shows() -> None:
    assert announce_waking(ClockWatch(last=START), go_on(START, 10))[1] == []
