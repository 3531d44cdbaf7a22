"""Watching without asking: the ends of VMs' processes and of VBoxSVC are heard at once; where the road is told of nothing, VMs are looked at now and then."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final

from t4t.hypervisor import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from t4t.domain.clock import Clock
    from t4t.domain.vm import VmId
    from t4t.hypervisor.process import ProcessId
    from t4t.hypervisor.virtualbox.road import Road

_LOG: Final = logging.getLogger(__name__)
_TICK_SECONDS: Final = 2.0
"""Each wake-up of an idle process costs half a millisecond: so it takes 1 s of processor time an hour."""
_SERVER_SECONDS: Final = 0.5


class Sentry:
    """One for each driver; it works from the first `begin` to `close`."""

    def __init__(
        self,
        road: Road,
        clock: Clock,
        *,
        doubt: Callable[[VmId | None], None],
        ended: Callable[[VmId, ProcessId], None],
        due: Callable[[], Iterable[VmId]],
        server: Callable[[], ProcessId | None],
    ) -> None:
        """``doubt`` makes the driver look at one VM, or at all; ``ended`` tells it that a VM's process is gone.

        ``due`` names those that have not been looked at for long; ``server`` finds VBoxSVC.
        """
        self._road = road
        self._clock = clock
        self._doubt = doubt
        self._ended = ended
        self._due = due
        self._server = server
        self._watched: dict[ProcessId, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[Any]] = []
        self._begun = False
        self._closed = False

    def begin(self) -> None:
        """Work from now on; more than once does nothing."""
        if self._begun or self._closed:
            return
        self._begun = True
        self._tasks.append(asyncio.create_task(self._listen(), name="VirtualBox's changes"))
        if self._road.look_seconds is not None:
            self._tasks.append(asyncio.create_task(self._tick(), name="looks at VMs"))

    def watch_process(self, vm: VmId, owned: ProcessId) -> None:
        """Wait for the end of a VM's process, and of VBoxSVC as long as there is one."""
        if self._closed or owned in self._watched:
            return
        self._watched[owned] = asyncio.create_task(self._await_end(vm, owned), name=f"end of {owned.pid}")
        server = self._server()
        if server is not None and server not in self._watched:
            self._watched[server] = asyncio.create_task(self._await_server(server), name="end of VBoxSVC")

    async def _await_end(self, vm: VmId, owned: ProcessId) -> None:
        await process.wait_gone(owned)
        del self._watched[owned]
        self._ended(vm, owned)

    async def _await_server(self, server: ProcessId) -> None:
        await process.wait_gone(server)
        del self._watched[server]
        self._doubt(None)
        while self._watched:
            found = self._server()
            if found is not None:
                self._watched[found] = asyncio.create_task(self._await_server(found), name="end of VBoxSVC")
                return
            await self._clock.sleep(_SERVER_SECONDS)

    async def _listen(self) -> None:
        async for vm in self._road.changes():
            self._doubt(vm)

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(_TICK_SECONDS)
            for vm in self._due():
                self._doubt(vm)

    async def close(self) -> None:
        """Stop; nothing is waited for any more."""
        self._closed = True
        tasks = [*self._tasks, *self._watched.values()]
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    _LOG.error("watching failed: %s", result)
        self._tasks.clear()
        self._watched.clear()
