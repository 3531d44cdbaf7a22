"""The VM host's process, and the drivers in it. It imports nothing else of the program: it lives as long as the agent, beside it."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn

from t4t.bootstrap.machines import owner
from t4t.host.clock import RealClock
from t4t.hypervisor.host import SAVE_SECONDS, VmHost
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from io import RawIOBase
    from pathlib import Path

    from t4t.hypervisor.driver import Driver

_FAKE_JOB_S: Final = 20.0


def serve(data: Path, hypervisor: str) -> NoReturn:
    """Be the VM host of one data folder (see `t4t.hypervisor.host`)."""
    sink, source = _own_pipes()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    async def work() -> None:
        # the host of an agent that has just died may still be saving: its VMs are ours afterwards
        async with AsyncExitStack() as stack:
            stack.enter_context(await _patient_lock(data))
            await VmHost(await _driver(hypervisor, data), source=source, sink=sink).serve()

    asyncio.run(work())
    logging.shutdown()
    os._exit(0)  # threads of VirtualBox's API may be there, which do not outlive the interpreter's own end


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
    """The one that is asked for; the code of the others stays on the disk."""
    if hypervisor == "virtualbox":
        from t4t.bootstrap.virtualbox_road import virtualbox  # noqa: PLC0415 - as the docstring says
        from t4t.hypervisor.virtualbox.api.inside import Inside  # noqa: PLC0415 - as the docstring says

        return await virtualbox(data, Inside())
    if hypervisor == "fake":
        from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest  # noqa: PLC0415 - as the docstring says

        return FakeHypervisor(FakeWorld(RealClock(), lambda: ScriptedGuest(job_seconds=_FAKE_JOB_S), console_dir=data))
    from t4t.hypervisor.qemu.driver import QemuDriver  # noqa: PLC0415 - as the docstring says

    return QemuDriver(data, owner=owner(data))
