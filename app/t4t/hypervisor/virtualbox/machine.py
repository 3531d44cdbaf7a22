"""One VM: its commands one at a time, its record kept true, its state as VirtualBox and its process show it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from t4t.domain.errors import CommandTimeout, HostError, HypervisorBroken, T4TError, VmNotFound, VmNotOurs, VmWrongState
from t4t.domain.record import record
from t4t.domain.vm import VmId, VmInfo, VmState
from t4t.hypervisor import process
from t4t.hypervisor.turns import LOCK_SECONDS, Turns
from t4t.hypervisor.virtualbox import judging, locate, log, options, processes, removing
from t4t.hypervisor.virtualbox.bases import inside
from t4t.hypervisor.virtualbox.judging import ORPHANED, Sight
from t4t.hypervisor.virtualbox.record import Intent, VmRecord, replace
from t4t.hypervisor.virtualbox.versions import NAME

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from t4t.hypervisor.process import ProcessId
    from t4t.hypervisor.virtualbox.context import Context
    from t4t.hypervisor.virtualbox.road import Road
    from t4t.hypervisor.virtualbox.view import Machine as View

_LOG: Final = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 5.0
_RELEASE_SECONDS: Final = 15.0
"""How long the process of a VM that has ended may live on: it takes 0.5 to 3 s."""
_UNLOCK_SECONDS: Final = 15.0
_FIRST_STEP: Final = 0.02
_LONGEST_STEP: Final = 0.3
_AGAIN_SECONDS: Final = 1.0
_ATTEMPTS: Final = 5
_WITH_STATE: Final = frozenset({VmState.SAVED, VmState.ABORTED_SAVED})
_T = TypeVar("_T")


@record(kw_only=True)
class Look:
    """One observation. ``view`` is VirtualBox's own; None where a command's success was the observation, or nothing could be read."""

    state: VmState
    raw: str
    owned: ProcessId | None = None
    orphaned: bool = False
    view: View | None = None


class Machine:
    """The life of one VM, as far as this driver sees it."""

    def __init__(self, context: Context, vm_id: VmId) -> None:
        """Nothing is touched before the first command."""
        self.context = context
        self.vm_id = vm_id
        self.home = context.records.home(vm_id)
        self.turns = Turns(vm_id, exists=lambda: context.records.load(vm_id), lock_path=lambda: context.records.lock_path(vm_id))
        self.seen: Look | None = None
        self._seen_at = 0.0
        self._stale = True
        self._tail: log.Tail | None = None
        self._looking: asyncio.Task[None] | None = None
        self._news = False
        self._closed = False

    @property
    def road(self) -> Road:
        """The way to VirtualBox."""
        return self.context.road

    # --- one at a time ------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def exclusive(self, seconds: float = LOCK_SECONDS) -> AsyncIterator[VmRecord]:
        """Nobody else commands the VM meanwhile, also in no other process; the record is settled."""
        async with self.turns.turn(seconds):
            record = self.context.records.load(self.vm_id)
            await self.context.connect()
            yield await self._settle(record)

    def write(self, record: VmRecord) -> VmRecord:
        """Make the record durable; `NotEnoughDisk` or `FolderUnwritable`."""
        return self.context.records.write(record)

    async def do(self, work: Awaitable[_T]) -> _T:
        """Ask VirtualBox for something about this VM. It must know the VM: that it does not is no reason to believe that there is none."""
        try:
            return await work
        except VmNotFound:
            self._stale = True
            raise await self.unknown() from None

    async def unknown(self) -> HypervisorBroken:
        """VirtualBox says that there is no such VM, and our record says that there is."""
        home = await self.road.home()
        if home is not None:
            locate.check_home(str(home), self.context.homes)
        place = "another folder" if home is None else str(home)
        return HypervisorBroken(hypervisor=NAME, detail=f"it does not know our VM {self.vm_id}: somebody removed it there, or it looks in {place}")

    async def _settle(self, record: VmRecord) -> VmRecord:
        """Bring to an end what a driver that died had begun, and take note of a process that is gone."""
        if record.intent in {Intent.CREATING, Intent.DELETING}:
            await removing.remove(self, record)
            raise VmNotFound(vm=self.vm_id)
        if record.intent is Intent.NONE and self.seen is not None and (record.process is None or process.is_alive(record.process)):
            return record
        return (await self.look(record))[0]

    # --- looking ------------------------------------------------------------------------------------------------------

    async def look(self, record: VmRecord) -> tuple[VmRecord, Look]:
        """Ask VirtualBox, compare with the VM's process, and write down what changed."""
        self._mark_log()
        begun = self.context.clock.monotonic()
        if self.seen is None and record.was_started and record.process is None and (found := self.find_process()) is not None:
            record = record.with_process(found)  # begun by a driver that died before it could write it down
        if self.is_orphaned(record):
            orphan = Look(state=VmState.RUNNING, raw=ORPHANED, owned=record.process, orphaned=True)
            return await self._note(record, orphan), self._keep(orphan, begun)
        try:
            view = await self.do(self.road.machine(self.vm_id))
        except VmWrongState as error:
            if error.state != "inaccessible":
                raise
            return record, self._keep(Look(state=VmState.INACCESSIBLE, raw=error.state), begun)
        self._prove(view)
        await self.context.check_home()
        owned = self._process_of(record, view)
        sight = Sight(
            state=view.state,
            session=bool(view.session),
            process=owned is not None if owned is not None or record.process is not None else None,
            forgotten=owned is not None and self.context.forgot(owned),
            resting=record.resting,
        )
        if owned is None and record.resting is None:
            record = replace(record, resting=self._end_of(record, view))
            sight = dataclasses.replace(sight, resting=record.resting)
        state = judging.judged(sight)
        orphaned = judging.is_orphaned(sight)
        seen = Look(state=state, raw=ORPHANED if orphaned else view.raw_state, owned=owned, orphaned=orphaned, view=view)
        return await self._note(record, seen), self._keep(seen, begun)

    def _end_of(self, record: VmRecord, view: View) -> VmState | None:
        """How the VM ended, where VirtualBox does not know it."""
        aborted = view.state in {VmState.ABORTED, VmState.ABORTED_SAVED}
        if (record.process is None and not aborted) or (file := self.log_file()) is None:
            return None
        last_word = log.last_state(log.end_of(file))
        return judging.ended_well(view.state, last_word) if aborted else judging.ended_unseen(view.state, last_word)

    def _process_of(self, record: VmRecord, view: View) -> ProcessId | None:
        owned = record.process
        if owned is not None and process.is_alive(owned):
            return owned
        return self.find_process() if view.session or view.state.alive else None

    def find_process(self) -> ProcessId | None:
        """The VM's process, whoever started it."""
        return processes.find_vm(self.vm_id, self.pid_in_log())

    def pid_in_log(self) -> int | None:
        """The pid that the VM's log names, which may be an old one."""
        file = self.log_file()
        return None if file is None else log.process_id(log.head_of(file, 4096))

    def _prove(self, view: View) -> None:
        """Ours is what lies in our folder or bears our mark."""
        if not (inside(self.home)(view.config_file) or options.owner_in(view.description) == self.context.owner):
            raise VmNotOurs(vm=self.vm_id)

    async def _note(self, record: VmRecord, seen: Look) -> VmRecord:
        """Write down what this look says that the record does not."""
        before, view = record, seen.view
        owned = seen.owned
        record = record.with_process(owned if seen.state.alive or owned is None else record.process)
        if seen.state.settled:
            record = replace(record, intent=Intent.NONE)
        if view is not None and view.state in _WITH_STATE:
            if view.state_file != record.state_file:
                record = replace(record, state_file=view.state_file, state_bytes=file_size(view.state_file) or 0)
        elif seen.state.settled:
            record = replace(record, state_file="", state_bytes=0)
        if record != before:
            record = self.write(record)
        if owned is not None and seen.state.alive:
            self.context.seen_process(self.vm_id, owned)
        return record

    def _keep(self, seen: Look, at: float) -> Look:
        self.seen, self._seen_at, self._stale = seen, at, False
        return seen

    def assume(self, record: VmRecord, state: VmState) -> Look:
        """A command succeeded, which says what the state is now."""
        self._mark_log()
        owned = record.process if state.alive else None
        if owned is not None:
            self.context.seen_process(self.vm_id, owned)
        return self._keep(Look(state=state, raw=state.value, owned=owned), self.context.clock.monotonic())

    async def current(self, record: VmRecord) -> tuple[VmRecord, Look]:
        """What was seen, if that still holds; else another look."""
        if self.seen is not None and self.is_fresh() and self.seen.orphaned == self.is_orphaned(record):
            return record, self.seen
        return await self.look(record)

    def is_orphaned(self, record: VmRecord) -> bool:
        """Whether the VM's process lives and VirtualBox has lost it: then there is nothing to ask VirtualBox."""
        owned = record.process
        return owned is not None and process.is_alive(owned) and self.context.forgot(owned)

    def must_be_reached(self, record: VmRecord, command: str) -> None:
        """`HypervisorBroken` for a command that can't reach the VM."""
        if self.is_orphaned(record):
            raise self.wrong_state(Look(state=VmState.RUNNING, raw=ORPHANED, orphaned=True), command)

    def is_fresh(self) -> bool:
        """Whether what was seen still holds, as far as can be known without asking VirtualBox."""
        seen = self.seen
        return judging.is_fresh(
            state=None if seen is None else seen.state,
            age=self.context.clock.monotonic() - self._seen_at,
            look_seconds=self.road.look_seconds,
            hinted=self._stale or self._hinted(),
            process=seen is not None and seen.owned is not None and process.is_alive(seen.owned),
        )

    def _hinted(self) -> bool:
        """Whether the VM's log tells of a change of state since the last look."""
        if self.road.look_seconds is None:
            return False
        if self._tail is None:
            self._mark_log()
            self._stale = self._tail is not None
        else:
            self._stale = log.tells_of_state(self._tail.read())
        return self._stale

    def _mark_log(self) -> None:
        """What the log says until now is known."""
        if self._tail is None and (file := self.log_file()) is not None:
            self._tail = log.Tail(file)
        if self._tail is not None:
            self._tail.skip()

    def log_file(self) -> Path | None:
        """The VM's log, if it was ever started."""
        return next((file for file in self.home.glob(f"*/Logs/{log.NAME}") if file.is_file()), None)

    async def observe(self) -> VmInfo:
        """The VM as it is, also while somebody is at work on it."""
        if not self.turns.taken or judging.meant(self.context.records.load(self.vm_id).intent) is None:
            with contextlib.suppress(CommandTimeout, HostError):
                async with self.exclusive(_LOOK_SECONDS) as record:
                    return self.info(*await self.current(record))
        record = self.context.records.load(self.vm_id)
        state = judging.meant(record.intent)
        return self.info(record, Look(state=VmState.UNKNOWN if state is None else state, raw=record.intent.value, owned=record.process))

    def info(self, record: VmRecord, seen: Look) -> VmInfo:
        """An observation as the contract wants it."""
        spec = record.settings
        alive = seen.state.alive
        owned = seen.owned if alive else None
        file = self.log_file() if record.was_started else None
        return VmInfo(
            vm_id=self.vm_id,
            name=spec.name,
            state=seen.state,
            raw_state=seen.raw,
            pid=None if owned is None else owned.pid,
            pid_started=None if owned is None else owned.started,
            cpu_seconds=0.0 if owned is None else process.cpu_seconds(owned),
            cores=spec.cores,
            memory_mib=spec.memory_mib,
            cap_percent=spec.cap_percent,
            link_up=spec.link_up,
            bandwidth_kib_s=spec.bandwidth_kib_s,
            ports=record.ports if alive else spec.ports,
            saved_state_bytes=record.state_bytes if seen.state in _WITH_STATE else 0,
            console_log=None if file is None else str(file),
        )

    def told(self, record: VmRecord, seen: Look) -> VmInfo:
        """An observation, for watchers too."""
        self.context.publish(self.vm_id, seen.state)
        return self.info(record, seen)

    def wrong_state(self, seen: Look, command: str) -> T4TError:
        """Why a command can't be given."""
        if seen.orphaned:
            return HypervisorBroken(hypervisor=NAME, detail=f"VBoxSVC was ended while the VM ran: {command} no longer reaches it")
        return VmWrongState(vm=self.vm_id, state=seen.state.value, command=command)

    # --- the end of its process ---------------------------------------------------------------------------------------

    async def released(self, record: VmRecord) -> tuple[VmRecord, Look]:
        """Wait until nothing holds the VM any more: its process is gone, and VirtualBox has seen it. The state is there earlier."""
        owned = record.process or self.find_process()
        if owned is not None:
            await self.end(owned, patience=_RELEASE_SECONDS)
        step = _FIRST_STEP
        deadline = self.context.clock.monotonic() + _UNLOCK_SECONDS
        while True:
            record, seen = await self.look(record)
            if (seen.view is None or not seen.view.session) and seen.state.settled:
                return record, seen
            if self.context.clock.monotonic() > deadline:
                raise CommandTimeout(vm=self.vm_id, command="unlock", seconds=_UNLOCK_SECONDS)
            await self.context.clock.sleep(step)
            step = min(_LONGEST_STEP, step * 2)

    async def end(self, owned: ProcessId, *, patience: float = 0.0) -> None:
        """Wait for the end of the VM's process; after ``patience`` seconds it is killed."""
        try:
            async with asyncio.timeout(patience):
                await process.wait_gone(owned)
        except TimeoutError:
            if patience:
                _LOG.warning("the process %d of %s did not end by itself", owned.pid, self.vm_id)
            process.kill(owned)
            if not await process.gone_soon(owned):
                raise CommandTimeout(vm=self.vm_id, command="kill", seconds=process.DYING_SECONDS) from None

    # --- news ---------------------------------------------------------------------------------------------------------

    def doubt(self) -> None:
        """Something may have happened: look when nobody is at work, and tell watchers."""
        self._stale = True
        self._news = True
        if not self._closed and (self._looking is None or self._looking.done()):
            self._looking = self.turns.keep(asyncio.create_task(self._refresh()))

    def process_ended(self, owned: ProcessId) -> None:
        """The VM's process is gone. Where nobody is at work and its log breaks off, that is told before VirtualBox, which sees it late, is asked."""
        seen, file = self.seen, self.log_file()
        if seen is not None and seen.owned == owned and file is not None and not self.turns.taken:
            state = judging.ended_at_once(seen.state, log.last_state(log.end_of(file)))
            if state is not None:
                self.context.publish(self.vm_id, state)
        self.doubt()

    async def _refresh(self) -> None:
        attempts = 0
        while self._news and not self._closed:
            self._news = False
            try:
                async with self.exclusive() as record:
                    self.told(*await self.current(record))
                attempts = 0
            except (VmNotFound, VmNotOurs):
                self.context.publish(self.vm_id, VmState.ABSENT)
            except T4TError as error:
                attempts += 1
                _LOG.warning("%s can't be looked at: %s", self.vm_id, error)
                self._news = attempts < _ATTEMPTS
                await self.context.clock.sleep(_AGAIN_SECONDS)

    async def close(self) -> None:
        """Let commands come to their end, then let go; the VM goes on."""
        self._closed = True
        await self.turns.finish()


def file_size(path: str) -> int | None:
    """The size of a file; None if it is not there."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return None
