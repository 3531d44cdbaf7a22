"""What `qemu-img` does for us: layers on base images, and snapshots in images that no process has open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import CommandFailed, CommandTimeout
from t4t.domain.vm import DiskFormat
from t4t.hypervisor.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SECONDS: Final = 120.0
_COPY_SECONDS: Final = 3600.0
COPIED: Final = frozenset({DiskFormat.VDI, DiskFormat.VMDK})
"""QEMU saves no machine that has such an image open, be it only as a base ("does not support live migration"): the VM gets a copy of its own."""
if sys.platform == "win32":
    _FLAGS: Final = subprocess.CREATE_NO_WINDOW
else:
    _FLAGS: Final = 0


class ImageSnapshot(msgspec.Struct, frozen=True):
    """A snapshot as ``qemu-img info`` tells it."""

    name: str
    size: int = msgspec.field(name="vm-state-size", default=0)


class _Info(msgspec.Struct, frozen=True):
    snapshots: tuple[ImageSnapshot, ...] = ()


async def run(arguments: Sequence[str], *, seconds: float = _SECONDS, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run a short-lived program to its end: exit status, output, errors. It is killed when we are cancelled or out of time."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean_environment(os.environ) | {"LC_ALL": "C"},
        creationflags=_FLAGS,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        raise CommandTimeout(vm="", command=arguments[0], seconds=seconds) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
    return process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace")


class Images:
    """`qemu-img`, one call a task."""

    def __init__(self, program: str) -> None:
        """``program`` is its path."""
        self._program = program

    async def _do(self, *arguments: str, seconds: float = _SECONDS) -> str:
        status, out, err = await run((self._program, *arguments), seconds=seconds)
        if status:
            raise CommandFailed(vm="", command=f"qemu-img {arguments[0]}", detail=err.strip()[-500:])
        return out

    async def layer(self, path: Path, base: str, base_format: DiskFormat) -> None:
        """A writable layer on a base image that is never written; a whole copy where the base's format would forbid saving."""
        if base_format in COPIED:
            await self._do("convert", "-q", "-f", base_format.value, "-O", "qcow2", base, str(path), seconds=_COPY_SECONDS)
            return
        await self._do("create", "-q", "-f", "qcow2", "-b", base, "-F", base_format.value, str(path))

    async def empty(self, path: Path, mib: int) -> None:
        """An empty growing disk."""
        await self._do("create", "-q", "-f", "qcow2", str(path), f"{mib}M")

    async def snapshots(self, path: Path) -> tuple[ImageSnapshot, ...]:
        """The snapshots in an image."""
        out = await self._do("info", "--output=json", "-U", "-f", "qcow2", str(path))
        return msgspec.json.decode(out, type=_Info).snapshots

    async def take(self, paths: Sequence[Path], tag: str) -> None:
        """A snapshot of images without a process, all or none."""
        taken: list[Path] = []
        try:
            for path in paths:
                await self._do("snapshot", "-q", "-c", tag, str(path))
                taken.append(path)
        except CommandFailed:
            for path in taken:
                await self._do("snapshot", "-q", "-d", tag, str(path))
            raise

    async def revert(self, paths: Sequence[Path], tag: str) -> None:
        """Make the images' content that of the snapshot."""
        for path in paths:
            await self._do("snapshot", "-q", "-a", tag, str(path))

    async def forget(self, paths: Sequence[Path], tags: Sequence[str]) -> None:
        """Delete snapshots, those that are there."""
        for path in paths:
            there = {snapshot.name for snapshot in await self.snapshots(path)}
            for tag in tags:
                if tag in there:
                    await self._do("snapshot", "-q", "-d", tag, str(path))
