"""Making a VM: whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import uuid
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import T4TError, VmExists, VmNotFound
from t4t.domain.vm import VmState
from t4t.hypervisor.space import check_space
from t4t.hypervisor.specs import absolute, check_media
from t4t.hypervisor.virtualbox import ports, removing
from t4t.hypervisor.virtualbox.options import Choices
from t4t.hypervisor.virtualbox.record import Intent, VmRecord, replace

if TYPE_CHECKING:
    from t4t.domain.vm import VmInfo, VmSpec
    from t4t.hypervisor.virtualbox.context import Context
    from t4t.hypervisor.virtualbox.machine import Machine

_LOG: Final = logging.getLogger(__name__)
_LEAST_MIB: Final = 64


def prepare(context: Context, spec: VmSpec) -> None:
    """Make the VM's folder with a record of what is to be made, unless it is there."""
    if str(uuid.UUID(spec.vm_id)) != spec.vm_id:
        raise ValueError(f"not a canonical UUID: {spec.vm_id}")
    with contextlib.suppress(VmNotFound):
        if context.records.load(spec.vm_id).created != absolute(spec):
            raise VmExists(vm=spec.vm_id)
        return
    spec = absolute(spec)
    check_media(spec)
    folder = context.records.folder
    folder.mkdir(parents=True, exist_ok=True)
    check_space(folder, _LEAST_MIB, context.free_bytes)
    context.records.home(spec.vm_id).mkdir(mode=0o700, exist_ok=True)
    context.records.write(VmRecord(owner=context.owner, created=spec, settings=spec))


async def create(machine: Machine) -> VmInfo:
    """Make what the record says, or find it there."""
    context = machine.context
    async with machine.turns.turn():
        record = context.records.load(machine.vm_id)
        if record.intent is not Intent.CREATING:
            version = await context.connect()
            return machine.told(*await machine.current(record))
        try:
            version = await context.connect()
            spec = record.settings
            record = machine.write(replace(record, ports=ports.choose(spec.ports)))
            made = ports.with_ports(spec, record.ports)
            await machine.road.create(
                made,
                Choices(
                    version=version,
                    base_folder=str(machine.home),
                    owner=context.owner,
                    cache_disk=str(machine.home / "cache.vdi"),
                    shaping=True,
                ),
            )
            base = await context.bases.attach(made)
        except BaseException:
            await _undo(machine)
            raise
        record = machine.write(replace(record, base=base, shaped=spec.bandwidth_kib_s is not None, intent=Intent.NONE))
        return machine.told(record, machine.assume(record, VmState.POWERED_OFF))


async def _undo(machine: Machine) -> None:
    """A failure leaves nothing behind; what can't be removed now is removed when somebody looks at it next."""
    try:
        await removing.remove(machine, machine.context.records.load(machine.vm_id))
    except T4TError as error:
        _LOG.warning("the rest of %s can't be removed yet: %s", machine.vm_id, error)
