"""Whether transfers may go now, all of them together: one that is under way when the gate closes is broken off, and goes on from there when it opens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_T = TypeVar("_T")


class Closed(Exception):
    """The gate closed before it was done."""


class Gate:
    """Open, until it is said to be closed."""

    def __init__(self) -> None:
        """Open."""
        self._opened = asyncio.Event()
        self._opened.set()
        self._passing: set[asyncio.Future[None]] = set()
        """One for each attempt that is under way; done when the gate closes."""

    @property
    def is_open(self) -> bool:
        """Whether transfers may go."""
        return self._opened.is_set()

    def let(self, *, go: bool) -> None:
        """From now on they may go, or not."""
        if go:
            self._opened.set()
            return
        self._opened.clear()
        for closing in self._passing:
            if not closing.done():
                closing.set_result(None)

    async def opened(self) -> None:
        """Return when it is open."""
        await self._opened.wait()

    async def through(self, attempt: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """What ``attempt`` returns or raises; raises `Closed` if the gate closes before it is done, or is closed."""
        if not self.is_open:
            raise Closed
        work = asyncio.create_task(attempt())
        closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._passing.add(closing)
        try:
            both: list[asyncio.Future[Any]] = [work, closing]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._passing.discard(closing)
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
            elif not work.cancelled():
                work.exception()  # nobody may be left who wants to hear of it
        if closing.done() and work.cancelled():
            raise Closed
        return work.result()
