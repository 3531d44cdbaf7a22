"""The sensors of this computer, whatever system it has."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from t4t.host.energy import Meter
from t4t.host.sensing.programs import Programs
from t4t.host.sensing.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.host.sensing.sensor import Sensor


def sensors(folder: Path, clock: Clock, *, programs: Programs | None = None) -> Sequence[Sensor]:
    """All of them. ``folder`` is the data folder; ``programs`` knows which VMs are ours, and the volunteer's list."""
    return (*_of_this_system(clock), programs or Programs(ours=lambda: (str(folder),)), Space(folder), Meter())


_of_this_system: Callable[[Clock], Sequence[Sensor]]

if sys.platform == "win32":
    from t4t.host.sensing.windows import WindowsComputer, WindowsUser
    from t4t.host.sensing.windows_api import RealWindows

    def _of_windows(_clock: Clock) -> Sequence[Sensor]:
        return (WindowsUser(RealWindows()), WindowsComputer(RealWindows()))

    _of_this_system = _of_windows
elif sys.platform == "darwin":
    from t4t.host.sensing.macos import MacComputer, MacUser
    from t4t.host.sensing.quartz import RealMac

    def _of_macos(_clock: Clock) -> Sequence[Sensor]:
        return (MacUser(RealMac()), MacComputer(RealMac()))

    _of_this_system = _of_macos
else:
    from dbus_fast import BusType

    from t4t.host.sensing.bus_sensors import BusSensors, on_session_bus, on_system_bus
    from t4t.host.sensing.heat import Heat
    from t4t.host.sensing.listening import Listening

    def _of_linux(clock: Clock, environment: Mapping[str, str] = os.environ) -> Sequence[Sensor]:
        return (
            *_displays(environment),
            BusSensors(on_system_bus(uid=os.getuid(), environment=environment), clock, kind=BusType.SYSTEM),
            BusSensors(on_session_bus(), clock, kind=BusType.SESSION),
            Heat(),
        )

    _of_this_system = _of_linux

if sys.platform == "linux":

    def _displays(environment: Mapping[str, str]) -> Sequence[Sensor]:
        """Under Wayland an X server (Xwayland) sees the input for its own windows only, but full-screen games are often its.

        The libraries of displays that are not there stay on the disk: they are 4 MB.
        """
        wayland = bool(environment.get("WAYLAND_DISPLAY"))
        found: list[Sensor] = []
        if wayland:
            from t4t.host.sensing.wayland import Wayland  # noqa: PLC0415 - see above

            found.append(Listening("wayland", Wayland))
        if environment.get("DISPLAY"):
            from t4t.host.sensing.x11 import X11  # noqa: PLC0415 - see above

            found.append(Listening("x11", lambda: X11(idle=not wayland)))
        return found
