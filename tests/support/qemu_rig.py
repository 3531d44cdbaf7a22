"""A world of real QEMU machines for tests, directly or behind a real VM host process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract.hypervisor_contract import new_id
from support.task_folders import boot_sector
from t4t.domain.vm import BootDisk, BootIso, DiskFormat, PortForward, VmId, VmInfo, VmSpec
from t4t.hypervisor.qemu.driver import QemuDriver
from t4t.hypervisor.remote import RemoteHypervisor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from t4t.hypervisor.driver import Driver

_TESTS = Path(__file__).resolve().parents[1]


async def kill_and_wait(pid: int) -> None:
    """SIGKILL, and wait until the process is gone."""
    handle = os.pidfd_open(pid)
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, gone.set)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        async with asyncio.timeout(10):
            await gone.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


class QemuRig:
    """One data folder with real machines; `close` ends them all."""

    def __init__(self, folder: Path, appliance: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        self.appliance = appliance
        self.drivers: list[Driver] = []
        self.full = False
        self._disk = folder / "spin.raw"
        self._disk.write_bytes(boot_sector())

    def make(self, owner: str) -> Driver:
        return QemuDriver(self.data, owner=owner, free=self._free)

    def _free(self, path: Path) -> int:
        return 0 if self.full else shutil.disk_usage(path).free

    def driver(self) -> Driver:
        made = self.make("contract")
        self.drivers.append(made)
        return made

    def stranger(self) -> Driver:
        made = self.make("somebody else")
        self.drivers.append(made)
        return made

    def spec(self, *, guest: bool, **changes: Any) -> VmSpec:
        disk = self.appliance / "t4t-appliance.raw" if guest else self._disk
        values: dict[str, Any] = {
            "vm_id": new_id(),
            "name": "t4t-contract",
            "boot": BootDisk(str(disk.resolve()), DiskFormat.RAW),
            "memory_mib": 256 if guest else 64,
            "ports": (PortForward(name="web", guest_port=80),) if guest else (),
        }
        return VmSpec(**(values | changes))

    def iso_spec(self) -> VmSpec:
        return self.spec(guest=True, boot=BootIso(str((self.appliance / "t4t-appliance.iso").resolve())))

    async def prepare(self, driver: Driver, spec: VmSpec) -> None:
        """Its guest boots quickly."""

    async def kill_process(self, info: VmInfo) -> None:
        assert info.pid is not None
        await kill_and_wait(info.pid)

    @contextlib.contextmanager
    def fill_disk(self) -> Iterator[None]:
        self.full = True
        yield
        self.full = False

    async def ruin_saved_state(self, vm_id: VmId) -> None:
        """Overwrite a good part of the saved memory."""
        disk = self.data / "vms" / vm_id / "state.qcow2"
        size = disk.stat().st_size
        with disk.open("r+b") as file:
            file.seek(size * 7 // 10)
            file.write(b"\xff" * (size // 5))

    async def eventually(self, check: Callable[[], Awaitable[bool]], *, seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not await check():  # the world outside gives no signal for most of this
            assert time.monotonic() < end, f"waited in vain for {what}"
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        reaper = QemuDriver(self.data, owner="contract")
        for info in await reaper.inspect():
            await reaper.delete(info.vm_id)
        for driver in [*self.drivers, reaper]:
            await driver.close()


class RemoteQemuRig(QemuRig):
    """The same machines behind a VM host process for each driver."""

    def make(self, owner: str) -> Driver:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(_TESTS), str(_TESTS.parent / "app")])}
        command = (sys.executable, "-m", "support.vm_host", str(self.data), owner)
        return RemoteHypervisor(command, environment=environment, log=self.folder / "vm-host.log")

    @contextlib.contextmanager
    def fill_disk(self) -> Iterator[None]:
        marker = self.data.with_name("full")
        marker.touch()
        yield
        marker.unlink()
