"""The VM host's process, and the drivers in it. It imports nothing else of the program: it lives as long as the agent, beside it."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, BinaryIO, Final

from t4t.bootstrap.machines import owner
from t4t.host.clock import RealClock
from t4t.hypervisor.host import SAVE_SECONDS, VmHost
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from io import RawIOBase
    from pathlib import Path

    from t4t.hypervisor.driver import Driver
    from t4t.hypervisor.twin import Twin

_FAKE_JOB_S: Final = 20.0


def serve(data: Path, hypervisor: str) -> int:
    """Be the VM host of one data folder (see `t4t.hypervisor.host`)."""
    twin = _twin(hypervisor)
    sink, source = _own_pipes()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    async def work() -> None:
        # the host of an agent that has just died may still be saving: its VMs are ours afterwards
        async with AsyncExitStack() as stack:
            stack.enter_context(await _patient_lock(data))
            await VmHost(await _driver(hypervisor, data, twin), source=source, sink=sink).serve()

    asyncio.run(work())
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


def _twin(hypervisor: str) -> Twin | None:
    """What VirtualBox's API will live in: it shares this process's memory if it is made before anything runs."""
    if hypervisor != "virtualbox":
        return None
    from t4t.bootstrap.virtualbox_road import api_twin  # noqa: PLC0415 - as `_driver` says

    return api_twin()


async def _driver(hypervisor: str, data: Path, twin: Twin | None) -> Driver:
    """The one that is asked for; the code of the others stays on the disk."""
    if hypervisor == "virtualbox":
        from t4t.bootstrap.virtualbox_road import virtualbox  # noqa: PLC0415 - as the docstring says

        return await virtualbox(data, twin)
    if hypervisor == "fake":
        from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest  # noqa: PLC0415 - as the docstring says

        return FakeHypervisor(FakeWorld(RealClock(), lambda: ScriptedGuest(job_seconds=_FAKE_JOB_S), console_dir=data))
    from t4t.hypervisor.qemu.driver import QemuDriver  # noqa: PLC0415 - as the docstring says

    return QemuDriver(data, owner=owner(data))
