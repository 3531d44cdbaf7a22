"""Look at the ways out after somebody said that they may have changed, once things have settled."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from t4t.domain.host_events import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from t4t.domain.clock import Clock
    from t4t.domain.host_events import Route
    from t4t.host.feed import Feed

SETTLE_SECONDS: Final = 2.0
"""A change of network is a burst of notices: link, address, route, once for each family."""
LOOK_SECONDS: Final = 60.0
"""Between looks where there are no notices."""


class NetworkWatch:
    """``listen`` opens the system's notices and calls back, from any thread, for each; ``look`` finds the ways out (in a thread: it may block)."""

    kinds = frozenset({EventKind.NETWORK})
    missing: frozenset[EventKind] = frozenset()

    def __init__(
        self, feed: Feed, clock: Clock, *, look: Callable[[], frozenset[Route]], listen: Callable[[Callable[[], None]], AbstractContextManager[object]]
    ) -> None:
        """Nothing is opened yet."""
        self._feed = feed
        self._clock = clock
        self._look = look
        self._listen = listen
        self._noticed = asyncio.Event()

    async def start(self) -> None:
        """The first look."""
        await self.look()

    async def run(self) -> None:
        """Look after each notice; where notices can't be had, look now and then."""
        loop = asyncio.get_running_loop()

        def notice() -> None:
            loop.call_soon_threadsafe(self._noticed.set)

        with contextlib.suppress(OSError), self._listen(notice):
            while True:
                await self._noticed.wait()
                await self._clock.sleep(SETTLE_SECONDS)
                self._noticed.clear()
                await self.look()
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Look once; a system that can't say now is asked at the next notice."""
        try:
            routes = await asyncio.to_thread(self._look)
        except OSError:
            return
        self._feed.network(routes)

    def close(self) -> None:
        """Nothing stays open."""

    async def hold(self, reason: str) -> None:
        """Holds nothing back."""

    async def release(self) -> None:
        """Holds nothing back."""
