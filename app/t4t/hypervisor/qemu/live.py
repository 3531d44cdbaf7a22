"""What a driver holds of a VM that has a process: the monitor, and the services that act on it while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import psutil

from t4t.domain.errors import CommandTimeout, VmLost
from t4t.domain.record import record
from t4t.durable import FileLock
from t4t.hypervisor import process
from t4t.hypervisor.qemu import birth, command, network
from t4t.hypervisor.qemu.files import make_private
from t4t.hypervisor.qemu.limits import Governor
from t4t.hypervisor.qemu.mirror import Mirror
from t4t.hypervisor.qemu.monitor import Monitor
from t4t.hypervisor.qemu.record import MONITORS, SHARE, Records, VmRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from t4t.domain.vm import VmId, VmSpec, VmState
    from t4t.hypervisor.process import ProcessId
    from t4t.hypervisor.qemu.images import Images
    from t4t.hypervisor.qemu.locate import Toolchain

_ANSWER_SECONDS: Final = 10.0
_QUIT_SECONDS: Final = 10.0
_LOG_TAIL: Final = 500
_PID_FILE: Final = "qemu.pid"
_CONSOLE_LIMIT: Final = 8 << 20
_CONSOLE_CHECK_SECONDS: Final = 5.0
_CALM_CHECK_SECONDS: Final = 60.0
_MUCH: Final = 64 << 10
"""A console that says so much between two looks is looked at often."""


@record(kw_only=True)
class Context:
    """What all VMs of a driver share."""

    records: Records
    runtime: Path
    background: bool
    load_seconds: float
    free_bytes: Callable[[Path], int]
    tools: Callable[[], Awaitable[Toolchain]]
    images: Callable[[], Awaitable[Images]]
    publish: Callable[[VmId, VmState], None]


class Live:
    """One VM's process in the hands of this driver.

    The first driver there *serves* the VM (limits, share); another one can look and give commands as long as the first lives.
    """

    def __init__(self, record: VmRecord, owned: ProcessId, on_event: Callable[[str, dict[str, Any]], None], on_death: Callable[[], None]) -> None:
        """Nothing is connected before `attach`."""
        self.process = owned
        self._vm = record.created.vm_id
        self._record = record
        self.monitor = Monitor(self._vm, on_event)
        self._slot: FileLock | None = None
        self.serves = False
        self._governor: Governor | None = None
        self._mirror: Mirror | None = None
        self._bandwidth: network.BandwidthLimit | None = None
        self._console: asyncio.Task[None] | None = None
        self.death = asyncio.create_task(process.wait_gone(owned))
        self.death.add_done_callback(lambda task: None if task.cancelled() else on_death())

    async def attach(self, *, seconds: float) -> None:
        """Connect to the process; `VmLost` when it ends meanwhile, `CommandTimeout` when it does not answer."""
        make_private(Path(self._record.runtime))
        index = self._claim()
        self.serves = index == 0
        if self.serves:
            # An earlier driver may have died while the process rested.
            with contextlib.suppress(psutil.Error):
                self._governor = Governor(self.process)
        await self.monitor.connect(self._record.endpoint(index), seconds=seconds, alive=lambda: process.is_alive(self.process))

    def _claim(self) -> int:
        for index in range(MONITORS):
            slot = FileLock(Path(f"{self._record.stem}.l{index}"))
            if slot.try_acquire():
                self._slot = slot
                return index
        raise CommandTimeout(vm=self._vm, command="connect", seconds=0)

    def may_serve(self) -> bool:
        """Whether the driver that served the VM has gone: somebody must take its place."""
        if self.serves:
            return False
        first = FileLock(Path(f"{self._record.stem}.l0"))
        free = first.try_acquire()
        first.release()
        return free

    @contextlib.asynccontextmanager
    async def awake(self) -> AsyncIterator[Monitor]:
        """The monitor of a process that does not rest meanwhile."""
        if self._governor is None:
            yield self.monitor
            return
        async with self._governor.held():
            yield self.monitor

    async def serve(self, record: VmRecord) -> None:
        """Put limits in force and run the share, if it is ours to do."""
        self._record = record
        if not self.serves:
            return
        spec = record.settings
        if self._governor is not None:
            await self._governor.limit(spec.cap_percent, spec.cores)
        await self.limit_bandwidth(record)
        if self._mirror is None and spec.shares:
            self._mirror = Mirror(Path(spec.shares[0].host_path), record.endpoint(SHARE))
            self._mirror.start()

    def bound_console(self, log: Path) -> None:
        """Keep the guest's console log from filling the disk."""
        if self.serves and self._console is None:
            self._console = asyncio.create_task(_bound(log))

    async def limit_bandwidth(self, record: VmRecord) -> None:
        """Put the bandwidth limit of ``record`` in force."""
        if not self.serves or not record.settings.network:
            return
        if self._bandwidth is None:
            if record.settings.bandwidth_kib_s is None:
                return
            self._bandwidth = network.BandwidthLimit(self.monitor, record.stem)
        async with self.awake():
            await self._bandwidth.apply(record.settings.bandwidth_kib_s)

    def guest_opened_share(self) -> None:
        """The guest's agent has begun to listen."""
        if self._mirror is not None:
            self._mirror.guest_opened()

    async def end(self) -> None:
        """End the process: politely, then by force."""
        if self._governor is not None:
            await self._governor.stop()
        with contextlib.suppress(VmLost, CommandTimeout):
            await self.monitor.execute("quit", seconds=_QUIT_SECONDS)
        if not await self.gone(_QUIT_SECONDS):
            process.kill(self.process)
            if not await self.gone(_QUIT_SECONDS):
                raise CommandTimeout(vm=self._vm, command="kill", seconds=_QUIT_SECONDS)

    async def gone(self, seconds: float) -> bool:
        """Wait for the process to end."""
        done, _ = await asyncio.wait({self.death}, timeout=seconds)
        return bool(done)

    async def release(self, *, lost: bool) -> None:
        """Let go of the VM; it goes on without limits if it still lives (``lost`` false)."""
        if self._console is not None:
            self._console.cancel()
            await asyncio.gather(self._console, return_exceptions=True)
        if self._mirror is not None:
            await self._mirror.stop()
        if self._governor is not None:
            await self._governor.stop()
        if self._bandwidth is not None:
            if lost or not self.monitor.connected:
                await self._bandwidth.let_go()
            else:
                await self._bandwidth.lift()
        await self.monitor.close()
        self.death.cancel()
        await asyncio.gather(self.death, return_exceptions=True)
        if self._slot is not None:
            self._slot.release()


async def _bound(log: Path) -> None:
    before = 0
    while True:
        size = _shorten(log)
        await asyncio.sleep(_CALM_CHECK_SECONDS if abs(size - before) < _MUCH else _CONSOLE_CHECK_SECONDS)
        before = size


def _shorten(log: Path) -> int:
    """Put the beginning of a long log aside; QEMU appends, so it goes on at the new end. Its size before."""
    size = 0
    with contextlib.suppress(OSError):
        size = log.stat().st_size
        if size > _CONSOLE_LIMIT:
            with log.open("r+b") as file:
                file.seek(-_CONSOLE_LIMIT // 2, os.SEEK_END)
                log.with_suffix(".log.1").write_bytes(file.read(_CONSOLE_LIMIT // 2))
                file.truncate(0)
    return size


def launch(context: Context, tools: Toolchain, record: VmRecord) -> VmRecord:
    """Start the process (it waits); the record with its pid. `VmLost` if it ended at once."""
    spec: VmSpec = record.settings
    home = context.records.home(spec.vm_id)
    monitors = tuple(record.endpoint(index) for index in range(MONITORS))
    for endpoint in (*monitors, record.endpoint(SHARE)):
        if endpoint.path:
            Path(endpoint.path).unlink(missing_ok=True)
    plan = command.Launch(
        tools=tools,
        spec=spec,
        home=home,
        machine=record.machine or "pc",
        monitors=monitors,
        share=record.endpoint(SHARE) if spec.shares else None,
        pid_file=home / _PID_FILE,
    )
    pid = birth.spawn(command.arguments(plan), home / "qemu.log", background=context.background)
    started = process.start_time(pid)
    if started is None:
        process.reap(pid)
        raise VmLost(vm=spec.vm_id, detail=log_tail(home))
    return msgspec.structs.replace(record, pid=pid, started=started)


async def end_orphan(home: Path, vm_id: VmId) -> None:
    """End a process of the VM that no record knows: its driver died before it could write the pid down, so it has never run the guest."""
    file = home / _PID_FILE
    try:
        pid = int(file.read_text())
    except (OSError, ValueError):
        return
    started = process.start_time(pid)
    if started is not None and vm_id in process.command_line(pid):
        orphan = process.ProcessId(pid, started)
        process.kill(orphan)
        await process.wait_gone(orphan)
    file.unlink(missing_ok=True)


def log_tail(home: Path) -> str:
    """What QEMU said last."""
    with contextlib.suppress(OSError):
        return (home / "qemu.log").read_text(errors="replace").strip()[-_LOG_TAIL:]
    return ""


async def idle_processors(monitor: Monitor) -> None:
    """The guest computes only where nobody else wants the core."""
    for cpu in await monitor.execute("query-cpus-fast", seconds=_ANSWER_SECONDS):
        process.make_idle(int(cpu["thread-id"]))


def remove_sockets(record: VmRecord) -> None:
    """The VM has no process: what it listened on is of no use."""
    for path in Path(record.runtime).glob(f"{Path(record.stem).name}.*") if record.runtime else ():
        path.unlink(missing_ok=True)


def remove_runtime(folder: Path) -> None:
    """Remove the folder of the sockets, unless another VM has some there."""
    with contextlib.suppress(OSError):
        folder.rmdir()
