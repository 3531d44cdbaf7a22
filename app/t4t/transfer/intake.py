"""What comes off the wire goes in one pass through decompression and checksums to its place, in constant memory.

A gzip file is written down as it comes too (``.NAME.gz.part``): decompression can't be taken up in the middle by another process, so after a restart
what was there is decompressed again from disk and only the rest is fetched.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO, Final

from isal import isal_zlib
from isal.igzip_lib import IsalError

from t4t.domain.errors import FolderUnwritable, NotEnoughDisk
from t4t.domain.project_errors import ArchiveRefused, FileWrongSize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STEP: Final = 1024 * 1024
_GZIP: Final = 16 + isal_zlib.MAX_WBITS


def measured(path: Path) -> tuple[int, str, str]:
    """Size, MD5 and SHA-256 of a file in constant memory; raises `OSError`."""
    size = 0
    md5 = hashlib.md5(usedforsecurity=False)
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_STEP):
            size += len(block)
            md5.update(block)
            sha256.update(block)
    return size, md5.hexdigest(), sha256.hexdigest()


class Intake:
    """Files of one download and their checksums; all methods block and may run in any thread, one at a time."""

    def __init__(self, folder: Path, name: str, *, gzipped: bool, limit: int, sha256: bool) -> None:
        """``limit``: bytes that the plain file may have at most; SHA-256 is computed where it is asked for, MD5 always (BOINC's)."""
        self._folder = folder
        self._name = name
        self._limit = limit
        self.wants_sha256 = sha256
        self._gzipped = gzipped
        self.plain = folder / f".{name}.part"
        self.packed = folder / f".{name}.gz.part"
        self._files: list[BinaryIO] = []
        self._reset()

    def _reset(self) -> None:
        self.size = 0
        self.received = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._member = isal_zlib.decompressobj(_GZIP)
        self._member_begun = False

    @property
    def md5(self) -> str:
        """Of the plain file so far."""
        return self._md5.hexdigest()

    @property
    def sha256(self) -> str:
        """Of the plain file so far, if it was asked for."""
        return self._sha256.hexdigest()

    def resume(self) -> int:
        """Take in again what an earlier run left; returns the number of bytes that need not be fetched."""
        source = self.packed if self._gzipped else self.plain
        self._open(keep=not self._gzipped)
        try:
            with source.open("rb") as earlier:
                while block := earlier.read(_STEP):
                    self._take(block, again=True)
        except (ArchiveRefused, FileWrongSize):
            self.restart()
        return self.received

    def restart(self) -> None:
        """Forget everything that came so far."""
        self.close()
        self._reset()
        self.packed.unlink(missing_ok=True)
        self._open(keep=False)

    def _open(self, *, keep: bool) -> None:
        """The plain file is written anew from a gzip file's beginning; a file that comes plain is only added to."""
        with _writing(self.plain):
            self._files = [self.plain.open("ab" if keep else "wb")]
            if self._gzipped:
                self._files.append(self.packed.open("ab"))

    def take(self, data: bytes) -> None:
        """Take in what came; raises `ArchiveRefused`, `FileWrongSize`, `NotEnoughDisk` or `FolderUnwritable`."""
        with _writing(self.plain):
            self._take(data, again=False)

    def _take(self, data: bytes, *, again: bool) -> None:
        self.received += len(data)
        if not self._gzipped:
            self._plain(data, write=not again)
            return
        if not again:
            self._files[1].write(data)
        try:
            self._inflate(data)
        except IsalError as error:  # type: ignore[misc]  # its stub calls the class an instance
            raise ArchiveRefused(file=self._name, reason="it is damaged") from error

    def _inflate(self, data: bytes) -> None:
        while data:
            if self._member.eof:  # another member follows, as tools that compress in parallel write them
                self._member = isal_zlib.decompressobj(_GZIP)
            self._member_begun = True
            self._plain(self._member.decompress(data, _STEP), write=True)
            data = self._member.unused_data or self._member.unconsumed_tail

    def _plain(self, data: bytes, *, write: bool) -> None:
        self.size += len(data)
        if self.size > self._limit:
            if self._gzipped:
                raise ArchiveRefused(file=self._name, reason=f"it grows beyond the {self._limit} bytes that were announced")
            raise FileWrongSize(file=self._name, expected=self._limit, actual=self.size)
        self._md5.update(data)
        if self.wants_sha256:
            self._sha256.update(data)
        if write:
            self._files[0].write(data)

    def finish(self) -> None:
        """All came: raise `ArchiveRefused` if the archive has no end; the plain file is safely on disk afterwards."""
        if self._gzipped and not (self._member_begun and self._member.eof):
            raise ArchiveRefused(file=self._name, reason="its end is missing")
        with _writing(self.plain):
            self._files[0].flush()
            os.fsync(self._files[0].fileno())

    def close(self) -> None:
        """Close the files; what is in them stays for the next time."""
        for file in self._files:
            with contextlib.suppress(OSError):  # a full disk shows again when the buffer is written at last
                file.close()
        self._files = []

    def remove(self) -> None:
        """Close and delete the unfinished files."""
        self.close()
        self.plain.unlink(missing_ok=True)
        self.packed.unlink(missing_ok=True)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """The system's errors of writing as ours."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NotEnoughDisk(path=str(path.parent), needed_mib=1, free_mib=0) from error
        raise FolderUnwritable(path=str(path.parent), reason=error.strerror or str(error)) from error
