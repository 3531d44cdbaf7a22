"""Removes, at the start, VMs of ours that belong to no task any more. Others' are never seen here: the driver shows only what carries our mark."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from t4t.engine.record import peek
from t4t.storage.disk_use import occupied
from t4t.storage.place import MACHINES

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.engine.source import TaskSource
    from t4t.hypervisor.driver import Driver

_log = logging.getLogger(__name__)


class Tell(Protocol):
    """Writes a line of the history."""

    def __call__(self, what: str, detail: str = "", *, task: str = "", lost_s: float = 0.0) -> None:
        """See `Engine`."""
        ...


async def sweep(driver: Driver, source: TaskSource, data_dir: Path, *, tell: Tell) -> bool:
    """Remove the orphans, and say how much space that freed (in MiB); false if that has to be done again later.

    Whose task can't be named for sure is left alone: nothing is removed while a record can't be read or the tasks can't be listed. Raises leaves of
    `HypervisorError` and `FolderUnwritable`.
    """
    found = await driver.inspect()
    if not found:
        return True
    records = [peek(folder) for folder in source.folders()]
    ours = {record.vm_id for record in records if record is not None}
    if None in records:
        _log.warning("a task's record can't be read: no VM is removed")
        return False
    orphans = [info for info in found if info.vm_id not in ours]
    if not orphans:
        return True
    before = occupied(data_dir / MACHINES)
    for info in orphans:
        _log.warning("removing %s, which belongs to no task", info.name)
        await driver.delete(info.vm_id)
    freed = max(0, before - occupied(data_dir / MACHINES)) >> 20
    tell("orphans_removed", f"{len(orphans)} {freed}")
    return True
