"""How much disk space the files of a data folder really occupy: a machine's disk has holes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from t4t.domain.disk_room import DiskUse
from t4t.storage.place import MACHINES, moved_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK: Final = 512


def occupied(folder: Path) -> int:
    """Bytes that a folder occupies, as far as the system tells; one that is not there takes none. Blocks."""
    return sum(_files(folder))


def _files(folder: Path) -> Iterator[int]:
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        facts = entry.stat(follow_symlinks=False)
                        yield getattr(facts, "st_blocks", -(-facts.st_size // _BLOCK)) * _BLOCK
        except OSError:  # it went while we looked, or is nobody's to read
            continue


def measure(data: Path) -> DiskUse:
    """Everything of ours below ``data``; blocks, for as long as the disk needs to list it."""
    try:
        names = [path.name for path in (data / MACHINES).iterdir()]
    except OSError:
        names = []
    machines = {name: occupied(data / MACHINES / name) for name in names}
    away = sum(machines.values()) if moved_to(data) is not None else 0
    return DiskUse(total=occupied(data) + away, machines=machines)
