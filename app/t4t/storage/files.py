"""Checksums, and the lock that keeps two runs out of one folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING, Final, Self

from t4t.domain.errors import FolderBusy, FolderUnwritable
from t4t.durable import FileLock

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_CHUNK: Final = 1024 * 1024


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
        self._lock = FileLock(self._path)

    def __enter__(self) -> Self:
        """As `take`."""
        if not self._lock.held:
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
            taken = self._lock.try_acquire()
        except OSError as error:
            raise FolderUnwritable(path=str(self._path.parent), reason=error.strerror or str(error)) from error
        if taken:
            self._lock.note(str(os.getpid()))
        return taken

    def remove(self) -> None:
        """Remove the lock file while holding it, so that nothing of ours stays in a folder of somebody else's."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _holder(self) -> int:
        """The pid that the holder wrote, 0 if it can't be read."""
        with contextlib.suppress(OSError, ValueError):
            return int(self._path.read_bytes() or b"0")
        return 0

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Release it."""
        self._lock.release()
