"""The heartbeat monitor: when it waits, when it is patient, when the guest is lost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.heartbeat import Fingerprint, Heartbeat, Pulse, begin, observe


def beat(number: int) -> Fingerprint:
    return Fingerprint(mtime_ns=number, size=1)


def watch(state: Heartbeat, *steps: tuple[float, int | None]) -> Heartbeat:
    for running_s, number in steps:
        state = observe(state, running_s=running_s, fingerprint=None if number is None else beat(number))
    return state


def test_the_first_look_passes_and_three_silent_ones_lose() -> None:
    state = begin(interval_s=600, running_s=0)
    state = watch(state, (199, None), (200, None))
    assert (state.looks, state.pulse) == (1, Pulse.BEATING)
    state = watch(state, (400, None))
    assert state.pulse is Pulse.LATE
    state = watch(state, (599, None), (600, None))
    assert state.pulse is Pulse.LATE
    state = watch(state, (800, None))
    assert state.pulse is Pulse.LOST
    assert state.silent_s == 800


def test_an_unchanged_file_is_no_sign_of_life() -> None:
    state = watch(begin(interval_s=600, running_s=0), (10, 1), (200, 1), (400, 1), (600, 1), (800, 1))
    assert state.pulse is Pulse.LOST
    assert state.silent_s == 790


@pytest.mark.parametrize("changed", [Fingerprint(mtime_ns=2, size=1), Fingerprint(mtime_ns=1, size=2), Fingerprint(mtime_ns=1, size=1, digest="x")])
def test_any_part_of_the_fingerprint_counts(changed: Fingerprint) -> None:
    state = watch(begin(interval_s=600, running_s=0), (200, 1), (400, 1), (600, 1))
    assert state.misses == 2
    assert observe(state, running_s=601, fingerprint=changed).pulse is Pulse.BEATING


def test_a_change_between_looks_counts_at_the_next() -> None:
    state = watch(begin(interval_s=600, running_s=0), (200, 1), (250, 2), (400, 2))
    assert state.misses == 0
    assert watch(state, (600, 2)).misses == 1


def test_a_change_brings_a_lost_guest_back() -> None:
    state = watch(begin(interval_s=600, running_s=0), *((200 * n, None) for n in range(1, 9)), (1650, 5))
    assert state.pulse is Pulse.BEATING


def test_standing_time_does_not_count() -> None:
    state = watch(begin(interval_s=600, running_s=0), (200, 1), *([(300, 1)] * 1000))
    assert state.misses == 0


def test_a_jump_is_one_look() -> None:
    assert watch(begin(interval_s=600, running_s=0), (200, 1), (1e9, 1)).misses == 1


def test_a_counter_that_begins_anew_keeps_its_distances() -> None:
    state = watch(begin(interval_s=600, running_s=1000), (1200, 1), (1300, 1), (50, 1))
    assert (state.misses, state.silent_s, state.next_look_in_s) == (0, 100, 100)
    assert watch(state, (150, 1)).misses == 1


def test_senseless_numbers() -> None:
    state = begin(interval_s=600, running_s=0)
    assert observe(state, running_s=math.nan, fingerprint=None) == state
    for interval in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match="interval"):
            begin(interval_s=interval, running_s=0)
    with pytest.raises(ValueError, match="running"):
        begin(running_s=math.inf)


@given(st.floats(1, 1e5), st.lists(st.tuples(st.floats(0, 1e5), st.booleans()), max_size=60))
def test_a_guest_that_changes_its_file_in_time_is_never_lost(interval: float, steps: list[tuple[float, bool]]) -> None:
    state, running, number = begin(interval_s=interval, running_s=0), 0.0, 0
    for step, beats in steps:
        running += step
        number += beats
        state = observe(state, running_s=running, fingerprint=beat(number))
        if state.silent_s <= interval:
            # Fresh within the interval: at most the looks in between can have missed.
            assert state.pulse is not Pulse.LOST or state.silent_s >= interval * 2 / 3
        if beats:
            assert state.pulse is Pulse.BEATING


@given(st.floats(1, 1e5), st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=60))
def test_a_silent_guest_needs_at_least_four_looks_to_be_lost(interval: float, times: list[float]) -> None:
    state, looks = begin(interval_s=interval, running_s=0), 0
    for running in times:
        due = state.next_look_in_s
        after = observe(state, running_s=running, fingerprint=None)
        looks += after.last_look_s != state.last_look_s and after.next_look_in_s > 0 and after.looks > 0
        assert after.misses - state.misses in {0, 1}
        assert due >= 0
        assert after.next_look_in_s >= 0
        state = after
    assert state.pulse is not Pulse.LOST or len(times) >= 4


@given(st.floats(1, 1e4))
def test_a_silent_guest_is_lost_in_the_end(interval: float) -> None:
    state = begin(interval_s=interval, running_s=0)
    for number in range(1, 6):
        state = observe(state, running_s=number * interval / 3 * 1.001, fingerprint=None)
    assert state.pulse is Pulse.LOST
