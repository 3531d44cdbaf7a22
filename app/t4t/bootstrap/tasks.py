"""One task folder run to its end."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from t4t.bootstrap.machines import remote, virtualbox_is_ready
from t4t.bootstrap.signals import stop_on_signals
from t4t.domain.appliance_machine import choose_hypervisor
from t4t.engine.appliance_folder import open_task_folder
from t4t.engine.folder import Wishes
from t4t.engine.record import FOLDER
from t4t.engine.runner import TaskRunner
from t4t.host import resources
from t4t.host.clock import RealClock
from t4t.hypervisor import choice
from t4t.storage import paths
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from t4t.cli.services import MachineOptions
    from t4t.domain.progress import TaskEvent, TaskResult
    from t4t.engine.folder import TaskFolder

_DEFAULT_CORES: Final = 4
_RUNS: Final = "runs"
"""Below the data folder: one folder for each task that `t4t task run` carries, so that two can run side by side."""


def run_task(data: Path, folder: Path, options: MachineOptions, listen: Callable[[TaskEvent], None]) -> TaskResult:
    """See `Services.run_task`."""
    task = open_task_folder(folder, appliance_folder=paths.appliance_dir(data))
    options = dataclasses.replace(options, hypervisor=_hypervisor(data, task, options.hypervisor))
    with _task_lock(task):
        try:
            task.unpack()
            return asyncio.run(_run(data, task, options, listen))
        finally:
            task.tidy()


def _hypervisor(data: Path, task: TaskFolder, wish: str) -> str:
    """One that the task can be run by, the best first; a project's task leaves the choice to `remote`. Raises `HypervisorUnfit`."""
    if not task.hypervisors:
        return wish
    best = choice.chosen(choice.AUTO, begun=choice.begun_with(data / _RUNS / task.key), virtualbox=virtualbox_is_ready())
    order = (best, *(one for one in ("virtualbox", "qemu") if one != best))
    return choose_hypervisor(wish, name=task.name, supported=task.hypervisors, automatic=order)


async def _run(data: Path, task: TaskFolder, options: MachineOptions, listen: Callable[[TaskEvent], None]) -> TaskResult:
    own = data / _RUNS / task.key
    driver = remote(options.hypervisor, own, log=data / "logs" / "vm-host.log")
    runner = TaskRunner(task, driver, data_dir=own, wishes=wishes_of(options), clock=RealClock(), listen=listen)
    try:
        with stop_on_signals(runner.stop):
            return await runner.run()
    finally:
        await driver.close()
        if not any((own / "vms").glob("*/vm.json")):  # nothing left to go on with
            shutil.rmtree(own, ignore_errors=True)


def wishes_of(options: MachineOptions) -> Wishes:
    """What the command line asks of a VM, with the default where it says nothing."""
    return Wishes(
        cores=options.cores or max(1, min(_DEFAULT_CORES, resources.cores() - 1)),
        cap_percent=options.cap_percent or 100,
        memory_mib=options.memory_mib,
        cmdline=options.cmdline,
    )


@contextmanager
def _task_lock(task: TaskFolder) -> Iterator[None]:
    """One run at a time; our folder inside the task's goes again if nothing is left in it."""
    try:
        with FolderLock(task.own, "lock") as lock:
            try:
                yield
            finally:
                lock.remove()
    finally:
        _remove_empty(task.path / FOLDER)


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
