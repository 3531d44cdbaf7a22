"""VMs for the API road's tests in the laboratory, and what they wait for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.vbox import vboxmanage
from support.virtualbox_rig import api_road
from t4t.domain.vm import BootDisk, DiskFormat, VmId, VmSpec
from t4t.hypervisor.virtualbox import parse, processes
from t4t.hypervisor.virtualbox.api.road import ApiRoad
from t4t.hypervisor.virtualbox.options import Choices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from t4t.hypervisor.virtualbox.road import Road
    from t4t.hypervisor.virtualbox.view import Machine


def api() -> ApiRoad:
    road = api_road()
    assert isinstance(road, ApiRoad)
    return road


@dataclass
class Vms:
    """Makes VMs that end with the test."""

    road: ApiRoad
    folder: Path
    made: list[VmId]

    async def make(self, on: Road | None = None, **changes: Any) -> VmSpec:
        """A VM, registered and off: by default with BIOS and nothing to boot."""
        vm = VmId(str(uuid.uuid4()))
        spec = VmSpec(vm_id=vm, name=f"vm-{vm[:8]}", boot=BootDisk("/nothing.vdi", DiskFormat.VDI), memory_mib=64)
        spec = replace(spec, **changes)
        self.made.append(spec.vm_id)
        await (on or self.road).create(spec, self.choices(await self.road.open(), spec.vm_id))
        return spec

    def choices(self, version: object, vm: str) -> Choices:
        return Choices(version=version, base_folder=str(self.folder / "vms"), owner="lab", cache_disk=str(self.folder / f"{vm}.vdi"), shaping=True)  # type: ignore[arg-type] # the road's own

    async def running(self) -> VmId:
        spec = await self.make()
        await self.road.start(spec.vm_id)
        return spec.vm_id


async def ended(vm: str) -> None:
    async def gone() -> bool:
        return processes.find_vm(vm) is None

    await until(gone, "its process is gone")


async def until(check: Callable[[], Awaitable[bool]], what: str, seconds: float = 20) -> float:
    begun = time.monotonic()
    while not await check():
        if time.monotonic() - begun > seconds:
            pytest.fail(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


@contextlib.asynccontextmanager
async def hearing(road: ApiRoad) -> AsyncIterator[asyncio.Queue[VmId | None]]:
    """What `changes` yields meanwhile."""
    heard: asyncio.Queue[VmId | None] = asyncio.Queue()

    async def hear() -> None:
        async for one in road.changes():
            heard.put_nowait(one)

    task = asyncio.create_task(hear())
    await asyncio.sleep(0)
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def manage(*words: str) -> str:
    return await asyncio.to_thread(vboxmanage, *words)


async def shown(vm: str) -> Machine:
    """The VM as VBoxManage tells of it."""
    return parse.machine(await manage("showvminfo", vm, "--machinereadable"))


def exists(path: str) -> bool:
    return Path(path).exists()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


async def unlocked(road: ApiRoad, vm: VmId) -> bool:
    return not (await road.machine(vm)).session
