"""Carries one task folder to its end, in the foreground: the reconciler with one task, and little patience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.patience import is_passing
from t4t.domain.progress import Outcome, TaskEvent, TaskResult
from t4t.domain.task import Order
from t4t.engine.inbox import Bell
from t4t.engine.observer import LIVELY
from t4t.engine.reconciler import Charge, Reconciler
from t4t.engine.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.clock import WallClock
    from t4t.engine.folder import TaskFolder, Wishes
    from t4t.hypervisor.driver import Driver

_KEY: Final = "task"
_FAILURES: Final = 4
"""In a row, of the kind that passes; somebody waits at a terminal."""


class TaskRunner:
    """One run of one task; make a new one for each start."""

    def __init__(self, folder: TaskFolder, driver: Driver, *, data_dir: Path, wishes: Wishes, clock: WallClock, listen: Callable[[TaskEvent], None]) -> None:
        """``listen`` is told what happens, on the event loop's thread."""
        self._work = Work(folder, driver, data_dir=data_dir, wishes=wishes, clock=clock, pace=LIVELY, listen=listen)
        self._bell = Bell(clock)
        self._reconciler = Reconciler(driver, clock=clock, wake=self._bell.ring)
        self._order = Order.RUN

    def stop(self) -> None:
        """Save the VM and end; call it on the event loop's thread."""
        self._order = Order.QUIT
        self._bell.ring()

    async def run(self) -> TaskResult:
        """Run to the end of the task, or until `stop`; a task that has ended before is only reported again.

        Raises leaves of `HostError` and `HypervisorError` for what this run can't overcome (VM and record are kept, unless the VM never started), never
        `TaskError`: those are a result.
        """
        work = self._work
        if work.finished:
            return work.record.result(Outcome(work.record.outcome))
        work.check_home()
        if not work.begun and not work.record.outcome:
            work.check_room()  # before the hypervisor writes its first file, which a full disk would fail less clearly
        await self._reconciler.probe()
        charge = self._reconciler.add(_KEY, work)
        async with self._reconciler.watching():
            try:
                return work.record.result(await self._until_outcome(charge))
            except Exception:  # also of a bug: nobody looks after the VM from here on
                await work.leave_safe()
                raise

    async def _until_outcome(self, charge: Charge) -> Outcome:
        while True:
            self._reconciler.turn(self._order)
            if charge.outcome is not None:
                return charge.outcome
            await self._bell.wait(self._reconciler.due_s())
            if charge.bug is not None:
                raise charge.bug
            for trouble in charge.troubles.values():
                if not is_passing(trouble.error) or trouble.failures > _FAILURES:
                    raise trouble.error
