"""Changes to a VM's settings, at once where it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.errors import VmWrongState
from t4t.domain.vm import VmState
from t4t.hypervisor.specs import absolute, changed, check_media, compare, refuse
from t4t.hypervisor.virtualbox import ending, ports, starting
from t4t.hypervisor.virtualbox.record import replace
from t4t.hypervisor.virtualbox.versions import NAME

if TYPE_CHECKING:
    from t4t.domain.vm import Feature, VmChange, VmInfo, VmSpec
    from t4t.hypervisor.virtualbox.machine import Machine
    from t4t.hypervisor.virtualbox.record import VmRecord

_WITH_STATE: Final = frozenset({VmState.SAVED, VmState.ABORTED_SAVED})
_ON: Final = frozenset({VmState.RUNNING, VmState.PAUSED})


async def reconfigure(machine: Machine, change: VmChange, features: frozenset[Feature]) -> VmInfo:
    """See `Hypervisor.reconfigure`."""
    if await _must_rest(machine, change):
        return await _resting(machine, change, features)
    async with machine.exclusive() as settled:
        record, seen = await machine.current(settled)
        if seen.orphaned or (seen.state.alive and seen.state not in _ON):
            raise machine.wrong_state(seen, "reconfigure")
        if change.needs_power_off and (seen.state.alive or seen.state in _WITH_STATE):
            raise machine.wrong_state(seen, "reconfigure")
        settings = absolute(changed(record.settings, change))
        refuse(settings, features, NAME)
        if change.shares is not None:
            check_media(settings)
        before = record.settings
        live = seen.state in _ON
        record = await _limits(machine, record, before, settings, state=seen.state)
        if settings.network and settings.link_up != before.link_up:
            await machine.do(machine.road.set_link(machine.vm_id, up=settings.link_up, live=live))
        record = await _forwards(machine, record, before, settings, live=live)
        await _resources(machine, before, settings)
        record = machine.write(replace(record, settings=settings))
        return machine.info(record, seen)


async def _must_rest(machine: Machine, change: VmChange) -> bool:
    """Whether a running VM must be saved for a moment: VirtualBox makes a bandwidth group only then, and one is made only when a limit is first wanted."""
    if not change.bandwidth_kib_s:
        return False
    async with machine.exclusive() as settled:
        record, seen = await machine.current(settled)
        if record.shaped or seen.state not in _ON or not record.settings.network:
            return False
        if seen.view is None:
            record, seen = await machine.look(record)
        if seen.view is not None and seen.view.groups:
            machine.write(replace(record, shaped=True))
            return False
        return True


async def _resting(machine: Machine, change: VmChange, features: frozenset[Feature]) -> VmInfo:
    """Save, change, go on: the guest stands still for some seconds, once in a VM's life."""
    info = await machine.observe()
    await ending.save(machine)
    try:
        await reconfigure(machine, change, features)
    finally:
        await starting.start(machine)
        if info.state is VmState.PAUSED:
            await starting.pause(machine)
    return await machine.observe()


async def _limits(machine: Machine, record: VmRecord, before: VmSpec, settings: VmSpec, *, state: VmState) -> VmRecord:
    """Processor and network."""
    vm, road = machine.vm_id, machine.road
    if settings.cap_percent != before.cap_percent or record.due_cap:
        try:
            await machine.do(road.set_cap(vm, settings.cap_percent, live=state in _ON))
            record = replace(record, due_cap=False)
        except VmWrongState:  # paused or saved: it is told when it goes on
            record = replace(record, due_cap=True)
    if settings.network and settings.bandwidth_kib_s != before.bandwidth_kib_s:
        kib_s = settings.bandwidth_kib_s or 0
        if record.shaped:
            await machine.do(road.set_bandwidth(vm, kib_s))
        elif kib_s:
            await machine.do(road.shape(vm, kib_s))
            record = replace(record, shaped=True)
    return record


async def _forwards(machine: Machine, record: VmRecord, before: VmSpec, settings: VmSpec, *, live: bool) -> VmRecord:
    if settings.ports == before.ports or not settings.network:
        return record
    kept, gone, new = compare(record.ports, before.ports, settings.ports)
    if live:
        opened = await ports.open_live(machine, replace(record, settings=settings), gone, new)
    else:
        opened = ports.choose(new)
        if gone:
            await machine.do(machine.road.unforward(machine.vm_id, [one.name for one in gone], live=False))
        if opened:
            await machine.do(machine.road.forward(machine.vm_id, opened, live=False))
    by_name = {one.name: one for one in (*kept, *opened)}
    return replace(record, ports=tuple(by_name[one.name] for one in settings.ports))


async def _resources(machine: Machine, before: VmSpec, settings: VmSpec) -> None:
    vm, road = machine.vm_id, machine.road
    cores = settings.cores if settings.cores != before.cores else None
    memory_mib = settings.memory_mib if settings.memory_mib != before.memory_mib else None
    if cores is not None or memory_mib is not None:
        await machine.do(road.set_resources(vm, cores=cores, memory_mib=memory_mib))
    for one in before.shares:
        if one not in settings.shares:
            await machine.do(road.unshare(vm, one.name))
    for one in settings.shares:
        if one not in before.shares:
            await machine.do(road.share(vm, one))
