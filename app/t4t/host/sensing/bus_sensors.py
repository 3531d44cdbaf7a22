"""What services on Linux's buses tell of the user and the computer: sessions, locks, inhibitors, games, power profiles, the network's price.

Everything is told by signals, so nothing is asked twice. Services are never started for this: who does not run has nothing to say.
"""

from __future__ import annotations

import asyncio
import functools
import os
import time
from typing import TYPE_CHECKING, Final

from dbus_fast import BusType, DBusError

from t4t.domain.readings import Readings, Screen, merged
from t4t.host.probe.network import METERED
from t4t.host.sensing.sensor import Kind
from t4t.host.session_end.bus import SystemBus
from t4t.host.session_end.logind import find_session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dbus_fast import Message

    from t4t.domain.clock import Clock
    from t4t.domain.host_events import EventKind
    from t4t.host.session_end.bus import Connection

_FAILED: Final = (DBusError, OSError, EOFError, TimeoutError)
_CHANGED: Final = ("PropertiesChanged",)


class Told:
    """One object of one service: it is read when the service comes, and again after each of its signals."""

    def __init__(self, name: str, path: str, read: Callable[[Connection], Awaitable[Readings]], members: Sequence[str] = _CHANGED) -> None:
        """``read`` asks the service; ``members`` are the signals that say that its answer is another one."""
        self.name = name
        self.path = path
        self.said = Readings()
        self.changed: Callable[[], None] = lambda: None
        self._read = read
        self._members = members
        self._connection: Connection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._again = False

    @property
    def missing(self) -> frozenset[EventKind]:
        """It brings no events of the computer."""
        return frozenset()

    def expect(self, away_after_s: float) -> None:
        """Nothing of it depends on that."""

    async def attach(self, connection: Connection) -> None:
        """See `Service.attach`."""
        for member in self._members:
            await connection.match(f"type='signal',sender='{self.name}',path='{self.path}',member='{member}'")
        self._connection = connection
        self._say(await self._read(connection))

    def detach(self) -> None:
        """See `Service.detach`."""
        self._connection = None
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        self._say(Readings())

    def signal(self, message: Message) -> None:
        """See `Service.signal`."""
        if message.path == self.path and message.member in self._members:
            self.read_again()

    def read_again(self) -> None:
        """Ask the service again; what comes meanwhile makes it one more time."""
        self._again = True
        if self._connection is not None and (self._reading is None or self._reading.done()):
            self._reading = asyncio.get_running_loop().create_task(self._until_still(self._connection))

    async def _until_still(self, connection: Connection) -> None:
        try:
            while self._again:
                self._again = False
                self._say(await self._read(connection))
        except _FAILED:
            self._say(Readings())

    def _say(self, said: Readings) -> None:
        if said != self.said:
            self.said = said
            self.changed()

    async def hold(self, reason: str) -> None:
        """Holds nothing back."""

    async def release(self) -> None:
        """Holds nothing back."""


def of_properties(name: str, path: str, interface: str, read: Callable[[Mapping[str, object]], Readings], *members: str) -> Told:
    """A `Told` whose answer is in the properties of one interface."""

    async def ask(connection: Connection) -> Readings:
        return read(await connection.properties(name, path, interface))

    return Told(name, path, ask, (*_CHANGED, *members))


# --- the system's bus ------------------------------------------------------------------------------------------------

_LOGIND: Final = "org.freedesktop.login1"
_GRAPHICAL: Final = frozenset({"x11", "wayland", "mir"})


class Session(Told):
    """Our session as logind knows it: locked, of somebody far away, and (where the desktop says so) idle.

    ``IdleHint`` is as good as the desktop that sets it: only its "yes" counts, and how long ago that was.
    """

    def __init__(self, *, uid: int, environment: Mapping[str, str] = os.environ, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Which session is found when logind is there."""
        super().__init__(_LOGIND, "", self._ask)
        self._uid = uid
        self._environment = environment
        self._monotonic = monotonic
        self._idle_since: float | None = None

    async def attach(self, connection: Connection) -> None:
        """See `Service.attach`; without a session there is nothing to hear."""
        self.path = await find_session(connection, uid=self._uid, environment=self._environment)
        if self.path:
            await super().attach(connection)

    async def _ask(self, connection: Connection) -> Readings:
        return session_readings(await connection.properties(_LOGIND, self.path, f"{_LOGIND}.Session"), self._monotonic())


def session_readings(facts: Mapping[str, object], now: float) -> Readings:
    """Logind's properties of a session; ``now`` on the monotonic clock. A shell by SSH is remote too, and disturbs no desktop."""
    since = facts.get("IdleSinceHintMonotonic")
    idle_s = max(0.0, now - since / 1e6) if facts.get("IdleHint") is True and isinstance(since, int) and since else None
    locked, remote = facts.get("LockedHint"), facts.get("Remote")
    return Readings(
        idle_s=idle_s,
        locked=locked if isinstance(locked, bool) else None,
        remote=remote and facts.get("Type") in _GRAPHICAL if isinstance(remote, bool) else None,
    )


_PROFILES: Final = "net.hadess.PowerProfiles"
_MANAGER: Final = "org.freedesktop.NetworkManager"


def profile_readings(facts: Mapping[str, object]) -> Readings:
    """power-profiles-daemon: a name of its own each profile has since its first version."""
    profile = facts.get("ActiveProfile")
    return Readings(saver=profile == "power-saver" if isinstance(profile, str) else None)


def network_readings(facts: Mapping[str, object]) -> Readings:
    """NetworkManager's ``Metered``."""
    metered = facts.get("Metered")
    return Readings(metered=METERED.get(metered) if isinstance(metered, int) else None)


def on_system_bus(*, uid: int, environment: Mapping[str, str] = os.environ) -> list[Told]:
    """What is heard there."""
    return [
        Session(uid=uid, environment=environment),
        of_properties(_PROFILES, "/net/hadess/PowerProfiles", _PROFILES, profile_readings),
        of_properties(_MANAGER, "/org/freedesktop/NetworkManager", _MANAGER, network_readings),
    ]


# --- the session's bus -----------------------------------------------------------------------------------------------

_MUTTER: Final = "org.gnome.Mutter.IdleMonitor"
_MUTTER_PATH: Final = "/org/gnome/Mutter/IdleMonitor/Core"
_GNOME: Final = "org.gnome.SessionManager"
_GNOME_IDLE: Final = 8
"""Of ``InhibitedActions``: somebody keeps the screen on. (4, against sleep, is what we ask for ourselves.)"""
_KDE: Final = "org.kde.Solid.PowerManagement.PolicyAgent"
_KDE_SCREEN: Final = 4
"""``ChangeScreenSettings``: the screen must stay on."""
_GAMEMODE: Final = "com.feralinteractive.GameMode"
_NOTIFICATIONS: Final = "org.freedesktop.Notifications"
_SAVER: Final = "org.freedesktop.ScreenSaver"


class Mutter(Told):
    """GNOME's idle monitor: two watches, one for going, one (which holds once) for coming back."""

    def __init__(self) -> None:
        """No watches yet."""
        super().__init__(_MUTTER, _MUTTER_PATH, self._ask, ("WatchFired",))
        self._away_after_s = 0.0
        self._armed_for = 0.0
        self._watches: list[int] = []

    def expect(self, away_after_s: float) -> None:
        """The watch for going is set anew."""
        self._away_after_s = away_after_s
        self.read_again()

    def detach(self) -> None:
        """Its watches went with it."""
        super().detach()
        self._watches, self._armed_for = [], 0.0

    async def _ask(self, connection: Connection) -> Readings:
        idle_s = await self._call(connection, "GetIdletime") / 1000.0
        if self._armed_for != self._away_after_s:
            for watch in self._watches:
                await connection.call(_MUTTER, _MUTTER_PATH, _MUTTER, "RemoveWatch", "u", watch)
            self._armed_for = self._away_after_s
            self._watches = [await self._call(connection, "AddIdleWatch", "t", max(1, round(1000 * self._away_after_s)))]
        if idle_s < self._away_after_s:
            del self._watches[1:]  # it has fired, and holds only once
        elif len(self._watches) == 1:
            self._watches.append(await self._call(connection, "AddUserActiveWatch"))
        return Readings(idle_s=idle_s)

    async def _call(self, connection: Connection, member: str, signature: str = "", *body: object) -> int:
        reply = await connection.call(_MUTTER, _MUTTER_PATH, _MUTTER, member, signature, *body)
        return int(reply.body[0])


async def _screen_kept_on(connection: Connection) -> Readings:
    reply = await connection.call(_KDE, "/org/kde/Solid/PowerManagement/PolicyAgent", _KDE, "HasInhibition", "u", _KDE_SCREEN)
    return Readings(screen=Screen.PRESENTATION if reply.body[0] is True else Screen.NOTHING)


async def _saver_active(connection: Connection) -> Readings:
    """KDE's and others' screen saver is the lock; one that only saves the screen tells of nobody's presence either."""
    reply = await connection.call(_SAVER, f"/{_SAVER.replace('.', '/')}", _SAVER, "GetActive")
    return Readings(locked=reply.body[0] is True)


def inhibited_readings(facts: Mapping[str, object]) -> Readings:
    """GNOME's session manager."""
    actions = facts.get("InhibitedActions")
    if not isinstance(actions, int):
        return Readings()
    return Readings(screen=Screen.PRESENTATION if actions & _GNOME_IDLE else Screen.NOTHING)


def game_readings(facts: Mapping[str, object]) -> Readings:
    """Feral's GameMode: games that registered."""
    count = facts.get("ClientCount")
    return Readings(screen=Screen.GAME if count > 0 else Screen.NOTHING) if isinstance(count, int) else Readings()


def quiet_readings(facts: Mapping[str, object]) -> Readings:
    """The notification server's own word on "do not disturb", which KDE's has."""
    inhibited = facts.get("Inhibited")
    return Readings(quiet=inhibited if isinstance(inhibited, bool) else None)


def on_session_bus() -> list[Told]:
    """What is heard there."""
    return [
        Mutter(),
        of_properties(_GNOME, "/org/gnome/SessionManager", _GNOME, inhibited_readings, "InhibitorAdded", "InhibitorRemoved"),
        Told(_KDE, "/org/kde/Solid/PowerManagement/PolicyAgent", _screen_kept_on, ("InhibitionsChanged",)),
        of_properties(_GAMEMODE, "/com/feralinteractive/GameMode", _GAMEMODE, game_readings, "GameRegistered", "GameUnregistered"),
        of_properties(_NOTIFICATIONS, "/org/freedesktop/Notifications", _NOTIFICATIONS, quiet_readings),
        Told(_SAVER, f"/{_SAVER.replace('.', '/')}", _saver_active, ("ActiveChanged",)),
    ]


class BusSensors:
    """The `Sensor` of one bus."""

    kind = Kind.USER
    tells = True

    def __init__(self, services: Sequence[Told], clock: Clock, *, kind: BusType, address: str | None = None) -> None:
        """``address`` None: the bus that the environment names."""
        self._services = services
        self._bus = SystemBus(services, clock, address=address, kind=kind, activate=False)
        self._serving: asyncio.Task[None] | None = None

    async def start(self, changed: Callable[[], None]) -> None:
        """See `Sensor.start`; the bus may come later."""
        for service in self._services:
            service.changed = changed
        await self._bus.start()
        self._serving = asyncio.create_task(self._bus.run())

    def expect(self, away_after_s: float) -> None:
        """See `Sensor.expect`."""
        for service in self._services:
            service.expect(away_after_s)

    async def look(self) -> Readings:
        """See `Sensor.look`: what was told last."""
        return functools.reduce(merged, (service.said for service in self._services), Readings())

    async def close(self) -> None:
        """See `Sensor.close`."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        self._bus.close()
