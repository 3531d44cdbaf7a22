"""Taking a VM away, also one that was only half made: what lies in our folder, and nothing of others."""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import VmNotFound, VmNotOurs, VmWrongState
from t4t.domain.vm import VmState
from t4t.hypervisor.records import FILE
from t4t.hypervisor.virtualbox import media, options
from t4t.hypervisor.virtualbox.bases import inside
from t4t.hypervisor.virtualbox.record import Intent, replace

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.hypervisor.virtualbox.machine import Machine
    from t4t.hypervisor.virtualbox.record import VmRecord
    from t4t.hypervisor.virtualbox.view import Machine as View

_LOG: Final = logging.getLogger(__name__)


async def remove(machine: Machine, record: VmRecord) -> None:
    """Remove the VM, whose process has ended, from VirtualBox and from our folder; its base is forgotten with its last user."""
    if record.intent not in {Intent.CREATING, Intent.DELETING}:
        record = machine.write(replace(record, intent=Intent.DELETING))
    try:
        await _take_out(machine, await machine.road.machine(machine.vm_id))
        await machine.road.unregister(machine.vm_id)
    except VmWrongState as error:
        if error.state != "inaccessible":
            raise
        _LOG.info("VirtualBox can't read the settings of %s", machine.vm_id)
        await machine.road.unregister(machine.vm_id)
    except VmNotFound:
        await _never_there(machine)
    await _rest(machine, record)


async def _take_out(machine: Machine, view: View) -> None:
    """Detach disks of others, which unregistering would delete."""
    ours = inside(machine.home)
    if not (ours(view.config_file) or options.owner_in(view.description) == machine.context.owner):
        raise VmNotOurs(vm=machine.vm_id)
    foreign = media.foreign_disks(view.attachments, ours=ours)
    if foreign and view.state in {VmState.SAVED, VmState.ABORTED_SAVED}:
        await machine.road.discard(machine.vm_id)
    for one in foreign:
        _LOG.info("%s stays: it was attached to %s", one.path, machine.vm_id)
        await machine.road.detach(machine.vm_id, one)


async def _never_there(machine: Machine) -> None:
    """VirtualBox does not know the VM: true only if this is the registry that knew it, and nothing of the VM is left."""
    await machine.context.check_home()
    if _settings_file(machine.home):
        raise await machine.unknown()


def _settings_file(home: Path) -> bool:
    return any(True for _ in home.glob("*/*.vbox"))


async def _rest(machine: Machine, record: VmRecord) -> None:
    records = machine.context.records
    others = [records.load(one).base for one in records.ids() if one != machine.vm_id]
    await machine.context.bases.forget(record.base, others)
    await asyncio.to_thread(_remove_folder, machine.home)
    records.lock_path(machine.vm_id).unlink(missing_ok=True)


def _remove_folder(home: Path) -> None:
    """The record goes last: a folder that was only half removed is still ours."""
    for path in home.iterdir():
        if path.name != FILE:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.rmtree(home)
