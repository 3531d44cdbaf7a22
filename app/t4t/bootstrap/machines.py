"""How the VM host and its drivers are made, and how the app starts one."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from t4t.domain.errors import FolderUnwritable, HypervisorMissing
from t4t.durable import write_atomic
from t4t.host.clock import RealClock
from t4t.hypervisor import choice
from t4t.hypervisor.environment import clean_environment
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest
from t4t.hypervisor.host import SAVE_SECONDS, VmHost
from t4t.hypervisor.qemu.driver import QemuDriver
from t4t.hypervisor.remote import RemoteHypervisor
from t4t.hypervisor.virtualbox import locate
from t4t.hypervisor.virtualbox.api.choice import RoadName, choose
from t4t.hypervisor.virtualbox.api.road import COMMAND, ApiRoad, opens
from t4t.hypervisor.virtualbox.driver import VirtualBoxDriver, has_hardware
from t4t.hypervisor.virtualbox.manage import ManageRoad
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from io import RawIOBase

    from t4t.domain.clock import Clock
    from t4t.hypervisor.driver import Driver
    from t4t.hypervisor.virtualbox.road import Road

_FAKE_JOB_S: Final = 20.0
_ROAD: Final = "T4T_VIRTUALBOX_ROAD"
API_WORKER: Final = "vbox-api"


def vm_host(data: Path, hypervisor: str) -> int:
    """Be the VM host of one data folder (see `t4t.hypervisor.host`)."""
    sink, source = _own_pipes()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    async def serve() -> None:
        # the host of an agent that has just died may still be saving: its VMs are ours afterwards
        async with AsyncExitStack() as stack:
            stack.enter_context(await _patient_lock(data))
            await VmHost(await _driver(hypervisor, data), source=source, sink=sink).serve()

    asyncio.run(serve())
    return 0


async def _patient_lock(data: Path) -> FolderLock:
    lock = FolderLock(data, "host.lock")
    deadline = asyncio.get_running_loop().time() + 2 * SAVE_SECONDS
    while not lock.try_take():
        if asyncio.get_running_loop().time() > deadline:
            lock.take()
        await asyncio.sleep(0.2)
    return lock


def _own_pipes() -> tuple[BinaryIO, RawIOBase]:
    """Standard output belongs to the protocol: whatever else prints, prints to standard error."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sink, os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)


async def _driver(hypervisor: str, data: Path) -> Driver:
    if hypervisor == "fake":
        return FakeHypervisor(FakeWorld(RealClock(), lambda: ScriptedGuest(job_seconds=_FAKE_JOB_S), console_dir=data))
    if hypervisor == "virtualbox":
        clock = RealClock()
        return VirtualBoxDriver(data, owner=owner(data), road=await road(clock), clock=clock)
    return QemuDriver(data, owner=owner(data))


async def road(clock: Clock) -> Road:
    """VirtualBox's API where it is the first choice and works, else VBoxManage; `_ROAD` in the environment may name one."""
    wish = next((one for one in RoadName if one.value == os.environ.get(_ROAD)), None)
    api = ApiRoad(clock=clock, command=(sys.executable, API_WORKER) if getattr(sys, "frozen", False) else COMMAND)
    loads = wish is None and choose(sys.platform, wish=None, loads=True) is RoadName.API and await opens(api)
    return api if choose(sys.platform, wish=wish, loads=loads) is RoadName.API else ManageRoad(clock=clock)


def virtualbox_is_ready() -> bool:
    """Whether VirtualBox is installed and has hardware virtualization, as far as can be seen without starting it."""
    try:
        locate.find(locate.here())
    except HypervisorMissing:
        return False
    return has_hardware()


def owner(data: Path) -> str:
    """The id of the data folder, the mark that our VMs carry; made once."""
    path = data / "id"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        write_atomic(path, os.urandom(16).hex().encode())  # half an id would make our own VMs strangers
        return path.read_text(encoding="ascii").strip()


def _kind(hypervisor: str, data: Path) -> str:
    return choice.chosen(hypervisor, begun=choice.begun_with(data), virtualbox=hypervisor == choice.AUTO and virtualbox_is_ready())


def programs(hypervisor: str, data: Path) -> tuple[Path, ...]:
    """The files of the hypervisor that is used whose upgrade must be noticed. QEMU's VMs each keep the program that they were started with."""
    if _kind(hypervisor, data) != "virtualbox":
        return ()
    try:
        return (Path(locate.find(locate.here()).manage),)
    except HypervisorMissing:
        return ()


def remote(hypervisor: str, data: Path, *, log: Path) -> RemoteHypervisor:
    """The driver of one data folder, in a VM host process of its own, whose messages go to ``log``. Raises `FolderUnwritable`."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnwritable(path=str(data), reason=error.strerror or str(error)) from error
    kind = _kind(hypervisor, data)
    program = (sys.executable,) if getattr(sys, "frozen", False) else (sys.executable, "-m", "t4t")
    command = (*program, "--data-dir", str(data), "vm-host", "--hypervisor", kind)
    return RemoteHypervisor(command, environment=clean_environment(os.environ), log=log)
