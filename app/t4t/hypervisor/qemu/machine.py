"""One VM: its commands one at a time, its record kept true, its process found again whoever started it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from t4t.domain.errors import CommandFailed, CommandTimeout, HostError, T4TError, VmLost, VmNotFound, VmNotOurs
from t4t.domain.vm import VmId, VmInfo, VmState
from t4t.hypervisor import process
from t4t.hypervisor.qemu import command
from t4t.hypervisor.qemu.live import Context, Live, end_orphan, remove_sockets
from t4t.hypervisor.qemu.record import Intent, VmRecord
from t4t.hypervisor.qemu.states import GUEST_OFF, after_death, from_status
from t4t.hypervisor.turns import LOCK_SECONDS, Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_LOOK_SECONDS: Final = 5.0
_JOB_SECONDS: Final = 60.0
_START_SECONDS: Final = 60.0
_ADOPT_SECONDS: Final = 15.0
_TELLING: Final = frozenset({"STOP", "RESUME", "SHUTDOWN", "SUSPEND", "WAKEUP", "GUEST_PANICKED", "BLOCK_IO_ERROR"})
_MEANT: Final = {
    Intent.STARTING: VmState.STARTING,
    Intent.RESTORING: VmState.RESTORING,
    Intent.SAVING: VmState.SAVING,
    Intent.LEAVING: VmState.SAVING,
    Intent.ENDING: VmState.STOPPING,
}
_replace = msgspec.structs.replace


class Machine:
    """The life of one VM, as far as this driver sees it."""

    def __init__(self, context: Context, vm_id: VmId) -> None:
        """Nothing is touched before the first command."""
        self.context = context
        self.vm_id = vm_id
        self.home = context.records.home(vm_id)
        self.live: Live | None = None
        self.turns = Turns(vm_id, exists=lambda: context.records.load(vm_id), lock_path=lambda: context.records.lock_path(vm_id))
        self._looking: asyncio.Task[None] | None = None
        self._news = False
        self._closed = False

    # --- one at a time -----------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def exclusive(self, seconds: float = LOCK_SECONDS) -> AsyncIterator[VmRecord]:
        """Nobody else commands the VM meanwhile, also in no other process; the record is settled."""
        async with self.turns.turn(seconds):
            yield await self._settle(self.context.records.load(self.vm_id))

    def write(self, record: VmRecord) -> VmRecord:
        """Make the record durable; `NotEnoughDisk` or `FolderUnwritable`."""
        return self.context.records.write(record)

    def tell(self, state: VmState) -> None:
        """Tell watchers."""
        self.context.publish(self.vm_id, state)

    # --- looking -----------------------------------------------------------------------------------------------------

    async def look(self) -> VmInfo:
        """The VM as it is."""
        if not self.turns.taken or not self._can_glance():
            with contextlib.suppress(CommandTimeout, HostError):
                async with self.exclusive(_LOOK_SECONDS) as record:
                    return await self.info(record)
        return await self._glance()

    def _can_glance(self) -> bool:
        """Whether something can be said about the VM while somebody works on it."""
        connected = self.live is not None and self.live.monitor.connected
        return connected or self.context.records.load(self.vm_id).intent in _MEANT

    async def info(self, record: VmRecord) -> VmInfo:
        """An observation with a settled record."""
        if record.process is None:
            return self._describe(record, record.resting, "")
        try:
            status = await self._status()
        except CommandTimeout:
            return self._describe(record, VmState.UNKNOWN, "no answer")
        except VmLost:
            if await process.gone_soon(record.process):
                return self._describe(record, after_death(record), "")
            return self._describe(record, VmState.UNKNOWN, "no connection")
        return self._describe(record, from_status(status), status)

    async def _glance(self) -> VmInfo:
        """An observation while a command is under way, here or in another process."""
        record = self.context.records.load(self.vm_id)
        owned = record.process
        if owned is not None and not process.is_alive(owned):
            return self._describe(record, after_death(record), "")
        if record.intent in _MEANT:
            return self._describe(record, _MEANT[record.intent], record.intent.value)
        if owned is None:
            return self._describe(record, record.resting, "")
        if self.live is not None and self.live.monitor.connected:
            return await self.info(record)
        return self._describe(record, VmState.UNKNOWN, "no connection")

    def _describe(self, record: VmRecord, state: VmState, raw: str) -> VmInfo:
        spec, owned = record.settings, record.process
        lives = owned is not None and state.alive
        return VmInfo(
            vm_id=self.vm_id,
            name=spec.name,
            state=state,
            raw_state=raw,
            pid=owned.pid if owned is not None and lives else None,
            pid_started=owned.started if owned is not None and lives else None,
            cpu_seconds=process.cpu_seconds(owned) if owned is not None and lives else 0.0,
            cores=spec.cores,
            memory_mib=spec.memory_mib,
            cap_percent=spec.cap_percent,
            link_up=spec.link_up,
            bandwidth_kib_s=spec.bandwidth_kib_s,
            ports=record.ports if lives and record.ports else spec.ports,
            saved_state_bytes=record.state_bytes if record.state_tag else 0,
            console_log=str(self.home / "console.log") if record.was_started else None,
        )

    async def told(self, record: VmRecord) -> VmInfo:
        """An observation with a settled record, for watchers too."""
        info = await self.info(record)
        self.tell(info.state)
        return info

    async def look_after(self) -> VmInfo:
        """The VM as it is, once nobody is at work on it."""
        async with self.exclusive() as record:
            return await self.told(record)

    def glance_soon(self) -> None:
        """Something has happened: look when nobody is at work, and tell watchers."""
        self._news = True
        if not self._closed and (self._looking is None or self._looking.done()):
            self._looking = self.turns.keep(asyncio.create_task(self._refresh()))

    async def _refresh(self) -> None:
        while self._news:
            self._news = False
            try:
                await self.look_after()
            except (VmNotFound, VmNotOurs):
                self.tell(VmState.ABSENT)

    def _heard(self, event: str, data: dict[str, Any]) -> None:
        if event in _TELLING:
            self.glance_soon()
        elif event == "VSERPORT_CHANGE" and data.get("open") is True and self.live is not None:
            self.live.guest_opened_share()

    # --- finding what others left ------------------------------------------------------------------------------------

    async def _settle(self, record: VmRecord) -> VmRecord:
        owned = record.process
        if owned is None:
            return await self._without_process(record) if record.intent is not Intent.NONE else record
        if not process.is_alive(owned):
            return await self.bury(record)
        if self.live is None or self.live.process != owned or not self.live.monitor.connected or self.live.may_serve():
            try:
                await self.attach(record, seconds=_ADOPT_SECONDS)
                await self._finish_jobs()
            except (VmLost, CommandTimeout):
                # One that does not answer can still be powered off.
                return await self.bury(record) if await process.gone_soon(owned) else record
            await self.serve()
        try:
            status = await self._status()
            if record.intent is not Intent.NONE or status == GUEST_OFF:
                return await self._recover(record, status)
        except (VmLost, CommandTimeout):
            if await process.gone_soon(owned):
                return await self.bury(record)
        return record

    async def _status(self) -> str:
        if self.live is None:
            raise VmLost(vm=self.vm_id, detail="no process")
        return await self.live.monitor.status()

    async def serve(self) -> None:
        """Put limits in force and run the share; a failure (the VM just ended) shows elsewhere."""
        record = self.context.records.load(self.vm_id)
        if self.live is not None and record.intent is Intent.NONE:
            with contextlib.suppress(CommandFailed, CommandTimeout, VmLost, OSError):
                await self.live.serve(record)
                self.live.bound_console(self.home / "console.log")

    async def _without_process(self, record: VmRecord) -> VmRecord:
        """A driver died between its intent and the pid."""
        await end_orphan(self.home, self.vm_id)
        return self.write(record.ended(after_death(record)))

    async def _finish_jobs(self) -> None:
        """Jobs of a driver that died go to their end."""
        if self.live is None:
            return
        monitor = self.live.monitor
        deadline = asyncio.get_running_loop().time() + _JOB_SECONDS
        while jobs := await monitor.execute("query-jobs"):
            for job in jobs:
                if job["status"] == "concluded":
                    await monitor.execute("job-dismiss", {"id": job["id"]})
            if asyncio.get_running_loop().time() > deadline:
                raise CommandTimeout(vm=self.vm_id, command="query-jobs", seconds=_JOB_SECONDS)
            if any(job["status"] != "concluded" for job in jobs):
                await asyncio.sleep(0.1)

    async def _recover(self, record: VmRecord, status: str) -> VmRecord:
        """The driver that had an intent is gone, or the guest switched itself off: bring it to an end."""
        if status == GUEST_OFF:
            return await self.finish(self.write(_replace(record, intent=Intent.ENDING)))
        match record.intent:
            case Intent.SAVING:
                if record.go_on and self.live is not None:
                    await self.live.monitor.execute("cont")
                record = _replace(record, intent=Intent.NONE, pending_tag="", go_on=False).with_stale(record.pending_tag)
            case Intent.STARTING | Intent.RESTORING if from_status(status) in {VmState.RUNNING, VmState.PAUSED}:
                record = record.running()
            case _:
                return await self.finish(record)
        record = self.write(record)
        await self.serve()
        return record

    async def attach(self, record: VmRecord, *, seconds: float = _START_SECONDS) -> Live:
        """Connect to the VM's process."""
        owned = record.process
        if owned is None:
            raise VmLost(vm=self.vm_id, detail="no process")
        await self.let_go()
        live = Live(record, owned, self._heard, self.glance_soon)
        try:
            await live.attach(seconds=seconds)
        except BaseException:
            await live.release(lost=True)
            raise
        self.live = live
        return live

    async def let_go(self, *, lost: bool = True) -> None:
        """Forget the process; it is not ended."""
        live, self.live = self.live, None
        if live is not None:
            await live.release(lost=lost)

    async def bury(self, record: VmRecord) -> VmRecord:
        """The process is gone: the record says what is left."""
        await self.let_go()
        if record.process is not None:
            await process.gone_soon(record.process)
        remove_sockets(record)
        return self.write(record.ended(after_death(record)))

    async def finish(self, record: VmRecord) -> VmRecord:
        """End the process; its intent says what that means."""
        if self.live is not None:
            await self.live.end()
        elif record.process is not None:
            process.kill(record.process)
            if not await process.gone_soon(record.process):
                raise CommandTimeout(vm=self.vm_id, command="kill", seconds=process.DYING_SECONDS)
        return await self.bury(record)

    async def close(self) -> None:
        """Let commands come to their end, then let go; the VM goes on."""
        self._closed = True
        await self.turns.finish()
        await self.let_go(lost=False)

    def running(self) -> Live:
        """The process that must be there."""
        if self.live is None:
            raise VmLost(vm=self.vm_id, detail="no process")
        return self.live

    async def reached(self, wanted: str, what: str) -> None:
        """QEMU has done it when it has answered; make sure."""
        status = await self._status()
        if status != wanted:
            raise CommandFailed(vm=self.vm_id, command=what, detail=status)

    async def sweep(self, record: VmRecord) -> VmRecord:
        """Delete from the images what is not needed any more; a failure is tried again another time."""
        if not record.stale_tags:
            return record
        nodes = command.images(record.settings, self.home)
        try:
            if self.live is not None:
                async with self.live.awake() as monitor:
                    for tag in record.stale_tags:
                        await monitor.job("snapshot-delete", {"tag": tag, "devices": sorted(nodes)}, seconds=_JOB_SECONDS)
            else:
                await (await self.context.images()).forget(list(nodes.values()), record.stale_tags)
        except T4TError:
            return record
        return self.write(_replace(record, stale_tags=()))
