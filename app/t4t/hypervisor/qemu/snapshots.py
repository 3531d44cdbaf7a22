"""Checkpoints that stay: the disks' content, and the memory too when the VM has any."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from msgspec.structs import replace

from t4t.domain.errors import SnapshotNotFound, VmWrongState
from t4t.domain.vm import Snapshot, VmInfo, VmState
from t4t.hypervisor.qemu import command
from t4t.hypervisor.qemu.ending import check_space, forget_memory, write_memory
from t4t.hypervisor.qemu.record import SnapshotMark, VmRecord

if TYPE_CHECKING:
    from t4t.domain.vm import VmSpec
    from t4t.hypervisor.qemu.machine import Machine


async def take(machine: Machine, name: str) -> Snapshot:
    """See `Snapshots.take_snapshot`."""
    async with machine.exclusive() as settled:
        record = settled
        info = await machine.info(record)
        live = info.state in {VmState.RUNNING, VmState.PAUSED}
        if not live and info.state not in {VmState.POWERED_OFF, VmState.ABORTED}:
            raise VmWrongState(vm=machine.vm_id, state=info.state.value, command="take_snapshot")
        tag = f"t4t-snap-{record.serial + 1}"
        # Stale until it is complete: whatever happens now, it is deleted some time.
        record = machine.write(replace(record, serial=record.serial + 1, stale_tags=(*record.stale_tags, tag)))
        size = 0
        if live:
            check_space(machine, record)
            async with machine.running().awake() as monitor:
                try:
                    size = await write_memory(machine, monitor, record, tag)
                except BaseException:
                    await asyncio.shield(forget_memory(machine, monitor, tag))
                    raise
        else:
            images = await machine.context.images()
            await images.take(list(command.images(record.settings, machine.home).values()), tag)
        mark = SnapshotMark(name=name, tag=tag, live=live, size_bytes=size, cores=record.settings.cores, memory_mib=record.settings.memory_mib)
        record = replace(_without(record, name), stale_tags=tuple(stale for stale in _without(record, name).stale_tags if stale != tag))
        record = machine.write(replace(record, snapshots=(*record.snapshots, mark)))
        await machine.sweep(record)
        return Snapshot(name=name, size_bytes=size)


def _find(record: VmRecord, name: str) -> SnapshotMark | None:
    return next((mark for mark in record.snapshots if mark.name == name), None)


def _without(record: VmRecord, name: str) -> VmRecord:
    """The record without the snapshot; its tag stays as long as the next start needs it."""
    mark = _find(record, name)
    if mark is None:
        return record
    record = replace(record, snapshots=tuple(other for other in record.snapshots if other is not mark))
    return record if mark.tag == record.state_tag else record.with_stale(mark.tag)


async def restore(machine: Machine, name: str) -> VmInfo:
    """See `Snapshots.restore_snapshot`: the disks go back at once, the memory with the next start (the VM is saved until then)."""
    async with machine.exclusive() as settled:
        record = settled
        info = await machine.info(record)
        if info.state.alive:
            raise VmWrongState(vm=machine.vm_id, state=info.state.value, command="restore_snapshot")
        mark = _find(record, name)
        if mark is None:
            raise SnapshotNotFound(vm=machine.vm_id, snapshot=name)
        images = await machine.context.images()
        await images.revert(list(command.images(record.settings, machine.home).values()), mark.tag)
        earlier = record.state_tag
        record = replace(
            record,
            settings=_sized(record, mark),
            resting=VmState.SAVED if mark.live else VmState.POWERED_OFF,
            state_tag=mark.tag if mark.live else "",
            state_bytes=mark.size_bytes,
        )
        record = await machine.sweep(machine.write(record if earlier == record.state_tag else record.with_stale(earlier)))
        return await machine.told(record)


def _sized(record: VmRecord, mark: SnapshotMark) -> VmSpec:
    """A memory image fits only the machine that it was taken of."""
    if not mark.live:
        return record.settings
    return dataclasses.replace(record.settings, cores=mark.cores, memory_mib=mark.memory_mib)


async def delete(machine: Machine, name: str) -> None:
    """See `Snapshots.delete_snapshot`."""
    async with machine.exclusive() as record:
        if _find(record, name) is not None:
            await machine.sweep(machine.write(_without(record, name)))


async def listed(machine: Machine) -> tuple[Snapshot, ...]:
    """See `Snapshots.snapshots`."""
    record = machine.context.records.load(machine.vm_id)
    return tuple(Snapshot(name=mark.name, size_bytes=mark.size_bytes) for mark in record.snapshots)
