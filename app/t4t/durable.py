"""Files that survive a power cut, and locks that die with their process; for every layer that writes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
import time
from typing import TYPE_CHECKING, Final, TypeVar, TypeVarTuple

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

_Given = TypeVarTuple("_Given")
_Made = TypeVar("_Made")
_LOCK_POLL_SECONDS: Final = 0.02
_LOCK_OFFSET: Final = 1 << 30
"""Windows only: a locked range can't be read, so the lock lies far behind what the file says."""


def write_atomic(path: Path, data: bytes) -> None:
    """Replace ``path`` with ``data`` so that a power cut leaves either the old or the new content. Raises `OSError`."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
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
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable (NTFS journals it by itself)."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


async def to_the_end(work: Callable[[*_Given], _Made], *args: *_Given) -> _Made:
    """``asyncio.to_thread``, but who is cancelled waits for the thread: nothing can stop it, and what it still opens would be closed by nobody."""
    future = asyncio.get_running_loop().run_in_executor(None, work, *args)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        future.exception()
        raise


class FileLock:
    """An advisory lock that its holder's death releases; two holders in one process exclude each other too."""

    def __init__(self, path: Path) -> None:
        """Nothing is locked yet; the file stays behind, unlocked."""
        self._path = path
        self._handle = -1

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._handle >= 0

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it. Raises `OSError`, `FileNotFoundError` among them when its folder is gone."""
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            if not _lock(handle):
                os.close(handle)
                return False
            if self._is_still(handle):
                self._handle = handle
                return True
            os.close(handle)  # its last holder removed it: a lock on a file that nobody sees locks nobody out

    def _is_still(self, handle: int) -> bool:
        """The file that was locked is the one at the path."""
        try:
            return sys.platform == "win32" or os.fstat(handle).st_ino == self._path.stat().st_ino
        except FileNotFoundError:
            return False

    def note(self, text: str) -> None:
        """Leave a word for those who find it locked; on a full disk the lock holds without it."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, text.encode())

    def release(self) -> None:
        """Give the lock back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    @contextlib.asynccontextmanager
    async def acquired(self, seconds: float) -> AsyncIterator[None]:
        """Hold the lock; `TimeoutError` when somebody else keeps it longer than ``seconds``."""
        deadline = time.monotonic() + seconds
        while not self.try_acquire():
            if time.monotonic() > deadline:
                raise TimeoutError
            await asyncio.sleep(_LOCK_POLL_SECONDS)
        try:
            yield
        finally:
            self.release()


def _lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(handle, _LOCK_OFFSET, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
