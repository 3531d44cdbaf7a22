"""The events of this computer as one iterator, and the block that makes the end of the session and sleep wait for us; the same on every system."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from t4t.domain.host_events import EventKind
from t4t.host import power
from t4t.host.clock import RealClock
from t4t.host.feed import Feed
from t4t.host.watches import SlowLook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from t4t.domain.clock import Clock
    from t4t.domain.host_events import HostEvent
    from t4t.host.watches import Watched

_log = logging.getLogger(__name__)


class HostEvents(Protocol):
    """What the engine sees of the computer under it.

    ``block_shutdown`` says that there is work to save: the system is held back when it wants to sleep or to end the session, as far as it lets us, and shows
    ``reason`` where it shows reasons. ``release`` lets it go on. While an end or a sleep is under way, ``release`` is for this time only: the block is back
    when the computer woke or the end was cancelled. At other times it ends the block.
    """

    @property
    def missing(self) -> frozenset[EventKind]:
        """The kinds that this computer does not tell by itself now: they come late, by a slow look, or never."""
        ...

    def __aiter__(self) -> AsyncIterator[HostEvent]:
        """The events; there is one reader."""
        ...

    async def block_shutdown(self, reason: str) -> None:
        """Hold the system back from now on."""
        ...

    async def release(self) -> None:
        """Let it go on."""
        ...


class Source(Protocol):
    """One watcher of this computer. ``kinds`` is all that it may bring."""

    kinds: frozenset[EventKind]

    @property
    def missing(self) -> frozenset[EventKind]:
        """What it can't bring now."""
        ...

    async def start(self) -> None:
        """The first look; short."""
        ...

    async def run(self) -> None:
        """Watch until cancelled."""
        ...

    def close(self) -> None:
        """Give everything back, the block among it."""
        ...

    async def hold(self, reason: str) -> None:
        """Make the system wait, if it can."""
        ...

    async def release(self) -> None:
        """Let it go on."""
        ...


class FedEvents:
    """`HostEvents` from a feed and its sources."""

    def __init__(self, feed: Feed, sources: Sequence[Source]) -> None:
        """Open it with `opened`."""
        self._feed = feed
        self._sources = sources
        self._broken: set[EventKind] = set()

    @property
    def missing(self) -> frozenset[EventKind]:
        """See `HostEvents`."""
        return frozenset(self._broken).union(*(source.missing for source in self._sources))

    async def __aiter__(self) -> AsyncIterator[HostEvent]:
        """See `HostEvents`."""
        while (event := await self._feed.next()) is not None:
            yield event

    async def block_shutdown(self, reason: str) -> None:
        """See `HostEvents`."""
        for source in self._sources:
            await source.hold(reason)

    async def release(self) -> None:
        """See `HostEvents`."""
        for source in self._sources:
            await source.release()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[FedEvents]:
        """Watch as long as the context lasts; at its end the block is gone and the iterator ends."""
        tasks: list[asyncio.Task[None]] = []
        try:
            for source in self._sources:
                await source.start()
                tasks.append(asyncio.create_task(self._watch(source)))
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for source in self._sources:
                source.close()
            self._feed.close()

    async def _watch(self, source: Source) -> None:
        """A bug in one watcher is logged and does not take the others, let alone the engine, with it."""
        try:
            await source.run()
        except Exception:  # noqa: BLE001 - the top of a task: what arrives here is a bug
            self._broken |= source.kinds
            _log.exception("a watcher of this computer failed: %s", type(source).__name__)


def open_host_events(watched: Watched, *, clock: Clock | None = None) -> contextlib.AbstractAsyncContextManager[HostEvents]:
    """The events of this computer, whatever system it has."""
    feed, clock = Feed(), clock or RealClock()
    tellers = _sources(feed, clock)

    def look_at_power() -> None:
        if any(EventKind.POWER in source.missing for source in tellers) and (now := power.look()) is not None:
            feed.power(now)

    return FedEvents(feed, [*tellers, SlowLook(feed, watched, clock, also=(look_at_power,))]).opened()


_sources: Callable[[Feed, Clock], Sequence[Source]]

if sys.platform == "win32":
    from t4t.host.session_end.windows import sources as _sources
elif sys.platform == "darwin":
    from t4t.host.session_end.macos import sources as _sources
else:
    from t4t.host.session_end.linux import sources as _sources
