"""The config ISO: readable under each kind of name, and a function of its content alone."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import pycdlib
import pytest

from t4t.domain.errors import FolderUnwritable
from t4t.guest.config_iso import MAX_FILES, MAX_TOTAL_BYTES, build_config_iso, write_config_iso

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"input": b"run\n", "init_data.xml": b"<a/>", "x" * 63: b"", **{f"file-{number}": b"z" * number for number in range(50)}}


def read_back(image: bytes, *, kind: str) -> dict[str, bytes]:
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(image))
    found = {}
    for _folder, _folders, names in iso.walk(**{f"{kind}_path": "/"}):
        for name in names:
            content = io.BytesIO()
            iso.get_file_from_iso_fp(content, **{f"{kind}_path": f"/{name}"})
            found[name] = content.getvalue()
    iso.close()
    return found


@pytest.mark.parametrize("kind", ["rr", "joliet"])
def test_files_come_back(kind: str) -> None:
    image = build_config_iso(user_data=b"T4T_MODE=task\n", meta_data=b"instance-id: x\n", files=FILES)
    assert read_back(image, kind=kind) == {"user-data": b"T4T_MODE=task\n", "meta-data": b"instance-id: x\n", **FILES}


def test_label() -> None:
    image = build_config_iso(user_data=b"")
    assert image[16 * 2048 + 40 : 16 * 2048 + 72].rstrip() == b"cidata"
    assert image[17 * 2048 + 40 : 17 * 2048 + 72].decode("utf-16-be").rstrip(" \0") == "cidata"


def test_equal_content_gives_equal_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    first = build_config_iso(user_data=b"a", files=FILES)
    monkeypatch.setattr(time, "time", lambda: now + 12_345_678)
    assert build_config_iso(user_data=b"a", files=dict(reversed(FILES.items()))) == first
    assert build_config_iso(user_data=b"b", files=FILES) != first


@pytest.mark.parametrize("name", ["", "a/b", "../x", "user-data", "Meta-Data", ".x", "a b", "é", "x" * 64, "a\n"])
def test_bad_names(name: str) -> None:
    with pytest.raises(ValueError, match="file"):
        build_config_iso(user_data=b"", files={name: b""})


def test_limits() -> None:
    with pytest.raises(ValueError, match="twice"):
        build_config_iso(user_data=b"", files={"a": b"", "A": b""})
    with pytest.raises(ValueError, match="over"):
        build_config_iso(user_data=b"", files={f"f{number}": b"" for number in range(MAX_FILES)})
    with pytest.raises(ValueError, match="over"):
        build_config_iso(user_data=bytes(MAX_TOTAL_BYTES + 1))


def test_writing(tmp_path: Path) -> None:
    path = tmp_path / "config.iso"
    write_config_iso(path, user_data=b"a", meta_data=b"b", files={"c": b"d"})
    assert path.read_bytes() == build_config_iso(user_data=b"a", meta_data=b"b", files={"c": b"d"})
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FolderUnwritable):
        write_config_iso(tmp_path / "missing" / "config.iso", user_data=b"")
