"""Images as they are handed out become ones to boot from: once, whole, verified, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from support.appliances import make_ova, ovf, write_tar
from support.disk_images import GRAIN_BYTES, iso, partitioned, qcow2, stream_header, stream_vmdk, vdi, vmdk
from support.task_folders import boot_sector
from t4t.domain.appliance_descriptor import ImageFormat
from t4t.domain.errors import ChecksumMismatch, FolderUnwritable, ImageDamaged, NotEnoughDisk
from t4t.domain.vm import BootDisk, BootIso, DiskFormat
from t4t.storage import prepared
from t4t.storage.images import check_disk_image

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.storage.prepared import Prepared

LIMIT = 8 << 20
STREAM = stream_vmdk({0: boot_sector()[:GRAIN_BYTES], 128: b"x" * GRAIN_BYTES})


def prepare(folder: Path, data: bytes, kind: ImageFormat, *, limit: int = LIMIT, sha256: str | None = None) -> Prepared:
    source = folder / f"disk.{kind.value}"
    if not source.exists() or source.read_bytes() != data:
        source.write_bytes(data)
    return prepared.prepare_image(source, kind=kind, folder=folder / "own", limit=limit, sha256=sha256)


def ova(folder: Path, disk: bytes) -> bytes:
    make_ova(folder / "made", disk=disk, capacity=1 << 21)
    return (folder / "made").read_bytes()


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (boot_sector(), ImageFormat.RAW, DiskFormat.RAW),
        (vdi(), ImageFormat.VDI, DiskFormat.VDI),
        (vmdk(), ImageFormat.VMDK, DiskFormat.VMDK),
        (qcow2(), ImageFormat.QCOW2, DiskFormat.QCOW2),
    ],
)
def test_an_image_that_can_be_taken_as_it_is(tmp_path: Path, data: bytes, kind: ImageFormat, expected: DiskFormat) -> None:
    found = prepare(tmp_path, data, kind, sha256=hashlib.sha256(data).hexdigest())
    assert found.boot == BootDisk(str(tmp_path / f"disk.{kind.value}"), expected)
    assert not (tmp_path / "own").exists()
    with pytest.raises(ChecksumMismatch):
        prepare(tmp_path, data, kind, sha256="0" * 64)


def test_an_iso_image(tmp_path: Path) -> None:
    data = iso()
    assert prepare(tmp_path, data, ImageFormat.ISO, sha256=hashlib.sha256(data).hexdigest()).boot == BootIso(str(tmp_path / "disk.iso"))
    with pytest.raises(ChecksumMismatch):
        prepare(tmp_path, data, ImageFormat.ISO, sha256="0" * 64)
    with pytest.raises(ImageDamaged):
        prepare(tmp_path, data[:-1], ImageFormat.ISO)


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (gzip.compress(vdi(), mtime=0), ImageFormat.VDI_GZ, DiskFormat.VDI),
        (gzip.compress(vmdk(), mtime=0), ImageFormat.VMDK_GZ, DiskFormat.VMDK),
        (gzip.compress(STREAM, mtime=0), ImageFormat.VMDK_GZ, DiskFormat.VDI),
        (STREAM, ImageFormat.VMDK, DiskFormat.VDI),
    ],
)
def test_what_must_be_unpacked_or_converted_is_so_once(tmp_path: Path, data: bytes, kind: ImageFormat, expected: DiskFormat) -> None:
    right = hashlib.sha256(data).hexdigest()
    found = prepare(tmp_path, data, kind, sha256=right)
    assert found.boot == BootDisk(str(tmp_path / "own" / f"image.{expected.value}"), expected)
    made = tmp_path / "own" / f"image.{expected.value}"
    assert check_disk_image(made) is expected
    assert {path.name for path in (tmp_path / "own").iterdir()} == {made.name, "image.json"}
    before = made.stat().st_mtime_ns
    assert prepare(tmp_path, data, kind, sha256=right) == found
    assert made.stat().st_mtime_ns == before, "nothing was done again"
    with pytest.raises(ChecksumMismatch):
        prepare(tmp_path, data, kind, sha256="0" * 64)
    assert list((tmp_path / "own").iterdir()) == [], "an image that is not the announced one leaves nothing"
    assert prepare(tmp_path, data, kind) == found


@pytest.mark.parametrize(("disk", "expected"), [(STREAM, DiskFormat.VDI), (vmdk(), DiskFormat.VMDK), (vdi(), DiskFormat.VDI)])
def test_an_ova(tmp_path: Path, disk: bytes, expected: DiskFormat) -> None:
    data = ova(tmp_path, disk)
    found = prepare(tmp_path, data, ImageFormat.OVA, sha256=hashlib.sha256(data).hexdigest())
    assert (found.memory_mib, found.cores) == (384, 1)
    assert found.boot == BootDisk(str(tmp_path / "own" / f"image.{expected.value}"), expected)
    with pytest.raises(ChecksumMismatch):
        prepare(tmp_path, data, ImageFormat.OVA, sha256="0" * 64)


def test_an_ova_whose_disk_is_not_that_of_its_manifest(tmp_path: Path) -> None:
    data = bytearray(ova(tmp_path, vmdk()))
    data[data.index(b"KDMV") + 100] ^= 1
    with pytest.raises(ChecksumMismatch):
        prepare(tmp_path, bytes(data), ImageFormat.OVA)
    assert list((tmp_path / "own").iterdir()) == []


def test_an_ova_without_a_manifest_that_says_nothing_of_its_machine(tmp_path: Path) -> None:
    text = ovf(capacity=1 << 20).replace(b"<rasd:ResourceType>3<", b"<rasd:ResourceType>5<").replace(b"<rasd:ResourceType>4<", b"<rasd:ResourceType>5<")
    write_tar(tmp_path / "made", {"t4t.ovf": text, "disk1.vmdk": STREAM})
    found = prepare(tmp_path, (tmp_path / "made").read_bytes(), ImageFormat.OVA)
    assert (found.memory_mib, found.cores) == (None, None)


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (vdi(), ImageFormat.RAW, "holds a vdi image"),
        (partitioned(), ImageFormat.VDI, "holds a raw image"),
        (gzip.compress(vdi(), mtime=0), ImageFormat.VMDK_GZ, "holds a vdi image"),
        (gzip.compress(vdi()[:-1], mtime=0), ImageFormat.VDI_GZ, "cut off"),
        (gzip.compress(vdi(), mtime=0)[:-1], ImageFormat.VDI_GZ, "cut off"),
        (b"\x1f\x8b", ImageFormat.VDI_GZ, "cut off"),
        (stream_vmdk({128: b"x" * GRAIN_BYTES}), ImageFormat.VMDK, "no boot sector"),
        (stream_vmdk({}, end=b"", directory=1) + bytes(100), ImageFormat.VMDK, "cut off"),
        (stream_header(directory=2) + bytes(512) + b"\3".ljust(512, b"\0") + b"\7".ljust(2048, b"\0"), ImageFormat.VMDK, "cut off"),
        (gzip.compress(bytes(LIMIT + 1), mtime=0), ImageFormat.VDI_GZ, "larger than 8 MiB"),
    ],
)
def test_what_is_refused_leaves_nothing(tmp_path: Path, data: bytes, kind: ImageFormat, reason: str) -> None:
    with pytest.raises(ImageDamaged, match=reason) as error:
        prepare(tmp_path, data, kind)
    assert error.value.path == str(tmp_path / f"disk.{kind.value}"), "people know the file that they have"
    assert not (tmp_path / "own").exists() or list((tmp_path / "own").iterdir()) == []


def test_an_image_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(ImageDamaged, match="No such file"):
        prepared.prepare_image(tmp_path / "gone.vdi.gz", kind=ImageFormat.VDI_GZ, folder=tmp_path, limit=1)


def test_another_source_or_a_damaged_copy_is_prepared_anew(tmp_path: Path) -> None:
    first = gzip.compress(vdi(), mtime=0)
    made = tmp_path / "own" / "image.vdi"
    prepare(tmp_path, first, ImageFormat.VDI_GZ)
    good = made.read_bytes()
    for ruin in (lambda: made.write_bytes(good[:-1]), made.unlink, lambda: (tmp_path / "own" / "image.json").write_text("{")):
        ruin()
        prepare(tmp_path, first, ImageFormat.VDI_GZ)
        assert made.read_bytes() == good
    made.write_bytes(bytes(len(good)))
    os.utime(tmp_path / "disk.vdi.gz", ns=(1, 1))  # another file may hide behind the name
    prepare(tmp_path, first, ImageFormat.VDI_GZ)
    assert made.read_bytes() == good


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 0}))
    with pytest.raises(NotEnoughDisk):
        prepare(tmp_path, gzip.compress(vdi(), mtime=0), ImageFormat.VDI_GZ)


def test_a_note_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _data: bytes) -> None:
        raise OSError(30, "read-only")

    monkeypatch.setattr(prepared, "write_atomic", refuse)
    with pytest.raises(FolderUnwritable):
        prepare(tmp_path, gzip.compress(vdi(), mtime=0), ImageFormat.VDI_GZ)


def test_forgetting(tmp_path: Path) -> None:
    prepare(tmp_path, gzip.compress(vdi(), mtime=0), ImageFormat.VDI_GZ)
    (tmp_path / "own" / "task.json").write_text("{}")
    prepared.forget(tmp_path / "own")
    prepared.forget(tmp_path / "nothing")
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["task.json"]
