"""Hand-made disk images, by the published layouts and not by our reader."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTOR = 512
GRAIN = 128
GRAIN_BYTES = GRAIN * SECTOR
_AT_END = 0xFFFF_FFFF_FFFF_FFFF
VDI_BLOCK = 4096
"""Small here; VirtualBox takes 1 MiB."""


def partitioned(*, first: int = 1, count: int = 7, kind: int = 0x83) -> bytes:
    """A raw disk of 8 sectors with one partition."""
    sector = bytearray(SECTOR)
    sector[510:] = b"\x55\xaa"
    sector[446:462] = struct.pack("<B3sB3sII", 0x80, b"", kind, b"", first, count)
    return bytes(sector) + bytes(7 * SECTOR)


def vdi(*, bootable: bool = True, block: int = VDI_BLOCK, allocated: int = 1, entry: int = 0) -> bytes:
    """A dynamic VDI 1.1 of one block in use; ``entry`` is the first one of its block map."""
    map_offset, data_offset = SECTOR, 2 * SECTOR
    head = bytearray(SECTOR)
    head[:40] = b"<<< Oracle VM VirtualBox Disk Image >>>\n"
    struct.pack_into("<IIII", head, 64, 0xBEDA107F, 0x0001_0001, 400, 1)
    struct.pack_into("<II", head, 340, map_offset, data_offset)
    struct.pack_into("<IIII", head, 376, block, 0, 2, allocated)
    blocks = struct.pack("<II", entry, 0xFFFF_FFFF).ljust(SECTOR, b"\0")
    content = bytearray(VDI_BLOCK)
    content[510:512] = b"\x55\xaa" if bootable else b"\0\0"
    return bytes(head) + blocks + bytes(content)


def qcow2(*, version: int = 3, backing: int = 0) -> bytes:
    return (b"QFI\xfb" + struct.pack(">IQ", version, backing)).ljust(SECTOR, b"\0")


def vmdk(*, overhead: int = 4, sectors: int = 4) -> bytes:
    """A sparse extent whose first grain lies behind ``overhead`` sectors, in a file of ``sectors``."""
    head = bytearray(SECTOR)
    head[:4] = b"KDMV"
    struct.pack_into("<Q", head, 64, overhead)
    return bytes(head) + bytes((sectors - 1) * SECTOR)


def iso(*, bootable: bool = True, primary: bool = True) -> bytes:
    """An ISO 9660 image of 20 sectors: descriptors only."""
    size = 20 * 2048
    descriptor = bytearray(2048)
    descriptor[:7] = b"\x01CD001\x01"
    struct.pack_into("<I", descriptor, 80, size // 2048)
    boot = (b"\x00CD001\x01EL TORITO SPECIFICATION" if bootable else b"\x02CD001\x01").ljust(2048, b"\0")
    end = b"\xffCD001\x01".ljust(2048, b"\0")
    return (bytes(16 * 2048) + (bytes(descriptor) if primary else bytes(2048)) + boot + end).ljust(size, b"\0")


def stream_header(*, capacity: int = 4096, grain: int = GRAIN, overhead: int = 1, directory: int = _AT_END, flags: int = 0x30001, method: int = 1) -> bytes:
    head = struct.pack("<4sIIQQQQIQQQB4sH", b"KDMV", 3, flags, capacity, grain, 0, 0, 512, 0, directory, overhead, 0, b"\n \r\n", method)
    return head.ljust(SECTOR, b"\0")


def stream_grain(sector: int, content: bytes) -> bytes:
    packed = struct.pack("<QI", sector, len(zlib.compress(content))) + zlib.compress(content)
    return packed.ljust(-(-len(packed) // SECTOR) * SECTOR, b"\0")


def stream_mark(kind: int, sectors: int = 0) -> bytes:
    return struct.pack("<QII", sectors, 0, kind).ljust(SECTOR, b"\0") + bytes(sectors * SECTOR)


def stream_vmdk(grains: Mapping[int, bytes], *, end: bytes | None = None, **head: Any) -> bytes:
    """As VirtualBox writes it: header, grains, tables, directory, footer, end mark."""
    tail = stream_mark(1, 4) + stream_mark(2, 1) + stream_mark(3, 1) + stream_mark(0) if end is None else end
    return stream_header(**head) + b"".join(stream_grain(sector, content) for sector, content in grains.items()) + tail
