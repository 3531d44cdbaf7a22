"""The checkpoints of one task: when the next one is due, and taking it. Whatever dies, no more is lost than one interval and what taking one costs."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import T4TError
from t4t.domain.patience import wait_s
from t4t.domain.progress import Happened
from t4t.domain.vm import Feature, VmId
from t4t.host import resources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.clock import WallClock
    from t4t.engine.fitting import Fitting
    from t4t.engine.observer import TaskObserver
    from t4t.engine.record import TaskRecord
    from t4t.hypervisor.driver import Driver

_log = logging.getLogger(__name__)

CHECKPOINT: Final = "checkpoint"
"""The snapshot's name: there is one at most."""
ROOM_MIB: Final = 2048
"""Free space that must be there beside the VM's memory: a checkpoint must never be what fills the disk."""


class Checkpoints:
    """Of one task's VM; what it knows for ever is in the task's record."""

    def __init__(
        self,
        driver: Driver,
        seen: TaskObserver,
        record: TaskRecord,
        *,
        fitting: Fitting,
        clock: WallClock,
        interval_s: float,
        tell: Callable[[Happened, str], None],
    ) -> None:
        """``interval_s``: running time between two that are taken by themselves; infinite: none is. It may be another one later."""
        self._driver = driver
        self._seen = seen
        self._record = record
        self._fitting = fitting
        self._clock = clock
        self.interval_s = interval_s
        self._tell = tell
        self._vm = VmId(record.vm_id)
        self._asked = False
        self._failures = 0
        self._not_before = -math.inf
        self._told = ""

    def ask(self) -> None:
        """The volunteer wants one now."""
        self._asked = True

    @property
    def due_in_s(self) -> float:
        """Seconds until the next one is due if the VM runs on; infinite if none ever is."""
        if not self._fitting.can(Feature.SNAPSHOTS):
            return math.inf
        if self._asked:
            return 0.0
        left = -math.inf if self._record.uncounted and math.isfinite(self.interval_s) else self.interval_s - self._record.at_risk_s
        return max(left, self._not_before - self._clock.monotonic())

    async def take(self, folder: Path, *, memory_mib: int) -> bool:
        """Take one, if ``folder`` has room for it beside a VM of ``memory_mib``; whether that was done.

        One that fails is tried again soon, and told once.
        """
        asked, self._asked = self._asked, False
        record = self._record
        useful = record.useful_s
        try:
            resources.check_disk(folder, memory_mib + ROOM_MIB)
            await self._driver.take_snapshot(self._vm, CHECKPOINT)
        except T4TError as error:
            _log.warning("no checkpoint: %s", error)
            self._failures += 1
            self._not_before = self._clock.monotonic() + min(self.interval_s, wait_s(error, self._failures))
            if asked or error.code != self._told:
                self._told = error.code
                self._tell(Happened.CHECKPOINT_SKIPPED, error.code)
            return False
        self._seen.count()  # while it was taken: that is known, however long it was
        self._failures, self._not_before, self._told = 0, -math.inf, ""
        record.has_checkpoint = True
        record.uncounted = False
        record.checkpoint_useful_s = useful
        record.checkpoint_wall = self._clock.wall()
        record.checkpoints += 1
        record.recoveries = 0
        self._tell(Happened.CHECKPOINT, "")
        return True
