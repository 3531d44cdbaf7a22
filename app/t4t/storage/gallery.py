"""The pictures that the volunteer kept: PNG files in a folder of the data folder, under names that people can read."""

from __future__ import annotations

import contextlib
import re
import stat
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import FolderUnwritable
from t4t.domain.gallery import SavedPicture
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = "gallery"
MOST_SHOWN: Final = 200
_SUFFIX: Final = ".png"
_LONGEST: Final = 60
_NAME: Final = re.compile(r"[0-9a-z][0-9a-z-]{0,120}\.png")


def pictures(data: Path) -> tuple[SavedPicture, ...]:
    """All that are there, the newest first, at most `MOST_SHOWN`."""
    found = []
    with contextlib.suppress(OSError):
        for path in (data / FOLDER).iterdir():
            with contextlib.suppress(OSError):
                facts = path.lstat()
                if _NAME.fullmatch(path.name) and stat.S_ISREG(facts.st_mode):
                    found.append(SavedPicture(name=path.name, path=str(path), at=facts.st_mtime))
    return tuple(sorted(found, key=lambda one: (-one.at, one.name))[:MOST_SHOWN])


def keep(data: Path, title: str, png: bytes, *, now: float) -> SavedPicture:
    """Keep a picture under a name made of the time (``now``, seconds since 1970) and its title. Raises `FolderUnwritable`."""
    folder = data / FOLDER
    stem = f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{_readable(title)}".rstrip("-")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path, number = folder / f"{stem}{_SUFFIX}", 1
        while path.exists():
            number += 1
            path = folder / f"{stem}-{number}{_SUFFIX}"
        write_atomic(path, png)
    except OSError as error:
        raise FolderUnwritable(path=str(folder), reason=error.strerror or str(error)) from error
    return SavedPicture(name=path.name, path=str(path), at=now)


def remove(data: Path, name: str) -> None:
    """Remove one; one that is gone already is no error. Raises `FolderUnwritable`, ValueError for what is no name of a picture."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"no picture is called {name!r}")
    folder = data / FOLDER
    try:
        (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise FolderUnwritable(path=str(folder), reason=error.strerror or str(error)) from error


def _readable(title: str) -> str:
    """Small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^0-9a-z]+", "-", plain)[:_LONGEST].strip("-")
