"""The fake driver under the contract."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from contract.hypervisor_contract import HypervisorContract, Rig, new_id
from t4t.domain.errors import StateUnreadable
from t4t.domain.vm import BootDisk, BootIso, DiskFormat, Feature, PortForward, VmId, VmInfo, VmSpec
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest, VirtualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from t4t.hypervisor.driver import Driver


class FakeRig:
    """A world of its own for each test."""

    def __init__(self, folder: Path, features: frozenset[Feature] | None = None) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.world = FakeWorld(self.clock, lambda: ScriptedGuest(job_seconds=120), console_dir=folder)
        self._features = features
        self.drivers: list[FakeHypervisor] = []
        (folder / "disk.raw").write_bytes(b"disk")
        (folder / "boot.iso").write_bytes(b"iso")

    def driver(self) -> Driver:
        made = FakeHypervisor(self.world) if self._features is None else FakeHypervisor(self.world, features=self._features)
        self.drivers.append(made)
        return made

    def stranger(self) -> Driver:
        made = FakeHypervisor(self.world, owner="somebody else")
        self.drivers.append(made)
        return made

    def spec(self, *, guest: bool, **changes: Any) -> VmSpec:
        values: dict[str, Any] = {
            "vm_id": new_id(),
            "name": "t4t-contract",
            "boot": BootDisk(str(self.folder / "disk.raw"), DiskFormat.RAW),
            "memory_mib": 256,
            "ports": (PortForward(name="web", guest_port=80),) if guest else (),
        }
        return VmSpec(**(values | changes))

    def iso_spec(self) -> VmSpec:
        return self.spec(guest=True, boot=BootIso(str(self.folder / "boot.iso")))

    async def prepare(self, driver: Driver, spec: VmSpec) -> None:
        """Its guest boots quickly."""

    async def kill_process(self, info: VmInfo) -> None:
        self.world.kill(info.vm_id)

    @contextlib.contextmanager
    def fill_disk(self) -> Iterator[None]:
        self.world.faults.disk_free_bytes = 0
        yield
        self.world.faults.disk_free_bytes = 1 << 50

    async def ruin_saved_state(self, vm_id: VmId) -> None:
        self.world.faults.raise_once["started"].append(StateUnreadable(vm=vm_id, detail="planned"))

    async def eventually(self, check: Callable[[], Awaitable[bool]], *, seconds: float, what: str) -> None:
        end = self.clock.monotonic() + seconds
        while not await check():
            assert self.clock.monotonic() < end, f"waited in vain for {what}"
            await self.clock.sleep(0.5)

    async def close(self) -> None:
        for driver in self.drivers:
            await driver.close()
        for vm in self.world.vms.values():
            vm.close_ports()
            if vm.ticker is not None:
                vm.ticker.cancel()
                await asyncio.gather(vm.ticker, return_exceptions=True)


class TestFake(HypervisorContract):
    @pytest.fixture
    async def rig(self, tmp_path: Path) -> AsyncIterator[Rig]:
        rig = FakeRig(tmp_path)
        yield rig
        await rig.close()


class TestFakeThatCanDoLittle(HypervisorContract):
    """A driver that declares to have no optional feature but saving: each refusal is clean."""

    @pytest.fixture
    async def rig(self, tmp_path: Path) -> AsyncIterator[Rig]:
        rig = FakeRig(tmp_path, frozenset({Feature.SAVE, Feature.SHARES}))
        yield rig
        await rig.close()
