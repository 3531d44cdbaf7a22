"""Demo tasks: one after another, an interrupted one first."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from t4t import demo
from t4t.domain.errors import FolderUnwritable, RunspecInvalid
from t4t.domain.vbox_job import parse_vbox_job
from t4t.engine.record import RecordFile

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "boinc pp z 8000 - - pythia8 8.317 tune-monash13 5 1"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(b"disk")
    return path


def _finish(task: Path) -> None:
    (task / "shared").mkdir()
    (task / "shared" / "shutdown").touch()


def test_every_runspec_is_one() -> None:
    for line in demo.RUNSPECS:
        assert demo.checked(line.format(seed=7)) == line.format(seed=7)


def test_a_task_folder_is_whole(tmp_path: Path, image: Path) -> None:
    task, line = demo.next_task(tmp_path / "demo", image, runspec=None)
    job = parse_vbox_job((task / "vbox_job.xml").read_bytes(), path="vbox_job.xml")
    assert job.unknown == ()
    assert (task / job.multiattach_vdi_file).read_bytes() == b"disk"
    assert (task / "input").read_text() == line + "\n"
    assert all((task / name).is_file() for name in job.copy_to_shared)
    assert [path.name for path in task.parent.iterdir()] == ["task-0001"]


def test_tasks_go_through_the_processes(tmp_path: Path, image: Path) -> None:
    lines = []
    for _ in range(len(demo.RUNSPECS) + 1):
        task, line = demo.next_task(tmp_path / "demo", image, runspec=None)
        _finish(task)
        lines.append(line.split()[2])
    assert lines == ["zhad", "z", "jets", "softqcd", "zhad"]


def test_an_interrupted_task_comes_first(tmp_path: Path, image: Path) -> None:
    first = demo.next_task(tmp_path / "demo", image, runspec=None)
    assert demo.next_task(tmp_path / "demo", image, runspec=None) == first
    assert demo.next_task(tmp_path / "demo", image, runspec=first[1]) == first
    second = demo.next_task(tmp_path / "demo", image, runspec=OTHER)
    assert second[0].name == "task-0002"
    _finish(second[0])
    assert demo.next_task(tmp_path / "demo", image, runspec=None) == first


def test_a_failed_task_is_not_run_again(tmp_path: Path, image: Path) -> None:
    task, _ = demo.next_task(tmp_path / "demo", image, runspec=None)
    file = RecordFile(task)
    record = file.load(tmp_path)
    record.outcome = "failed"
    file.save(record)
    assert demo.next_task(tmp_path / "demo", image, runspec=None)[0].name == "task-0002"


def test_numbers_beyond_four_digits(tmp_path: Path, image: Path) -> None:
    for number in ("9999", "10000"):
        (tmp_path / "demo" / f"task-{number}").mkdir(parents=True)
    (tmp_path / "demo" / "task-notes").mkdir()
    assert demo.next_task(tmp_path / "demo", image, runspec=None)[0].name == "task-10001"


def test_blanks_do_not_matter() -> None:
    assert demo.checked("  boinc   pp z 8000 - - pythia8 8.317 tune-monash13 5\t1 \n") == OTHER


@pytest.mark.parametrize("text", ["", "boinc", OTHER + " 1", OTHER.replace("boinc", "cernvm"), OTHER[:-1] + "-1", OTHER.replace(" 5 ", " 5.5 ")])
def test_what_is_no_runspec(text: str) -> None:
    with pytest.raises(RunspecInvalid):
        demo.checked(text)


def test_what_cannot_be_written(tmp_path: Path, image: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnwritable):
        demo.next_task(tmp_path / "file", image, runspec=None)


def test_a_full_disk_leaves_nothing(tmp_path: Path, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.link", full)
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(FolderUnwritable, match="No space"):
        demo.next_task(tmp_path / "demo", image, runspec=None)
    assert list((tmp_path / "demo").iterdir()) == []


def test_where_links_do_not_work_the_image_is_copied(tmp_path: Path, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    task, _ = demo.next_task(tmp_path / "demo", image, runspec=None)
    assert (task / demo.IMAGE).read_bytes() == b"disk"
