"""Observations of all VMs for any number of listeners; each hears a state once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from t4t.domain.vm import VmEvent, VmId, VmState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


class _Listener:
    def __init__(self) -> None:
        self.last: dict[VmId, VmState] = {}
        self.queue: asyncio.Queue[VmEvent | None] = asyncio.Queue()

    def hear(self, vm_id: VmId, state: VmState) -> None:
        if self.last.get(vm_id) is not state:
            self.last[vm_id] = state
            self.queue.put_nowait(VmEvent(vm_id=vm_id, state=state))


class Watching:
    """The switchboard."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._listeners: set[_Listener] = set()
        self._closed = False

    def publish(self, vm_id: VmId, state: VmState) -> None:
        """Tell everybody."""
        for listener in self._listeners:
            listener.hear(vm_id, state)

    async def listen(self, present: Callable[[], Awaitable[None]]) -> AsyncIterator[VmEvent]:
        """What ``present`` publishes and all that follows, until `close`."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            if self._closed:
                return
            await present()
            while (event := await listener.queue.get()) is not None:
                yield event
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all listening."""
        self._closed = True
        for listener in self._listeners:
            listener.queue.put_nowait(None)
