"""Waiting for the next thing to do: something rang, or a time has come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t4t.domain.clock import WallClock


class Bell:
    """Rung from anywhere on the event loop's thread, waited for by one consumer; rings between two waits are one."""

    def __init__(self, clock: WallClock) -> None:
        """Times are told by ``clock``."""
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There is something to do."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Return at the next ring, or after ``seconds``."""
        if not self._rung.is_set():
            wake = asyncio.create_task(self._rung.wait())
            time = asyncio.create_task(self._clock.sleep(seconds))
            try:
                await asyncio.wait({wake, time}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (wake, time):
                    task.cancel()
                await asyncio.gather(wake, time, return_exceptions=True)
        self._rung.clear()
