"""The test boot on QEMU: a machine of one boot sector that says a word and ends itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

import psutil

from t4t.domain.errors import CommandTimeout, T4TError
from t4t.domain.facts import Obstacle, Trial
from t4t.hypervisor import trial
from t4t.hypervisor.qemu.command import escaped
from t4t.hypervisor.qemu.images import run
from t4t.hypervisor.qemu.locate import locate

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.hypervisor.qemu.locate import Toolchain

KIND: Final = "qemu"
_SECONDS: Final = 10.0
_TEXT: Final = 300


async def boot(place: Path, *, search: str | None = None, seconds: float = _SECONDS) -> Trial:
    """Start one and see what comes. ``place`` holds trials' folders; ``search`` replaces the search path. Never raises a `T4TError`."""
    begun = time.monotonic()
    try:
        tools = await locate(search)
    except T4TError as error:
        return Trial(obstacle=Obstacle.OTHER, trouble=str(error))
    try:
        with trial.bench(place, KIND) as bench:
            try:
                found = await _boot(tools, bench, seconds)
            finally:
                trial.remove(bench)
    except OSError as error:
        return Trial(obstacle=Obstacle.DISK, trouble=error.strerror or str(error))
    return Trial(engine=found.engine, obstacle=found.obstacle, code=found.code, trouble=found.trouble, seconds=time.monotonic() - begun)


async def _boot(tools: Toolchain, bench: trial.Bench, seconds: float) -> Trial:
    try:
        status, _, err = await run(arguments(tools, bench), seconds=seconds)
    except CommandTimeout:
        status, err = None, ""
    except OSError as error:
        return Trial(obstacle=Obstacle.OTHER, trouble=str(error)[:_TEXT])
    if bench.spoke() and status == trial.EXIT_STATUS:
        return Trial(engine=tools.acceleration.kind)
    if status is None:
        return Trial(obstacle=Obstacle.SILENT)
    return Trial(obstacle=Obstacle.OTHER, trouble=err.strip()[-_TEXT:])


def arguments(tools: Toolchain, bench: trial.Bench) -> tuple[str, ...]:
    """The command line; the floppy is only read."""
    return (
        *(tools.system, "-name", bench.folder.name, "-nodefaults", "-no-user-config", "-display", "none", "-machine", "pc", "-m", "16"),
        *("-accel", tools.acceleration.option, "-cpu", tools.acceleration.cpu),
        *("-drive", f"if=floppy,format=raw,readonly=on,file={escaped(str(bench.image))}", "-boot", "a"),
        *("-serial", f"file:{bench.serial}", "-device", "isa-debug-exit,iobase=0x501,iosize=2"),
        *("-pidfile", str(bench.folder / "pid")),
    )


async def sweep(place: Path) -> None:
    """Remove what trials left behind whose process was killed; a machine that still runs is ended."""
    with trial.leftovers(place, KIND) as found:
        for bench in found:
            await asyncio.to_thread(_end, bench)
            trial.remove(bench)


def _end(bench: trial.Bench) -> None:
    """The process that the folder names, if it is still this machine's."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int((bench.folder / "pid").read_text(encoding="ascii")))
        if bench.folder.name in process.cmdline():
            process.kill()
            process.wait(_SECONDS)
