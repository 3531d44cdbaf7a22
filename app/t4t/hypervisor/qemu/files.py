"""Small durable things on disk: atomic files, locks between processes, and a private folder short enough for socket paths."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import FolderUnwritable

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SOCKET_NAME_BYTES: Final = 24
_SOCKET_PATH_BYTES: Final = 100
"""Below the 104 (BSD) and 108 (Linux) bytes that a socket's path may have."""
_LOCK_POLL_SECONDS: Final = 0.02


def write_atomically(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` so that after a power cut either the old or the new content is there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable (NTFS journals it by itself)."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class FileLock:
    """An advisory lock that its holder's death releases; two holders in one process exclude each other too."""

    def __init__(self, path: Path) -> None:
        """Nothing is locked yet."""
        self._path = path
        self._handle = -1

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._handle >= 0

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it. `FileNotFoundError` when its folder is gone."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        if _lock(handle) and self._is_still(handle):
            self._handle = handle
            return True
        os.close(handle)
        return False

    def _is_still(self, handle: int) -> bool:
        """The file that was locked is the one at the path (it may have been deleted between opening and locking)."""
        try:
            return sys.platform == "win32" or os.fstat(handle).st_ino == self._path.stat().st_ino
        except FileNotFoundError:
            return False

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
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def runtime_folder(data_dir: Path) -> Path:
    """The folder for sockets of the VMs of ``data_dir``: private to this user, its path short, the same for every driver of a session."""
    if sys.platform == "win32":
        return data_dir / "run"
    else:  # noqa: RET505 - mypy would call the rest unreachable
        digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
        session = os.environ.get("XDG_RUNTIME_DIR", "")
        candidates = [Path(session) / f"t4t-{digest}"] if session and Path(session).is_dir() else []
        candidates.append(Path(tempfile.gettempdir()) / f"t4t-{os.getuid()}-{digest}")
        candidates.append(Path("/tmp") / f"t4t-{os.getuid()}-{digest}")  # noqa: S108 - made 0700 and its owner checked below
        for folder in candidates:
            if len(os.fsencode(folder)) + _SOCKET_NAME_BYTES <= _SOCKET_PATH_BYTES:
                return folder
        return candidates[-1]


def make_private(folder: Path) -> None:
    """Create ``folder`` for this user alone; a folder of somebody else's making is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32":
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise FolderUnwritable(path=str(folder), reason="belongs to somebody else")
        if stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
            folder.chmod(stat.S_IRWXU)
