"""Making a VM's folder and taking it away: whole or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import NotSupported, VmExists, VmNotFound
from t4t.domain.vm import MIB, BootIso, Feature, VmSpec, VmState
from t4t.durable import sync_folder
from t4t.hypervisor import specs
from t4t.hypervisor.qemu import command
from t4t.hypervisor.qemu.images import COPIED
from t4t.hypervisor.qemu.live import remove_runtime
from t4t.hypervisor.qemu.locate import NAME
from t4t.hypervisor.qemu.record import VmRecord
from t4t.hypervisor.records import FILE, encode
from t4t.hypervisor.space import check_space
from t4t.hypervisor.specs import absolute, check_media

if TYPE_CHECKING:
    from t4t.hypervisor.qemu.images import Images
    from t4t.hypervisor.qemu.live import Context
    from t4t.hypervisor.qemu.machine import Machine

_LEAST_MIB: Final = 64
_SHARE: Final = "shared"


def refuse(spec: VmSpec, features: frozenset[Feature]) -> None:
    """`NotSupported` for what this driver can't do."""
    specs.refuse(spec, features, NAME)
    if len(spec.shares) > 1 or any(share.name != _SHARE for share in spec.shares):
        raise NotSupported(hypervisor=NAME, feature=Feature.SHARES.value)


async def create(context: Context, spec: VmSpec, owner: str, images: Images) -> None:
    """Make the VM's folder, or find it there for the same specification."""
    if str(uuid.UUID(spec.vm_id)) != spec.vm_id:
        raise ValueError(f"not a canonical UUID: {spec.vm_id}")
    with contextlib.suppress(VmNotFound):
        _same(context.records.load(spec.vm_id), spec)
        return
    spec = absolute(spec)
    check_media(spec)
    folder = context.records.folder
    folder.mkdir(parents=True, exist_ok=True)
    check_space(folder, _needed_mib(spec), context.free_bytes)
    building = folder / f".new-{spec.vm_id}-{secrets.token_hex(4)}"
    building.mkdir(mode=0o700)
    try:
        await _fill(building, spec, owner, images)
        try:
            building.rename(context.records.home(spec.vm_id))
        except OSError:
            _same(context.records.load(spec.vm_id), spec)
        sync_folder(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _same(record: VmRecord, spec: VmSpec) -> None:
    if record.created != absolute(spec):
        raise VmExists(vm=spec.vm_id)


def _needed_mib(spec: VmSpec) -> int:
    """Free space without which it is not begun: that of a copy of the image, where one is made, and some."""
    if isinstance(spec.boot, BootIso) or spec.boot.format not in COPIED:
        return _LEAST_MIB
    return _LEAST_MIB + Path(spec.boot.path).stat().st_size // MIB


async def _fill(home: Path, spec: VmSpec, owner: str, images: Images) -> None:
    if not isinstance(spec.boot, BootIso):
        await images.layer(command.disk_path(home), spec.boot.path, spec.boot.format)
    if spec.cache_disk_mib is not None:
        await images.empty(command.cache_path(home), spec.cache_disk_mib)
    await images.empty(command.state_path(home), command.STATE_MIB)
    (home / FILE).write_bytes(encode(VmRecord(owner=owner, created=spec, settings=spec)))
    sync_folder(home)


async def delete(machine: Machine) -> None:
    """See `Hypervisor.delete`."""
    async with machine.exclusive() as settled:
        record = settled
        if record.process is not None:
            record = await machine.finish(record)
        await asyncio.to_thread(_remove, machine.home)
        lock = machine.context.records.lock_path(machine.vm_id)
    lock.unlink(missing_ok=True)
    remove_runtime(Path(record.runtime or machine.context.runtime))
    machine.tell(VmState.ABSENT)


def _remove(home: Path) -> None:
    """The mark goes last: a folder that was only half removed is still ours."""
    for path in home.iterdir():
        if path.name != FILE:
            path.unlink()
    shutil.rmtree(home)
