"""A virtual clock: it jumps to the next sleeper as soon as nobody has anything else to do."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Final

_IDLE_TURNS: Final = 12
"""Turns of the event loop without a new sleeper that count as "nobody has anything to do"; real socket callbacks fit in between."""
_DAY_S: Final = 86_400.0
_MORNING_S: Final = 8 * 3600.0
_LEAST_S: Final = 5 * 3600.0


class VirtualClock:
    """A `t4t.domain.clock.Clock` whose time passes only when all tasks wait for it; local time is UTC."""

    def __init__(self, start: float = 0.0, *, idle_turns: int = _IDLE_TURNS) -> None:
        """Begin at ``start`` seconds; ``idle_turns`` as `_IDLE_TURNS`, fewer where nothing real is waited for."""
        self._now = start
        self._idle_turns = idle_turns
        self._slept = 0.0
        self._set_by = 0.0
        self._boots = 1
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._jumper: asyncio.Task[None] | None = None

    def monotonic(self) -> float:
        """The virtual time in seconds."""
        return self._now

    def lasting(self) -> float:
        """See `Clock.lasting`."""
        return self._now + self._slept

    def wall(self) -> float:
        """See `Clock.wall`."""
        return self._now + self._slept + self._set_by

    def offset_at(self, _at: float) -> float:
        """See `WallClock.offset_at`."""
        return 0.0

    def morning(self) -> float:
        """See `Clock.morning`."""
        wall = self.wall()
        wait = (_MORNING_S - wall) % _DAY_S
        return wall + (wait if wait >= _LEAST_S else wait + _DAY_S)

    def boot(self) -> str:
        """See `Clock.boot`."""
        return f"boot {self._boots}"

    def set_wall(self, by: float) -> None:
        """Somebody sets the clock on the wall, by this many seconds."""
        self._set_by += by

    def suspend(self, seconds: float) -> None:
        """The computer sleeps."""
        self._slept += seconds

    def reboot(self) -> None:
        """The computer is started again."""
        self._boots += 1

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
            for _ in range(self._idle_turns):
                await asyncio.sleep(0)
            if len(self._sleepers) != seen:
                continue
            due, _, wake = heapq.heappop(self._sleepers)
            if wake.cancelled():
                continue
            self._now = max(self._now, due)
            wake.set_result(None)
