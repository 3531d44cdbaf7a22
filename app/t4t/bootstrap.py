"""The composition root: builds every object once; the only module that sees all layers."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import os
import shutil
import signal
import sys
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from t4t import demo
from t4t.cli import arguments, terminal, verbs
from t4t.cli.services import DemoResult, MachineOptions
from t4t.domain.diagnosis import diagnose, health
from t4t.domain.errors import FolderUnwritable, OutputUnreadable, T4TError
from t4t.domain.facts import Computer, Facts
from t4t.domain.progress import Outcome
from t4t.durable import write_atomic
from t4t.engine.folder import TaskFolder, Wishes
from t4t.engine.record import FOLDER
from t4t.engine.runner import TaskRunner
from t4t.guest.yoda import ResultArchive, read_result
from t4t.host import resources
from t4t.host.clock import RealClock
from t4t.host.probe import network
from t4t.host.probe.here import probe
from t4t.hypervisor.environment import clean_environment
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest
from t4t.hypervisor.host import SAVE_SECONDS, VmHost
from t4t.hypervisor.qemu import health as qemu_health
from t4t.hypervisor.qemu.driver import QemuDriver
from t4t.hypervisor.remote import RemoteHypervisor
from t4t.hypervisor.virtualbox import health as virtualbox_health
from t4t.storage import appliance, paths, tables
from t4t.storage.files import FolderLock
from t4t.wording.notices import notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from io import RawIOBase

    from t4t.domain.diagnosis.findings import Diagnosis, Finding
    from t4t.domain.progress import TaskEvent, TaskResult
    from t4t.hypervisor.driver import Driver

_log = logging.getLogger(__name__)

_DEFAULT_CORES: Final = 4
_FAKE_JOB_S: Final = 20.0
_LOG_BYTES: Final = 2_000_000
_BUG: Final = 1
_PROJECT_HOSTS: Final = (network.Address("lhcathome.cern.ch", 443),)
"""The server of which every volunteer's computer needs an answer; the guest finds the others by itself."""


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``t4t``; returns the exit status."""
    args = arguments.parser().parse_args(argv)
    data = paths.data_dir(args.data_dir)
    if args.verb == "vm-host":
        return _vm_host(data, args.hypervisor)
    try:
        _log_to(data / "logs" / "t4t.log")
        return verbs.run(args, _Services(data))
    except T4TError as error:
        _log.error("%s", error)
        terminal.show_notice(notice(error))
        return error.exit_code
    except KeyboardInterrupt:
        return verbs.INTERRUPTED
    except Exception:
        _log.exception("a bug")
        raise


def _log_to(path: Path) -> None:
    """Everything from INFO on goes to a rotating file; a data folder that can't be written is told by what needs it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.raiseExceptions = False  # a full disk is told once, by what needs it, and not by each line of the log


# --- the VM host process ---------------------------------------------------------------------------------------------


def _vm_host(data: Path, hypervisor: str) -> int:
    """Be the VM host of one data folder (see `t4t.hypervisor.host`)."""
    sink, source = _own_pipes()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    async def serve() -> None:
        # the host of an agent that has just died may still be saving: its VMs are ours afterwards
        async with AsyncExitStack() as stack:
            stack.enter_context(await _patient_lock(data))
            await VmHost(_driver(hypervisor, data), source=source, sink=sink).serve()

    asyncio.run(serve())
    return 0


async def _patient_lock(data: Path) -> FolderLock:
    lock = FolderLock(data, "host.lock")
    deadline = asyncio.get_running_loop().time() + 2 * SAVE_SECONDS
    while not lock.try_take():
        if asyncio.get_running_loop().time() > deadline:
            lock.take()
        await asyncio.sleep(0.2)
    return lock


def _own_pipes() -> tuple[BinaryIO, RawIOBase]:
    """Standard output belongs to the protocol: whatever else prints, prints to standard error."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sink, os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)


def _driver(hypervisor: str, data: Path) -> Driver:
    if hypervisor == "fake":
        return FakeHypervisor(FakeWorld(RealClock(), lambda: ScriptedGuest(job_seconds=_FAKE_JOB_S), console_dir=data))
    return QemuDriver(data, owner=_owner(data))


def _owner(data: Path) -> str:
    """The id of the data folder, the mark that our VMs carry; made once."""
    path = data / "id"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        write_atomic(path, os.urandom(16).hex().encode())  # half an id would make our own VMs strangers
        return path.read_text(encoding="ascii").strip()


def _remote(hypervisor: str, data: Path, *, log: Path) -> RemoteHypervisor:
    try:
        data.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnwritable(path=str(data), reason=error.strerror or str(error)) from error
    kind = "qemu" if hypervisor == "auto" else hypervisor
    program = (sys.executable,) if getattr(sys, "frozen", False) else (sys.executable, "-m", "t4t")
    command = (*program, "--data-dir", str(data), "vm-host", "--hypervisor", kind)
    return RemoteHypervisor(command, environment=clean_environment(os.environ), log=log)


# --- in-process services ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Services:
    """`t4t.cli.services.Services` on one data folder."""

    data: Path

    def run_task(self, folder: Path, options: MachineOptions, listen: Callable[[TaskEvent], None]) -> TaskResult:
        """See `Services.run_task`."""
        task = TaskFolder(folder)
        with _task_lock(task):
            return asyncio.run(self._run(task, options, listen))

    async def _run(self, task: TaskFolder, options: MachineOptions, listen: Callable[[TaskEvent], None]) -> TaskResult:
        data = self.data / "tasks" / task.key
        driver = _remote(options.hypervisor, data, log=self.data / "logs" / "vm-host.log")
        wishes = Wishes(
            cores=options.cores or max(1, min(_DEFAULT_CORES, resources.cores() - 1)),
            cap_percent=options.cap_percent,
            memory_mib=options.memory_mib,
            cmdline=options.cmdline,
        )
        runner = TaskRunner(task, driver, data_dir=data, wishes=wishes, clock=RealClock(), listen=listen)
        try:
            with _stop_on_signals(runner.stop):
                return await runner.run()
        finally:
            await driver.close()
            if not any((data / "vms").glob("*/vm.json")):  # nothing left to go on with
                shutil.rmtree(data, ignore_errors=True)

    def run_demo(self, options: MachineOptions, runspec: str | None, listen: Callable[[TaskEvent], None]) -> DemoResult:
        """See `Services.run_demo`."""
        if runspec is not None:
            demo.checked(runspec)
        found = appliance.load(paths.appliance_dir(self.data))
        image = found.verified(appliance.DISK)
        folder, line = demo.next_task(self.data / "demo", image, runspec=runspec)
        result = self.run_task(folder, options, listen)
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

    def appliance_folder(self) -> Path:
        """See `Services.appliance_folder`."""
        return appliance.load(paths.appliance_dir(self.data)).folder

    def appliance_info(self) -> Mapping[str, object]:
        """See `Services.appliance_info`."""
        found = appliance.load(paths.appliance_dir(self.data))
        for name in (appliance.DISK, appliance.ISO):
            found.verified(name)
        return {"path": str(found.folder), **msgspec.to_builtins(found.manifest)}

    def doctor(self, *, reach: bool) -> Diagnosis:
        """See `Services.doctor`."""
        return diagnose(asyncio.run(self._facts(_PROJECT_HOSTS if reach else ())), tables.load())

    async def _facts(self, hosts: Sequence[network.Address]) -> Facts:
        """Everything at once: it is mostly waiting."""
        computer, virtualbox, qemu, way = await asyncio.gather(
            self._computer(), virtualbox_health.look(), qemu_health.look(), network.look(network.RealConnection(), hosts)
        )
        return Facts(computer=computer, virtualbox=virtualbox, qemu=qemu, network=way)

    async def _computer(self) -> Computer:
        return await asyncio.to_thread(probe(self.data).look)

    def virtualbox_health(self) -> tuple[Finding, ...]:
        """See `Services.virtualbox_health`."""

        async def look() -> Facts:
            computer, virtualbox = await asyncio.gather(self._computer(), virtualbox_health.look())
            return Facts(computer=computer, virtualbox=virtualbox)

        return health(asyncio.run(look()), tables.load())

    def has_screen(self) -> bool:
        """See `Services.has_screen`."""
        return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


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
def _stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
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
