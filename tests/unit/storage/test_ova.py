"""OVA files: good ones, hostile ones, and any damage."""

from __future__ import annotations

import contextlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.appliances import make_ova, manifest, ovf, write_tar
from t4t.domain.errors import ChecksumMismatch, ImageDamaged
from t4t.storage.ova import MAX_MEMBERS, MAX_TEXT_BYTES, Window, read_ova

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DISK = b"KDMV" + bytes(range(200)) * 20
OVF = ovf(capacity=1 << 20)
FILES = {"t4t.ovf": OVF, "disk1.vmdk": DISK}


def made(path: Path, files: Mapping[str, bytes]) -> Path:
    write_tar(path / "a.ova", files)
    return path / "a.ova"


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256"])
def test_a_whole_one(tmp_path: Path, algorithm: str) -> None:
    make_ova(tmp_path / "a.ova", disk=DISK, capacity=1 << 20, algorithm=algorithm)
    found = read_ova(tmp_path / "a.ova")
    assert (found.machine.memory_mib, found.machine.capacity_bytes, found.size) == (384, 1 << 20, len(DISK))
    assert found.digest is not None
    with (tmp_path / "a.ova").open("rb") as file:
        window = Window(file, offset=found.offset, size=found.size, algorithm=found.digest.algorithm)
        assert window.read(4) == b"KDMV"
        assert window.digest() == found.digest.hex
        assert window.read(1) == b""


def test_without_a_manifest_and_with_other_files(tmp_path: Path) -> None:
    found = read_ova(made(tmp_path, {**FILES, "readme.txt": b"x"}))
    assert (found.digest, found.size) == (None, len(DISK))


def test_a_certificate_is_no_file_of_the_manifest(tmp_path: Path) -> None:
    found = read_ova(made(tmp_path, {**FILES, "t4t.mf": b"\n" + manifest(FILES), "t4t.cert": b"x"}))
    assert found.digest is not None


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "descriptions"),
        ({"disk1.vmdk": DISK}, "0 descriptions"),
        ({"a.ovf": OVF, "b.ovf": OVF, "disk1.vmdk": DISK}, "2 descriptions"),
        ({"t4t.ovf": OVF}, "not in it"),
        ({"t4t.ovf": b"<x/>", "disk1.vmdk": DISK}, "not <Envelope>"),
        ({"t4t.ovf": bytes(MAX_TEXT_BYTES + 1), "disk1.vmdk": DISK}, "larger than 256 KiB"),
        ({**FILES, "../evil": b""}, "no plain name"),
        ({**FILES, "/etc/passwd": b""}, "no plain name"),
        ({**FILES, "a\\b": b""}, "no plain name"),
        ({**FILES, ".hidden": b""}, "no plain name"),
        ({**FILES, **{f"f{number}": b"" for number in range(MAX_MEMBERS)}}, "over 64"),
        ({**FILES, "t4t.mf": b"nonsense\n"}, "manifest can't be read"),
        ({**FILES, "t4t.mf": b"SHA256(t4t.ovf)= " + b"a" * 40}, "manifest can't be read"),
        ({**FILES, "t4t.mf": b""}, "just its files"),
        ({**FILES, "t4t.mf": manifest({"t4t.ovf": OVF})}, "just its files"),
        ({**FILES, "t4t.mf": manifest({**FILES, "other": b""})}, "just its files"),
        ({**FILES, "t4t.mf": manifest(FILES), "u.mf": manifest(FILES)}, "just its files"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_what_is_refused(tmp_path: Path, files: Mapping[str, bytes], reason: str) -> None:
    with pytest.raises(ImageDamaged, match=reason):
        read_ova(made(tmp_path, files))


def test_a_description_that_is_not_the_one_of_the_manifest(tmp_path: Path) -> None:
    with pytest.raises(ChecksumMismatch):
        read_ova(made(tmp_path, {**FILES, "t4t.mf": manifest({**FILES, "t4t.ovf": OVF + b" "})}))


def _member(name: str, kind: bytes = tarfile.REGTYPE, *, size: int = 0, link: str = "", pax: dict[str, str] | None = None) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, size, link
    member.pax_headers = dict(pax or {})
    return member


@pytest.mark.parametrize(
    "member",
    [
        _member("link", tarfile.SYMTYPE, link="/etc/passwd"),
        _member("link", tarfile.LNKTYPE, link="t4t.ovf"),
        _member("folder", tarfile.DIRTYPE),
        _member("pipe", tarfile.FIFOTYPE),
        _member("device", tarfile.CHRTYPE),
        _member("t4t.ovf"),
        _member("x" * 300),
        _member("sparse", pax={"GNU.sparse.map": "0,1", "GNU.sparse.size": str(1 << 40), "GNU.sparse.numblocks": "1"}),
        _member("huge", pax={"comment": "x" * (MAX_TEXT_BYTES + 1)}),
        _member("cut", size=1 << 33),
    ],
    ids=lambda member: f"{member.name[:8]}{member.type!r}",
)
def test_hostile_members(tmp_path: Path, member: tarfile.TarInfo) -> None:
    path = tmp_path / "a.ova"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in FILES.items():
            archive.addfile(_member(name, size=len(data)), io.BytesIO(data))
        archive.addfile(member)
    with pytest.raises(ImageDamaged):
        read_ova(path)


def test_cut_off_and_missing(tmp_path: Path) -> None:
    path = made(tmp_path, FILES)
    data = path.read_bytes()
    for length in (0, 100, 600, data.index(b"KDMV") + 10):
        path.write_bytes(data[:length])
        with pytest.raises(ImageDamaged):
            read_ova(path)
    with pytest.raises(ImageDamaged, match="No such file"):
        read_ova(tmp_path / "gone")


def test_a_compressed_tar_is_none(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.ova", "w:gz") as archive:
        archive.addfile(_member("t4t.ovf", size=len(OVF)), io.BytesIO(OVF))
    with pytest.raises(ImageDamaged, match="no whole OVA"):
        read_ova(tmp_path / "a.ova")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 12_000), piece=st.binary(min_size=1, max_size=12))
def test_any_damage(tmp_path: Path, place: int, piece: bytes) -> None:
    make_ova(tmp_path / "a.ova", disk=DISK, capacity=1 << 20)
    data = bytearray((tmp_path / "a.ova").read_bytes())
    data[place % len(data) : place % len(data) + len(piece)] = piece
    (tmp_path / "a.ova").write_bytes(data)
    with contextlib.suppress(ImageDamaged, ChecksumMismatch):
        assert read_ova(tmp_path / "a.ova").size <= len(data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=2000))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.ova").write_bytes(data)
    with pytest.raises(ImageDamaged):
        read_ova(tmp_path / "a.ova")
