"""UPower: the source of power, the battery's charge and its own word on how urgent that is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from dbus_fast import DBusError

from t4t.domain.host_events import Charge, EventKind, Power, charge_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbus_fast import Message

    from t4t.host.feed import Feed
    from t4t.host.session_end.bus import Connection

_PATH: Final = "/org/freedesktop/UPower"
_BATTERY: Final = "/org/freedesktop/UPower/devices/DisplayDevice"
"""All batteries together, as a desktop shows them."""
_LEVELS: Final = {1: Charge.FINE, 2: Charge.FINE, 3: Charge.LOW, 4: Charge.CRITICAL, 5: Charge.CRITICAL}

_UNKNOWN: Final = 0
_CHARGES: Final = 1
"""``UpDeviceState``: 1 is charging; 4 fully charged, 5 and 6 wait, as with a computer that keeps its battery at 60 %."""


class UPower:
    """Brings UPower's values to the feed."""

    name = "org.freedesktop.UPower"

    def __init__(self, feed: Feed) -> None:
        """Not attached yet."""
        self._feed = feed
        self._connection: Connection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._again = False

    @property
    def missing(self) -> frozenset[EventKind]:
        """Without it changes are not told."""
        return frozenset({EventKind.POWER}) if self._connection is None else frozenset()

    async def attach(self, connection: Connection) -> None:
        """Listen and read."""
        rule = f"type='signal',sender='{self.name}',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'"
        for path in (_PATH, _BATTERY):
            await connection.match(f"{rule},path='{path}'")
        self._connection = connection
        await self._read(connection)

    def detach(self) -> None:
        """It is gone."""
        self._connection = None
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def signal(self, message: Message) -> None:
        """Something changed: everything is read anew, for the two objects belong together."""
        if message.path not in {_PATH, _BATTERY} or self._connection is None:
            return
        self._again = True
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._read_until_still(self._connection))

    async def _read_until_still(self, connection: Connection) -> None:
        try:
            while self._again:
                self._again = False
                await self._read(connection)
        except (DBusError, OSError, EOFError, TimeoutError):
            return

    async def _read(self, connection: Connection) -> None:
        service = await connection.properties(self.name, _PATH, self.name)
        try:
            battery = await connection.properties(self.name, _BATTERY, f"{self.name}.Device")
        except DBusError:  # an old UPower, or a computer without batteries
            battery = {}
        self._feed.power(power_of(service, battery))

    async def hold(self, reason: str) -> None:
        """Holds nothing back."""

    async def release(self) -> None:
        """Holds nothing back."""


def power_of(service: Mapping[str, object], battery: Mapping[str, object]) -> Power:
    """UPower's properties as a value; what is missing or has another type says nothing."""
    on_battery = service.get("OnBattery") is True
    charge, level = battery.get("Percentage"), battery.get("WarningLevel")
    percent = float(charge) if isinstance(charge, int | float) and battery.get("IsPresent") is True else None
    state = battery.get("State")
    if not on_battery:
        told = percent is not None and isinstance(state, int) and state != _UNKNOWN
        return Power(percent=percent, charging=state == _CHARGES if told else None)
    known = _LEVELS.get(level) if isinstance(level, int) else None
    return Power(on_battery=True, percent=percent, charge=known or charge_of(on_battery=True, percent=percent))
