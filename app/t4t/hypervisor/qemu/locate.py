"""Which QEMU is here, and what it can do on this computer: tried, not guessed."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from t4t.domain.errors import CommandTimeout, HypervisorBroken, HypervisorMissing
from t4t.domain.record import record
from t4t.domain.vm import Accelerator
from t4t.hypervisor.qemu.images import run

NAME: Final = "qemu"
_SYSTEM: Final = "qemu-system-x86_64"
_IMG: Final = "qemu-img"
_PROBE_SECONDS: Final = 20.0
_OLDEST: Final = (6, 0)
"""``snapshot-save`` and ``snapshot-load`` came with 6.0."""
_NATIVE_CPU: Final = "host"
_PORTABLE_CPU: Final = "Nehalem-v1"
"""A fixed model (x86-64-v2) that the interpreter does in full: states stay loadable whichever QEMU comes next."""
_QUIT: Final = b'{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n'


@record
class Acceleration:
    """One way to execute the guest, with the options that go with it."""

    name: str
    option: str
    cpu: str
    kind: Accelerator


_HARDWARE: Final = {
    "linux": (Acceleration("kvm", "kvm", _NATIVE_CPU, Accelerator.HARDWARE),),
    "darwin": (Acceleration("hvf", "hvf", _NATIVE_CPU, Accelerator.HARDWARE),),
    "win32": (Acceleration("whpx", "whpx,kernel-irqchip=off", _PORTABLE_CPU, Accelerator.HARDWARE),),
}
INTERPRETER: Final = Acceleration("tcg", "tcg,thread=multi", _PORTABLE_CPU, Accelerator.INTERPRETER)


@record
class Toolchain:
    """The programs that were found and what they proved to do."""

    system: str
    img: str
    version: str
    acceleration: Acceleration
    sandbox: bool


def usual_places() -> tuple[Path, ...]:
    """Where installers put QEMU besides the search path; on Linux it is on the path or not there."""
    roots = [os.environ.get(name, "") for name in ("ProgramW6432", "ProgramFiles", "LOCALAPPDATA")]
    places = {
        "win32": tuple(Path(root) / "qemu" for root in roots if root),
        "darwin": (Path("/opt/homebrew/bin"), Path("/usr/local/bin"), Path("/opt/local/bin")),
    }
    return places.get(sys.platform, ())


def find(program: str, search: str | None = None) -> str:
    """The program's path; `HypervisorMissing` if it is nowhere. ``search`` replaces the search path and the usual places."""
    if search is not None:
        found = shutil.which(program, path=search)
    else:
        found = shutil.which(program) or shutil.which(program, path=os.pathsep.join(map(str, usual_places())))
    if found is None:
        raise HypervisorMissing(hypervisor=NAME)
    return os.path.abspath(found)  # noqa: PTH100 - a resolved link would lose its name


def parse_version(text: str) -> str:
    """The version out of ``--version``; `HypervisorBroken` if it is none, or too old."""
    match = re.match(r"QEMU emulator version (\d+)\.(\d+)(?:\.(\d+))?", text)
    if match is None:
        raise HypervisorBroken(hypervisor=NAME, detail=text.strip()[:200] or "no version")
    major, minor, micro = match.groups(default="0")
    version = f"{major}.{minor}.{micro}"
    if (int(major), int(minor)) < _OLDEST:
        raise HypervisorBroken(hypervisor=NAME, detail=f"version {version} is too old")
    return version


async def _ask(*arguments: str) -> str:
    try:
        status, out, err = await run(arguments, seconds=_PROBE_SECONDS)
    except (OSError, CommandTimeout) as error:
        raise HypervisorBroken(hypervisor=NAME, detail=str(error)) from None
    if status:
        raise HypervisorBroken(hypervisor=NAME, detail=f"{Path(arguments[0]).name} ended with {status}: {err.strip()[-200:]}")
    return out


async def works(system: str, acceleration: Acceleration) -> bool:
    """Whether a machine can really be made so: a device that can be opened may still fail (nested or half-present virtualization)."""
    arguments = (system, "-nodefaults", "-no-user-config", "-display", "none", "-machine", "pc", "-m", "16", "-S", "-qmp", "stdio")
    try:
        status, out, _ = await run((*arguments, "-accel", acceleration.option, "-cpu", acceleration.cpu), seconds=_PROBE_SECONDS, stdin=_QUIT)
    except (OSError, CommandTimeout):
        return False
    return status == 0 and '"SHUTDOWN"' in out


def candidates() -> tuple[Acceleration, ...]:
    """What is worth trying on this system, best first, without the interpreter."""
    if sys.platform == "linux" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return ()
    return _HARDWARE.get(sys.platform, ())


async def locate(search: str | None = None) -> Toolchain:
    """Find and try QEMU. Raises `HypervisorMissing` or `HypervisorBroken`."""
    system, img = find(_SYSTEM, search), find(_IMG, search)
    version = parse_version(await _ask(system, "--version"))
    if "qemu-img" not in await _ask(img, "--version"):
        raise HypervisorBroken(hypervisor=NAME, detail="qemu-img answers nonsense")
    sandbox = sys.platform == "linux" and "-sandbox on" in await _ask(system, "-help")
    for acceleration in candidates():
        if await works(system, acceleration):
            return Toolchain(system, img, version, acceleration, sandbox)
    if not await works(system, INTERPRETER):
        raise HypervisorBroken(hypervisor=NAME, detail="no machine can be started")
    return Toolchain(system, img, version, INTERPRETER, sandbox)
