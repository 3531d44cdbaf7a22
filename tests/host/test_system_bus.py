"""Linux's system bus for real: a dbus-daemon of its own, python-dbusmock's logind and UPower."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from dbus_fast import Message, MessageType, Variant

from support.host_doubles import SECONDS, FedByHand, Retries
from support.system_bus import LOGIND, MANAGER, UPOWER, PrivateBus, private_bus
from t4t.domain.host_events import (
    AboutToSleep,
    Charge,
    Ending,
    EventKind,
    Power,
    PowerChanged,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    UserBack,
    Woke,
)
from t4t.host.host_events import FedEvents
from t4t.host.session_end.bus import SystemBus
from t4t.host.session_end.logind import Logind
from t4t.host.session_end.upower import UPower

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

YES, NO = (Variant("b", value) for value in (True, False))
WITHOUT_LOGIND = {EventKind.SESSION_END, EventKind.SLEEP, EventKind.USER_SWITCH, EventKind.BLOCK}


class Rig(FedByHand):
    """The events under test, read one by one."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.retries = Retries()
        self.logind = Logind(self.feed, uid=os.getuid(), environment={"XDG_SESSION_ID": "c1"})
        self.bus = SystemBus([self.logind, UPower(self.feed)], self.retries, address=address)
        self.events = FedEvents(self.feed, [self.bus])


@asynccontextmanager
async def opened(address: str) -> AsyncIterator[Rig]:
    rig = Rig(address)
    async with rig.events.opened():
        yield rig


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[PrivateBus]:
    async with private_bus(tmp_path) as bus:
        yield bus


async def until(holds: Callable[[], bool]) -> None:
    """Turns of the loop until something is so; each turn the other side gets its chance."""
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 - what it waits for sets no event
            await asyncio.sleep(0.01)


async def prepare(bus: PrivateBus, member: str, *, begins: bool) -> None:
    await bus.emit(LOGIND, MANAGER, member, "b", Variant("b", begins))


async def locks(bus: PrivateBus, count: int) -> list[list[str]]:
    """The inhibitors, once there are ``count``: the mock sees a closed one in its next turn."""
    async with asyncio.timeout(SECONDS):
        while len(found := await bus.inhibitors()) != count:
            pass
    return found


async def test_shutdown_waits_for_us_and_may_be_cancelled(bus: PrivateBus) -> None:
    await bus.logind(delay_s=7)
    async with opened(bus.address) as rig:
        assert rig.events.missing == {EventKind.POWER}
        assert await bus.inhibitors() == []
        await rig.events.block_shutdown("saving a VM")
        await rig.events.block_shutdown("saving two VMs")
        assert await bus.inhibitors() == [["shutdown:sleep", "Test4Theory", "saving a VM", "delay"]]

        await prepare(bus, "PrepareForShutdown", begins=True)
        assert await rig.next() == SessionEnding(ending=Ending.SHUTDOWN, seconds=7.0)
        assert len(await bus.inhibitors()) == 1
        await rig.events.release()
        await locks(bus, 0)
        await rig.events.block_shutdown("more to save")
        assert await bus.inhibitors() == [], "no lock can be had while it shuts down"

        await prepare(bus, "PrepareForShutdown", begins=False)
        assert await rig.next() == SessionEndCancelled()
        assert (await locks(bus, 1))[0][2] == "more to save"
        await rig.events.release()
        await locks(bus, 0)

        await prepare(bus, "PrepareForShutdown", begins=True)
        assert await rig.next() == SessionEnding(ending=Ending.SHUTDOWN, seconds=None), "nobody waits for those without a lock"
        await prepare(bus, "PrepareForShutdown", begins=False)
        assert await rig.next() == SessionEndCancelled()
        assert await bus.inhibitors() == [], "released before: not wanted after"


async def test_sleep_and_waking(bus: PrivateBus) -> None:
    await bus.logind(delay_s=3)
    async with opened(bus.address) as rig:
        await rig.events.block_shutdown("saving a VM")
        for slept in (3600.0, 60.0):
            await prepare(bus, "PrepareForSleep", begins=True)
            assert await rig.next() == AboutToSleep(seconds=3.0)
            await rig.events.release()
            await locks(bus, 0)
            rig.sleep_for(slept)
            await prepare(bus, "PrepareForSleep", begins=False)
            assert await rig.next() == Woke(slept_s=slept)
            await locks(bus, 1)
    await locks(bus, 0)


def _child_with_all_files() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)


async def test_a_child_does_not_hold_the_lock(bus: PrivateBus) -> None:
    await bus.logind()
    async with opened(bus.address) as rig:
        await rig.events.block_shutdown("saving a VM")
        child = _child_with_all_files()
        try:
            await rig.events.release()
            await locks(bus, 0)
        finally:
            child.communicate(b"\n")


async def test_the_user_goes_and_comes_and_logs_off(bus: PrivateBus) -> None:
    session = await bus.logind()
    interface = "org.freedesktop.login1.Session"
    async with opened(bus.address) as rig:
        await bus.set(session, interface, Active=NO)
        assert await rig.next() == UserAway()
        await bus.set(session, interface, LockedHint=YES)
        await bus.set(session, interface, Active=YES)
        assert await rig.next() == UserBack()
        await bus.emit(LOGIND, MANAGER, "SessionRemoved", "so", Variant("s", "c9"), Variant("o", "/org/freedesktop/login1/session/c9"))
        await bus.set(session, interface, Active=NO, State=Variant("s", "closing"))
        assert await rig.next() == SessionEnding(ending=Ending.LOG_OFF, seconds=None)
        await bus.emit(LOGIND, MANAGER, "SessionRemoved", "so", Variant("s", "c1"), Variant("o", session[1]))
        await prepare(bus, "PrepareForShutdown", begins=True)
        await prepare(bus, "PrepareForShutdown", begins=False)
        assert await rig.next() == SessionEndCancelled(), "told once"


async def test_a_removed_session_is_a_log_off(bus: PrivateBus) -> None:
    session = await bus.logind()
    async with opened(bus.address) as rig:
        await bus.emit(LOGIND, MANAGER, "SessionRemoved", "so", Variant("s", "c1"), Variant("o", session[1]))
        assert await rig.next() == SessionEnding(ending=Ending.LOG_OFF, seconds=None)


async def test_our_session_is_the_one_that_our_user_looks_at(bus: PrivateBus) -> None:
    """A service of the user's own manager belongs to no session."""
    session = await bus.logind()
    user = (LOGIND[0], f"/org/freedesktop/login1/user/{os.getuid()}")
    rig = Rig(bus.address)
    rig.logind._environment = {}
    async with rig.events.opened():
        assert EventKind.USER_SWITCH in rig.events.missing
    mended = f"ret = '{user[1]}'"  # the mock of this version adds a number to a string
    await bus.call(LOGIND, "org.freedesktop.DBus.Mock", "AddMethod", "sssss", MANAGER, "GetUser", "u", "o", mended)
    display = Variant("(so)", ["c1", session[1]])
    await bus.call(user, "org.freedesktop.DBus.Properties", "Set", "ssv", "org.freedesktop.login1.User", "Display", display)
    rig = Rig(bus.address)
    rig.logind._environment = {"XDG_SESSION_ID": "gone"}
    async with rig.events.opened():
        assert rig.events.missing == {EventKind.POWER}
        await bus.set(session, "org.freedesktop.login1.Session", Active=NO)
        assert await rig.next() == UserAway()


async def test_nobody_else_can_tell_us(bus: PrivateBus) -> None:
    await bus.logind()
    async with opened(bus.address) as rig:
        assert rig.bus._bus is not None
        control = await bus.control()
        for member in ("PrepareForShutdown", "PrepareForSleep"):
            signal = Message(
                destination=rig.bus._bus.unique_name,
                path=LOGIND[1],
                interface=MANAGER,
                member=member,
                message_type=MessageType.SIGNAL,
                signature="b",
                body=[True],
            )
            await control.send(signal)
        await prepare(bus, "PrepareForSleep", begins=True)
        assert await rig.next() == AboutToSleep(seconds=None)


async def test_no_bus_then_one_then_another(tmp_path: Path) -> None:
    bus = PrivateBus(tmp_path)
    try:
        async with opened(bus.address) as rig:
            assert rig.events.missing == WITHOUT_LOGIND | {EventKind.POWER}
            await rig.events.block_shutdown("saving a VM")
            await rig.retries.next()
            await until(lambda: rig.retries.waits == [2.0, 4.0])
            bus.start()
            await bus.logind()
            await rig.retries.next()
            await until(lambda: rig.events.missing == {EventKind.POWER})
            await locks(bus, 1)

            await bus.stop()
            await until(lambda: bool(WITHOUT_LOGIND & rig.events.missing))
            bus.start()
            await bus.logind()
            await rig.retries.next()
            await until(lambda: rig.events.missing == {EventKind.POWER})
            await locks(bus, 1)
            await prepare(bus, "PrepareForSleep", begins=True)
            assert await rig.next() == AboutToSleep(seconds=7.0)
            assert rig.retries.waits[2:] == [2.0], "patience begins anew"
    finally:
        await bus.stop()


async def test_logind_dies_and_comes_back_in_a_shutdown(bus: PrivateBus) -> None:
    await bus.logind()
    async with opened(bus.address) as rig:
        await rig.events.block_shutdown("saving a VM")
        await prepare(bus, "PrepareForShutdown", begins=True)
        assert await rig.next() == SessionEnding(ending=Ending.SHUTDOWN, seconds=7.0)
        bus.stop_mock(LOGIND[0])
        await until(lambda: rig.events.missing >= WITHOUT_LOGIND)
        await bus.logind()
        await until(lambda: rig.events.missing == {EventKind.POWER})
        assert await rig.next() == SessionEndCancelled()
        await locks(bus, 1)


async def test_what_began_before_we_came(bus: PrivateBus) -> None:
    await bus.logind()
    await bus.set(LOGIND, MANAGER, PreparingForShutdown=YES)
    async with opened(bus.address) as rig:
        assert await rig.next() == SessionEnding(ending=Ending.SHUTDOWN, seconds=None)
        assert await bus.inhibitors() == []


async def test_a_system_that_refuses_the_lock(bus: PrivateBus, caplog: pytest.LogCaptureFixture) -> None:
    await bus.logind()
    await bus.call(
        LOGIND, "org.freedesktop.DBus.Mock", "AddMethod", "sssss", MANAGER, "Inhibit", "ssss", "h", "raise dbus.exceptions.DBusException('no', name='a.b.No')"
    )
    async with opened(bus.address) as rig:
        await rig.events.block_shutdown("saving a VM")
        assert EventKind.BLOCK in rig.events.missing
        assert "will not wait" in caplog.text
        await rig.events.release()
        assert EventKind.BLOCK not in rig.events.missing


async def test_a_block_that_is_given_back_while_it_is_taken(bus: PrivateBus) -> None:
    await bus.logind()
    async with opened(bus.address) as rig:
        await asyncio.gather(rig.events.block_shutdown("saving a VM"), rig.events.release())
        await locks(bus, 0)
        await prepare(bus, "PrepareForSleep", begins=True)
        assert await rig.next() == AboutToSleep(seconds=None)


async def test_a_power_service_without_batteries(bus: PrivateBus) -> None:
    await bus.mock("upower", UPOWER[0], OnBattery=False)
    await bus.call(UPOWER, "org.freedesktop.DBus.Mock", "RemoveObject", "s", "/org/freedesktop/UPower/devices/DisplayDevice")
    async with opened(bus.address) as rig:
        assert await rig.next() == PowerChanged(power=Power())
        await bus.set(UPOWER, UPOWER[0], OnBattery=YES)
        assert await rig.next() == PowerChanged(power=Power(on_battery=True))


async def test_power(bus: PrivateBus) -> None:
    await bus.mock("upower", UPOWER[0], OnBattery=False)
    battery = (UPOWER[0], "/org/freedesktop/UPower/devices/DisplayDevice")
    device = "org.freedesktop.UPower.Device"
    async with opened(bus.address) as rig:
        assert rig.events.missing == WITHOUT_LOGIND
        assert await rig.next() == PowerChanged(power=Power())
        await bus.set(battery, device, IsPresent=YES, Percentage=Variant("d", 80.0))
        assert await rig.next() == PowerChanged(power=Power(percent=80.0))
        await bus.set(UPOWER, UPOWER[0], OnBattery=YES)
        assert await rig.next() == PowerChanged(power=Power(on_battery=True, percent=80.0))
        await bus.set(battery, device, Percentage=Variant("d", 79.0))
        await bus.set(battery, device, Percentage=Variant("d", 20.0), WarningLevel=Variant("u", 3))
        assert await rig.next() == PowerChanged(power=Power(on_battery=True, percent=20.0, charge=Charge.LOW))
        await bus.set(battery, device, Percentage=Variant("d", 2.0), WarningLevel=Variant("u", 4))
        assert await rig.next() == PowerChanged(power=Power(on_battery=True, percent=2.0, charge=Charge.CRITICAL))
        await bus.set(UPOWER, UPOWER[0], OnBattery=NO)
        assert await rig.next() == PowerChanged(power=Power(percent=2.0))
        bus.stop_mock(UPOWER[0])
        await until(lambda: EventKind.POWER in rig.events.missing)
        await bus.mock("upower", UPOWER[0], OnBattery=True)
        assert await rig.next() == PowerChanged(power=Power(on_battery=True))
