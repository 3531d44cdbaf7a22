"""The meters of this computer, and the book of what each day cost.

RAPL's counters (Linux; since 2020 root alone may read them on most systems), the battery's discharge (Linux's and Windows' own figures, while on battery), else
an estimate by the processor's name. macOS tells watts to root only (powermetrics): there it is always the estimate.
"""

from __future__ import annotations

import contextlib
import functools
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

from t4t.domain.energy import FREE, Day, Price, counted, estimated, moved, our_part, used
from t4t.domain.readings import Readings, Source, Watts
from t4t.durable import write_atomic
from t4t.host.sensing.sensor import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_POWERCAP: Final = Path("/sys/class/powercap")
_SUPPLIES: Final = Path("/sys/class/power_supply")
_CPUINFO: Final = Path("/proc/cpuinfo")
_MICRO: Final = 1e6
_LEAST_WATTS: Final = 0.5
"""A battery that says less says nothing: some count only every minute."""


def rapl(folder: Path = _POWERCAP) -> dict[str, tuple[int, int]]:
    """The counters of all processor packages: microjoules, and where they begin anew. Empty where they can't be read."""
    found: dict[str, tuple[int, int]] = {}
    with contextlib.suppress(OSError):
        for zone in sorted(folder.glob("intel-rapl:*")):
            if zone.name.count(":") == 1:  # the package itself; its parts are counted in it
                with contextlib.suppress(OSError, ValueError):
                    found[zone.name] = (_number(zone / "energy_uj"), _number(zone / "max_energy_range_uj"))
    return found


def discharge_w(folder: Path = _SUPPLIES) -> float | None:
    """Watts that the batteries give now; None while none does, or where they don't say."""
    watts = 0.0
    with contextlib.suppress(OSError):
        for supply in sorted(folder.iterdir()):
            with contextlib.suppress(OSError, ValueError):
                if _text(supply / "type") == "Battery" and _text(supply / "status") == "Discharging":
                    watts += _battery_w(supply)
    return watts if watts >= _LEAST_WATTS else None


def _battery_w(supply: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return abs(_number(supply / "power_now")) / _MICRO
    return abs(_number(supply / "current_now")) * _number(supply / "voltage_now") / _MICRO**2


def _text(file: Path) -> str:
    return file.read_text(encoding="ascii", errors="replace").strip()


def _number(file: Path) -> int:
    return int(_text(file))


if sys.platform == "win32":
    import ctypes

    class _BatteryState(ctypes.Structure):
        """SYSTEM_BATTERY_STATE."""

        _fields_ = (
            *((name, ctypes.c_ubyte) for name in ("ac", "present", "charging", "discharging")),
            ("spare", ctypes.c_ubyte * 4),
            *((name, ctypes.c_uint32) for name in ("max_capacity", "remaining")),
            ("rate", ctypes.c_int32),
            *((name, ctypes.c_uint32) for name in ("estimated", "alert_1", "alert_2")),
        )

    _SYSTEM_BATTERY_STATE: Final = 5

    def _battery_watts() -> float | None:
        """CallNtPowerInformation: milliwatts, negative while it discharges."""
        state = _BatteryState()
        failed = ctypes.WinDLL("powrprof").CallNtPowerInformation(_SYSTEM_BATTERY_STATE, None, 0, ctypes.byref(state), ctypes.sizeof(state))
        watts = -state.rate / 1000.0
        return watts if not failed and state.discharging and watts >= _LEAST_WATTS else None

else:
    _battery_watts = discharge_w


@functools.cache
def processor_name(cpuinfo: Path = _CPUINFO) -> str:
    """The processor's name, for the table of estimates."""
    with contextlib.suppress(OSError):
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


class Meter:
    """A `Sensor` of watts: of the battery while it discharges (that is the whole computer), else of the processor."""

    kind = Kind.POWER
    tells = False

    def __init__(
        self,
        *,
        counters: Callable[[], dict[str, tuple[int, int]]] = rapl,
        battery: Callable[[], float | None] = _battery_watts,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is opened."""
        self._counters = counters
        self._battery = battery
        self._monotonic = monotonic
        self._before: tuple[float, dict[str, tuple[int, int]]] | None = None

    async def start(self, changed: Callable[[], None]) -> None:
        """It never calls."""

    def expect(self, away_after_s: float) -> None:
        """Nothing of it depends on that."""

    async def look(self) -> Readings:
        """See `Sensor.look`; the first look at a counter says nothing."""
        now, counters = self._monotonic(), self._counters()
        before, self._before = self._before, (now, counters)
        watts = None if before is None else counted(before[1], counters, now - before[0])
        if watts is not None:
            return Readings(watts=Watts(watts=watts, source=Source.RAPL))
        discharged = self._battery()
        return Readings(watts=None if discharged is None else Watts(watts=discharged, source=Source.BATTERY))

    async def close(self) -> None:
        """Nothing stays open."""


def our_watts(readings: Readings, *, processor: str, cores: int) -> Watts | None:
    """What our programs and VMs need now: our part of what a meter says, else the estimate. None while the load is not known."""
    if readings.ours_percent is None:
        return None
    if readings.watts is not None:
        return our_part(readings.watts, ours_percent=readings.ours_percent, others_percent=readings.others_percent)
    return estimated(ours_percent=readings.ours_percent, cores=cores, processor=processor)


def real_cores() -> int:
    """Processor cores, without their second threads."""
    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


_KEPT_DAYS: Final = 800


class Book:
    """What each day cost, in one file of the data folder. A book that can't be read is begun anew: it is no work that could be lost."""

    def __init__(self, file: Path) -> None:
        """Read it."""
        self._file = file
        self._days: dict[str, Day] = {}
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            self._days = {day.day: day for day in msgspec.json.decode(file.read_bytes(), type=list[Day])}

    @property
    def days(self) -> Sequence[Day]:
        """All days, the oldest first."""
        return [self._days[name] for name in sorted(self._days)]

    def day(self, name: str) -> Day:
        """One day; an empty one if nothing was counted."""
        return self._days.get(name) or Day(day=name)

    def count(self, name: str, power: Watts, seconds: float, *, price: Price = FREE) -> Day:
        """The day with ``seconds`` of ``power`` more."""
        return self._put(used(self.day(name), power, seconds, price=price))

    def move(self, name: str, *, received: int = 0, sent: int = 0) -> Day:
        """The day with more bytes."""
        return self._put(moved(self.day(name), received=received, sent=sent))

    def _put(self, day: Day) -> Day:
        self._days[day.day] = day
        return day

    def save(self) -> None:
        """Write it; the last two years stay. Raises `OSError`."""
        for name in sorted(self._days)[:-_KEPT_DAYS]:
            del self._days[name]
        write_atomic(self._file, msgspec.json.encode(self.days))
