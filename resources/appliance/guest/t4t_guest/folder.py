"""The shared folder as the mirror sees it: plain files with plain names, and their hashes."""

from __future__ import annotations

import hashlib
import os
from typing import NamedTuple

PART_PREFIX = ".t4t-part-"
MAX_DEPTH = 4
MAX_NAME = 128
MAX_FILE_BYTES = 256 << 20
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_READ_BYTES = 1 << 18


class _Seen(NamedTuple):
    size: int
    changed: int
    inode: int
    hash: str


def is_plain_name(name: str) -> bool:
    """Whether a part of a path may pass the mirror."""
    return 0 < len(name) <= MAX_NAME and name not in {".", ".."} and not name.startswith(PART_PREFIX) and _LETTERS.issuperset(name)


def is_plain_path(path: object) -> bool:
    """Whether a path may pass the mirror: relative, at most four folders deep, plain names."""
    if not isinstance(path, str):
        return False
    parts = path.split("/")
    return len(parts) <= MAX_DEPTH + 1 and all(is_plain_name(part) for part in parts)


def hash_stream(descriptor: int) -> tuple[str, int]:
    """SHA-256 and size of an open file from where it stands."""
    total, size = hashlib.sha256(), 0
    while data := os.read(descriptor, _READ_BYTES):
        total.update(data)
        size += len(data)
    return total.hexdigest(), size


class Folder:
    """Listing of a folder tree; a file is read again only when its size, time or inode has changed."""

    def __init__(self, top: str) -> None:
        """Look at the tree below `top`, which must exist."""
        self.top = top
        self._seen: dict[str, _Seen] = {}

    def place(self, path: str) -> str:
        """Full name of a path of the mirror."""
        return f"{self.top}/{path}"

    def listing(self) -> dict[str, str]:
        """Path to hash of all files that may pass the mirror."""
        found: dict[str, _Seen] = {}
        self._scan(self.top, "", found)
        self._seen = found
        return {path: seen.hash for path, seen in found.items()}

    def hash_of(self, path: str) -> str | None:
        """Present hash of one file; None where there is no such file."""
        try:
            status = os.lstat(self.place(path))
            seen = self._seen.get(path)
            if seen is not None and (status.st_size, status.st_mtime_ns, status.st_ino) == seen[:3]:
                return seen.hash
            descriptor = os.open(self.place(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            return hash_stream(descriptor)[0]
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def remove(self, path: str) -> None:
        """Remove a file; no error where there is none.

        Raises OSError.
        """
        try:
            os.unlink(self.place(path))  # noqa: PTH108 -- pathlib is slow to import
        except FileNotFoundError:
            return

    def _scan(self, folder: str, prefix: str, found: dict[str, _Seen]) -> None:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        for entry in entries:
            path = prefix + entry.name
            if not is_plain_name(entry.name):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    if path.count("/") < MAX_DEPTH:
                        self._scan(entry.path, path + "/", found)
                elif entry.is_file(follow_symlinks=False):
                    self._look(entry, path, found)
            except OSError:
                continue

    def _look(self, entry: os.DirEntry[str], path: str, found: dict[str, _Seen]) -> None:
        status = entry.stat(follow_symlinks=False)
        if status.st_size > MAX_FILE_BYTES:
            return
        key = (status.st_size, status.st_mtime_ns, status.st_ino)
        seen = self._seen.get(path)
        if seen is None or seen[:3] != key:
            descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                seen = _Seen(*key, hash_stream(descriptor)[0])
            finally:
                os.close(descriptor)
        found[path] = seen
