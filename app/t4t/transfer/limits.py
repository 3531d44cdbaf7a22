"""Limits of transfers: bytes a second, and how many at once."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from t4t.domain.clock import Clock

PER_PROJECT: Final = 2
AT_ONCE: Final = 8
"""BOINC's own limits for transfers in each direction."""


class Rate:
    """A token bucket for all transfers of one direction together: whoever took too much makes the next one wait."""

    def __init__(self, clock: Clock, bytes_per_second: float = 0.0) -> None:
        """No limit at 0."""
        self._clock = clock
        self._rate = bytes_per_second
        self._free_at = clock.monotonic()

    def limit(self, bytes_per_second: float) -> None:
        """As `change`, unless it is the limit already."""
        if bytes_per_second != self._rate:
            self.change(bytes_per_second)

    def change(self, bytes_per_second: float) -> None:
        """Another limit from now on."""
        self._rate = bytes_per_second
        self._free_at = self._clock.monotonic()

    async def take(self, amount: int) -> None:
        """Return when ``amount`` bytes may go."""
        if self._rate <= 0:
            return
        now = self._clock.monotonic()
        self._free_at = max(self._free_at, now) + amount / self._rate
        await self._clock.sleep(self._free_at - now)


class Slots:
    """At most so many transfers of one direction at once, in all and for one project; the others wait in order."""

    def __init__(self, *, at_once: int = AT_ONCE, per_project: int = PER_PROJECT) -> None:
        """All are free."""
        self._all = asyncio.Semaphore(at_once)
        self._per_project = per_project
        self._projects: dict[str, asyncio.Semaphore] = {}

    @contextlib.asynccontextmanager
    async def slot(self, project: str) -> AsyncIterator[None]:
        """Hold a place; a project that has all of its own does not hold others up."""
        own = self._projects.setdefault(project, asyncio.Semaphore(self._per_project))
        async with own, self._all:
            yield
