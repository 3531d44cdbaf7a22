"""Saving, shutting down and powering off."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from t4t.domain.errors import CommandFailed, CommandTimeout, NotEnoughDisk, T4TError, VmLost, VmWrongState
from t4t.domain.vm import MIB, VmInfo, VmState
from t4t.hypervisor import space
from t4t.hypervisor.qemu import command
from t4t.hypervisor.qemu.record import Intent
from t4t.hypervisor.qemu.states import RUNNING
from t4t.hypervisor.space import SPARE_MIB

if TYPE_CHECKING:
    from t4t.hypervisor.qemu.machine import Machine
    from t4t.hypervisor.qemu.monitor import Monitor
    from t4t.hypervisor.qemu.record import VmRecord

_PRESS_SECONDS: Final = 3.0
_SAVE_SECONDS: Final = 540.0
_DELETE_SECONDS: Final = 60.0
_ENDED: Final = frozenset({VmState.ABORTED, VmState.ABORTED_SAVED, VmState.POWERED_OFF})


def check_space(machine: Machine, record: VmRecord) -> None:
    """`NotEnoughDisk` unless the whole memory fits."""
    space.check_space(machine.home, record.settings.memory_mib + SPARE_MIB, machine.context.free_bytes)


async def write_memory(machine: Machine, monitor: Monitor, record: VmRecord, tag: str) -> int:
    """Write disks and memory of the VM under ``tag``; the size of the memory on disk, verified to be there."""
    nodes = sorted(command.images(record.settings, machine.home))
    try:
        await monitor.job("snapshot-save", {"tag": tag, "vmstate": command.STATE, "devices": nodes}, seconds=_SAVE_SECONDS)
    except CommandFailed as error:
        # QEMU only says "Input/output error": whether it was the space is seen while what was written is still there.
        free = machine.context.free_bytes(machine.home) // MIB
        if free < SPARE_MIB:
            raise NotEnoughDisk(path=str(machine.home), needed_mib=record.settings.memory_mib + SPARE_MIB, free_mib=free) from error
        raise
    sizes = await snapshot_sizes(monitor, tag)
    if set(nodes) - sizes.keys() or not sizes[command.STATE]:
        raise CommandFailed(vm=machine.vm_id, command="snapshot-save", detail="the state is incomplete")
    return sizes[command.STATE]


async def snapshot_sizes(monitor: Monitor, tag: str) -> dict[str, int]:
    """Memory size of the snapshot by node that has it."""
    found: dict[str, int] = {}
    for node in await monitor.execute("query-named-block-nodes"):
        for snapshot in node["image"].get("snapshots", ()):
            if snapshot["name"] == tag:
                found[str(node["node-name"])] = int(snapshot["vm-state-size"])
    return found


async def save(machine: Machine) -> VmInfo:
    """See `Hypervisor.save`."""
    async with machine.exclusive() as settled:
        record = settled
        info = await machine.info(record)
        if info.state is VmState.SAVED:
            return info
        if info.state not in {VmState.RUNNING, VmState.PAUSED}:
            raise VmWrongState(vm=machine.vm_id, state=info.state.value, command="save")
        check_space(machine, record)
        ran = info.state is VmState.RUNNING
        tag = f"t4t-state-{record.serial + 1}"
        record = machine.write(replace(record, intent=Intent.SAVING, pending_tag=tag, serial=record.serial + 1, go_on=ran))
        machine.tell(VmState.SAVING)
        live = machine.running()
        try:
            async with live.awake() as monitor:
                if ran:
                    await monitor.execute("stop")
                size = await write_memory(machine, monitor, record, tag)
        except BaseException:
            await asyncio.shield(_as_before(machine, record, ran=ran))
            raise
        record = machine.write(replace(record.with_stale(record.state_tag), intent=Intent.LEAVING, state_tag=tag, state_bytes=size, pending_tag=""))
        record = await machine.sweep(await machine.finish(record))
        return await machine.told(record)


async def _as_before(machine: Machine, record: VmRecord, *, ran: bool) -> None:
    """A save that failed leaves the VM as it was; the space that it took is given back first."""
    try:
        if machine.live is not None:
            async with machine.live.awake() as monitor:
                if ran:
                    await monitor.execute("cont")
                await forget_memory(machine, monitor, record.pending_tag)
        record = machine.write(replace(record, intent=Intent.NONE, pending_tag="", go_on=False).with_stale(record.pending_tag))
        await machine.told(await machine.sweep(record))
    except T4TError:
        machine.glance_soon()


async def forget_memory(machine: Machine, monitor: Monitor, tag: str) -> None:
    """Give back the space of what was written in vain, if that is possible now.

    A failed save leaves its clusters in the file: where nothing else is in it, QEMU gets a new one.
    """
    record = machine.context.records.load(machine.vm_id)
    with contextlib.suppress(T4TError):
        if record.pins_machine:
            nodes = sorted(command.images(record.settings, machine.home))
            await monitor.job("snapshot-delete", {"tag": tag, "devices": nodes}, seconds=_DELETE_SECONDS)
            return
        with contextlib.suppress(CommandFailed):
            await monitor.execute("blockdev-del", {"node-name": command.STATE})
        path = command.state_path(machine.home)
        path.unlink(missing_ok=True)
        await (await machine.context.images()).empty(path, command.STATE_MIB)
        await monitor.execute("blockdev-add", command.image_node(command.STATE, path))


async def discard_state(machine: Machine) -> VmInfo:
    """See `Hypervisor.discard_state`."""
    async with machine.exclusive() as settled:
        record = settled
        if record.process is None:
            record = replace(record, resting=VmState.POWERED_OFF, state_tag="", state_bytes=0).with_stale(record.state_tag)
            record = await machine.sweep(machine.write(record))
            if record.stale_tags:
                record = await _renew_state_file(machine, record)
        return await machine.told(record)


async def _renew_state_file(machine: Machine, record: VmRecord) -> VmRecord:
    """The file of memory images can't be read any more: begin another; snapshots keep their disks, as far as those can be read."""
    path = command.state_path(machine.home)
    fresh = path.with_suffix(".new")
    await (await machine.context.images()).empty(fresh, command.STATE_MIB)
    fresh.replace(path)
    lost = tuple(mark.tag for mark in record.snapshots if mark.live)
    kept = tuple(mark for mark in record.snapshots if not mark.live)
    return await machine.sweep(machine.write(replace(record, snapshots=kept, stale_tags=(*record.stale_tags, *lost))))


async def power_off(machine: Machine) -> VmInfo:
    """See `Hypervisor.power_off`."""
    async with machine.exclusive() as settled:
        record = settled
        if record.process is not None:
            machine.tell(VmState.STOPPING)
            record = await machine.finish(machine.write(replace(record, intent=Intent.ENDING)))
        elif record.resting in _ENDED:
            left = VmState.SAVED if record.state_tag else VmState.POWERED_OFF
            record = machine.write(replace(record, resting=left)) if record.resting is not left else record
        return await machine.told(record)


async def shut_down(machine: Machine, deadline: float) -> VmInfo:
    """See `Hypervisor.shut_down`: cancelled, it just stops waiting."""
    end = asyncio.get_running_loop().time() + deadline
    async with machine.exclusive() as record:
        info = await machine.info(record)
        if not info.state.alive:
            return info
        live = machine.running()
        async with live.awake() as monitor:
            if await monitor.status() != RUNNING:
                await monitor.execute("cont")
            await monitor.execute("system_powerdown")
    # The guest's power-off is heard as an event, and the process ended for it, while we wait. A guest that is just booting does not hear the first press.
    while (left := end - asyncio.get_running_loop().time()) > 0:
        if await live.gone(min(left, _PRESS_SECONDS)):
            return await machine.look_after()
        with contextlib.suppress(VmLost, CommandFailed, CommandTimeout):
            async with live.awake() as monitor:
                await monitor.execute("system_powerdown")
    return await machine.turns.atomic(power_off(machine))
