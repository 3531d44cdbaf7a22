"""The first look at images, against hand-made ones of each format."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.disk_images import iso, partitioned, qcow2, vdi, vmdk
from support.task_folders import boot_sector
from t4t.domain.errors import ImageDamaged
from t4t.domain.vm import DiskFormat
from t4t.storage.images import check_disk_image, check_iso_image

if TYPE_CHECKING:
    from pathlib import Path

GOOD = [
    (boot_sector(), DiskFormat.RAW),
    (partitioned(), DiskFormat.RAW),
    (partitioned(count=1_000_000, kind=0xEE), DiskFormat.RAW),
    (vdi(), DiskFormat.VDI),
    (vmdk(), DiskFormat.VMDK),
    (qcow2(version=2), DiskFormat.QCOW2),
    (qcow2(version=3), DiskFormat.QCOW2),
]
BAD = [
    (b"", "empty"),
    (b"\x55\xaa", "no boot sector"),
    (bytes(4096), "no boot sector"),
    (partitioned(count=8), "cut off"),
    (partitioned(first=0xFFFF_FFFF, count=0xFFFF_FFFF), "cut off"),
    (vdi()[:-1], "cut off"),
    (vdi(bootable=False), "no boot sector"),
    (vdi(entry=0xFFFF_FFFF), "no boot sector"),
    (vdi(entry=0xFFFF_FFFE), "no boot sector"),
    (vdi(entry=1), "block map"),
    (vdi(block=0, allocated=0), "block map"),
    (vdi(block=0xFFFF_FFFF), "cut off"),
    (vdi(block=0, allocated=0)[:512], "cut off"),
    (vdi(block=0, allocated=0)[:1025], "block map"),
    (qcow2(version=1), "version 1"),
    (qcow2(backing=0x68), "another file"),
    (qcow2()[:20], "cut off"),
    (vmdk(overhead=5), "cut off"),
    (b"KDMV", "cut off"),
    (b"# Disk DescriptorFile\n", "another file"),
]


@pytest.mark.parametrize(("data", "expected"), GOOD)
def test_whole_images(tmp_path: Path, data: bytes, expected: DiskFormat) -> None:
    path = tmp_path / "image"
    path.write_bytes(data)
    assert check_disk_image(path) is expected


@pytest.mark.parametrize(("data", "reason"), BAD)
def test_damaged_images(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "image"
    path.write_bytes(data)
    with pytest.raises(ImageDamaged, match=reason):
        check_disk_image(path)


def test_an_unmapped_first_block_reads_as_zeros(tmp_path: Path) -> None:
    image = bytearray(vdi(block=0, allocated=0)[:1024])
    struct.pack_into("<I", image, 340, 2000)  # the block map lies behind the end
    (tmp_path / "image").write_bytes(image)
    with pytest.raises(ImageDamaged, match="no boot sector"):
        check_disk_image(tmp_path / "image")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for check in (check_disk_image, check_iso_image):
        with pytest.raises(ImageDamaged, match="directory"):
            check(tmp_path)
        with pytest.raises(ImageDamaged, match="No such file"):
            check(tmp_path / "gone")


_HEADS = st.sampled_from([b"", b"QFI\xfb", b"KDMV", b"# Disk DescriptorFile", bytes(64) + b"\x7f\x10\xda\xbe", b"\x01CD001"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(head=_HEADS, body=st.binary(max_size=600), signed=st.booleans())
def test_any_bytes_have_a_format_or_are_damaged(tmp_path: Path, head: bytes, body: bytes, signed: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    data = bytearray(head + body)
    if signed and len(data) >= 512:
        data[510:512] = b"\x55\xaa"
    path = tmp_path / "image"
    path.write_bytes(data)
    with contextlib.suppress(ImageDamaged):
        assert check_disk_image(path) in DiskFormat
    with contextlib.suppress(ImageDamaged):
        check_iso_image(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 1100), value=st.binary(min_size=1, max_size=8))
def test_a_vdi_with_any_damage(tmp_path: Path, place: int, value: bytes) -> None:
    data = bytearray(vdi())
    data[place : place + len(value)] = value
    path = tmp_path / "image"
    path.write_bytes(data)
    with contextlib.suppress(ImageDamaged):
        assert check_disk_image(path) in DiskFormat


def test_a_whole_iso(tmp_path: Path) -> None:
    (tmp_path / "iso").write_bytes(iso())
    check_iso_image(tmp_path / "iso")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "no ISO"), (iso()[: 16 * 2048 + 100], "no ISO"), (iso(primary=False), "no ISO"), (iso()[:-1], "cut off"), (iso(bootable=False), "no boot record")],
)
def test_damaged_isos(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "iso").write_bytes(data)
    with pytest.raises(ImageDamaged, match=reason):
        check_iso_image(tmp_path / "iso")
