"""What files really occupy."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from t4t.domain.disk_room import DiskUse
from t4t.storage.disk_use import measure, occupied

if TYPE_CHECKING:
    from pathlib import Path

KIB = 1024


def write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))


def test_all_files_are_counted_and_each_machines_by_itself(tmp_path: Path) -> None:
    write(tmp_path / "vms" / "a" / "deep" / "disk", 64 * KIB)
    write(tmp_path / "vms" / "b" / "disk", 32 * KIB)
    write(tmp_path / "projects" / "x" / "image", 16 * KIB)
    use = measure(tmp_path)
    assert set(use.machines) == {"a", "b"}
    assert 64 * KIB <= use.machines["a"] < 80 * KIB
    assert use.total == sum(use.machines.values()) + occupied(tmp_path / "projects")


def test_nothing_is_there(tmp_path: Path) -> None:
    assert measure(tmp_path / "nowhere") == DiskUse(total=0)


@pytest.mark.skipif(sys.platform != "linux", reason="where holes are sure to be made")
def test_holes_take_no_space(tmp_path: Path) -> None:
    with (tmp_path / "disk").open("wb") as file:
        file.truncate(1 << 30)
    assert occupied(tmp_path) < 1 << 20


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_links_lead_nowhere(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "file", 64 * KIB)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "round").symlink_to(tmp_path / "data")
    assert occupied(tmp_path / "data") < 16 * KIB
