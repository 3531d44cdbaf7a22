"""The CPU limit: QEMU's process runs and rests in turn, and what it really used is measured and corrected.

Stopping the process from outside (and not the virtual processors by QMP) leaves the guest's clock right, writes nothing to its disks at each turn, and can
never be mistaken for a pause that somebody asked for. Whoever takes a VM over lets its process go on first.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from t4t.hypervisor.process import ProcessId

_PERIOD_SECONDS: Final = 0.1
_CREDIT_SECONDS: Final = 0.3
_LONGEST_REST_SECONDS: Final = 1.0
_IDLE_PERIOD_SECONDS: Final = 0.25
_FULL: Final = 100


def rest_after(used: float, elapsed: float, debt: float, rate: float) -> tuple[float, float]:
    """What is owed now, and how long the process must rest for it.

    ``used`` processor seconds were spent in ``elapsed`` seconds, ``rate`` are allowed a second; what was not used
    (the guest was idle, the computer busy) is kept for a moment only.
    """
    owed = max(debt + used - rate * elapsed, -rate * _CREDIT_SECONDS)
    return owed, min(max(owed, 0.0) / rate, _LONGEST_REST_SECONDS)


class Governor:
    """Keeps one process at a percentage of its cores."""

    def __init__(self, process: ProcessId) -> None:
        """No limit yet; a process that an earlier governor left standing goes on."""
        self._process = psutil.Process(process.pid)
        self._task: asyncio.Task[None] | None = None
        self._holds = 0
        self._wanted = asyncio.Event()
        self._rate = 0.0
        self.cap_percent = _FULL
        self.cores = 1
        self._go_on()

    def _go_on(self) -> None:
        with contextlib.suppress(psutil.Error):
            self._process.resume()

    def _used(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    async def limit(self, cap_percent: int, cores: int) -> None:
        """Put a limit in force; 100 % needs no turns at all."""
        self.cap_percent, self.cores = cap_percent, cores
        self._rate = cap_percent / _FULL * cores
        if cap_percent >= _FULL:
            await self.stop()
        elif self._task is None or self._task.done():
            self._task = asyncio.create_task(self._take_turns())

    async def stop(self) -> None:
        """No limit any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._go_on()

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Meanwhile the process runs without rests, so that it answers at once."""
        self._holds += 1
        self._wanted.set()
        self._go_on()
        try:
            yield
        finally:
            self._holds -= 1
            if not self._holds:
                self._wanted.clear()

    async def _take_turns(self) -> None:
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(psutil.Error):
            debt, before, since = 0.0, self._used(), clock()
            busy = True
            while True:
                await asyncio.sleep(_PERIOD_SECONDS * self.cap_percent / _FULL if busy else _IDLE_PERIOD_SECONDS)
                used, now = self._used(), clock()
                debt, rest = rest_after(used - before, now - since, debt, self._rate)
                busy = used - before > self._rate * (now - since) / 2
                before, since = used, now
                if rest > 0 and not self._wanted.is_set():
                    await self._rest(rest)

    async def _rest(self, seconds: float) -> None:
        self._process.suspend()
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            pass
        finally:
            self._go_on()
