"""The virtual machines of a data folder moved to another disk, so that whatever dies at whatever moment leaves one good copy, and the next start goes on.

Copied, with holes kept; each file read again from the disk and compared; then one durable word in the journal (`_Stage.SWITCH`) makes the copy the one that
counts. Before it the copy is what goes, after it the original; both are done over again as often as it takes (`finish`).
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import os
import secrets
import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import FolderUnwritable
from t4t.domain.move_errors import MachinesAway, MoveFailed, PlaceRefused
from t4t.domain.vm import MIB
from t4t.durable import sync_folder, write_atomic
from t4t.storage.disk_use import occupied
from t4t.storage.place import MACHINES, check_place, link, moved_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_JOURNAL: Final = "moving.json"
_NAME: Final = "t4t-vms-"
_ASIDE: Final = "vms-before-"
_CHUNK: Final = 1 << 20
_HOLE: Final = bytes(_CHUNK)
_SPARE_MIB: Final = 64


class _Stage(enum.Enum):
    COPY = "copy"
    SWITCH = "switch"


class _Journal(msgspec.Struct, frozen=True, kw_only=True):
    """A move under way: where from (with links followed), where to, and where the original waits for its end."""

    stage: _Stage
    old: str
    new: str
    aside: str
    back: bool
    """Into the data folder itself."""


def move(data: Path, to: Path, *, check_room: Callable[[Path, int], None], tell: Callable[[int, int], None]) -> Path:
    """Move the machines into a new folder in ``to``, or back if that is the data folder; where they are then. Nobody else may use them meanwhile.

    ``check_room`` raises unless a folder's disk has so many MiB; ``tell`` hears how many bytes of how many are copied. Raises `PlaceRefused`, `NotEnoughDisk`,
    `MoveFailed`, `MachinesAway`, `FolderUnwritable`: then, and when it is cancelled (any other exception of ``tell``), they stay where they were.
    """
    finish(data)
    check_place(data)
    (data / MACHINES).mkdir(parents=True, exist_ok=True)
    old = (data / MACHINES).resolve()
    back = check(data, to)
    token = secrets.token_hex(4)
    parent = data if back else to.resolve()
    new, aside = parent / f"{_NAME}{token}", data / f"{_ASIDE}{token}"
    journal = _Journal(stage=_Stage.COPY, old=str(old), new=str(new), aside=str(aside), back=back)
    check_room(parent, occupied(old) // MIB + _SPARE_MIB)
    size = sum(Path(folder, name).lstat().st_size for folder, _, names in os.walk(old) for name in names)
    _write(data, journal)
    try:
        _copy(old, new, lambda done: tell(done, size))
    except OSError as error:
        finish(data)
        raise MoveFailed(path=str(error.filename or new), reason=error.strerror or str(error)) from error
    except BaseException:
        finish(data)
        raise
    _write(data, msgspec.structs.replace(journal, stage=_Stage.SWITCH))
    finish(data)
    return (data / MACHINES).resolve()


def check(data: Path, to: Path) -> bool:
    """Whether it would be the way back; raises `PlaceRefused`. Changes nothing."""
    old = (data / MACHINES).resolve()
    place = to.resolve()
    if not place.is_dir():
        raise PlaceRefused(path=str(to), reason="there is no such folder")
    if place == data.resolve():
        if moved_to(data) is None:
            raise PlaceRefused(path=str(to), reason="they are there already")
        return True
    if place.is_relative_to(data.resolve()) or place.is_relative_to(old):
        raise PlaceRefused(path=str(to), reason="it lies in a folder of this program's own")
    if place == old.parent:
        raise PlaceRefused(path=str(to), reason="they are there already")
    return False


def finish(data: Path) -> bool:
    """Take up a move that somebody died in, to its end or back to its beginning; whether there was one. Done again it changes nothing.

    Raises `MoveFailed` where the disk does not let it, `MachinesAway` where the copy's disk is not there: nothing is lost, and it is tried with the next start.
    """
    for part in data.glob(f".{_JOURNAL}.*.part"):
        part.unlink(missing_ok=True)  # a word that was never said
    try:
        journal = msgspec.json.decode((data / _JOURNAL).read_bytes(), type=_Journal)
    except FileNotFoundError:
        return False
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MoveFailed(path=str(data / _JOURNAL), reason=str(error)) from error
    try:
        if journal.stage is _Stage.SWITCH:
            if not journal.back and not Path(journal.new).is_dir():
                raise MachinesAway(path=journal.new)  # the original stays as long as nobody has seen the copy again
            _switch(data, journal)
        gone = _old_copies(data, journal) if journal.stage is _Stage.SWITCH else [Path(journal.new)]
        for folder in gone:
            shutil.rmtree(folder, ignore_errors=True)  # what can't be removed is in nobody's way
        (data / _JOURNAL).unlink()
        sync_folder(data)
    except OSError as error:
        raise MoveFailed(path=str(error.filename or data), reason=error.strerror or str(error)) from error
    return True


def is_copy(folder: Path) -> bool:
    """Whether a folder on another disk was made by a move, by its name."""
    return folder.name.startswith(_NAME)


def _switch(data: Path, journal: _Journal) -> None:
    """Let the path that everybody uses lead to the copy."""
    place, new, aside = data / MACHINES, Path(journal.new), Path(journal.aside)
    if journal.back:
        if not new.is_dir():
            return  # it was done
        if moved_to(data) is not None:
            place.unlink()
        new.rename(place)
    elif (now := moved_to(data)) != str(new):
        if now is not None:
            place.unlink()
        elif place.is_dir():
            place.rename(aside)
        link(place, new)
    sync_folder(data)


def _old_copies(data: Path, journal: _Journal) -> Iterator[Path]:
    """The original: set aside in the data folder, or on the disk to which the link led."""
    old, kept = Path(journal.old), (data / MACHINES).resolve()
    yield Path(journal.aside)
    if old != kept and is_copy(old) and old != data / MACHINES:
        yield old


def _write(data: Path, journal: _Journal) -> None:
    try:
        write_atomic(data / _JOURNAL, msgspec.json.encode(journal))
    except OSError as error:
        raise FolderUnwritable(path=str(data), reason=error.strerror or str(error)) from error


# --- the copy --------------------------------------------------------------------------------------------------------


def _copy(old: Path, new: Path, tell: Callable[[int], None]) -> None:
    """A durable copy of everything but what lives with a process (sockets); raises `OSError`, also where it is not the same."""
    done = 0
    new.mkdir(mode=0o700)
    for folder, _folders, files in os.walk(old, onerror=_give_up):
        target = new / Path(folder).relative_to(old)
        for name in sorted(_folders):
            source = Path(folder, name)
            if source.is_symlink():
                (target / name).symlink_to(source.readlink(), target_is_directory=True)
            else:
                (target / name).mkdir()
        for name in sorted(files):
            source = Path(folder, name)
            facts = source.lstat()
            if stat.S_ISLNK(facts.st_mode):
                (target / name).symlink_to(source.readlink())
            elif stat.S_ISREG(facts.st_mode):
                for size in _copy_file(source, target / name):
                    done += size
                    tell(done)
                if (after := source.stat()).st_mtime_ns != facts.st_mtime_ns or after.st_size != facts.st_size:
                    raise OSError(0, "it was changed while it was copied", str(source))
    for folder, _folders, _files in os.walk(new, topdown=False):
        with contextlib.suppress(OSError):  # a file system without owners' rights
            shutil.copystat(old / Path(folder).relative_to(new), folder)
        sync_folder(Path(folder))
    sync_folder(new.parent)


def _give_up(error: OSError) -> None:
    """What can't be listed can't be copied."""
    raise error


def _copy_file(source: Path, target: Path) -> Iterator[int]:
    """The sizes of its parts, one by one; at the end the copy is on the disk and the same."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while part := reading.read(_CHUNK):
            digest.update(part)
            if part == _HOLE[: len(part)]:
                writing.seek(len(part), os.SEEK_CUR)
            else:
                writing.write(part)
            yield len(part)
        writing.truncate(writing.tell())
        writing.flush()
        os.fsync(writing.fileno())
    with contextlib.suppress(OSError):
        shutil.copystat(source, target)
    if _read_again(target) != digest.hexdigest():
        raise OSError(0, "the copy is not the same", str(target))


def _read_again(path: Path) -> str:
    """The checksum of what is on the disk, not of what the system remembers of it, where it can be told to forget."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        if sys.platform == "linux":
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while part := file.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()
