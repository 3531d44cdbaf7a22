"""macOS: what Quartz and NSProcessInfo say of the user and the computer; by the book, never run here. The calls are `t4t.host.sensing.quartz`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.readings import Readings, Screen, Thermal
from t4t.host.sensing.sensor import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HEAT: Final = dict(enumerate(Thermal))
"""NSProcessInfoThermalState: nominal, fair, serious, critical."""

Bounds = tuple[float, float, float, float]
"""Left, top, width, height."""


class MacApi(Protocol):
    """MacOS' calls; None where one does not answer."""

    def idle_s(self) -> float | None:
        """CGEventSourceSecondsSinceLastEventType of any input, of the combined session."""
        ...

    def locked(self) -> bool | None:
        """``CGSSessionScreenIsLocked`` of CGSessionCopyCurrentDictionary."""
        ...

    def windows(self) -> Sequence[tuple[str, int, Bounds]]:
        """Windows on the screens: owner, layer, bounds (CGWindowListCopyWindowInfo)."""
        ...

    def displays(self) -> Sequence[Bounds]:
        """The displays."""
        ...

    def thermal_state(self) -> int | None:
        """NSProcessInfo.thermalState."""
        ...

    def low_power(self) -> bool | None:
        """NSProcessInfo.isLowPowerModeEnabled."""
        ...


_OURS_BY_THE_SYSTEM: Final = frozenset({"Dock", "Window Server", "loginwindow", "Finder", "Wallpaper"})
"""They have windows of the size of the screen that nobody looks at as such."""


def full_screen(windows: Sequence[tuple[str, int, Bounds]], displays: Sequence[Bounds]) -> str | None:
    """Whose window fills a display; None: nobody's. Layer 0 is where programs have their windows."""
    return next((owner for owner, layer, bounds in windows if layer == 0 and bounds in displays and owner not in _OURS_BY_THE_SYSTEM), None)


class MacUser:
    """A `Sensor`: who is there."""

    kind = Kind.USER
    tells = False

    def __init__(self, api: MacApi) -> None:
        """Nothing is opened."""
        self._api = api

    async def start(self, changed: Callable[[], None]) -> None:
        """It never calls."""

    def expect(self, away_after_s: float) -> None:
        """Nothing of it depends on that."""

    async def look(self) -> Readings:
        """See `Sensor.look`."""
        owner = full_screen(self._api.windows(), self._api.displays())
        return Readings(
            idle_s=self._api.idle_s(),
            locked=self._api.locked(),
            screen=Screen.NOTHING if owner is None else Screen.FULL_SCREEN,
            screen_by=owner or "",
        )

    async def close(self) -> None:
        """Nothing stays open."""


class MacComputer(MacUser):
    """A `Sensor`: how hot it is, and whether it saves power."""

    kind = Kind.COMPUTER

    async def look(self) -> Readings:
        """See `Sensor.look`."""
        heat = self._api.thermal_state()
        return Readings(thermal=None if heat is None else _HEAT.get(heat), saver=self._api.low_power())
