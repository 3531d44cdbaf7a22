"""What of an observation is worth an event."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.host_events import (
    CRITICAL_PERCENT,
    LOW_PERCENT,
    PERCENT_STEP,
    Charge,
    DiskLimits,
    DiskState,
    FileIdentity,
    NetworkChanged,
    Power,
    ProgramWatch,
    Route,
    charge_of,
    disk_state,
    power_changed,
    watch_program,
)

unhurried = settings(deadline=None)
PERCENTS = st.none() | st.floats(0, 100)
POWERS = st.builds(Power, on_battery=st.booleans(), percent=PERCENTS, charge=st.sampled_from(Charge))
LIMITS = st.builds(DiskLimits, low_mib=st.integers(0, 10_000), full_mib=st.integers(0, 10_000))


@unhurried
@given(percent=PERCENTS, on_battery=st.booleans())
def test_charge(percent: float | None, on_battery: bool) -> None:  # noqa: FBT001 - drawn
    charge = charge_of(on_battery=on_battery, percent=percent)
    if not on_battery or percent is None or percent > LOW_PERCENT:
        assert charge is Charge.FINE
    else:
        assert charge is (Charge.CRITICAL if percent <= CRITICAL_PERCENT else Charge.LOW)


@unhurried
@given(told=POWERS, now=POWERS)
def test_power_is_told_when_it_matters(told: Power, now: Power) -> None:
    assert power_changed(None, now)
    assert not power_changed(now, now)
    if (told.on_battery, told.charge) != (now.on_battery, now.charge) or (told.percent is None) != (now.percent is None):
        assert power_changed(told, now)
    elif told.percent is not None and now.percent is not None:
        assert power_changed(told, now) is (abs(told.percent - now.percent) >= PERCENT_STEP)


@unhurried
@given(before=st.sampled_from(DiskState), free=st.none() | st.integers(0, 20_000), limits=LIMITS)
def test_disk(before: DiskState, free: int | None, limits: DiskLimits) -> None:
    state = disk_state(before, free, limits)
    assert (state is DiskState.GONE) is (free is None)
    assert disk_state(state, free, limits) is state, "it never flaps"
    if free is None:
        return
    if free < limits.full_mib:
        assert state is DiskState.FULL
    elif free < limits.low_mib:
        assert state in {DiskState.LOW, DiskState.FULL}
    if free >= 2 * max(limits.low_mib, limits.full_mib):
        assert state is DiskState.FINE


def test_a_disk_that_wavers_around_its_limit() -> None:
    limits = DiskLimits(low_mib=4000, full_mib=400)
    states = []
    state = DiskState.FINE
    for free in (4000, 3999, 4001, 4999, 5000, 399, 401, 499, 500, 4999, 5000):
        state = disk_state(state, free, limits)
        states.append(state.value)
    assert states == ["fine", "low", "low", "low", "fine", "full", "full", "full", "low", "low", "fine"]


IDENTITIES = st.none() | st.builds(FileIdentity, device=st.just(1), inode=st.integers(1, 3), size=st.just(10), mtime_ns=st.just(5))


@unhurried
@given(first=IDENTITIES, looks=st.lists(IDENTITIES))
def test_a_replacement_is_told_once_and_when_it_is_done(first: FileIdentity | None, looks: list[FileIdentity | None]) -> None:
    state = ProgramWatch(told=first)
    told, previous, after = first, None, 0
    for seen in looks:
        state, replaced = watch_program(state, seen)
        after = after + 1 if after and seen == previous else 1
        previous = seen
        assert replaced is (seen != told and after >= 2)
        if replaced:
            told = seen
        assert state.told == told


@pytest.mark.parametrize(("routes", "online"), [(frozenset(), False), (frozenset({Route(link="eth0", address="192.0.2.1")}), True)])
def test_online(routes: frozenset[Route], online: bool) -> None:  # noqa: FBT001 - a column of the table
    assert NetworkChanged(routes=routes).online is online
