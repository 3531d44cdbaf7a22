"""Windows: what its documented calls say of the user and the computer. The calls are `t4t.host.sensing.windows_api`; what they mean is here, for every system.

Windows documents no call that tells a processor's temperature to a program without rights: none is told.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.readings import Readings, Screen
from t4t.host.probe.network import read_cost
from t4t.host.sensing.sensor import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

_TICKS: Final = 1 << 32
"""Both counters of milliseconds begin anew after 49.7 days."""
_SCREENS: Final = {2: Screen.FULL_SCREEN, 3: Screen.GAME, 4: Screen.PRESENTATION, 5: Screen.NOTHING, 6: Screen.NOTHING, 7: Screen.FULL_SCREEN}
"""QUERY_USER_NOTIFICATION_STATE: busy, Direct3D full screen, presentation, accepts, quiet time, an app. 1 is "nobody is there", which says nothing of the
screen."""
_QUIET_TIME: Final = 6
_LOCKED: Final = {0: True, 1: False}
"""WTS_SESSIONSTATE_LOCK and _UNLOCK; 0xFFFFFFFF is unknown."""
_SAVER: Final = {0: False, 1: True}
"""SYSTEM_POWER_STATUS.SystemStatusFlag."""


class WindowsApi(Protocol):
    """Windows' calls; None where one does not answer."""

    def input_ticks(self) -> tuple[int, int] | None:
        """GetLastInputInfo and GetTickCount: milliseconds at the last input and now, both of 32 bits."""
        ...

    def session_flags(self) -> int | None:
        """WTSINFOEX_LEVEL1.SessionFlags of our session."""
        ...

    def remote_session(self) -> bool:
        """GetSystemMetrics(SM_REMOTESESSION)."""
        ...

    def notification_state(self) -> int | None:
        """SHQueryUserNotificationState."""
        ...

    def status_flag(self) -> int | None:
        """GetSystemPowerStatus, SystemStatusFlag."""
        ...

    def connection_cost(self) -> int | None:
        """INetworkCostManager::GetCost."""
        ...


def user_readings(api: WindowsApi) -> Readings:
    """Who is there, and what is on the screen."""
    ticks, state, flags = api.input_ticks(), api.notification_state(), api.session_flags()
    return Readings(
        idle_s=None if ticks is None else ((ticks[1] - ticks[0]) % _TICKS) / 1000.0,
        locked=None if flags is None else _LOCKED.get(flags),
        remote=api.remote_session(),
        screen=None if state is None else _SCREENS.get(state),
        quiet=None if state is None else state == _QUIET_TIME,
    )


def computer_readings(api: WindowsApi) -> Readings:
    """Its battery saver and its network."""
    flag, cost = api.status_flag(), api.connection_cost()
    return Readings(saver=None if flag is None else _SAVER.get(flag), metered=None if cost is None else read_cost(cost))


class _Asked:
    """A `Sensor` that asks when it is looked at."""

    tells = False

    def __init__(self, api: WindowsApi) -> None:
        """Nothing is opened."""
        self._api = api

    async def start(self, changed: Callable[[], None]) -> None:
        """It never calls."""

    def expect(self, away_after_s: float) -> None:
        """Nothing of it depends on that."""

    async def close(self) -> None:
        """Nothing stays open."""


class WindowsUser(_Asked):
    """Who is there; a few microseconds."""

    kind = Kind.USER

    async def look(self) -> Readings:
        """See `Sensor.look`."""
        return user_readings(self._api)


class WindowsComputer(_Asked):
    """Battery saver and network; the latter by COM, so in a thread."""

    kind = Kind.COMPUTER

    async def look(self) -> Readings:
        """See `Sensor.look`."""
        return await asyncio.to_thread(computer_readings, self._api)
