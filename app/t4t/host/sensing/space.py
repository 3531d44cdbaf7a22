"""Free memory and disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from t4t.domain.readings import Readings
from t4t.domain.vm import MIB
from t4t.host.resources import free_bytes
from t4t.host.sensing.sensor import Kind
from t4t.host.watches import aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Space:
    """A `Sensor`."""

    kind = Kind.COMPUTER
    tells = False

    def __init__(self, folder: Path) -> None:
        """``folder`` is the data folder: its file system counts."""
        self._folder = folder

    async def start(self, changed: Callable[[], None]) -> None:
        """Nothing is opened."""

    def expect(self, away_after_s: float) -> None:
        """Nothing of it depends on that."""

    async def look(self) -> Readings:
        """See `Sensor.look`; aside, for a disk may hang."""
        return await aside(self._look)

    async def close(self) -> None:
        """Nothing stays open."""

    def _look(self) -> Readings:
        free = free_bytes(self._folder)
        return Readings(free_memory_mib=psutil.virtual_memory().available // MIB, free_disk_mib=None if free is None else free // MIB)
