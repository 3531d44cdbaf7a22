"""What of the computer's events is remembered, and what is told."""

from __future__ import annotations

import typing

from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.host_events import (
    AboutToSleep,
    Charge,
    ClockJumped,
    DiskChanged,
    DiskState,
    Ending,
    HostEvent,
    NetworkChanged,
    Power,
    PowerChanged,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    Woke,
)
from t4t.domain.surroundings import Surroundings, after, line

POWERS = st.builds(Power, on_battery=st.booleans(), percent=st.none() | st.floats(0, 100), charge=st.sampled_from(Charge))
EVENTS = st.one_of([st.builds(kind) for kind in typing.get_args(HostEvent)])


@given(events=st.lists(EVENTS, max_size=20))
def test_it_is_total(events: list[HostEvent]) -> None:
    known = Surroundings()
    for event in events:
        told = line(known, event)
        assert (told is None) or (told[0].isidentifier() and "\n" not in told[1])
        assert told is not None or isinstance(event, PowerChanged | ClockJumped), "only these may go untold"
        known = after(known, event)


@given(powers=st.lists(POWERS, min_size=1, max_size=8))
def test_power_is_told_when_source_or_urgency_changes(powers: list[Power]) -> None:
    known = Surroundings()
    for power in powers:
        before = known.power or Power()
        told = line(known, PowerChanged(power=power))
        known = after(known, PowerChanged(power=power))
        assert known.charge is power.charge
        if (before.on_battery, before.charge) == (power.on_battery, power.charge):
            assert told is None
        elif power.charge is not before.charge and power.charge is not Charge.FINE:
            assert told is not None
            assert told[0] == f"battery_{power.charge.value}"


def test_what_is_known() -> None:
    known = after(Surroundings(), SessionEnding(ending=Ending.LOG_OFF, seconds=None))
    assert known.ending
    known = after(after(known, SessionEndCancelled()), AboutToSleep(seconds=None))
    assert (known.ending, known.asleep) == (False, True)
    known = after(after(known, Woke(slept_s=5.0)), DiskChanged(state=DiskState.GONE, free_mib=0))
    assert (known.asleep, known.disk) == (False, DiskState.GONE)
    assert after(known, UserAway()) == known
    assert line(known, NetworkChanged(routes=frozenset())) == ("network_lost", "")
    unknown = PowerChanged(power=Power(on_battery=True))
    assert line(known, unknown) == ("on_battery", "")
