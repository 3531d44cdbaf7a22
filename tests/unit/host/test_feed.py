"""The queue of events: each told once."""

from __future__ import annotations

import asyncio

import pytest

from support.host_doubles import FedByHand
from t4t.domain.host_events import (
    AboutToSleep,
    ClockJumped,
    DiskChanged,
    DiskState,
    Ending,
    NetworkChanged,
    Power,
    PowerChanged,
    Route,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    UserBack,
    Woke,
)

ROUTES = frozenset({Route(link="eth0", address="192.0.2.1")})


@pytest.fixture
def hand() -> FedByHand:
    return FedByHand()


async def test_of_states_that_nobody_read_the_last_counts(hand: FedByHand) -> None:
    hand.feed.tell(DiskChanged(state=DiskState.LOW, free_mib=9))
    hand.feed.tell(UserAway())
    hand.feed.tell(UserBack())
    hand.feed.tell(DiskChanged(state=DiskState.FULL, free_mib=1))
    hand.feed.close()
    assert [await hand.feed.next() for _ in range(4)] == [UserAway(), UserBack(), DiskChanged(state=DiskState.FULL, free_mib=1), None]


async def test_a_reader_waits(hand: FedByHand) -> None:
    reading = asyncio.create_task(hand.next())
    await asyncio.sleep(0)
    assert not reading.done()
    hand.feed.tell(UserAway())
    assert await reading == UserAway()
    ending = asyncio.create_task(hand.feed.next())
    await asyncio.sleep(0)
    hand.feed.close()
    assert await ending is None


def test_the_session(hand: FedByHand) -> None:
    hand.feed.session_goes_on()
    hand.feed.session_ends(Ending.LOG_OFF, None)
    hand.feed.session_ends(Ending.SHUTDOWN, 5)
    begun = hand.feed.ending
    assert begun
    hand.feed.session_goes_on()
    hand.feed.session_goes_on()
    assert not hand.feed.ending
    assert hand.drained() == [SessionEnding(ending=Ending.LOG_OFF, seconds=None), SessionEndCancelled()]


@pytest.mark.parametrize(("promised", "patience"), [(None, 180), (5.0, 180), (300.0, 600)])
def test_an_end_that_never_comes(hand: FedByHand, promised: float | None, patience: float) -> None:
    hand.feed.session_ends(Ending.SHUTDOWN, promised)
    hand.wait_for(patience - 1)
    hand.feed.look_at_clocks()
    assert hand.drained() == [SessionEnding(ending=Ending.SHUTDOWN, seconds=promised)]
    hand.wait_for(1)
    hand.feed.look_at_clocks()
    hand.feed.look_at_clocks()
    assert hand.drained() == [SessionEndCancelled()]


def test_sleep(hand: FedByHand) -> None:
    hand.feed.falls_asleep(5)
    hand.feed.falls_asleep(5)
    hand.sleep_for(600)
    hand.feed.look_at_clocks()
    hand.feed.wakes()
    hand.feed.wakes()
    assert hand.drained() == [AboutToSleep(seconds=5), Woke(slept_s=600)]


def test_sleep_that_nobody_announced(hand: FedByHand) -> None:
    hand.sleep_for(60)
    hand.feed.wakes()
    assert hand.drained() == [Woke(slept_s=60)]


def test_what_the_clocks_did_before_a_sleep(hand: FedByHand) -> None:
    hand.wait_for(10)
    hand.reading = type(hand.reading)(awake_s=hand.reading.awake_s, elapsed_s=hand.reading.elapsed_s, wall_s=hand.reading.wall_s + 100)
    hand.feed.falls_asleep(None)
    assert hand.drained() == [ClockJumped(seconds=100), AboutToSleep(seconds=None)]


def test_the_user(hand: FedByHand) -> None:
    for active in (True, False, False, True, True, False):
        hand.feed.in_front(active=active)
    assert hand.drained() == [UserAway(), UserBack(), UserAway()]


def test_power(hand: FedByHand) -> None:
    for percent in (80.0, 79.0, 74.0):
        hand.feed.power(Power(on_battery=True, percent=percent))
    assert hand.drained() == [PowerChanged(power=Power(on_battery=True, percent=74.0))]
    hand.feed.power(Power(on_battery=True, percent=73.0))
    assert hand.drained() == []


def test_network(hand: FedByHand) -> None:
    hand.feed.network(ROUTES)
    hand.feed.network(ROUTES)
    assert hand.drained() == []
    hand.feed.network(frozenset())
    assert hand.drained() == [NetworkChanged(routes=frozenset())]
    hand.feed.network(ROUTES)
    assert hand.drained() == [NetworkChanged(routes=ROUTES)]


def test_offline_from_the_beginning(hand: FedByHand) -> None:
    hand.feed.network(frozenset())
    assert hand.drained() == [NetworkChanged(routes=frozenset())]
