"""Durable files: written whole or not at all, and locks that die with their process."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from typing import IO, TYPE_CHECKING, Final, Self

from t4t.domain.errors import FolderBusy, FolderUnwritable

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_CHUNK: Final = 1024 * 1024


def write_atomic(path: Path, data: bytes) -> None:
    """Replace ``path`` with ``data`` so that a power cut leaves either the old or the new content. Raises `OSError`."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content in hex, read in constant memory. Raises `OSError`."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()


class FolderLock:
    """At most one of our processes works in a folder; the operating system releases the lock however the process ends."""

    def __init__(self, folder: Path, name: str = "lock") -> None:
        """The lock file is ``folder/name``; it stays behind, unlocked."""
        self._path = folder / name
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """As `take`."""
        if self._file is None:
            self.take()
        return self

    def take(self) -> None:
        """Take the lock; raises `FolderBusy` or `FolderUnwritable`."""
        if not self.try_take():
            raise FolderBusy(path=str(self._path.parent), pid=self._holder())

    def try_take(self) -> bool:
        """Take the lock if it is free; raises `FolderUnwritable`."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+b")
        except OSError as error:
            raise FolderUnwritable(path=str(self._path.parent), reason=error.strerror or str(error)) from error
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        if not self._is_current(file):  # its last holder removed it while we waited: a lock on a file that nobody sees locks nobody out
            file.close()
            return self.try_take()
        self._file = file
        self._sign(file)
        return True

    @staticmethod
    def _sign(file: IO[bytes]) -> None:
        """Leave our pid for messages; on a full disk the lock holds without it."""
        with contextlib.suppress(OSError):
            file.seek(0)
            file.truncate()
            file.write(str(os.getpid()).encode())
            file.flush()

    def _is_current(self, file: IO[bytes]) -> bool:
        try:
            return sys.platform == "win32" or self._path.stat().st_ino == os.fstat(file.fileno()).st_ino
        except OSError:
            return False

    def remove(self) -> None:
        """Remove the lock file while holding it, so that nothing of ours stays in a folder of somebody else's."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _holder(self) -> int:
        """The pid that the holder wrote, 0 if it can't be read."""
        with contextlib.suppress(OSError, ValueError):
            return int(self._path.read_bytes() or b"0")
        return 0

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Release it."""
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    _LOCK_OFFSET: Final = 1 << 30
    """Locked ranges can't be read on Windows, so the lock lies far behind the pid."""

    def _lock(file: IO[bytes]) -> None:
        file.seek(_LOCK_OFFSET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
