"""A world of real VirtualBox machines for tests, in the laboratory, by either road."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract.hypervisor_contract import fetch, new_id
from support.qemu_rig import kill_and_wait
from support.task_folders import boot_sector
from t4t.domain.vm import BootDisk, BootIso, DiskFormat, PortForward, Share, VmId, VmInfo, VmSpec
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox.api.road import ApiRoad
from t4t.hypervisor.virtualbox.driver import VirtualBoxDriver
from t4t.hypervisor.virtualbox.manage import ManageRoad

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from t4t.hypervisor.driver import Driver
    from t4t.hypervisor.virtualbox.road import Road

VBOXMANAGE = "/usr/lib/virtualbox/VBoxManage"
GUEST_MIB = 320
"""What the contract asks for where it looks at a guest's memory: so that one saved state fits all."""


def manage_road() -> Road:
    """The road through VBoxManage."""
    return ManageRoad(clock=RealClock())


def api_road() -> Road:
    """The road through the API. Its worker must find the project, which is not installed in the laboratory."""
    return ApiRoad(clock=RealClock(), environment=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2] / "app")})


ROADS: dict[str, Callable[[], Road]] = {"vboxmanage": manage_road, "api": api_road}
"""By name; the laboratory's tests run on each."""


async def vboxmanage(*words: str | Path, good: bool = True) -> str:
    """What a volunteer's own command answers, past the driver."""
    process = await asyncio.create_subprocess_exec(VBOXMANAGE, *map(str, words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out, _ = await asyncio.wait_for(process.communicate(), 120)
    assert not good or process.returncode == 0, f"VBoxManage {words}: {out.decode()}"
    return out.decode()


class Golden:
    """The saved state of a reference guest that has booted, made once a run and adopted by the guests of many tests."""

    def __init__(self, folder: Path, appliance: Path) -> None:
        self._folder = folder
        self._appliance = appliance
        self._state: Path | None = None

    @staticmethod
    def fits(spec: VmSpec) -> bool:
        """Whether the state fits the machine: it must be the same but for ports and the shared folder's place. VirtualBox refuses another size of memory."""
        plain = not (spec.floppy or spec.config_iso or spec.cache_disk_mib or isinstance(spec.boot, BootIso))
        same = (spec.memory_mib, spec.cores, len(spec.shares)) == (GUEST_MIB, 1, 1)
        return plain and same and spec.boot.path.endswith("t4t-appliance.vdi") and spec.network

    async def state(self) -> Path:
        """Its file."""
        if self._state is None:
            self._state = await self._make()
        return self._state

    async def _make(self) -> Path:
        rig = VirtualBoxRig(Path(tempfile.mkdtemp(dir=self._folder)), self._appliance, manage_road)
        driver = rig.driver()
        try:
            spec = rig.spec(guest=True)
            share = Path(spec.shares[0].host_path)
            (share / "context").write_text("T4T_HEARTBEAT_SECONDS=1\n")  # an heir's next heartbeat comes soon, whatever its own folder says
            await driver.create(spec)
            port = (await driver.start(spec.vm_id)).ports[0].host_port

            async def booted() -> bool:
                return (share / "heartbeat").exists() and await fetch(port) is not None

            await rig.eventually(booted, seconds=200, what="the first guest's heartbeat and web server")
            await driver.save(spec.vm_id)
            target = self._folder / "golden.sav"
            shutil.copyfile(rig.saved_state(spec.vm_id), target)
            return target
        finally:
            await rig.close()


class VirtualBoxRig:
    """One data folder with real machines; `close` ends them all."""

    def __init__(self, folder: Path, appliance: Path, road: Callable[[], Road], golden: Golden | None = None, *, background: bool = False) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        self.appliance = appliance
        self.road = road
        self.golden = golden
        self.background = background
        """Off: on a busy machine idle guests would stand still."""
        self.stall_seconds = 8.0
        self.drivers: list[Driver] = []
        self.full = False
        self.pretended_free: int | None = None
        self._disk = folder / "spin.raw"
        self._disk.write_bytes(boot_sector(b"\xf4\xeb\xfd"))  # halts: a loop would cost a whole core

    def make(self, owner: str, road: Callable[[], Road] | None = None) -> Driver:
        return VirtualBoxDriver(
            self.data,
            owner=owner,
            road=(road or self.road)(),
            clock=RealClock(),
            background=self.background,
            stall_seconds=self.stall_seconds,
            free=self._free,
        )

    def _free(self, path: Path) -> int:
        return 0 if self.full else self.pretended_free or shutil.disk_usage(path).free

    def driver(self) -> Driver:
        made = self.make("contract")
        self.drivers.append(made)
        return made

    def stranger(self) -> Driver:
        made = self.make("somebody else")
        self.drivers.append(made)
        return made

    def spec(self, *, guest: bool, **changes: Any) -> VmSpec:
        boot = BootDisk(str(self.appliance / "t4t-appliance.vdi"), DiskFormat.VDI) if guest else BootDisk(str(self._disk), DiskFormat.RAW)
        vm_id = new_id()
        values: dict[str, Any] = {
            "vm_id": vm_id,
            "name": f"t4t-{vm_id[:8]}",
            "boot": boot,
            "memory_mib": GUEST_MIB if guest else 64,
            "nic_type": "virtio" if guest else "",
            "ports": (PortForward(name="web", guest_port=80),) if guest else (),
            "shares": (Share("shared", str(self._exchange(vm_id))),) if guest and "shares" not in changes else (),
        }
        return VmSpec(**(values | changes))

    def _exchange(self, vm_id: VmId) -> Path:
        """A guest's folder, as the product gives each of its VMs one."""
        place = self.folder / f"exchange-{vm_id}"
        place.mkdir()
        return place

    def iso_spec(self) -> VmSpec:
        return self.spec(guest=True, boot=BootIso(str(self.appliance / "t4t-appliance.iso")))

    async def prepare(self, driver: Driver, spec: VmSpec) -> None:
        """Give a guest the state of one that has booted."""
        if self.golden is None or not Golden.fits(spec):
            return
        state = self.data / "vms" / spec.vm_id / "adopted.sav"
        shutil.copyfile(await self.golden.state(), state)  # VirtualBox takes the file over
        await vboxmanage("adoptstate", spec.vm_id, state)
        assert isinstance(driver, VirtualBoxDriver)
        driver._doubt(spec.vm_id)  # what was seen of a VM without a process is believed for a while

    async def kill_process(self, info: VmInfo) -> None:
        assert info.pid is not None
        await kill_and_wait(info.pid)

    @contextlib.contextmanager
    def fill_disk(self) -> Iterator[None]:
        self.full = True
        yield
        self.full = False

    def saved_state(self, vm_id: VmId) -> Path:
        """The file of the saved state."""
        (state,) = (self.data / "vms" / vm_id).glob("*/Snapshots/*.sav")
        return state

    async def ruin_saved_state(self, vm_id: VmId) -> None:
        """Overwrite a part of it, its length unchanged."""
        with self.saved_state(vm_id).open("r+b") as file:
            file.seek(os.fstat(file.fileno()).st_size // 2)
            file.write(b"\xff" * 4096)

    async def eventually(self, check: Callable[[], Awaitable[bool]], *, seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not await check():  # the world outside gives no signal for most of this
            assert time.monotonic() < end, f"waited in vain for {what}"
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        self.full = False
        reaper = self.make("contract", manage_road)  # the API's process would take longer to start than all that it is for
        for info in await reaper.inspect():
            await reaper.delete(info.vm_id)
        for driver in [*self.drivers, reaper]:
            await driver.close()
