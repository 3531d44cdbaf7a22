"""The beginnings and ends of log files, in whole lines: half a line could hold half a key, which nobody would know for one."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from t4t.domain.record import record

if TYPE_CHECKING:
    from pathlib import Path


@record(kw_only=True)
class Part:
    """Lines of a file, and how many of its bytes are not among them."""

    text: str
    left_out: int


def tail(path: Path, most: int) -> Part:
    """The last whole lines of ``path``, at most ``most`` bytes of them. ``OSError`` if it can't be read, also for what is no file."""
    size, data = _read(path, -most - 1)
    if len(data) > most:
        data = data[1:] if data.startswith(b"\n") else data.partition(b"\n")[2]
    return Part(text=data.decode("utf-8", "replace"), left_out=size - len(data))


def head(path: Path, most: int) -> Part:
    """The first whole lines of ``path``; otherwise as `tail`."""
    size, data = _read(path, most)
    if len(data) < size:
        data = data[: data.rfind(b"\n") + 1]
    return Part(text=data.decode("utf-8", "replace"), left_out=size - len(data))


def _read(path: Path, most: int) -> tuple[int, bytes]:
    """Size and the first ``most`` bytes, the last ones where it is negative. No link is followed, and nothing that would keep us waiting is opened."""
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(f"{path.name} is no file")
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size + most) if most < 0 else 0)
        return size, file.read(abs(most))
