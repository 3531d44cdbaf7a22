"""The guest's small parts: floppy, power button, queue addresses, the runner's options, the refusal of a job, whole writes."""

from __future__ import annotations

import json
import os
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from t4t_guest.context import ISO_FILES, SHARE_FILES
from t4t_guest.files import read_json, read_text, write_json, write_whole
from t4t_guest.floppy import HALF, read_floppy, write_floppy
from t4t_guest.http import QueueError, split_url
from t4t_guest.machine import Machine, is_power_key, read_place
from t4t_guest.run import EXIT_REFUSED, read_options, run_job
from t4t_guest.web import WebFiles, waiting_status

if TYPE_CHECKING:
    from pathlib import Path

FLOPPY_BYTES = 28_672


def test_the_floppy_carries_text_both_ways(tmp_path: Path) -> None:
    disk = tmp_path / "floppy"
    content = bytearray(FLOPPY_BYTES)
    content[:9] = b"T4T_A=1\n\0"
    content[28_670] = 1
    disk.write_bytes(content)
    assert read_floppy(str(disk)) == "T4T_A=1\n"
    assert write_floppy(str(disk), "0\n1\ndone\n")
    after = disk.read_bytes()
    assert len(after) == FLOPPY_BYTES
    assert after[:9] == b"T4T_A=1\n\0"
    assert after[HALF : 2 * HALF].rstrip(b"\0") == b"0\n1\ndone\n"
    assert (after[28_670], after[28_671]) == (0, 1)


def test_a_text_too_long_for_the_floppy_is_cut(tmp_path: Path) -> None:
    disk = tmp_path / "floppy"
    disk.write_bytes(bytes(FLOPPY_BYTES))
    assert write_floppy(str(disk), "x" * 20_000)
    assert disk.read_bytes()[HALF : 2 * HALF] == b"x" * (HALF - 1) + b"\0"


def test_no_floppy_is_no_error(tmp_path: Path) -> None:
    assert read_floppy(str(tmp_path / "none")) is None
    assert not write_floppy(str(tmp_path / "none"), "x")


def event(kind: int, code: int, value: int) -> bytes:
    return struct.pack("<qqHHi", 1, 2, kind, code, value)


def test_only_the_power_key_going_down_counts() -> None:
    assert is_power_key(event(0, 0, 0) + event(1, 116, 1))
    assert not is_power_key(event(1, 116, 0) + event(1, 115, 1) + event(2, 116, 1))
    assert not is_power_key(b"")
    assert not is_power_key(event(1, 116, 1)[:-1])


def test_queue_addresses_are_read() -> None:
    assert split_url("http://10.0.2.2:8080/q/") == ("10.0.2.2", 8080, "/q")
    assert split_url("http://queue") == ("queue", 80, "")


@pytest.mark.parametrize("url", ["", "https://x/", "http://", "http://:80/", "http://x:y/", "http://x/\r\nHost: y", "http://x/a b", "ftp://x", "http://ä/"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(QueueError):
        split_url(url)


def test_the_runner_reads_its_options(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("line")
    options = read_options(["--input", str(tmp_path / "input"), "--out", "o", "--cores", "3", "--status", "s"])
    assert (options.text, options.out, options.cores, options.status) == ("line", "o", 3, "s")
    assert read_options(["--runspec", "x", "--out", "o"]).cores >= 1


@pytest.mark.parametrize("words", [["--out"], ["--out", "o"], ["--runspec", "x"], ["--runspec", "x", "--input", "y", "--out", "o"], ["x", "y"], ["--bad", "1"]])
def test_wrong_options_are_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"usage|options"):
        read_options(words)


def test_a_refused_job_says_why_and_needs_no_pythia(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "boinc pp higgs 13000 - - pythia8 8.317 default 10 1"
    assert run_job(read_options(["--runspec", line, "--out", str(tmp_path), "--status", str(tmp_path)])) == EXIT_REFUSED
    status = json.loads((tmp_path / "status.json").read_text())
    assert status["state"] == "failed"
    assert "higgs" in str(status["message"])
    assert "refused" in capsys.readouterr().out
    assert "pythia8mc" not in sys.modules


def test_files_are_written_whole_under_a_name_the_mirror_never_lists(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(str(path), {"a": 1})
    write_whole(str(tmp_path / "y"), b"text")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["x.json", "y"]
    assert read_json(str(path)) == {"a": 1}
    assert read_text(str(tmp_path / "y"), 2) == "te"


@pytest.mark.parametrize("content", ["", "{", "[1]", "null"])
def test_a_file_that_is_no_object_reads_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").write_text(content)
    assert read_json(str(tmp_path / "x")) == {}
    assert read_json(str(tmp_path / "none")) == {}


def test_a_place_has_only_the_files_it_may_have(tmp_path: Path) -> None:
    (tmp_path / "ec2" / "latest").mkdir(parents=True)
    for name in ("input", "context", "authenticator", "ec2/latest/user-data"):
        (tmp_path / name).write_text(name)
    assert read_place(str(tmp_path), SHARE_FILES) == {"input": "input", "context": "context"}
    assert read_place(str(tmp_path), ISO_FILES) == {"input": "input", "ec2/latest/user-data": "ec2/latest/user-data"}


def test_the_web_files_are_those_of_the_specification(tmp_path: Path) -> None:
    web = WebFiles(str(tmp_path), Machine("qemu", 2, 256, "6.1", "v"))
    web.facts({"BOINC_USERNAME": "A"})
    web.refresh(waiting_status() | {"beam": "pp", "events_wanted": 10}, 0.25)
    index = json.loads((tmp_path / "index.json").read_text())
    assert set(index) == {"instances", "updated", "machine_uuid", "version", "uptime", "load", "runhours"}
    assert json.loads((tmp_path / "boinc.json").read_text()) == {"boinc": {"BOINC_USERNAME": "A"}}
    assert json.loads((tmp_path / "machine.json").read_text())["memory_mib"] == 256
    job = json.loads((tmp_path / "job/index.json").read_text())
    assert (job["state"], job["progress"], job["events_done"]) == ("waiting", 0.25, 0)
    resources = json.loads((tmp_path / "job/resources.json").read_text())
    assert resources["sprites"] == {"histograms": []}
    assert resources["jobMetaData"]["beam"] == "pp"


@pytest.mark.parametrize(("errors", "read"), [(0, True), (3, True), (99, False)])
def test_a_floppy_that_fails_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: int, read: bool) -> None:  # noqa: FBT001 - of the table
    image = tmp_path / "fd0"
    image.write_bytes(b"T4T_MODE=idle".ljust(28_670, b"\0") + b"\1\0")
    left = errors
    real = os.pread

    def pread(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal left
        left -= 1
        if left >= 0:
            raise OSError(5, "floppy timeout")
        return real(descriptor, count, offset)

    monkeypatch.setattr(os, "pread", pread)
    assert read_floppy(str(image)) == ("T4T_MODE=idle" if read else None)
    assert image.read_bytes()[28_670] == (0 if read else 1)
    assert read_floppy(str(tmp_path / "none")) is None
