"""The appliance on disk, and where things lie."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from t4t.domain.errors import ApplianceDamaged, ApplianceMissing
from t4t.storage import appliance, paths


def _make(folder: Path, **changes: Any) -> Path:
    folder.mkdir()
    (folder / appliance.DISK).write_bytes(b"disk")
    fact = {"sha256": hashlib.sha256(b"disk").hexdigest(), "size": 4} | changes
    manifest = {"version": "1", "architecture": "x86_64", "kernel": "6", "pythia": "8", "files": {appliance.DISK: fact}, "unknown": 1}
    (folder / appliance.MANIFEST).write_text(json.dumps(manifest))
    return folder


def test_a_whole_appliance(tmp_path: Path) -> None:
    found = appliance.load(_make(tmp_path / "a"))
    assert found.manifest.pythia == "8"
    assert found.verified(appliance.DISK) == tmp_path / "a" / appliance.DISK


def test_no_appliance(tmp_path: Path) -> None:
    with pytest.raises(ApplianceMissing):
        appliance.load(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1}', "\xff"])
def test_a_manifest_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / appliance.MANIFEST).write_text(text)
    with pytest.raises(ApplianceDamaged):
        appliance.load(tmp_path)


@pytest.mark.parametrize("changes", [{"size": 5}, {"sha256": "0" * 64}])
def test_a_file_that_is_another(tmp_path: Path, changes: dict[str, Any]) -> None:
    found = appliance.load(_make(tmp_path / "a", **changes))
    with pytest.raises(ApplianceDamaged):
        found.verified(appliance.DISK)


def test_a_file_that_is_gone_or_unknown(tmp_path: Path) -> None:
    found = appliance.load(_make(tmp_path / "a"))
    with pytest.raises(ApplianceDamaged):
        found.file(appliance.ISO)
    (found.folder / appliance.DISK).unlink()
    with pytest.raises(ApplianceDamaged):
        found.file(appliance.DISK)


def test_where_the_data_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("T4T_DATA_DIR", raising=False)
    assert paths.data_dir().name == "t4t"
    monkeypatch.setenv("T4T_DATA_DIR", str(tmp_path))
    assert paths.data_dir() == tmp_path
    assert paths.data_dir("~/x") == Path("~/x").expanduser()
    monkeypatch.delenv("T4T_APPLIANCE", raising=False)
    assert paths.appliance_dir(tmp_path) == tmp_path / "appliance"
    monkeypatch.setenv("T4T_APPLIANCE", str(tmp_path / "b"))
    assert paths.appliance_dir(tmp_path) == tmp_path / "b"
