"""One task folder run to its end, and the demo around it."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t import demo
from t4t.bootstrap.machines import remote, virtualbox_is_ready
from t4t.cli.services import DemoResult, MachineOptions
from t4t.domain.appliance_machine import choose_hypervisor
from t4t.domain.errors import OutputUnreadable
from t4t.domain.progress import Outcome
from t4t.engine.appliance_folder import open_task_folder
from t4t.engine.folder import Wishes
from t4t.engine.record import FOLDER
from t4t.engine.runner import TaskRunner
from t4t.guest.yoda import ResultArchive, read_result
from t4t.host import resources
from t4t.host.clock import RealClock
from t4t.hypervisor import choice
from t4t.storage import appliance, paths
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from t4t.domain.progress import TaskEvent, TaskResult
    from t4t.engine.folder import TaskFolder

_log = logging.getLogger(__name__)

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


def run_demo(data: Path, options: MachineOptions, runspec: str | None, listen: Callable[[TaskEvent], None]) -> DemoResult:
    """See `Services.run_demo`."""
    if runspec is not None:
        demo.checked(runspec)
    found = appliance.load(paths.appliance_dir(data))
    image = found.verified(appliance.DISK)
    folder, line = demo.next_task(data / "demo", image, runspec=runspec)
    result = run_task(data, folder, options, listen)
    archive, path = _archive(result)
    picture = _picture(folder, line, archive) if archive else None
    return DemoResult(
        task=result,
        runspec=line,
        folder=folder,
        result=path,
        picture=picture,
        histograms=archive.histograms if archive else (),
        job=archive.job if archive else {},
    )


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


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, a closed terminal and SIGTERM save the VM and end the run."""
    loop = asyncio.get_running_loop()
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    for name in names:
        signal.signal(getattr(signal, name), lambda *_: loop.call_soon_threadsafe(stop))
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _archive(result: TaskResult) -> tuple[ResultArchive | None, Path | None]:
    path = next((Path(output) for output in result.outputs if Path(output).name == demo.RESULT), None)
    if path is None or result.outcome is not Outcome.DONE:
        return None, path
    try:
        return read_result(path), path
    except OutputUnreadable as error:
        if result.hypervisor == "fake":
            _log.info("the fake guest's result: %s", error)
            return None, path
        raise


def _picture(folder: Path, runspec: str, archive: ResultArchive) -> Path | None:
    """Render the histograms; Qt is loaded only here and only now. A computer without Qt's libraries still has its result."""
    path = folder / "histograms.png"
    try:
        from t4t.gui.picture import render_png  # noqa: PLC0415 - 50 MB that most runs do not need
    except ImportError as error:
        _log.warning("no picture: %s", error)
        return None
    render_png(archive.histograms, path, title="Test4Theory", subtitle=runspec)
    return path
