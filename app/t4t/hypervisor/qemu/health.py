"""QEMU as facts for the doctor: found, version, and the accelerator that a machine really started with."""

from __future__ import annotations

from t4t.domain.errors import HypervisorBroken, HypervisorMissing
from t4t.domain.facts import Qemu, certain
from t4t.domain.vm import Accelerator
from t4t.hypervisor.qemu.locate import locate


async def look(search: str | None = None) -> Qemu:
    """Find and try it (`t4t.hypervisor.qemu.locate`); ``search`` replaces the search path."""
    try:
        found = await locate(search)
    except HypervisorMissing:
        return Qemu(found=certain(value=False, source="search path"))
    except HypervisorBroken as error:
        return Qemu(found=certain(value=True, source="search path"), trouble=error.detail)
    return Qemu(
        found=certain(value=True, source=found.system),
        version=certain(found.version, found.system),
        accelerator=certain(found.acceleration.name, found.system),
        hardware=certain(found.acceleration.kind is Accelerator.HARDWARE, found.system),
    )
