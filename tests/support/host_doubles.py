"""Strict doubles for the computer under us: clocks that the test moves, sleeps that it ends."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from t4t.domain.clocks import Reading
from t4t.host.feed import Feed

if TYPE_CHECKING:
    from t4t.domain.host_events import HostEvent

SECONDS = 30


class Retries:
    """A clock whose sleeps end when the test says so."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._slept: asyncio.Queue[None] = asyncio.Queue()
        self._go: asyncio.Queue[None] = asyncio.Queue()

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._slept.put_nowait(None)
        await self._go.get()

    async def next(self) -> None:
        """The sleep that is under way, or the next one, is over."""
        await asyncio.wait_for(self._slept.get(), SECONDS)
        self._go.put_nowait(None)

    async def begun(self) -> None:
        """A sleep is under way."""
        await asyncio.wait_for(self._slept.get(), SECONDS)
        self._slept.put_nowait(None)


class FedByHand:
    """A feed with clocks that stand still until the test moves them."""

    def __init__(self) -> None:
        self.reading = Reading(awake_s=100, elapsed_s=100, wall_s=1000)
        self.feed = Feed(read_clocks=lambda: self.reading)

    def sleep_for(self, seconds: float) -> None:
        """The computer sleeps."""
        self.reading = dataclasses.replace(self.reading, elapsed_s=self.reading.elapsed_s + seconds, wall_s=self.reading.wall_s + seconds)

    def wait_for(self, seconds: float) -> None:
        """Time goes by."""
        self.sleep_for(seconds)
        self.reading = dataclasses.replace(self.reading, awake_s=self.reading.awake_s + seconds)

    async def next(self) -> HostEvent:
        """The next event."""
        event = await asyncio.wait_for(self.feed.next(), SECONDS)
        assert event is not None
        return event

    def drained(self) -> list[HostEvent]:
        """All events that wait."""
        events = list(self.feed._events)
        self.feed._events.clear()
        return events
