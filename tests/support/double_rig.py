"""A world of VirtualBox in memory, with real processes (`road_double`)."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from contract.hypervisor_contract import new_id
from support.qemu_rig import kill_and_wait
from support.road_double import RUINED, RoadDouble, World
from support.task_folders import boot_sector
from t4t.domain.vm import BootDisk, BootIso, DiskFormat, PortForward, VmId, VmInfo, VmSpec
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox.driver import VirtualBoxDriver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from t4t.hypervisor.driver import Driver


class DoubleRig:
    """A data folder on a `World`."""

    def __init__(self, folder: Path, look_seconds: float | None = 60.0) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        self.world = World(folder)
        self.look_seconds = look_seconds
        self.drivers: list[Driver] = []
        self.full = False
        (folder / "spin.raw").write_bytes(boot_sector())
        (folder / "boot.iso").write_bytes(b"iso")

    def make(self, owner: str) -> VirtualBoxDriver:
        made = VirtualBoxDriver(
            self.data,
            owner=owner,
            road=RoadDouble(self.world, look_seconds=self.look_seconds),
            clock=RealClock(),
            background=True,
            stall_seconds=0.5,
            servers=lambda: [] if self.world.server is None else [self.world.server],
            free=lambda path: 0 if self.full else shutil.disk_usage(path).free,
        )
        self.drivers.append(made)
        return made

    def driver(self) -> VirtualBoxDriver:
        return self.make("contract")

    def stranger(self) -> VirtualBoxDriver:
        return self.make("somebody else")

    def spec(self, *, guest: bool, **changes: Any) -> VmSpec:
        if guest and changes.get("shares"):
            pytest.skip("its guest knows no shared folders; the real one in the laboratory does")
        if guest and changes.get("cores"):
            pytest.skip("its guest does not say what it has; the real one in the laboratory does")
        vm_id = new_id()
        values: dict[str, Any] = {
            "vm_id": vm_id,
            "name": f"t4t-{vm_id[:8]}",
            "boot": BootDisk(str(self.folder / "spin.raw"), DiskFormat.RAW),
            "memory_mib": 256,
            "ports": (PortForward(name="web", guest_port=80),) if guest else (),
        }
        return VmSpec(**(values | changes))

    def iso_spec(self) -> VmSpec:
        return self.spec(guest=True, boot=BootIso(str(self.folder / "boot.iso")))

    async def prepare(self, driver: Driver, spec: VmSpec) -> None:
        """Its guest is there at once."""

    async def kill_process(self, info: VmInfo) -> None:
        assert info.pid is not None
        await kill_and_wait(info.pid)

    @contextlib.contextmanager
    def fill_disk(self) -> Iterator[None]:
        self.full = True
        yield
        self.full = False

    async def ruin_saved_state(self, vm_id: VmId) -> None:
        (state,) = (self.data / "vms" / vm_id).glob("*/Snapshots/*.sav")
        with state.open("ab") as file:
            file.write(RUINED)

    async def eventually(self, check: Callable[[], Awaitable[bool]], *, seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not await check():  # real processes give no signal for most of this
            assert time.monotonic() < end, f"waited in vain for {what}"
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        for driver in self.drivers:
            await driver.close()
        self.world.close()
