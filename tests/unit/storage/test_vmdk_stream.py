"""Stream-optimised VMDK and the VDI that is made of it, against hand-made ones and against qemu-img."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.disk_images import GRAIN_BYTES
from support.disk_images import stream_grain as grain
from support.disk_images import stream_header as header
from support.disk_images import stream_mark as mark
from support.disk_images import stream_vmdk as stream
from support.task_folders import boot_sector
from t4t.domain.errors import ImageDamaged
from t4t.storage.unpacking import PartFile
from t4t.storage.vmdk_stream import SECTOR, VDI_BLOCK, announced_grains, read_grains, read_stream_header, skip, write_vdi

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read(data: bytes, path: Path) -> dict[int, bytes]:
    file = io.BytesIO(data)
    head = read_stream_header(data[:SECTOR], path=path)
    assert head is not None
    announced = announced_grains(file, head, start=0, path=path)
    file.seek(0)
    skip(file, head, path=path)
    found = dict(read_grains(file, head, path=path))
    assert announced in {None, len(found)}
    return found


BOOT = boot_sector()[:SECTOR]


def test_grains_come_in_order(tmp_path: Path) -> None:
    grains = {0: b"a" * GRAIN_BYTES, 128: bytes(GRAIN_BYTES), 3968: b"z" * GRAIN_BYTES}
    assert read(stream(grains), tmp_path) == grains


@pytest.mark.parametrize("data", [b"", b"KDMV", header(flags=3), header(flags=0x10001), b"QFI\xfb".ljust(SECTOR, b"\0")])
def test_what_is_no_stream(tmp_path: Path, data: bytes) -> None:
    assert read_stream_header(data, path=tmp_path) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"method": 0},
        {"grain": 4},
        {"grain": 100},
        {"grain": 4096},
        {"capacity": 0},
        {"capacity": 1 << 37},
        {"overhead": 0},
        {"overhead": 1 << 20},
        {"directory": 0},
        {"directory": 1 << 60},
    ],
    ids=str,
)
def test_damaged_headers(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ImageDamaged, match="header"):
        read_stream_header(header(**changes), path=tmp_path)


A = b"a" * GRAIN_BYTES


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (header(), "cut off"),
        (header(overhead=2), "cut off"),
        (stream({0: A}, end=b""), "cut off"),
        (stream({0: A}, end=mark(1, 4)[:-1]), "cut off"),
        (stream({0: A}, end=mark(9)), "unknown mark"),
        (stream({0: A}, end=mark(1)), "unknown mark"),
        (stream({0: A}, end=mark(1, 4097)), "unknown mark"),
        (stream({128: A, 0: A}), "disorder"),
        (header() + grain(0, A) + grain(0, A), "disorder"),
        (stream({1: A}), "disorder"),
        (stream({4096: A}), "disorder"),
        (header() + struct.pack("<QI", 0, 3 * GRAIN_BYTES).ljust(SECTOR, b"\0"), "too large"),
        (header() + struct.pack("<QI", 0, 2 * SECTOR).ljust(SECTOR, b"\0"), "cut off"),
        (stream({0: A + b"b"}), "grain is damaged"),
        (header() + struct.pack("<QI", 0, 20).ljust(SECTOR, b"\0"), "grain is damaged"),
        (header() + (struct.pack("<QI", 0, 20) + zlib.compress(A)[:20]).ljust(SECTOR, b"\0"), "grain is damaged"),
        (header(directory=1 << 20), "cut off"),
    ],
)
def test_damaged_streams(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(ImageDamaged, match=reason):
        read(data, tmp_path)


def test_tables_of_no_size(tmp_path: Path) -> None:
    head = bytearray(header(directory=1))
    struct.pack_into("<I", head, 44, 0)
    with pytest.raises(ImageDamaged, match="header"):
        read(bytes(head), tmp_path)


def vdi(path: Path, grains: Mapping[int, bytes], capacity: int) -> int:
    with PartFile(path, source=path, limit=1 << 30) as part:
        count = write_vdi(part, iter(grains.items()), capacity_bytes=capacity)
        part.keep()
    return count


def as_raw(path: Path) -> bytes:
    raw = path.with_suffix(".raw")
    subprocess.run(["qemu-img", "convert", "-f", "vdi", "-O", "raw", str(path), str(raw)], check=True, capture_output=True, timeout=60)
    return raw.read_bytes()


def test_qemu_reads_the_vdi(tmp_path: Path) -> None:
    grains = {0: BOOT.ljust(GRAIN_BYTES, b"b"), 2048: bytes(GRAIN_BYTES), 4096: b"c" * GRAIN_BYTES, 4224: b"d" * 7}
    capacity = 3 * VDI_BLOCK - SECTOR
    assert vdi(tmp_path / "a.vdi", grains, capacity) == 4
    content = as_raw(tmp_path / "a.vdi")
    expected = bytearray(capacity)
    for sector, piece in grains.items():
        expected[sector * SECTOR : sector * SECTOR + len(piece)] = piece
    assert content == bytes(expected)
    assert (tmp_path / "a.vdi").stat().st_size == 3 * VDI_BLOCK, "the block of zeros takes no room"


def test_each_vdi_is_itself(tmp_path: Path) -> None:
    for name in "ab":
        vdi(tmp_path / f"{name}.vdi", {0: BOOT}, VDI_BLOCK)
    one, other = ((tmp_path / f"{name}.vdi").read_bytes() for name in "ab")
    assert one[392:408] != other[392:408]
    assert one[:392] + one[424:] == other[:392] + other[424:]


def test_an_empty_disk(tmp_path: Path) -> None:
    assert vdi(tmp_path / "a.vdi", {}, VDI_BLOCK) == 0
    assert as_raw(tmp_path / "a.vdi") == bytes(VDI_BLOCK)


def test_a_stream_of_qemu_whose_directory_is_in_front(tmp_path: Path) -> None:
    raw = tmp_path / "a.raw"
    content = BOOT + bytes(range(256)) * 4000 + bytes(5 * VDI_BLOCK) + b"x" * 777
    raw.write_bytes(content.ljust(-(-len(content) // SECTOR) * SECTOR, b"\0"))
    command = ["qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", str(raw), str(tmp_path / "a.vmdk")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    data = (tmp_path / "a.vmdk").read_bytes()
    grains = read(data, tmp_path)
    size = len(raw.read_bytes())
    vdi(tmp_path / "b.vdi", grains, size)
    assert as_raw(tmp_path / "b.vdi") == raw.read_bytes()
    head = read_stream_header(data[:SECTOR], path=tmp_path)
    assert head is not None
    with pytest.raises(AssertionError):
        read(data[: head.overhead * SECTOR], tmp_path)  # fewer grains than the directory names


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 5000), piece=st.binary(min_size=1, max_size=12))
def test_any_damage(tmp_path: Path, place: int, piece: bytes) -> None:
    data = bytearray(stream({0: bytes(range(256)) * 256, 256: A}))
    data[place % len(data) : place % len(data) + len(piece)] = piece
    with contextlib.suppress(ImageDamaged, AssertionError):
        assert all(len(content) <= 2048 * SECTOR for content in read(bytes(data), tmp_path).values())
