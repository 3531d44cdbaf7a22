"""An image as it was handed out, made into one that both hypervisors take: checked, unpacked, converted; once, and only whole.

What is made lies in a folder of ours beside a note of what it was made from, so that the next run finds it. An interrupted preparation leaves only a
part file, which the next one replaces.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from t4t.domain.appliance_descriptor import ImageFormat
from t4t.domain.errors import ChecksumMismatch, FolderUnwritable, ImageDamaged
from t4t.domain.vm import BootDisk, BootIso, DiskFormat
from t4t.durable import write_atomic
from t4t.storage import vmdk_stream
from t4t.storage.files import sha256_of
from t4t.storage.images import check_disk_image, check_iso_image
from t4t.storage.ova import Window, read_ova
from t4t.storage.unpacking import CHUNK, PartFile, gunzip

if TYPE_CHECKING:
    from t4t.storage.ova import Digest
    from t4t.storage.vmdk_stream import StreamHeader

NOTE: Final = "image.json"
_DISK: Final = "image"
_GZIP_MOST: Final = 1032
"""Deflate makes nothing smaller than by this factor."""
_GZIP_END: Final = 4
_UNPACKED: Final = {
    ImageFormat.RAW: DiskFormat.RAW,
    ImageFormat.VDI: DiskFormat.VDI,
    ImageFormat.VDI_GZ: DiskFormat.VDI,
    ImageFormat.VMDK: DiskFormat.VMDK,
    ImageFormat.VMDK_GZ: DiskFormat.VMDK,
    ImageFormat.QCOW2: DiskFormat.QCOW2,
}


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What to boot from. ``memory_mib`` and ``cores`` are what an ``.ova`` says of itself, else None."""

    boot: BootDisk | BootIso
    memory_mib: int | None = None
    cores: int | None = None


class _Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a prepared image was made from; size and time tell whether the source is still the same."""

    kind: ImageFormat
    source: str
    size: int
    mtime_ns: int
    sha256: str
    made_size: int
    prepared: Prepared


def prepare_image(source: Path, *, kind: ImageFormat, folder: Path, limit: int, sha256: str | None = None) -> Prepared:
    """``source`` ready to boot from: itself, or what was made of it in ``folder`` (at most ``limit`` bytes).

    Raises `ImageDamaged`, `ChecksumMismatch`, `NotEnoughDisk`, `FolderUnwritable`.
    """
    try:
        return _prepare(source, kind, folder, limit, sha256)
    except OSError as error:
        raise ImageDamaged(path=str(source), reason=error.strerror or str(error)) from error


def forget(folder: Path) -> None:
    """Remove what was made in ``folder``."""
    for path in (folder / NOTE, *(folder / f"{_DISK}.{made.value}" for made in (DiskFormat.VDI, DiskFormat.VMDK))):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _prepare(source: Path, kind: ImageFormat, folder: Path, limit: int, sha256: str | None) -> Prepared:
    if kind is ImageFormat.ISO:
        _check_sum(source, sha256)
        check_iso_image(source)
        return Prepared(boot=BootIso(str(source)))
    with source.open("rb") as file:
        head = vmdk_stream.read_stream_header(file.read(vmdk_stream.SECTOR), path=source)
    if kind in {ImageFormat.RAW, ImageFormat.VDI, ImageFormat.QCOW2} or (kind is ImageFormat.VMDK and head is None):
        _check_sum(source, sha256)
        return Prepared(boot=_checked(source, kind, shown=source))
    if (kept := _kept(source, kind, folder, sha256)) is not None:
        return kept
    forget(folder)
    match kind:
        case ImageFormat.OVA:
            made, seen = _from_ova(source, folder, limit, sha256), sha256 or ""
        case ImageFormat.VMDK:
            _check_sum(source, sha256)
            with source.open("rb") as file:
                made, seen = Prepared(boot=_from_disk(file, source, folder, limit, size=source.stat().st_size)), sha256 or ""
        case _:
            made, seen = _from_gzip(source, kind, folder, limit, sha256)
    _write_note(source, kind, folder, made, seen)
    return made


def _checked(path: Path, kind: ImageFormat, *, shown: Path) -> BootDisk:
    """``path`` as a disk; raises `ImageDamaged` unless it is whole and of its format."""
    try:
        found = check_disk_image(path)
    except ImageDamaged as error:
        raise ImageDamaged(path=str(shown), reason=error.reason) from error
    if found is not _UNPACKED[kind]:
        raise ImageDamaged(path=str(shown), reason=f"it holds a {found.value} image and not a {_UNPACKED[kind].value} one")
    return BootDisk(str(path), found)


def _check_sum(source: Path, sha256: str | None) -> None:
    if sha256 is not None and (actual := sha256_of(source)) != sha256:
        raise ChecksumMismatch(path=str(source), expected=sha256, actual=actual)


# --- the note ------------------------------------------------------------------------------------------------------


def _kept(source: Path, kind: ImageFormat, folder: Path, sha256: str | None) -> Prepared | None:
    """What an earlier run made of the same file, if it is still there."""
    try:
        note = msgspec.json.decode((folder / NOTE).read_bytes(), type=_Note)
        made, found = Path(note.prepared.boot.path), source.stat()
        same = (note.kind, note.source, note.size, note.mtime_ns) == (kind, str(source), found.st_size, found.st_mtime_ns)
        whole = made.parent == folder and made.stat().st_size == note.made_size
    except (OSError, msgspec.DecodeError):
        return None
    return note.prepared if same and whole and sha256 in {None, note.sha256} else None


def _write_note(source: Path, kind: ImageFormat, folder: Path, made: Prepared, sha256: str) -> None:
    found, size = source.stat(), Path(made.boot.path).stat().st_size
    note = _Note(kind=kind, source=str(source), size=found.st_size, mtime_ns=found.st_mtime_ns, sha256=sha256, made_size=size, prepared=made)
    try:
        write_atomic(folder / NOTE, msgspec.json.encode(note))
    except OSError as error:
        raise FolderUnwritable(path=str(folder), reason=error.strerror or str(error)) from error


# --- the ways ------------------------------------------------------------------------------------------------------


def _from_gzip(source: Path, kind: ImageFormat, folder: Path, limit: int, sha256: str | None) -> tuple[Prepared, str]:
    """Unpack; a stream-optimised disk is converted besides. Also returns the SHA-256 of ``source``."""
    target = folder / f"{_DISK}.{_UNPACKED[kind].value}"
    packed = hashlib.sha256()
    with PartFile(target, source=source, limit=limit) as part, source.open("rb") as file:
        part.expect(_gzip_hint(source, file))
        gunzip(file, part.write, path=source, seen=packed.update)
        part.flush()
        if sha256 is not None and packed.hexdigest() != sha256:
            raise ChecksumMismatch(path=str(source), expected=sha256, actual=packed.hexdigest())
        boot = _checked(part.part, kind, shown=source)
        if _stream_header(part.file, 0, source) is not None:
            return Prepared(boot=_from_disk(part.file, source, folder, limit, size=part.size)), packed.hexdigest()
        part.keep()
    return Prepared(boot=BootDisk(str(target), boot.format)), packed.hexdigest()


def _gzip_hint(source: Path, file: BinaryIO) -> int:
    """How large it will be at least, as far as can be said before: its end names the size modulo 4 GiB."""
    size = source.stat().st_size
    if size < _GZIP_END:
        return size
    file.seek(-_GZIP_END, os.SEEK_END)
    announced = int.from_bytes(file.read(_GZIP_END), "little")
    file.seek(0)
    return max(size, announced) if announced <= size * _GZIP_MOST else size


def _from_ova(source: Path, folder: Path, limit: int, sha256: str | None) -> Prepared:
    _check_sum(source, sha256)
    ova = read_ova(source)
    with source.open("rb") as file:
        boot = _from_disk(file, source, folder, limit, offset=ova.offset, size=ova.size, digest=ova.digest)
    return Prepared(boot=boot, memory_mib=ova.machine.memory_mib or None, cores=ova.machine.cores or None)


def _stream_header(file: BinaryIO, offset: int, source: Path) -> StreamHeader | None:
    file.seek(offset)
    return vmdk_stream.read_stream_header(file.read(vmdk_stream.SECTOR), path=source)


def _from_disk(file: BinaryIO, source: Path, folder: Path, limit: int, *, offset: int = 0, size: int, digest: Digest | None = None) -> BootDisk:
    """The disk image at ``offset`` in ``file``: a stream-optimised VMDK as VDI, a VMDK or VDI as it is; ``source`` is what errors name."""
    header = _stream_header(file, offset, source)
    announced = None if header is None else vmdk_stream.announced_grains(file, header, start=offset, path=source)
    file.seek(offset)
    kind = ImageFormat.VMDK if header is None and file.read(4) == b"KDMV" else ImageFormat.VDI
    window = Window(file, offset=offset, size=size, algorithm="SHA256" if digest is None else digest.algorithm)
    target = folder / f"{_DISK}.{kind.value}"
    with PartFile(target, source=source, limit=limit) as part:
        part.expect(size)
        if header is None:
            while data := window.read(CHUNK):
                part.write(data)
        else:
            vmdk_stream.skip(window, header, path=source)
            grains = vmdk_stream.read_grains(window, header, path=source)
            if vmdk_stream.write_vdi(part, grains, capacity_bytes=header.capacity * vmdk_stream.SECTOR) != (announced or 0) and announced is not None:
                raise ImageDamaged(path=str(source), reason="it is cut off")
        if digest is not None and (actual := window.digest()) != digest.hex:
            raise ChecksumMismatch(path=str(source), expected=digest.hex, actual=actual)
        part.flush()
        boot = _checked(part.part, kind, shown=source)
        part.keep()
    return BootDisk(str(target), boot.format)
