"""Starting, pausing and going on, with or without a saved state."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandFailed, MediumMissing, PortUnavailable, StateUnreadable, T4TError, VmLost, VmWrongState
from t4t.domain.vm import VmInfo, VmState
from t4t.hypervisor import process
from t4t.hypervisor.needs import is_file
from t4t.hypervisor.specs import media
from t4t.hypervisor.virtualbox import errors, judging, log, ports, processes
from t4t.hypervisor.virtualbox.machine import file_size
from t4t.hypervisor.virtualbox.record import Intent, replace

if TYPE_CHECKING:
    from t4t.hypervisor.process import ProcessId
    from t4t.hypervisor.virtualbox.machine import Look, Machine
    from t4t.hypervisor.virtualbox.record import VmRecord

_LOG: Final = logging.getLogger(__name__)
_STEP: Final = 0.1
_LEAST_PROGRESS: Final = 0.05
"""Seconds of processor time, or MiB read, below which a process counts as standing still."""
_BEGUN: Final = frozenset({VmState.STARTING, VmState.RESTORING})
_WITH_STATE: Final = frozenset({VmState.SAVED, VmState.ABORTED_SAVED})
_ON: Final = frozenset({VmState.RUNNING, VmState.PAUSED})


async def start(machine: Machine) -> VmInfo:
    """See `Hypervisor.start`."""
    async with machine.exclusive() as settled:
        record, seen = await machine.current(settled)
        if seen.state in _BEGUN:
            record, seen = await _follow(machine, record, seen)
        if seen.state is VmState.PAUSED:
            return await _go_on(machine, record)
        if seen.state is VmState.RUNNING and not seen.orphaned:
            return machine.told(record, seen)
        if seen.state.alive and not seen.orphaned:
            raise machine.wrong_state(seen, "start")
        record, seen = await _without_process(machine, record, seen)
        _check_files(record)
        restoring = seen.state in _WITH_STATE
        if restoring and not judging.state_is_whole(size=file_size(record.state_file), recorded=record.state_bytes):
            raise StateUnreadable(vm=machine.vm_id, detail=f"{record.state_file} is missing or cut off")
        record = await ports.renew(machine, record)
        record = machine.write(replace(record, intent=Intent.RESTORING if restoring else Intent.STARTING, was_started=True))
        machine.context.publish(machine.vm_id, VmState.RESTORING if restoring else VmState.STARTING)
        try:
            record = await _boot(machine, record)
        except BaseException:
            await asyncio.shield(_give_up(machine, record))
            raise
        return machine.told(record, machine.assume(record, VmState.RUNNING))


def _check_files(record: VmRecord) -> None:
    """`MediumMissing` for a file that the VM is made of (also an image that we have converted: a VM without its image is nobody's)."""
    for path in (*media(record.settings), record.base):
        if path and not is_file(path):
            raise MediumMissing(path=path)


async def _without_process(machine: Machine, record: VmRecord, seen: Look) -> tuple[VmRecord, Look]:
    """Two processes on one disk ruin it: an old one must be gone before there is a new one."""
    owned = seen.owned or record.process or machine.find_process()
    if owned is None or not process.is_alive(owned):
        return record, seen
    if seen.orphaned or machine.context.forgot(owned):
        _LOG.warning(
            "VirtualBox has lost the process %d of %s, since VBoxSVC was ended: it is ended too, with what it had not written", owned.pid, machine.vm_id
        )
        await machine.end(owned)
    return await machine.released(record)


async def _boot(machine: Machine, record: VmRecord) -> VmRecord:
    """Until VirtualBox calls it running; a restore that stands still is ended."""
    starting = asyncio.create_task(machine.road.start(machine.vm_id))
    clock = machine.context.clock
    stall = judging.Stall(seconds=machine.context.stall_seconds, least=_LEAST_PROGRESS)
    stalled = False
    while not starting.done():
        await asyncio.wait({starting}, timeout=_STEP)
        record = _note_process(machine, record, machine.pid_in_log())
        owned = record.process
        if record.intent is Intent.RESTORING and owned is not None and not stalled and stall.observe(clock.monotonic(), processes.progress(owned)):
            _LOG.warning("%s stands still while it loads its state: its process %d is ended", machine.vm_id, owned.pid)
            process.kill(owned)
            stalled = True
    try:
        await machine.do(starting)
    except T4TError as error:
        raise _reason(machine, record, error, stalled=stalled) from error
    if record.process is None or not process.is_alive(record.process):
        record = _note_process(machine, record, None)
    try:
        record = await ports.verify(machine, replace(record, intent=Intent.NONE, state_file="", state_bytes=0, resting=None))
    except PortUnavailable:
        await machine.do(machine.road.power_off(machine.vm_id))
        raise
    if record.process is not None:
        background(machine, record.process)  # the threads of its processors were not there before
    return machine.write(await _tell_cap(machine, record))


def _note_process(machine: Machine, record: VmRecord, hint: int | None) -> VmRecord:
    """Write down the VM's process as soon as it is known, and let it compute in the background."""
    if record.process is not None and process.is_alive(record.process):
        return record
    owned = machine.find_process() if hint is None else processes.known_vm(machine.vm_id, hint)
    if owned is None:
        return record
    background(machine, owned)
    return machine.write(record.with_process(owned))


def background(machine: Machine, owned: ProcessId) -> None:
    """At idle priority, if that is wanted."""
    if machine.context.background:
        processes.make_background(owned)


def _reason(machine: Machine, record: VmRecord, error: T4TError, *, stalled: bool) -> T4TError:
    """Why it did not start: a saved state's own fault is only what is certain (whoever hears that may discard it)."""
    if stalled:
        return StateUnreadable(vm=machine.vm_id, detail="VirtualBox stood still while it loaded the state")
    if isinstance(error, (CommandFailed, VmLost)) and (file := machine.log_file()) is not None:
        cause = errors.from_log(log.end_of(file), machine.vm_id, str(machine.home))
        if cause is not None and (record.intent is Intent.RESTORING or not isinstance(cause, StateUnreadable)):
            return cause
    return error


async def _give_up(machine: Machine, record: VmRecord) -> None:
    """A start that failed leaves no process and the saved state as it was."""
    try:
        record = _note_process(machine, machine.context.records.load(machine.vm_id), machine.pid_in_log())
        record, seen = await machine.look(record)
        if seen.state not in _ON:  # else somebody else has started it
            record, seen = await machine.released(record)
        machine.told(record, seen)
    except T4TError as error:
        _LOG.warning("%s can't be looked at after a start that failed: %s", machine.vm_id, error)
        machine.doubt()


async def _follow(machine: Machine, record: VmRecord, seen: Look) -> tuple[VmRecord, Look]:
    """Somebody else, or a driver that died, has begun to start it: wait for what comes of it, and end a restore that stands still."""
    stall = judging.Stall(seconds=machine.context.stall_seconds, least=_LEAST_PROGRESS)
    while seen.state in _BEGUN:
        owned = seen.owned
        if owned is not None and stall.observe(machine.context.clock.monotonic(), processes.progress(owned)):
            process.kill(owned)
        await machine.context.clock.sleep(_STEP * 3)
        record, seen = await machine.look(record)
    return record, seen


async def _tell_cap(machine: Machine, record: VmRecord) -> VmRecord:
    """A limit that VirtualBox would not take while the VM was paused or saved."""
    if not record.due_cap:
        return record
    await machine.do(machine.road.set_cap(machine.vm_id, record.settings.cap_percent, live=True))
    return replace(record, due_cap=False)


async def _go_on(machine: Machine, record: VmRecord) -> VmInfo:
    try:
        await machine.do(machine.road.resume(machine.vm_id))
    except VmWrongState:
        record, seen = await machine.look(record)
        if seen.state is not VmState.RUNNING or seen.orphaned:
            raise machine.wrong_state(seen, "resume") from None
    before = record
    record = await _tell_cap(machine, await ports.verify(machine, record))
    if record != before:
        record = machine.write(record)
    return machine.told(record, machine.assume(record, VmState.RUNNING))


async def resume(machine: Machine) -> VmInfo:
    """See `Hypervisor.resume`: VirtualBox's answer is the observation."""
    async with machine.exclusive() as record:
        machine.must_be_reached(record, "resume")
        return await _go_on(machine, record)


async def pause(machine: Machine) -> VmInfo:
    """See `Hypervisor.pause`: VirtualBox's answer is the observation."""
    async with machine.exclusive() as settled:
        record = settled
        machine.must_be_reached(record, "pause")
        try:
            await machine.do(machine.road.pause(machine.vm_id))
        except VmWrongState:
            record, seen = await machine.look(record)
            if seen.state is not VmState.PAUSED:
                raise machine.wrong_state(seen, "pause") from None
            return machine.told(record, seen)
        return machine.told(record, machine.assume(record, VmState.PAUSED))
