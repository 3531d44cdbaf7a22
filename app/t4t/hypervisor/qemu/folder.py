"""The shared folder on the host: a listing that reads only what has changed, and writes that follow no link."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from t4t.hypervisor.qemu.share import MAX_FILE_BYTES, PART_PREFIX, is_plain_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEPTH: Final = 4
_READ_BYTES: Final = 1 << 18
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_MOST_FILES: Final = 8192
_DEVICE: Final = re.compile(r"(?i)con|prn|aux|nul|(com|lpt)\d|conin\$|conout\$")


if sys.platform == "win32":
    _Place = Path

    def _open_in(folder: Path, name: str, flags: int) -> int:
        return os.open(folder / name, flags, 0o644)

    def _remove_in(folder: Path, name: str) -> None:
        (folder / name).unlink()

    def _replace_in(folder: Path, old: str, new: str) -> None:
        (folder / old).replace(folder / new)

    def _stat_in(folder: Path, name: str) -> os.stat_result:
        return (folder / name).lstat()

    @contextlib.contextmanager
    def _descend(top: Path, folders: list[str], *, create: bool) -> Iterator[Path]:
        place = top
        for folder in folders:
            place /= folder
            if create:
                place.mkdir(exist_ok=True)
            if place.is_symlink() or not place.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "a link", str(place))
        yield place

    def _is_junction(entry: os.DirEntry[str]) -> bool:
        return bool(entry.stat(follow_symlinks=False).st_file_attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT)

else:
    _Place = int

    def _open_in(folder: int, name: str, flags: int) -> int:
        return os.open(name, flags, 0o644, dir_fd=folder)

    def _remove_in(folder: int, name: str) -> None:
        os.unlink(name, dir_fd=folder)

    def _replace_in(folder: int, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)

    def _stat_in(folder: int, name: str) -> os.stat_result:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)

    @contextlib.contextmanager
    def _descend(top: Path, folders: list[str], *, create: bool) -> Iterator[int]:
        handle = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                if create:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(folder, 0o755, dir_fd=handle)
                inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    def _is_junction(_entry: os.DirEntry[str]) -> bool:
        return False


class _Seen(NamedTuple):
    size: int
    changed: int
    inode: int
    hash: str


def _hash(place: Path) -> str:
    handle = os.open(place, os.O_RDONLY | _NO_FOLLOW)
    try:
        digest = hashlib.sha256()
        while data := os.read(handle, _READ_BYTES):
            digest.update(data)
        return digest.hexdigest()
    finally:
        os.close(handle)


def is_device(path: str, platform: str = sys.platform) -> bool:
    """Whether a part of the path is a device's name, or loses its end, on Windows."""
    if platform != "win32":
        return False
    return any(part.endswith(".") or _DEVICE.fullmatch(part.split(".")[0]) for part in path.split("/"))


class HostFolder:
    """`t4t.hypervisor.qemu.share.Folder` on disk."""

    def __init__(self, top: Path) -> None:
        """``top`` is the folder that is shared; it must exist."""
        self._top = top
        self._seen: dict[str, _Seen] = {}
        self._listing: dict[str, str] = {}
        self._reading = -1
        self._writing = -1
        self._part: Path | None = None
        self._target = ""
        self._digest = hashlib.sha256()

    # --- looking -----------------------------------------------------------------------------------------------------

    def scan(self) -> bool:
        """Look at all files; only those whose size, time or inode changed are read (may be called in a thread). Whether anything is new."""
        if not self._top.is_dir():
            # Out of reach for a while (a drive that was pulled out): nothing was removed by anybody.
            return False
        found: dict[str, _Seen] = {}
        self._walk(self._top, "", 0, found)
        new = found != self._seen
        self._seen = found
        self._listing = {path: seen.hash for path, seen in found.items()}
        return new

    def _walk(self, folder: Path, prefix: str, depth: int, found: dict[str, _Seen]) -> None:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        for entry in entries:
            path = prefix + entry.name
            if not is_plain_path(path) or len(found) >= _MOST_FILES:
                continue
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    if depth < _DEPTH and not _is_junction(entry):
                        self._walk(Path(entry.path), path + "/", depth + 1, found)
                elif entry.is_file(follow_symlinks=False):
                    self._look(Path(entry.path), path, entry.stat(follow_symlinks=False), found)

    def _look(self, place: Path, path: str, status: os.stat_result, found: dict[str, _Seen]) -> None:
        if status.st_size > MAX_FILE_BYTES:
            return
        key = (status.st_size, status.st_mtime_ns, status.st_ino)
        seen = self._seen.get(path)
        if seen is None or seen[:3] != key:
            try:
                seen = _Seen(*key, _hash(place))
            except FileNotFoundError:
                return
            except OSError:
                # Somebody has it open for himself alone: it is as it was, until it can be read.
                if seen is None:
                    return
        found[path] = seen

    def listing(self) -> Mapping[str, str]:
        """See `Folder.listing`."""
        return self._listing

    def total_bytes(self) -> int:
        """See `Folder.total_bytes`."""
        return sum(seen.size for seen in self._seen.values())

    # --- to the guest ------------------------------------------------------------------------------------------------

    def open(self, path: str) -> int | None:
        """See `Folder.open`."""
        self._stop_reading()
        try:
            with self._parent(path, create=False) as (folder, name):
                self._reading = _open_in(folder, name, os.O_RDONLY | _NO_FOLLOW)
            status = os.fstat(self._reading)
        except OSError:
            self._stop_reading()
            return None
        if not stat.S_ISREG(status.st_mode):
            self._stop_reading()
            return None
        return status.st_size

    def read(self, offset: int, size: int) -> bytes:
        """See `Folder.read`."""
        if self._reading < 0:
            return b""
        try:
            os.lseek(self._reading, offset, os.SEEK_SET)
            return os.read(self._reading, size)
        except OSError:
            return b""

    def _stop_reading(self) -> None:
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1

    # --- from the guest ----------------------------------------------------------------------------------------------

    def begin(self, path: str, number: int) -> bool:
        """See `Folder.begin`."""
        self.abort()
        if is_device(path):
            return False
        try:
            with self._parent(path, create=True) as (folder, _):
                part = f"{PART_PREFIX}{number & 0xFFFFFFFF}"
                with contextlib.suppress(FileNotFoundError):
                    _remove_in(folder, part)
                self._writing = _open_in(folder, part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW)
                self._part = self._top.joinpath(*path.split("/")[:-1], part)
        except OSError:
            return False
        self._target = path
        self._digest = hashlib.sha256()
        return True

    def append(self, data: bytes) -> bool:
        """See `Folder.append`."""
        view = memoryview(data)
        self._digest.update(data)
        try:
            while view:
                view = view[os.write(self._writing, view) :]
        except OSError:
            return False
        return True

    def finish(self, expected: str) -> bool:
        """See `Folder.finish`."""
        if self._writing < 0 or self._part is None or self._digest.hexdigest() != expected:
            self.abort()
            return False
        os.close(self._writing)
        self._writing = -1
        try:
            with self._parent(self._target, create=False) as (folder, name):
                _replace_in(folder, self._part.name, name)
                status = _stat_in(folder, name)
        except OSError:
            self.abort()
            return False
        self._part = None
        self._seen[self._target] = _Seen(status.st_size, status.st_mtime_ns, status.st_ino, expected)
        self._listing[self._target] = expected
        return True

    def abort(self) -> None:
        """See `Folder.abort`."""
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1
        if self._part is not None:
            with contextlib.suppress(OSError):
                self._part.unlink(missing_ok=True)
            self._part = None

    def remove(self, path: str) -> bool:
        """See `Folder.remove`."""
        try:
            with self._parent(path, create=False) as (folder, name):
                _remove_in(folder, name)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError:
            return False
        self._seen.pop(path, None)
        self._listing.pop(path, None)
        return True

    def close(self) -> None:
        """Let go of files."""
        self.abort()
        self._stop_reading()

    @contextlib.contextmanager
    def _parent(self, path: str, *, create: bool) -> Iterator[tuple[_Place, str]]:
        """The folder that holds ``path``, reached without following a link, and the last part of the path."""
        *folders, name = path.split("/")
        with _descend(self._top, folders, create=create) as folder:
            yield folder, name
