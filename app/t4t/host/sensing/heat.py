"""How hot the processor is, on Linux: the kernel's hwmon files of its own sensors.

psutil would read the sensors of everything that has one; some of those (a disk's) wake what they measure, and an embedded controller's takes long.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.readings import Readings
from t4t.host.sensing.sensor import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

_HWMON: Final = Path("/sys/class/hwmon")
_PROCESSORS: Final = frozenset({"coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal", "x86_pkg_temp"})
"""The drivers of processors' own sensors."""
_BELIEVABLE_C: Final = (1.0, 150.0)


def processor_files(folder: Path = _HWMON) -> tuple[Path, ...]:
    """The files of the processor's sensors; none where the kernel has none."""
    found: list[Path] = []
    with contextlib.suppress(OSError):
        for chip in sorted(folder.iterdir()):
            with contextlib.suppress(OSError):
                if (chip / "name").read_text(encoding="ascii").strip() in _PROCESSORS:
                    found.extend(sorted(chip.glob("temp*_input")))
    return tuple(found)


def hottest_c(files: tuple[Path, ...]) -> float | None:
    """The highest value that can be read and believed."""
    values = []
    for file in files:
        with contextlib.suppress(OSError, ValueError):
            values.append(int(file.read_text(encoding="ascii")) / 1000.0)
    low, high = _BELIEVABLE_C
    return max((value for value in values if low <= value <= high), default=None)


class Heat:
    """A `Sensor`."""

    kind = Kind.COMPUTER
    tells = False

    def __init__(self, folder: Path = _HWMON) -> None:
        """The sensors of a computer stay the same: they are looked for once."""
        self._folder = folder
        self._files: tuple[Path, ...] = ()

    async def start(self, changed: Callable[[], None]) -> None:  # noqa: ARG002 - it never calls
        """Find them."""
        self._files = processor_files(self._folder)

    def expect(self, away_after_s: float) -> None:
        """Nothing of it depends on that."""

    async def look(self) -> Readings:
        """See `Sensor.look`."""
        return Readings(temperature_c=hottest_c(self._files))

    async def close(self) -> None:
        """Nothing stays open."""
