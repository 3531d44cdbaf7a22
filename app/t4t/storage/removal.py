"""The files of a data folder, told apart by whose they are, and taken away. What is not ours is never touched, nor is what a link of somebody's leads to."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.removal import DEMO, LAST, LITTER, ROOTS, Part, Piece, Stayed, part_of
from t4t.storage.disk_use import occupied
from t4t.storage.moving import is_copy
from t4t.storage.place import MACHINES, moved_to

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK: Final = 512


def roots(data: Path) -> tuple[Path, ...]:
    """The data folder, and those in it with machines of their own."""
    return (data, *(path for pattern in ROOTS for path in sorted(data.glob(pattern)) if path.is_dir() and not path.is_symlink()))


def pieces(data: Path) -> Iterator[Piece]:
    """All that is ours in it, with the space it takes."""
    for path in _children(data):
        if path.name == DEMO:
            yield from (_piece(part_of(inner.name) or Part.WORK, inner) for inner in _children(path) if inner.name not in {*LAST, *LITTER})
        elif (part := part_of(path.name)) is not None:
            yield _piece(part, path)


def _piece(part: Part, path: Path) -> Piece:
    away = moved_to(path.parent) if path.name == MACHINES else None
    return Piece(part=part, place=str(path), size=_size(path), moved=away or "")


def strange(data: Path) -> tuple[str, ...]:
    """The names of what is not ours."""
    return tuple(path.name for path in _children(data) if part_of(path.name) is None and path.name not in {DEMO, *LAST, *LITTER})


def remove(path: Path) -> Stayed | None:
    """Take one of our pieces away with all that is in it; what is in the way, if anything is. Nothing happens if it is not there."""
    problems: list[OSError] = []
    if path.name == MACHINES and (away := moved_to(path.parent)) is not None:
        copy = path.resolve()
        if is_copy(copy):  # a folder of another name is somebody's own: its machines are gone already, and it stays
            _take(copy, problems)
        _unlink(path, problems)
        return Stayed(place=away, reason=_why(problems[0])) if problems else None
    _take(path, problems)
    return Stayed(place=problems[0].filename or str(path), reason=_why(problems[0])) if problems else None


def finish(data: Path, *, chosen: bool) -> tuple[Stayed, ...]:
    """Take away what held the rest together, and the folders in which nothing is left; the data folder too, unless somebody chose it or keeps something."""
    stayed = []
    for folder in (data / DEMO, data):
        gone = (remove(path) for path in _children(folder) if path.name in {*LAST, *LITTER})
        stayed += [found for found in gone if found is not None]
        if chosen and folder == data:
            continue
        with contextlib.suppress(OSError):  # it is not empty, or was never there
            folder.rmdir()
    return tuple(stayed)


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _size(path: Path) -> int:
    """Where the machines were moved to counts, too."""
    if path.name == MACHINES and moved_to(path.parent) is not None:
        return occupied(path.resolve())
    try:
        facts = path.lstat()
    except OSError:
        return 0
    return occupied(path) if stat.S_ISDIR(facts.st_mode) else getattr(facts, "st_blocks", -(-facts.st_size // _BLOCK)) * _BLOCK


def _take(path: Path, problems: list[OSError]) -> None:
    if path.is_symlink() or not path.is_dir():
        _unlink(path, problems)
        return
    for folder, names, files in os.walk(path, topdown=False, onerror=problems.append):
        for name in files:
            _unlink(Path(folder, name), problems)
        for name in names:
            below = Path(folder, name)
            if below.is_symlink():
                _unlink(below, problems)
            else:
                _remove_folder(below, problems)
    _remove_folder(path, problems)


def _remove_folder(path: Path, problems: list[OSError]) -> None:
    try:
        path.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        problems.append(error)


def _unlink(path: Path, problems: list[OSError]) -> None:
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        _unlink_read_only(path, problems)
    except OSError as error:
        problems.append(error)


def _unlink_read_only(path: Path, problems: list[OSError]) -> None:
    """Windows does not remove what may not be written."""
    try:
        path.chmod(stat.S_IWRITE | stat.S_IREAD)
        path.unlink(missing_ok=True)
    except OSError as error:
        problems.append(error)


def _why(error: OSError) -> str:
    return error.strerror or str(error)
