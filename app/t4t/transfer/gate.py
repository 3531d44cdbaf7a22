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
        self._closed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether transfers may go."""
        return self._opened.is_set()

    def let(self, *, go: bool) -> None:
        """From now on they may go, or not."""
        here, there = (self._opened, self._closed) if go else (self._closed, self._opened)
        there.clear()
        here.set()

    async def opened(self) -> None:
        """Return when it is open."""
        await self._opened.wait()

    async def through(self, attempt: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """What ``attempt`` returns or raises; raises `Closed` if the gate closes before it is done, or is closed."""
        if not self.is_open:
            raise Closed
        work = asyncio.ensure_future(attempt())
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait([work, closing], return_when=asyncio.FIRST_COMPLETED)
        finally:
            closed = closing.done()
            for task in (work, closing):
                task.cancel()
            await asyncio.gather(work, closing, return_exceptions=True)
        if closed and work.cancelled():
            raise Closed
        return work.result()
