"""`t4t.host.host_events.HostEvents` whose events a test tells, and which keeps what it was asked to hold back, when, and while which machines were unsafe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from t4t.domain.clock import Clock
    from t4t.domain.host_events import EventKind, HostEvent
    from t4t.domain.vm import VmState
    from t4t.hypervisor.fake import FakeWorld


class HostByHand:
    """A computer that says what it is told to say."""

    missing: frozenset[EventKind] = frozenset()

    def __init__(self, clock: Clock, world: FakeWorld) -> None:
        self._clock = clock
        self._world = world
        self._events: asyncio.Queue[HostEvent] = asyncio.Queue()
        self._block: str | None = None
        self.reasons: list[str] = []
        self.released: list[tuple[float, list[VmState]]] = []
        """When it was let go on, and how the machines were then."""

    def held(self) -> str | None:
        """Why the system is held back now, if it is."""
        return self._block

    def tell(self, event: HostEvent) -> None:
        self._events.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[HostEvent]:
        """The events; there is one reader."""
        while True:
            yield await self._events.get()

    async def block_shutdown(self, reason: str) -> None:
        await asyncio.sleep(0)
        self._block = reason
        self.reasons.append(reason)

    async def release(self) -> None:
        await asyncio.sleep(0)
        self._block = None
        self.released.append((self._clock.monotonic(), [vm.state for vm in self._world.vms.values()]))
