"""Screenshots: QEMU's own PNG where it has been built with it, else its PPM turned into one."""

from __future__ import annotations

import struct
import zlib
from typing import Final

PNG: Final = b"\x89PNG\r\n\x1a\n"
_HEADER_FIELDS: Final = 4
_DEPTH: Final = 255


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_from_ppm(ppm: bytes) -> bytes:
    """A PNG file with the pixels of a binary PPM (P6, 8 bits); ValueError if it is none."""
    fields = ppm.split(maxsplit=_HEADER_FIELDS - 1)
    if len(fields) < _HEADER_FIELDS or fields[0] != b"P6":
        raise ValueError("not a PPM picture")
    width, height = int(fields[1]), int(fields[2])
    depth, _, pixels = fields[3].partition(b"\n")
    if int(depth) != _DEPTH or len(pixels) < width * height * 3:
        raise ValueError("not an 8-bit PPM picture")
    row = width * 3
    raw = b"".join(b"\0" + pixels[y * row : (y + 1) * row] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(raw)) + _chunk(b"IEND", b"")
