"""Checkpoints that stay: VirtualBox's own snapshots, under names of ours that no other program gives."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandFailed, SnapshotNotFound
from t4t.domain.vm import Snapshot, VmInfo, VmState
from t4t.hypervisor.space import SPARE_MIB, check_space
from t4t.hypervisor.virtualbox.machine import file_size
from t4t.hypervisor.virtualbox.record import SnapshotMark, VmRecord, replace

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.vm import VmSpec
    from t4t.hypervisor.virtualbox.machine import Machine
    from t4t.hypervisor.virtualbox.view import Machine as View

_ON: Final = frozenset({VmState.RUNNING, VmState.PAUSED})
_OFF: Final = frozenset({VmState.POWERED_OFF, VmState.ABORTED})


async def take(machine: Machine, name: str) -> Snapshot:
    """See `Snapshots.take_snapshot`."""
    async with machine.exclusive() as settled:
        record, seen = await machine.current(settled)
        live = seen.state in _ON and not seen.orphaned
        if not live and seen.state not in _OFF:
            raise machine.wrong_state(seen, "take_snapshot")
        if live:
            check_space(machine.home, record.settings.memory_mib + SPARE_MIB, machine.context.free_bytes)
        record = await _sweep(machine, record)
        tag = f"t4t-{record.serial + 1}"
        before = _files(machine.home)
        record = machine.write(replace(record, serial=record.serial + 1, pending_tag=tag))
        try:
            uuid = await machine.do(machine.road.take_snapshot(machine.vm_id, tag))
        finally:
            machine.doubt()
        made = {path: size for path, size in _files(machine.home).items() if path not in before}
        state_bytes = sum(size for path, size in made.items() if path.endswith(".sav"))
        mark = SnapshotMark(name=name, tag=tag, uuid=uuid, size_bytes=sum(made.values()), state_bytes=state_bytes)
        older = record.mark(name)
        record = machine.write(replace(record, pending_tag="", snapshots=(*record.without_snapshot(name).snapshots, mark)))
        if older is not None:
            await _delete(machine, older)
        return Snapshot(name=name, size_bytes=mark.size_bytes)


def _files(home: Path) -> dict[str, int]:
    """Sizes of what lies in the VM's folder of snapshots."""
    return {str(path): file_size(str(path)) or 0 for path in home.glob("*/Snapshots/*")}


async def _sweep(machine: Machine, record: VmRecord) -> VmRecord:
    """A snapshot that a driver began and never marked is deleted."""
    if not record.pending_tag:
        return record
    view = await machine.do(machine.road.machine(machine.vm_id))
    for one in view.snapshots:
        if one.name == record.pending_tag:
            await machine.do(machine.road.delete_snapshot(machine.vm_id, one.uuid))
    return machine.write(replace(record, pending_tag=""))


async def _delete(machine: Machine, mark: SnapshotMark) -> None:
    try:
        await machine.do(machine.road.delete_snapshot(machine.vm_id, mark.uuid))
    except (SnapshotNotFound, CommandFailed):
        view = await machine.do(machine.road.machine(machine.vm_id))
        if any(one.uuid == mark.uuid for one in view.snapshots):
            raise
    finally:
        machine.doubt()


async def delete(machine: Machine, name: str) -> None:
    """See `Snapshots.delete_snapshot`."""
    async with machine.exclusive() as record:
        mark = record.mark(name)
        if mark is not None:
            await _delete(machine, mark)
            machine.write(record.without_snapshot(name))


async def restore(machine: Machine, name: str) -> VmInfo:
    """See `Snapshots.restore_snapshot`. VirtualBox puts the VM's settings back too: cores and memory must be those of its memory's image, the others not."""
    async with machine.exclusive() as settled:
        record, seen = await machine.current(settled)
        if seen.state.alive:
            raise machine.wrong_state(seen, "restore_snapshot")
        mark = record.mark(name)
        if mark is None:
            raise SnapshotNotFound(vm=machine.vm_id, snapshot=name)
        record, _ = await machine.released(record)
        await machine.do(machine.road.restore_snapshot(machine.vm_id, mark.uuid))
        record, seen = await machine.look(replace(record, resting=None, state_file="", state_bytes=0))
        if seen.view is not None:
            record = await _adjust(machine, record, seen.view)
        if seen.state is VmState.SAVED and mark.state_bytes:
            record = machine.write(replace(record, state_bytes=mark.state_bytes))
        return machine.told(record, seen)


async def _adjust(machine: Machine, record: VmRecord, view: View) -> VmRecord:
    """Our settings and VirtualBox's agree again."""
    wanted = record.settings
    settings: VmSpec = dataclasses.replace(wanted, cores=view.cores, memory_mib=view.memory_mib)
    if wanted.network and view.link_up != wanted.link_up:
        await machine.do(machine.road.set_link(machine.vm_id, up=wanted.link_up, live=False))
    there = tuple(one.forward for one in view.rules)
    if set(there) != set(record.ports):
        if there:
            await machine.do(machine.road.unforward(machine.vm_id, [one.name for one in there], live=False))
        if record.ports:
            await machine.do(machine.road.forward(machine.vm_id, record.ports, live=False))
    return machine.write(replace(record, settings=settings, due_cap=view.cap_percent != wanted.cap_percent, shaped=bool(view.groups)))


async def listed(machine: Machine) -> tuple[Snapshot, ...]:
    """See `Snapshots.snapshots`."""
    record = machine.context.records.load(machine.vm_id)
    return tuple(Snapshot(name=mark.name, size_bytes=mark.size_bytes) for mark in record.snapshots)
