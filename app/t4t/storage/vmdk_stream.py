"""Stream-optimised VMDK, the form in which an ``.ova`` carries its disk, read once from front to end; and VDI, in which both hypervisors take it as a base.

Layouts: "Virtual Disk Format 5.0" (VMware) for the sparse extent with markers and compressed grains; VDI 1.1 as VirtualBox and QEMU write it.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from t4t.domain.errors import ImageDamaged
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from t4t.storage.unpacking import PartFile

SECTOR: Final = 512
VDI_BLOCK: Final = 1024 * 1024
_HEADER: Final = struct.Struct("<4sIIQQQQIQQQ?4sH")
_MARKER: Final = struct.Struct("<QI")
_COMPRESSED_WITH_MARKERS: Final = 0x30000
_DEFLATE: Final = 1
_DIRECTORY_AT_END: Final = 0xFFFF_FFFF_FFFF_FFFF
_GRAIN_SECTORS: Final = (8, 2048)
_MAX_SECTORS: Final = 2**36
"""32 TiB."""
_END_OF_STREAM: Final = 0
_META_KINDS: Final = frozenset({1, 2, 3})
"""Grain table, grain directory, footer."""
_VDI_TEXT: Final = b"<<< Oracle VM VirtualBox Disk Image >>>\n"
_VDI_HEADER_BYTES: Final = 400
_VDI_NO_BLOCK: Final = b"\xff\xff\xff\xff"


class Readable(Protocol):
    """What is read in order."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes."""
        ...


@record(kw_only=True)
class StreamHeader:
    """What its first sector says; sizes in sectors."""

    capacity: int
    grain: int
    overhead: int
    directory: int | None
    """Where the grain directory lies, None: behind the grains."""
    entries: int
    """Grains a table."""


def read_stream_header(head: bytes, *, path: Path) -> StreamHeader | None:
    """The header in the first sector; None if it is another kind of VMDK, or none at all. Raises `ImageDamaged`."""
    if len(head) < SECTOR or not head.startswith(b"KDMV"):
        return None
    _, _, flags, capacity, grain, _, _, entries, _, directory, overhead, _, _, method = _HEADER.unpack_from(head)
    if flags & _COMPRESSED_WITH_MARKERS != _COMPRESSED_WITH_MARKERS:
        return None
    least, most = _GRAIN_SECTORS
    if method != _DEFLATE or not least <= grain <= most or grain & (grain - 1) or not 0 < capacity <= _MAX_SECTORS or not 0 < overhead <= capacity + most:
        raise ImageDamaged(path=str(path), reason="its header is damaged")
    at_end = directory == _DIRECTORY_AT_END
    if not at_end and not 0 < directory <= _MAX_SECTORS:
        raise ImageDamaged(path=str(path), reason="its header is damaged")
    return StreamHeader(capacity=capacity, grain=grain, overhead=overhead, directory=None if at_end else directory, entries=entries)


def read_grains(file: Readable, header: StreamHeader, *, path: Path) -> Iterator[tuple[int, bytes]]:
    """The grains as (first sector, content), in rising order, from ``file`` at the first sector behind the overhead. Raises `ImageDamaged`."""
    last = -1
    while True:
        marker = file.read(SECTOR)
        if not marker and header.directory is not None:
            return  # QEMU writes no end mark; its directory tells how many there must be
        if len(marker) < SECTOR:
            raise _damaged(path, "it is cut off")
        value, size = _MARKER.unpack_from(marker)
        if size:
            if value <= last or value % header.grain or value >= header.capacity:
                raise _damaged(path, "its grains are in disorder")
            last = value
            yield value, _grain(file, marker, size, header, path)
            continue
        kind = struct.unpack_from("<I", marker, _MARKER.size)[0]
        if kind == _END_OF_STREAM:
            return
        if kind not in _META_KINDS or not 0 < value <= header.capacity:
            raise _damaged(path, "it has an unknown mark")
        for _ in range(value):
            if len(file.read(SECTOR)) < SECTOR:
                raise _damaged(path, "it is cut off")


def _damaged(path: Path, reason: str) -> ImageDamaged:
    return ImageDamaged(path=str(path), reason=reason)


def _grain(file: Readable, marker: bytes, size: int, header: StreamHeader, path: Path) -> bytes:
    """One grain; its compressed bytes begin in the marker's own sector."""
    expanded = header.grain * SECTOR
    if size > 2 * expanded:
        raise _damaged(path, "a grain is too large")
    wanted = -(-(_MARKER.size + size) // SECTOR) * SECTOR - SECTOR
    rest = file.read(wanted)
    packed = (marker + rest)[_MARKER.size : _MARKER.size + size]
    if len(packed) < size:
        raise _damaged(path, "it is cut off")
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(packed, expanded + 1)
    except zlib.error as error:
        raise _damaged(path, f"a grain is damaged ({error})") from error
    if not inflate.eof or len(content) > expanded:
        raise _damaged(path, "a grain is damaged")
    return content


def skip(file: Readable, header: StreamHeader, *, path: Path) -> None:
    """Read up to the first mark."""
    for _ in range(header.overhead):
        if len(file.read(SECTOR)) < SECTOR:
            raise _damaged(path, "it is cut off")


def announced_grains(file: BinaryIO, header: StreamHeader, *, start: int, path: Path) -> int | None:
    """How many grains the directory in front names, None if it lies behind them; the image begins at ``start`` of ``file``."""
    if header.directory is None:
        return None
    if not 0 < header.entries <= 2**16:
        raise _damaged(path, "its header is damaged")
    tables = -(-header.capacity // (header.grain * header.entries))
    file.seek(start + header.directory * SECTOR)
    directory = file.read(4 * tables)
    if len(directory) < 4 * tables:
        raise _damaged(path, "it is cut off")
    found = 0
    for (table_at,) in struct.iter_unpack("<I", directory):
        if table_at:
            file.seek(start + table_at * SECTOR)
            table = file.read(4 * header.entries)
            found += sum(1 for (entry,) in struct.iter_unpack("<I", table[: len(table) // 4 * 4]) if entry > 1)
    return found


def write_vdi(part: PartFile, grains: Iterator[tuple[int, bytes]], *, capacity_bytes: int) -> int:
    """Write a growing VDI of ``capacity_bytes`` from rising ``(sector, content)`` pieces that never cross a block; how many there were.

    Each has identifiers of its own: VirtualBox takes no two media with the same.
    """
    blocks = -(-capacity_bytes // VDI_BLOCK)
    data_offset = -(-(SECTOR + 4 * blocks) // VDI_BLOCK) * VDI_BLOCK
    table = bytearray(_VDI_NO_BLOCK * blocks)
    used = count = 0
    current, content = -1, bytearray()
    for start in range(0, data_offset, VDI_BLOCK):
        part.write(bytes(min(VDI_BLOCK, data_offset - start)))
    for sector, piece in grains:
        count += 1
        block, offset = divmod(sector * SECTOR, VDI_BLOCK)
        if block != current:
            used += _write_block(part, table, current, content, used)
            current, content = block, bytearray(VDI_BLOCK)
        content[offset : offset + len(piece)] = piece[: VDI_BLOCK - offset]
    used += _write_block(part, table, current, content, used)
    part.overwrite(0, _vdi_header(capacity_bytes=capacity_bytes, blocks=blocks, used=used, data_offset=data_offset) + table)
    return count


def _write_block(part: PartFile, table: bytearray, block: int, content: bytearray, used: int) -> int:
    """Write a block that is not all zeros; 1 if it was written."""
    if block < 0 or not any(content):
        return 0
    table[4 * block : 4 * block + 4] = struct.pack("<I", used)
    part.write(bytes(content))
    return 1


def _vdi_header(*, capacity_bytes: int, blocks: int, used: int, data_offset: int) -> bytes:
    head = bytearray(SECTOR)
    head[: len(_VDI_TEXT)] = _VDI_TEXT
    struct.pack_into("<IIIII", head, 64, 0xBEDA107F, 0x0001_0001, _VDI_HEADER_BYTES, 1, 0)
    struct.pack_into("<II", head, 340, SECTOR, data_offset)
    for sector_bytes_at in (360, 468):  # in the old geometry and in the new one, or VirtualBox takes it for no VDI
        struct.pack_into("<I", head, sector_bytes_at, SECTOR)
    struct.pack_into("<QIIII", head, 368, capacity_bytes, VDI_BLOCK, 0, blocks, used)
    head[392:408], head[408:424] = uuid.uuid4().bytes_le, uuid.uuid4().bytes_le
    return bytes(head)
