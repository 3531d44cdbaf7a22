"""A virtual clock: it jumps to the next sleeper as soon as nobody has anything else to do."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Final

_IDLE_TURNS: Final = 12
"""Turns of the event loop without a new sleeper that count as "nobody has anything to do"; real socket callbacks fit in between."""


class VirtualClock:
    """A `t4t.domain.clock.Clock` whose time passes only when all tasks wait for it."""

    def __init__(self, start: float = 0.0) -> None:
        """Begin at ``start`` seconds."""
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._jumper: asyncio.Task[None] | None = None

    def monotonic(self) -> float:
        """The virtual time in seconds."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return once the virtual time has moved on by ``seconds``."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), wake))
        if self._jumper is None or self._jumper.done():
            self._jumper = asyncio.get_running_loop().create_task(self._jump_when_idle())
        await wake

    async def _jump_when_idle(self) -> None:
        while self._sleepers:
            seen = len(self._sleepers)
            for _ in range(_IDLE_TURNS):
                await asyncio.sleep(0)
            if len(self._sleepers) != seen:
                continue
            due, _, wake = heapq.heappop(self._sleepers)
            if wake.cancelled():
                continue
            self._now = max(self._now, due)
            wake.set_result(None)
