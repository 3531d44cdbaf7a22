"""Commands of one VM, one at a time in all processes, each done to its end even if its caller is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final, TypeVar

from t4t.domain.errors import CommandTimeout
from t4t.durable import FileLock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from t4t.domain.vm import VmId

LOCK_SECONDS: Final = 300.0
_T = TypeVar("_T")


class Turns:
    """Whose turn it is with one VM."""

    def __init__(self, vm_id: VmId, *, exists: Callable[[], object], lock_path: Callable[[], Path]) -> None:
        """``exists`` raises when the VM is not there (any more); it is asked before the lock's file is made."""
        self._vm_id = vm_id
        self._exists = exists
        self._lock_path = lock_path
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def taken(self) -> bool:
        """Whether somebody in this process has the turn."""
        return self._lock.locked()

    @contextlib.asynccontextmanager
    async def turn(self, seconds: float = LOCK_SECONDS) -> AsyncIterator[None]:
        """Nobody else commands the VM meanwhile, also in no other process; `CommandTimeout` when it does not become our turn."""
        try:
            async with asyncio.timeout(seconds):
                await self._lock.acquire()
        except TimeoutError:
            raise CommandTimeout(vm=self._vm_id, command="lock", seconds=seconds) from None
        try:
            self._exists()
            async with contextlib.AsyncExitStack() as stack:
                try:
                    await stack.enter_async_context(FileLock(self._lock_path()).acquired(seconds))
                except TimeoutError:
                    raise CommandTimeout(vm=self._vm_id, command="lock", seconds=seconds) from None
                yield
        finally:
            self._lock.release()

    async def atomic(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do ``work`` to its end even if the caller is cancelled: the next caller waits for it."""
        return await asyncio.shield(self.keep(asyncio.create_task(work)))

    def keep(self, task: asyncio.Task[_T]) -> asyncio.Task[_T]:
        """Hold ``task`` until it has ended, and look at its error if nobody else does."""
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def finish(self) -> None:
        """Return when all work has come to its end."""
        # A task that has ended stays in the set until its callback runs; to wait for that one alone would never give the callback its turn.
        while unfinished := [task for task in self._tasks if not task.done()]:
            await asyncio.wait(unfinished)
