"""Free disk and memory, processors and architecture of this computer."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from typing import TYPE_CHECKING

import psutil

from t4t.domain.errors import FolderUnwritable, NotEnoughDisk, NotEnoughMemory
from t4t.domain.vm import MIB

if TYPE_CHECKING:
    from pathlib import Path

_ARCHITECTURES = {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64"}


def architecture() -> str:
    """``x86_64``, ``arm64`` or the system's own word in lower case."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


def cores() -> int:
    """Processors that this process may use, at least 1."""
    return _allowed_cores() or psutil.cpu_count() or 1


if sys.platform == "linux":

    def _allowed_cores() -> int:
        """A container or ``taskset`` may allow fewer than there are."""
        return len(os.sched_getaffinity(0))

else:

    def _allowed_cores() -> int:
        """No such limit is known here."""
        return 0


def free_bytes(path: Path) -> int | None:
    """Free space for us in the file system of ``path``; None if that can't be known (the disk is gone, say)."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def size_bytes(path: Path) -> int | None:
    """The size of the file system of ``path``; None if that can't be known."""
    try:
        return shutil.disk_usage(path).total
    except OSError:
        return None


def memory_bytes() -> int:
    """All memory of this computer."""
    return psutil.virtual_memory().total


def check_disk(path: Path, needed_mib: int) -> None:
    """Raise `NotEnoughDisk` unless the file system of ``path`` has ``needed_mib`` MiB free for us; `FolderUnwritable` if that can't be known."""
    try:
        free = shutil.disk_usage(path).free // MIB
    except OSError as error:
        raise FolderUnwritable(path=str(path), reason=error.strerror or str(error)) from error
    if free < needed_mib:
        raise NotEnoughDisk(path=str(path), needed_mib=needed_mib, free_mib=free)


def check_memory(needed_mib: int) -> None:
    """Raise `NotEnoughMemory` unless ``needed_mib`` MiB can be had without swapping others out."""
    free = psutil.virtual_memory().available // MIB
    if free < needed_mib:
        raise NotEnoughMemory(needed_mib=needed_mib, free_mib=free)
