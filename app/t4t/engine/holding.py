"""Limits that hold: where a VM is seen to use more than its hypervisor was told, the system holds its process; where that can't be had either, it is said.

Once a hypervisor was caught, each further limit is asked of the system from its first moment on.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import LimitNotHeld
from t4t.domain.vm import VmState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from t4t.domain.vm import VmInfo
    from t4t.engine.reconciler import Charge
    from t4t.host.limiting import Limiter

_log = logging.getLogger(__name__)

_FULL: Final = 100


@dataclass(slots=True)
class _Hold:
    """What the system was asked for one process."""

    process: tuple[int, str | None]
    asked: float | None = None
    """Processors' time."""
    in_force: bool = False
    asking: asyncio.Task[None] | None = None


class Holding:
    """Of all VMs of one engine; its methods belong to the consumer."""

    def __init__(self, limiter: Limiter | None, *, wake: Callable[[], None]) -> None:
        """Nobody is suspected yet."""
        self._limiter = limiter
        self._wake = wake
        self._holds: dict[str, _Hold] = {}
        self._caught = False
        self._told: LimitNotHeld | None = None

    def turn(self, charges: Iterable[Charge]) -> None:
        """Ask the system for what the hypervisor does not hold."""
        running: dict[str, Charge] = {}
        for charge in charges:
            info = charge.work.seen.info
            if info is not None and info.pid is not None and charge.work.seen.state is VmState.RUNNING:
                running[charge.key] = charge
                self._hold(charge, info, info.pid)
        for key in [key for key, hold in self._holds.items() if key not in running and hold.asking is None]:
            del self._holds[key]

    def _hold(self, charge: Charge, info: VmInfo, pid: int) -> None:
        self._caught |= charge.work.seen.share.fails
        if self._limiter is None or not self._caught:
            return
        process = (pid, info.pid_started)
        hold = self._holds.get(charge.key)
        if hold is None or (hold.process != process and hold.asking is None):
            hold = self._holds[charge.key] = _Hold(process=process)
        wanted = None if info.cap_percent >= _FULL else info.cores * info.cap_percent / _FULL
        if hold.asking is None and hold.process == process and hold.asked != wanted:
            hold.asking = asyncio.create_task(self._ask(self._limiter, hold, wanted, charge), name="limit")

    async def _ask(self, limiter: Limiter, hold: _Hold, wanted: float | None, charge: Charge) -> None:
        try:
            in_force = await limiter.limit(hold.process[0], wanted)
        except Exception:  # noqa: BLE001 - the top of a task: what can't be had is told, and nothing else stops for it
            _log.exception("a bug in what limits processes")
            in_force = False
        finally:
            hold.asked, hold.asking = wanted, None
        if in_force and not hold.in_force and wanted is not None:
            charge.work.seen.measure_anew()
        hold.in_force = in_force
        self._wake()

    def broken(self, charges: Iterable[Charge], hypervisor: str) -> list[LimitNotHeld]:
        """What the volunteer should know while a limited VM runs: what was measured last, until a measurement says otherwise."""
        limited = False
        for charge in charges:
            share, info = charge.work.seen.share, charge.work.seen.info
            if info is None or info.cap_percent >= _FULL or charge.work.seen.state is not VmState.RUNNING:
                continue
            limited = True
            if share.percent is None or ((hold := self._holds.get(charge.key)) is not None and hold.asking is not None):
                continue
            if share.fails:
                self._told = LimitNotHeld(hypervisor=hypervisor, limit_percent=info.cap_percent, measured_percent=round(share.percent))
            elif not share.over:
                self._told = None
        return [self._told] if limited and self._told is not None else []

    async def close(self) -> None:
        """Wait for what was asked."""
        asking = [hold.asking for hold in self._holds.values() if hold.asking is not None]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
