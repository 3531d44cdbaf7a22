r"""A first look at disk images: which format, is it whole, can it boot; so that a bad one is told before a VM is made.

Layouts: VDI 1.1 (pre-header of 64 text bytes, signature 0xBEDA107F at 64), VMDK sparse extents ("KDMV"), QCOW2 ("QFI\xfb"), MBR, ISO 9660 with El Torito.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, Final

from t4t.domain.errors import ImageDamaged
from t4t.domain.vm import DiskFormat

if TYPE_CHECKING:
    from pathlib import Path

_SECTOR: Final = 512
_ISO_SECTOR: Final = 2048
_ISO_DESCRIPTORS: Final = 16 * _ISO_SECTOR
_VDI_SIGNATURE: Final = 0xBEDA107F
_VDI_NO_BLOCK: Final = 0xFFFFFFFE
_BOOT_SIGNATURE: Final = b"\x55\xaa"
_PARTITIONS: Final = 446


def check_disk_image(path: Path) -> DiskFormat:
    """The format of the disk image ``path``; raises `ImageDamaged` if it is empty, cut off or not bootable."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_SECTOR)
            if head.startswith(b"QFI\xfb"):
                return _check_qcow2(path, _whole(path, head))
            if head.startswith((b"KDMV", b"# Disk DescriptorFile")):
                return _check_vmdk(path, head, size)
            if len(head) >= _SECTOR and struct.unpack_from("<I", head, 64)[0] == _VDI_SIGNATURE:
                _check_boot_sector(path, _vdi_first_sector(path, file, head, size), None)
                return DiskFormat.VDI
    except OSError as error:
        raise ImageDamaged(path=str(path), reason=error.strerror or str(error)) from error
    _check_boot_sector(path, head, size)
    return DiskFormat.RAW


def _whole(path: Path, head: bytes) -> bytes:
    """``head``, unless the file ends within it."""
    if len(head) < _SECTOR:
        raise ImageDamaged(path=str(path), reason="it is cut off")
    return head


def _check_qcow2(path: Path, head: bytes) -> DiskFormat:
    """QCOW2 grows as it is written, so that only its head can be judged."""
    version, backing_offset = struct.unpack_from(">IQ", head, 4)
    if version not in {2, 3}:
        raise ImageDamaged(path=str(path), reason=f"qcow2 version {version}")
    if backing_offset:
        raise ImageDamaged(path=str(path), reason="it refers to another file")
    return DiskFormat.QCOW2


def _check_vmdk(path: Path, head: bytes, size: int) -> DiskFormat:
    """A monolithic sparse VMDK; a bare descriptor names other files, which a task folder may not."""
    if not head.startswith(b"KDMV"):
        raise ImageDamaged(path=str(path), reason="it refers to another file")
    overhead_sectors = struct.unpack_from("<Q", _whole(path, head), 64)[0]
    if size < overhead_sectors * _SECTOR:
        raise ImageDamaged(path=str(path), reason="it is cut off")
    return DiskFormat.VMDK


def _vdi_first_sector(path: Path, file: BinaryIO, head: bytes, size: int) -> bytes:
    """The guest's first sector, through the block map; also checks that all allocated blocks are in the file."""
    map_offset, data_offset = struct.unpack_from("<II", head, 340)
    block_size, extra, _blocks, allocated = struct.unpack_from("<IIII", head, 376)
    if size < data_offset + allocated * (block_size + extra):
        raise ImageDamaged(path=str(path), reason="it is cut off")
    file.seek(map_offset)
    entry = file.read(4)
    first = struct.unpack("<I", entry)[0] if len(entry) == len(b"0000") else _VDI_NO_BLOCK
    if first >= _VDI_NO_BLOCK:
        return bytes(_SECTOR)
    if first >= allocated:
        raise ImageDamaged(path=str(path), reason="its block map is damaged")
    file.seek(data_offset + first * (block_size + extra) + extra)
    return file.read(_SECTOR)


def _check_boot_sector(path: Path, sector: bytes, size: int | None) -> None:
    """The boot signature, and where the size is known, that all partitions lie inside."""
    if not sector:
        raise ImageDamaged(path=str(path), reason="it is empty")
    if len(sector) < _SECTOR or sector[510:512] != _BOOT_SIGNATURE:
        raise ImageDamaged(path=str(path), reason="it has no boot sector")
    for index in range(4):
        kind = sector[_PARTITIONS + 16 * index + 4]
        first, count = struct.unpack_from("<II", sector, _PARTITIONS + 16 * index + 8)
        protective = kind == 0xEE  # noqa: PLR2004 - GPT's protective entry may span more than the disk
        if size is not None and kind and not protective and (first + count) * _SECTOR > size:
            raise ImageDamaged(path=str(path), reason="it is cut off")


def check_iso_image(path: Path) -> None:
    """Raise `ImageDamaged` unless ``path`` is a whole ISO 9660 image with a boot record."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(_ISO_DESCRIPTORS)
            descriptors = [file.read(_ISO_SECTOR) for _ in range(4)]
    except OSError as error:
        raise ImageDamaged(path=str(path), reason=error.strerror or str(error)) from error
    primary = next((d for d in descriptors if d[:6] == b"\x01CD001"), None)
    if primary is None or len(primary) < _ISO_SECTOR:
        raise ImageDamaged(path=str(path), reason="it is no ISO 9660 image")
    if struct.unpack_from("<I", primary, 80)[0] * _ISO_SECTOR > size:
        raise ImageDamaged(path=str(path), reason="it is cut off")
    if not any(d[:6] == b"\x00CD001" and d[7:].startswith(b"EL TORITO SPECIFICATION") for d in descriptors):
        raise ImageDamaged(path=str(path), reason="it has no boot record")
