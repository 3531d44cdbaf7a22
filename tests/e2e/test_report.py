"""``t4t report`` as it is typed, and commands whose reader has enough."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.command_line import can_mount, environment, mounting, t4t

if TYPE_CHECKING:
    from pathlib import Path


def test_a_report_is_a_new_file_for_its_owner_and_says_where_it_is(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "for the forum.txt"
    done = t4t("report", "--output", str(out), data=data)
    assert (done.status, done.err) == (0, "")
    assert str(out) in done.out
    assert "Nothing was sent" in done.out
    assert out.stat().st_mode & 0o777 == 0o600
    text = out.read_text(encoding="utf-8")
    for expected in ("Versions", "t4t 0.1.0", "Test4Theory is not running.", "Kind of computer", "logs/t4t.log"):
        assert expected in text
    again = t4t("report", "--output", str(out), data=data)
    assert again.status == 2
    assert again.is_notice("T4T-USE-03")
    assert out.read_text(encoding="utf-8") == text


def test_into_a_folder_and_for_programs(tmp_path: Path) -> None:
    done = t4t("--json", "report", "--output", str(tmp_path), data=tmp_path / "data")
    told = json.loads(done.out)
    (path,) = tmp_path.glob("t4t-report-*.txt")
    assert told == {"path": str(path), "bytes": path.stat().st_size}


def test_into_no_folder(tmp_path: Path) -> None:
    done = t4t("report", "--output", str(tmp_path / "none" / "x"), data=tmp_path / "data")
    assert done.status == 3
    assert done.is_notice("T4T-DISK-03")


@pytest.mark.skipif(not can_mount(), reason="needs mounts of its own (unshare -Urm)")
def test_on_a_full_disk_nothing_is_left_and_it_can_be_shown(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    full = mounting(f"mount -t tmpfs -o size=64k none {data}; head -c 64k /dev/zero > {data}/full || true")
    done = t4t("report", "--output", str(data / "report.txt"), data=data, before=full)
    assert done.status == 3
    assert done.is_notice("T4T-DISK-03")
    shown = t4t("report", "--print", data=data, before=full)
    assert shown.status == 0
    assert "free space 0.00 GiB" in shown.out
    assert "nothing was written" in shown.err


@pytest.mark.parametrize("words", [("appliance", "list"), ("report", "--print"), ("doctor", "--offline")])
def test_a_reader_that_has_enough_is_no_error_of_ours(words: tuple[str, ...], tmp_path: Path) -> None:
    """``t4t … | head -c 1``."""
    command = [sys.executable, "-m", "t4t", "--data-dir", str(tmp_path / "data"), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait(60) == 141
    assert said == ""
