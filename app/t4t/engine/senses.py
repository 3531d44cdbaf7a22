"""What the sensors say and the engine: the latest readings, kept with when they were taken; the consumer is woken only for what may change a decision.

The sensors may speak each second. A turn for each of these words would cost more than all the rest of the agent, so each is judged first, without a turn.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from t4t.domain.readings import Readings

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.clock import WallClock
    from t4t.engine.parts import Sensing

_log = logging.getLogger(__name__)


class Senses:
    """Its methods belong to the event loop's thread."""

    def __init__(self, sensing: Sensing | None, clock: WallClock, *, heard: Callable[[], None]) -> None:
        """``heard`` is called after each new word; nothing is listened to before `begin`."""
        self._sensing = sensing
        self._clock = clock
        self._heard = heard
        self._taken = 0.0
        self._working: bool | None = None
        self._listening: asyncio.Task[None] | None = None
        self.readings = Readings()

    def begin(self) -> None:
        """Listen."""
        if self._sensing is not None:
            self._listening = asyncio.create_task(self._listen(self._sensing), name="senses")

    async def _listen(self, sensing: Sensing) -> None:
        try:
            async for readings in sensing:
                self.readings, self._taken = readings, self._clock.monotonic()
                self._heard()
        except Exception:  # noqa: BLE001 - a bug in a sensor must not hold back or end the work: from here on nothing is known
            _log.exception("a bug in the sensors")
            self.readings = Readings()
            self._heard()

    @property
    def last_input(self) -> float | None:
        """When somebody last touched mouse or keyboard, by the clock on the wall; it stays where it is while nobody does."""
        if self.readings.idle_s is None:
            return None
        return self._clock.wall() - (self._clock.monotonic() - self._taken) - self.readings.idle_s

    def pace(self, *, working: bool) -> None:
        """Whether something runs whose volunteer must not wait for us."""
        if self._sensing is not None and working is not self._working:
            self._working = working
            self._sensing.pace(working=working)

    async def close(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
