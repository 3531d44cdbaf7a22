"""Writing a file of unknown size within limits, and gzip read in a stream: what grows too large or fills the disk is stopped, not found out afterwards."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from t4t.domain.errors import FolderUnwritable, ImageDamaged, NotEnoughDisk
from t4t.domain.vm import MIB
from t4t.durable import sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

CHUNK: Final = 1024 * 1024
RESERVE_MIB: Final = 256
"""What is left free on the disk."""
_LOOK_EVERY: Final = 64 * MIB
_GZIP: Final = 31
"""zlib's word for "gzip, whole header": it also checks length and CRC."""


def _free_mib(folder: Path) -> int:
    return shutil.disk_usage(folder).free // MIB


class PartFile:
    """A file that appears under its name when it is whole: ``with PartFile(…) as part: part.write(…); part.keep()``.

    ``source`` names what is unpacked in errors. All methods raise `FolderUnwritable` and `NotEnoughDisk`; `write` raises `ImageDamaged` beyond ``limit`` bytes.
    """

    def __init__(self, path: Path, *, source: Path, limit: int, free_mib: Callable[[Path], int] = _free_mib) -> None:
        """Nothing is written yet; what an interrupted run left behind is replaced."""
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._source = source
        self._limit = limit
        self._free_mib = free_mib
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._looked_at = 0
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of what was written with `write`, in hex."""
        return self._digest.hexdigest()

    def expect(self, size: int) -> None:
        """Raise unless ``size`` bytes may be written and fit on the disk."""
        if size > self._limit:
            raise ImageDamaged(path=str(self._source), reason=f"it would be larger than {self._limit // MIB} MiB")
        self._check_room(size)

    def _check_room(self, size: int) -> None:
        folder = self._path.parent
        try:
            free = self._free_mib(folder)
        except OSError as error:
            raise self._unwritable(error) from error
        needed = -(-size // MIB) + RESERVE_MIB
        if free < needed:
            raise NotEnoughDisk(path=str(folder), needed_mib=needed, free_mib=free)

    def __enter__(self) -> Self:
        """Begin."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w+b")
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def write(self, data: bytes) -> None:
        """Add ``data``."""
        self.size += len(data)
        if self.size > self._limit:
            raise ImageDamaged(path=str(self._source), reason=f"it is larger than {self._limit // MIB} MiB")
        if self.size - self._looked_at > _LOOK_EVERY:
            self._looked_at = self.size
            self._check_room(0)
        self._digest.update(data)
        try:
            self.file.write(data)
        except OSError as error:
            raise self._unwritable(error) from error

    def overwrite(self, offset: int, data: bytes) -> None:
        """Put ``data`` over what was written at ``offset``: a header that is known last. `sha256` is no longer that of the file."""
        try:
            self.file.seek(offset)
            self.file.write(data)
        except OSError as error:
            raise self._unwritable(error) from error

    @property
    def file(self) -> BinaryIO:
        """The open file, for reading again what was written."""
        if self._file is None:
            raise RuntimeError("the part is not open")
        return self._file

    @property
    def part(self) -> Path:
        """Where it lies until it is kept."""
        return self._part

    def flush(self) -> None:
        """Make what was written visible through `part`."""
        try:
            self.file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def keep(self) -> None:
        """It is whole: give it its name, for good."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self._part.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise self._unwritable(error) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Without `keep`, nothing stays."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> FolderUnwritable | NotEnoughDisk:
        folder = self._path.parent
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return NotEnoughDisk(path=str(folder), needed_mib=-(-self.size // MIB) + RESERVE_MIB, free_mib=0)
        return FolderUnwritable(path=str(folder), reason=error.strerror or str(error))


def gunzip(source: BinaryIO, write: Callable[[bytes], None], *, path: Path, seen: Callable[[bytes], None]) -> None:
    """Write the content of ``source``, one or more gzip members; ``seen`` gets every byte that was read. Memory stays constant.

    Raises `ImageDamaged` for what is no gzip, cut off, damaged, or followed by something else than zeros.
    """
    member = None
    ended = padded = False
    while block := source.read(CHUNK):
        seen(block)
        while block:
            if padded:
                if block.strip(b"\0"):
                    raise ImageDamaged(path=str(path), reason="something else follows its end")
                break
            if member is None:
                if ended and block[0] == 0:
                    padded = True
                    continue
                member = zlib.decompressobj(_GZIP)
            try:
                block = _inflate(member, block, write)
            except zlib.error as error:
                raise ImageDamaged(path=str(path), reason=f"it is no gzip file or damaged ({error})") from error
            if member.eof:
                member, ended = None, True
    if member is not None or not ended:
        raise ImageDamaged(path=str(path), reason="it is empty" if member is None else "it is cut off")


def _inflate(member: zlib._Decompress, data: bytes, write: Callable[[bytes], None]) -> bytes:
    """Write what ``data`` expands to, piece by piece; what follows the member's end is returned."""
    while True:
        out = member.decompress(data, CHUNK)
        write(out)
        data = member.unconsumed_tail
        if member.eof:
            return member.unused_data
        if not data and len(out) < CHUNK:
            return b""
