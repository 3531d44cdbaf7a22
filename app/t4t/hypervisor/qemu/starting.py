"""Starting, pausing and going on, with or without a saved state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from t4t.domain.errors import CommandFailed, CommandTimeout, HypervisorError, MediumMissing, StateUnreadable, VmLost, VmWrongState
from t4t.domain.vm import VmInfo, VmState
from t4t.hypervisor import process
from t4t.hypervisor.needs import is_file
from t4t.hypervisor.qemu import command, network
from t4t.hypervisor.qemu.files import make_private
from t4t.hypervisor.qemu.live import end_orphan, idle_processors, launch, log_tail
from t4t.hypervisor.qemu.record import MONITORS, Intent
from t4t.hypervisor.qemu.states import RUNNING
from t4t.hypervisor.space import free_tcp_ports
from t4t.hypervisor.specs import media

if TYPE_CHECKING:
    from t4t.hypervisor.qemu.live import Live
    from t4t.hypervisor.qemu.machine import Machine
    from t4t.hypervisor.qemu.record import VmRecord


async def start(machine: Machine) -> VmInfo:
    """See `Hypervisor.start`."""
    async with machine.exclusive() as settled:
        record = settled
        info = await machine.info(record)
        if info.state is VmState.PAUSED:
            return await _go_on(machine, record)
        if info.state is VmState.RUNNING:
            return info
        if info.state.alive:
            raise VmWrongState(vm=machine.vm_id, state=info.state.value, command="start")
        own = command.images(record.settings, machine.home).values()
        for path in (*media(record.settings), *map(str, own)):
            if not is_file(path):
                raise MediumMissing(path=path)
        machine.tell(VmState.RESTORING if record.state_tag else VmState.STARTING)
        try:
            record = await _boot(machine, record)
        except BaseException:
            machine.tell(machine.context.records.load(machine.vm_id).resting)
            raise
        return await machine.told(record)


async def _boot(machine: Machine, record: VmRecord) -> VmRecord:
    tools = await machine.context.tools()
    make_private(machine.context.runtime)
    restoring = bool(record.state_tag)
    record = machine.write(
        replace(
            record,
            intent=Intent.RESTORING if restoring else Intent.STARTING,
            runtime=str(machine.context.runtime),
            tcp_ports=() if hasattr(asyncio, "open_unix_connection") else free_tcp_ports(MONITORS + 1),
            machine=record.machine if record.pins_machine else "",
            program=tools.version,
            accelerator=tools.acceleration.name,
            was_started=True,
        )
    )
    await end_orphan(machine.home, machine.vm_id)
    try:
        record = machine.write(launch(machine.context, tools, record))
        live = await machine.attach(record)
        record = await _prepare(machine, live, record)
        await live.monitor.execute("cont")
        await machine.reached(RUNNING, "start")
    except BaseException as error:
        await asyncio.shield(_give_up(machine, error))
        if isinstance(error, VmLost):
            raise _reason(machine, record, error) from error
        raise
    record = machine.write(record.running())
    await machine.serve()
    return await machine.sweep(record)


async def _prepare(machine: Machine, live: Live, record: VmRecord) -> VmRecord:
    """While the VM waits: load its state, connect its ports, set its limits."""
    spec, monitor = record.settings, live.monitor
    kind = str(await monitor.execute("qom-get", {"path": "/machine", "property": "type"}))
    if machine.context.background:
        await idle_processors(monitor)
    if record.state_tag:
        await _load(machine, live, record)
    ports = record.ports
    if spec.network:
        ports = await network.open_ports(monitor, machine.vm_id, spec.ports, record.ports)
        await monitor.execute("set_link", {"name": command.NIC, "up": spec.link_up})
    record = machine.write(replace(record, machine=kind.removesuffix("-machine"), ports=ports))
    await live.limit_bandwidth(record)
    return record


async def _load(machine: Machine, live: Live, record: VmRecord) -> None:
    """Load the saved state; only what is really its own fault makes it unreadable (whoever hears that may discard it)."""
    arguments = {"tag": record.state_tag, "vmstate": command.STATE, "devices": sorted(command.images(record.settings, machine.home))}
    try:
        await live.monitor.job("snapshot-load", arguments, seconds=machine.context.load_seconds)
    except (CommandFailed, CommandTimeout, VmLost) as error:
        if isinstance(error, VmLost) and await process.gone_soon(live.process) and process.was_killed(live.process.pid):
            raise
        raise StateUnreadable(vm=machine.vm_id, detail=f"{error} {log_tail(machine.home)}".strip()) from error


def _reason(machine: Machine, record: VmRecord, error: VmLost) -> HypervisorError:
    """Why the process ended while it was started."""
    if record.pid is not None and process.was_killed(record.pid):
        return VmLost(vm=machine.vm_id, detail="it was killed while it was started")
    detail = log_tail(machine.home) or error.detail
    if record.state_tag and str(machine.home) in detail and '" lock' not in detail:
        return StateUnreadable(vm=machine.vm_id, detail=detail)
    return CommandFailed(vm=machine.vm_id, command="start", detail=detail)


async def _give_up(machine: Machine, error: BaseException) -> None:
    """A start that failed leaves no process; a saved state stays."""
    record = machine.context.records.load(machine.vm_id)
    lost = isinstance(error, VmLost) or isinstance(error.__cause__, VmLost)
    died = record.process is None or (lost and await process.gone_soon(record.process))
    if record.process is not None and not died:
        process.kill(record.process)
        await process.wait_gone(record.process)
    record = await machine.bury(record)
    left = VmState.POWERED_OFF
    if record.state_tag:
        left = VmState.ABORTED_SAVED if died else VmState.SAVED
    machine.write(replace(record, resting=left))


async def _go_on(machine: Machine, record: VmRecord) -> VmInfo:
    async with machine.running().awake() as monitor:
        spec = record.settings
        if spec.network and not await network.still_open(monitor, record.ports):
            await network.close_ports(monitor, record.ports)
            record = machine.write(replace(record, ports=await network.open_ports(monitor, machine.vm_id, spec.ports, record.ports)))
        await monitor.execute("system_wakeup" if await monitor.status() == "suspended" else "cont")
        await machine.reached(RUNNING, "resume")
    return await machine.told(record)


async def pause(machine: Machine) -> VmInfo:
    """See `Hypervisor.pause`."""
    async with machine.exclusive() as record:
        info = await machine.info(record)
        if info.state is VmState.PAUSED:
            return info
        if info.state is not VmState.RUNNING:
            raise VmWrongState(vm=machine.vm_id, state=info.state.value, command="pause")
        async with machine.running().awake() as monitor:
            await monitor.execute("stop")
            await machine.reached("paused", "pause")
        return await machine.told(record)


async def resume(machine: Machine) -> VmInfo:
    """See `Hypervisor.resume`."""
    async with machine.exclusive() as record:
        info = await machine.info(record)
        if info.state is VmState.RUNNING:
            return info
        if info.state is not VmState.PAUSED:
            raise VmWrongState(vm=machine.vm_id, state=info.state.value, command="resume")
        return await _go_on(machine, record)
