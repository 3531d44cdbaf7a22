"""Changes to a VM's settings, at once where it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from t4t.domain.errors import CommandFailed, VmWrongState
from t4t.domain.vm import VmState
from t4t.hypervisor.qemu import command, network
from t4t.hypervisor.qemu.creating import refuse
from t4t.hypervisor.specs import absolute, changed, check_media, compare

if TYPE_CHECKING:
    from t4t.domain.vm import Feature, VmChange, VmInfo
    from t4t.hypervisor.qemu.live import Live
    from t4t.hypervisor.qemu.machine import Machine
    from t4t.hypervisor.qemu.record import VmRecord


async def reconfigure(machine: Machine, change: VmChange, features: frozenset[Feature]) -> VmInfo:
    """See `Hypervisor.reconfigure`."""
    async with machine.exclusive() as settled:
        record = settled
        info = await machine.info(record)
        if change.needs_power_off and (info.state.alive or info.state in {VmState.SAVED, VmState.ABORTED_SAVED}):
            raise VmWrongState(vm=machine.vm_id, state=info.state.value, command="reconfigure")
        settings = absolute(changed(record.settings, change))
        refuse(settings, features)
        if change.shares is not None:
            check_media(settings)
        before, record = record, replace(record, settings=settings)
        if machine.live is not None and record.process is not None:
            record = await _act(machine, machine.live, before, record)
        record = machine.write(record)
        await machine.serve()
        return await machine.info(record)


async def _act(machine: Machine, live: Live, before: VmRecord, record: VmRecord) -> VmRecord:
    spec, earlier = record.settings, before.settings
    limits = (spec.cap_percent, spec.bandwidth_kib_s) != (earlier.cap_percent, earlier.bandwidth_kib_s)
    if limits and not live.serves:
        raise CommandFailed(vm=machine.vm_id, command="reconfigure", detail="another driver serves the VM")
    if not spec.network:
        return record
    await live.limit_bandwidth(record)
    async with live.awake() as monitor:
        if spec.link_up != earlier.link_up:
            await monitor.execute("set_link", {"name": command.NIC, "up": spec.link_up})
        if spec.ports == earlier.ports:
            return record
        kept, gone, new = compare(before.ports, earlier.ports, spec.ports)
        await network.close_ports(monitor, gone)
        opened = {port.name: port for port in (*kept, *await network.open_ports(monitor, machine.vm_id, new, gone))}
        return replace(record, ports=tuple(opened[port.name] for port in spec.ports))
