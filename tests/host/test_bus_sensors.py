"""What Linux's services tell of the user and the computer: a real bus, python-dbusmock's services, and mocks for desktops that have no template."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

import pytest
from dbus_fast import BusType, Variant

from support.host_doubles import SECONDS
from support.system_bus import LOGIND, PrivateBus, private_bus
from t4t.domain.readings import Readings, Screen
from t4t.host.clock import RealClock
from t4t.host.sensing.bus_sensors import BusSensors, Told, on_session_bus, on_system_bus, session_readings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

MOCK = "org.freedesktop.DBus.Mock"
SESSION = "org.freedesktop.login1.Session"
MUTTER = ("org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core")


class Rig:
    """The sensor of a bus, looked at only when it calls."""

    def __init__(self, services: Sequence[Told], bus: PrivateBus) -> None:
        self.sensor = BusSensors(services, RealClock(), kind=BusType.SYSTEM, address=bus.address)
        self.calls: asyncio.Queue[None] = asyncio.Queue()

    async def until(self, holds: Callable[[Readings], bool]) -> Readings:
        async with asyncio.timeout(SECONDS):
            while not holds(readings := await self.sensor.look()):
                await self.calls.get()
        return readings


@contextlib.asynccontextmanager
async def listening(services: Sequence[Told], bus: PrivateBus, away_after_s: float = 300.0) -> AsyncIterator[Rig]:
    rig = Rig(services, bus)
    try:
        rig.sensor.expect(away_after_s)
        await rig.sensor.start(lambda: rig.calls.put_nowait(None))
        yield rig
    finally:
        await rig.sensor.close()


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[PrivateBus]:
    async with private_bus(tmp_path) as bus:
        yield bus


def system() -> Sequence[Told]:
    return on_system_bus(uid=os.getuid(), environment={"XDG_SESSION_ID": "c1"})


async def test_the_session_is_locked_and_unlocked_and_power_is_saved(bus: PrivateBus) -> None:
    session = await bus.logind()
    async with listening(system(), bus) as rig:
        await rig.until(lambda said: said.locked is False)
        await bus.set(session, SESSION, LockedHint=Variant("b", True))  # noqa: FBT003 - the bus's own
        await rig.until(lambda said: said.locked is True)
        await bus.mock("power_profiles_daemon", "net.hadess.PowerProfiles")
        await rig.until(lambda said: said.saver is False)
        profiles = ("net.hadess.PowerProfiles", "/net/hadess/PowerProfiles")
        await bus.set(profiles, profiles[0], ActiveProfile=Variant("s", "power-saver"))
        assert await rig.until(lambda said: said.saver is True) == Readings(locked=True, remote=False, saver=True)
        bus.stop_mock(profiles[0])
        await rig.until(lambda said: said.saver is None)


async def test_the_network_costs(bus: PrivateBus) -> None:
    network = ("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager")
    async with listening(system(), bus) as rig:
        assert await rig.sensor.look() == Readings()
        await bus.plain_mock(*network, network[0], Metered=Variant("u", 0))
        await bus.set(network, network[0], Metered=Variant("u", 4))
        await rig.until(lambda said: said.metered is False)
        await bus.set(network, network[0], Metered=Variant("u", 1))
        await rig.until(lambda said: said.metered is True)


@pytest.mark.parametrize(
    ("facts", "readings"),
    [
        ({}, Readings()),
        ({"Remote": True, "Type": "x11", "LockedHint": False}, Readings(remote=True, locked=False)),
        ({"Remote": True, "Type": "tty"}, Readings(remote=False)),
        ({"Remote": False, "Type": "wayland"}, Readings(remote=False)),
        ({"IdleHint": True, "IdleSinceHintMonotonic": 40_000_000}, Readings(idle_s=60.0)),
        ({"IdleHint": True, "IdleSinceHintMonotonic": 0}, Readings()),
        ({"IdleHint": False, "IdleSinceHintMonotonic": 40_000_000}, Readings()),
        ({"LockedHint": "yes", "Remote": 1}, Readings()),
    ],
)
def test_what_logind_says_of_a_session(facts: dict[str, object], readings: Readings) -> None:
    assert session_readings(facts, 100.0) == readings


async def test_gnome_tells_of_going_and_coming(bus: PrivateBus) -> None:
    interface = MUTTER[0]
    await bus.plain_mock(*MUTTER, interface)
    methods = {
        "GetIdletime": ("", "t", "ret = self.idle if hasattr(self, 'idle') else 1000"),
        "AddIdleWatch": ("t", "u", "self.watch = 7; ret = 7"),
        "AddUserActiveWatch": ("", "u", "ret = 8"),
        "RemoveWatch": ("u", "", ""),
        "Idle": ("t", "", "self.idle = args[0]"),
    }
    for member, (takes, gives, code) in methods.items():
        await bus.call(MUTTER, MOCK, "AddMethod", "sssss", interface, member, takes, gives, code)
    async with listening(on_session_bus(), bus) as rig:
        await rig.until(lambda said: said.idle_s == 1.0)
        for idle_ms, watch in ((300_000, 7), (0, 8), (300_100, 7)):
            await bus.call(MUTTER, interface, "Idle", "t", idle_ms)
            await bus.emit(MUTTER, interface, "WatchFired", "u", Variant("u", watch))
            await rig.until(lambda said, idle_ms=idle_ms: said.idle_s == idle_ms / 1000)  # type: ignore[misc] # mypy knows no defaults of lambdas
        rig.sensor.expect(60.0)
        calls = [str(call[1]) async for call in _calls(bus, MUTTER, ("AddIdleWatch", "AddUserActiveWatch", "RemoveWatch"), 7)]
        assert calls == ["AddIdleWatch", "AddUserActiveWatch", "AddUserActiveWatch", "RemoveWatch", "RemoveWatch", "AddIdleWatch", "AddUserActiveWatch"]


async def _calls(bus: PrivateBus, where: tuple[str, str], members: Sequence[str], count: int) -> AsyncIterator[list[object]]:
    """The calls that a mock got of these methods, once there are ``count``."""
    found: list[list[object]] = []
    async with asyncio.timeout(SECONDS):
        while len(found) < count:
            found = [call for call in (await bus.call(where, MOCK, "GetCalls"))[0] if call[1] in members]
    for call in found[:count]:
        yield call


async def test_films_calls_and_games(bus: PrivateBus) -> None:
    gnome = ("org.gnome.SessionManager", "/org/gnome/SessionManager")
    game = ("com.feralinteractive.GameMode", "/com/feralinteractive/GameMode")
    quiet = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications")
    await bus.plain_mock(*gnome, gnome[0], InhibitedActions=Variant("u", 4))
    await bus.plain_mock(*game, game[0], ClientCount=Variant("i", 0))
    await bus.plain_mock(*quiet, quiet[0], Inhibited=Variant("b", False))  # noqa: FBT003 - the bus's own
    async with listening(on_session_bus(), bus) as rig:
        await rig.until(lambda said: said == Readings(screen=Screen.NOTHING, quiet=False))
        await bus.set(gnome, gnome[0], InhibitedActions=Variant("u", 12))
        await rig.until(lambda said: said.screen is Screen.PRESENTATION)
        await bus.set(game, game[0], ClientCount=Variant("i", 1))
        await rig.until(lambda said: said.screen is Screen.GAME)
        await bus.set(quiet, quiet[0], Inhibited=Variant("b", True))  # noqa: FBT003 - as above
        await rig.until(lambda said: said.quiet is True)


async def test_kde_keeps_the_screen_on_and_locks_it(bus: PrivateBus) -> None:
    kde = ("org.kde.Solid.PowerManagement.PolicyAgent", "/org/kde/Solid/PowerManagement/PolicyAgent")
    saver = ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver")
    for where in (kde, saver):
        await bus.plain_mock(*where, where[0])
    held = "self.held = getattr(self, 'held', False) != (args[0] == 99); ret = self.held"
    await bus.call(kde, MOCK, "AddMethod", "sssss", kde[0], "HasInhibition", "u", "b", held)
    await bus.call(saver, MOCK, "AddMethod", "sssss", saver[0], "GetActive", "", "b", "self.on = not getattr(self, 'on', True); ret = self.on")
    async with listening(on_session_bus(), bus) as rig:
        await rig.until(lambda said: said == Readings(screen=Screen.NOTHING, locked=False))
        await bus.call(kde, kde[0], "HasInhibition", "u", 99)
        await bus.emit(kde, kde[0], "InhibitionsChanged", "", *())
        await rig.until(lambda said: said.screen is Screen.PRESENTATION)
        await bus.emit(saver, saver[0], "ActiveChanged", "b", Variant("b", True))  # noqa: FBT003 - the bus's own
        await rig.until(lambda said: said.locked is True)


async def test_no_service_is_started_for_this_and_no_bus_says_nothing(tmp_path: Path) -> None:
    gone = PrivateBus(tmp_path)
    async with listening(system(), gone) as rig:
        assert await rig.sensor.look() == Readings()
    assert LOGIND[0] == "org.freedesktop.login1"
