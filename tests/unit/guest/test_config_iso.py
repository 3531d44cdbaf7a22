"""The config ISO: readable under each kind of name, and a function of its content alone."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import pycdlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.errors import FolderUnwritable
from t4t.guest.config_iso import MAX_FILES, MAX_TOTAL_BYTES, build_config_iso, write_config_iso
from t4t.guest.context import Seed

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "input": b"run\n",
    "openstack/latest/user_data": b"deep",
    "openstack/content/0000": b"beside",
    "init_data.xml": b"<a/>",
    "x" * 63: b"",
    **{f"file-{number}": b"z" * number for number in range(50)},
}


def read_back(image: bytes, *, kind: str) -> dict[str, bytes]:
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(image))
    found = {}
    for folder, _folders, names in iso.walk(**{f"{kind}_path": "/"}):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            content = io.BytesIO()
            iso.get_file_from_iso_fp(content, **{f"{kind}_path": path})
            found[path[1:]] = content.getvalue()
    iso.close()
    return found


@pytest.mark.parametrize("kind", ["rr", "joliet"])
def test_files_come_back(kind: str) -> None:
    assert read_back(build_config_iso(Seed("cidata", FILES)), kind=kind) == FILES


@pytest.mark.parametrize("label", ["cidata", "config-2", "CONTEXT_INFO"])
def test_label(label: str) -> None:
    image = build_config_iso(Seed(label, {}))
    assert image[16 * 2048 + 40 : 16 * 2048 + 72].rstrip() == label.encode()
    assert image[17 * 2048 + 40 : 17 * 2048 + 72].decode("utf-16-be").rstrip(" \0") == label


def test_equal_content_gives_equal_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    first = build_config_iso(Seed("x", FILES))
    monkeypatch.setattr(time, "time", lambda: now + 12_345_678)
    assert build_config_iso(Seed("x", dict(reversed(FILES.items())))) == first
    assert build_config_iso(Seed("x", FILES | {"input": b"no\n"})) != first
    assert build_config_iso(Seed("y", FILES)) != first


@pytest.mark.parametrize("name", ["", "a/", "/a", "../x", "a/../b", "a//b", ".x", "a b", "é", "x" * 64, "a\n", "a/b/c/d/e"])
def test_bad_names(name: str) -> None:
    with pytest.raises(ValueError, match="file"):
        build_config_iso(Seed("x", {name: b""}))


@pytest.mark.parametrize("names", [("a", "A"), ("a", "a/b"), ("a/b", "A/c"), ("x/a", "x/A")])
def test_names_that_are_the_same_somewhere(names: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="twice"):
        build_config_iso(Seed("x", dict.fromkeys(names, b"")))


def test_limits() -> None:
    with pytest.raises(ValueError, match="over"):
        build_config_iso(Seed("x", {f"f{number}": b"" for number in range(MAX_FILES + 1)}))
    with pytest.raises(ValueError, match="over"):
        build_config_iso(Seed("x", {"f": bytes(MAX_TOTAL_BYTES + 1)}))


def test_writing(tmp_path: Path) -> None:
    path = tmp_path / "config.iso"
    write_config_iso(path, Seed("x", FILES))
    assert path.read_bytes() == build_config_iso(Seed("x", FILES))
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FolderUnwritable):
        write_config_iso(tmp_path / "missing" / "config.iso", Seed("x", {}))


_PART = st.text("abcXYZ019._-", min_size=1, max_size=8).filter(lambda part: part[0] not in ".-")


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.lists(_PART, min_size=1, max_size=4).map("/".join), st.binary(max_size=50), max_size=12))
def test_any_files_come_back_or_are_refused(files: dict[str, bytes]) -> None:
    try:
        image = build_config_iso(Seed("x", files))
    except ValueError:
        return
    assert read_back(image, kind="rr") == read_back(image, kind="joliet") == files
