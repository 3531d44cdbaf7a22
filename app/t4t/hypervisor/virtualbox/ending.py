"""Saving, shutting down, powering off and deleting."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandFailed, CommandTimeout, NotEnoughDisk, T4TError, VmBusy, VmWrongState
from t4t.domain.vm import MIB, VmInfo, VmState
from t4t.hypervisor import process
from t4t.hypervisor.space import SPARE_MIB, check_space
from t4t.hypervisor.virtualbox import errors, log, removing
from t4t.hypervisor.virtualbox.record import Intent, replace

if TYPE_CHECKING:
    from t4t.hypervisor.virtualbox.machine import Look, Machine
    from t4t.hypervisor.virtualbox.record import VmRecord

_LOG: Final = logging.getLogger(__name__)
_PRESS_SECONDS: Final = 3.0
_STEP: Final = 0.1
_SETTLE_SECONDS: Final = 60.0
_ON: Final = frozenset({VmState.RUNNING, VmState.PAUSED})
_CALM: Final = {VmState.ABORTED: VmState.POWERED_OFF, VmState.ABORTED_SAVED: VmState.SAVED}


async def save(machine: Machine) -> VmInfo:
    """See `Hypervisor.save`."""
    async with machine.exclusive() as settled:
        record, seen = await machine.current(settled)
        if seen.state is VmState.SAVED:
            return machine.told(record, seen)
        if seen.state not in _ON or seen.orphaned:
            raise machine.wrong_state(seen, "save")
        check_space(machine.home, record.settings.memory_mib + SPARE_MIB, machine.context.free_bytes)
        record = machine.write(replace(record, intent=Intent.SAVING))
        machine.context.publish(machine.vm_id, VmState.SAVING)
        try:
            await machine.do(machine.road.save(machine.vm_id))
        except T4TError as error:
            record, seen = await _as_before(machine, record, ran=seen.state is VmState.RUNNING)
            if seen.state is VmState.SAVED:
                return machine.told(record, seen)
            machine.told(record, seen)
            raise _reason(machine, record, error) from error
        record, seen = await machine.released(record)
        if seen.state is not VmState.SAVED:
            machine.told(record, seen)
            raise CommandFailed(vm=machine.vm_id, command="save", detail=seen.raw)
        return machine.told(record, seen)


async def _as_before(machine: Machine, record: VmRecord, *, ran: bool) -> tuple[VmRecord, Look]:
    """A save that was refused: VirtualBox goes back by itself to what was, and needs a moment for it."""
    clock = machine.context.clock
    deadline = clock.monotonic() + _SETTLE_SECONDS
    record, seen = await machine.look(record)
    while not seen.state.settled and clock.monotonic() < deadline:
        await clock.sleep(_STEP)
        record, seen = await machine.look(record)
    if ran and seen.state is VmState.PAUSED:
        with contextlib.suppress(VmWrongState):
            await machine.do(machine.road.resume(machine.vm_id))
        record, seen = await machine.look(record)
    return record, seen


def _reason(machine: Machine, record: VmRecord, error: T4TError) -> T4TError:
    """Why it was not saved: VirtualBox only says "failed", the VM's log names the cause."""
    file = machine.log_file()
    cause = errors.from_log(log.end_of(file), machine.vm_id, str(machine.home)) if isinstance(error, CommandFailed) and file is not None else error
    if isinstance(cause, NotEnoughDisk):
        free = machine.context.free_bytes(machine.home) // MIB
        return NotEnoughDisk(path=str(machine.home), needed_mib=record.settings.memory_mib + SPARE_MIB, free_mib=free)
    return cause or error


async def discard_state(machine: Machine) -> VmInfo:
    """See `Hypervisor.discard_state`: judged by what is there afterwards, since VirtualBox may fail and say "done"."""
    async with machine.exclusive() as settled:
        record, seen = await machine.current(settled)
        if seen.state in _CALM.values() or seen.state is VmState.ABORTED_SAVED:
            failure: T4TError | None = None
            if seen.state is not VmState.POWERED_OFF:
                try:
                    await machine.do(machine.road.discard(machine.vm_id))
                except (CommandFailed, VmWrongState) as error:
                    failure = error
                record, seen = await machine.look(record)
            if seen.state in {VmState.SAVED, VmState.ABORTED_SAVED}:
                raise failure or CommandFailed(vm=machine.vm_id, command="discard_state", detail=seen.raw)
            record, seen = _calm(machine, record, seen)
        return machine.told(record, seen)


def _calm(machine: Machine, record: VmRecord, seen: Look) -> tuple[VmRecord, Look]:
    """Somebody has taken note of the VM's bad end."""
    calm = _CALM.get(seen.state)
    if calm is None:
        return record, seen
    record = machine.write(replace(record, resting=calm))
    return record, machine.assume(record, calm)


async def power_off(machine: Machine) -> VmInfo:
    """See `Hypervisor.power_off`."""
    async with machine.exclusive() as settled:
        record, seen = _calm(machine, *await _off(machine, settled))
        return machine.told(record, seen)


async def _off(machine: Machine, record: VmRecord) -> tuple[VmRecord, Look]:
    """End the VM's process, whatever it does."""
    record, seen = await machine.current(record)
    if not seen.state.alive:
        return record, seen
    machine.context.publish(machine.vm_id, VmState.STOPPING)
    record = machine.write(replace(record, intent=Intent.ENDING))
    if seen.orphaned and seen.owned is not None:
        await machine.end(seen.owned)  # while another orphan lives, VirtualBox may not answer for long
        record = machine.write(replace(record.with_process(None), intent=Intent.NONE, resting=VmState.POWERED_OFF, state_file="", state_bytes=0))
        return record, machine.assume(record, VmState.POWERED_OFF)
    try:
        await machine.do(machine.road.power_off(machine.vm_id))
        return await machine.released(record)
    except (VmWrongState, VmBusy, CommandFailed, CommandTimeout) as error:
        _LOG.info("%s can't be powered off: %s", machine.vm_id, error)
    record, seen = await machine.look(record)
    if seen.state.alive:
        owned = seen.owned or machine.find_process()
        if owned is not None and process.is_alive(owned):
            await machine.end(owned)
    return await machine.released(record)


async def shut_down(machine: Machine, deadline: float) -> VmInfo:
    """See `Hypervisor.shut_down`: cancelled, it just stops waiting. A guest that is just booting does not hear the first press."""
    clock = machine.context.clock
    end = clock.monotonic() + deadline
    async with machine.exclusive() as settled:
        record, seen = await machine.current(settled)
        if not seen.state.alive:
            return machine.told(record, seen)
        owned = seen.owned or record.process
        if seen.state is VmState.PAUSED:
            await machine.do(machine.road.resume(machine.vm_id))
            machine.assume(record, VmState.RUNNING)
    while (left := end - clock.monotonic()) > 0 and owned is not None:
        with contextlib.suppress(T4TError):
            await machine.turns.atomic(machine.do(machine.road.press_button(machine.vm_id)))
        try:
            async with asyncio.timeout(min(left, _PRESS_SECONDS)):
                await process.wait_gone(owned)
        except TimeoutError:
            continue
        return await machine.turns.atomic(_ended(machine))
    return await machine.turns.atomic(power_off(machine))


async def _ended(machine: Machine) -> VmInfo:
    async with machine.exclusive() as record:
        return machine.told(*await machine.released(record))


async def delete(machine: Machine) -> None:
    """See `Hypervisor.delete`."""
    async with machine.exclusive() as settled:
        record, _ = await _off(machine, settled)
        await removing.remove(machine, record)
    machine.context.publish(machine.vm_id, VmState.ABSENT)
