"""What the guest wrote, read with caution; and the record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.task_folders import make_task
from t4t.domain.errors import FolderUnwritable
from t4t.domain.progress import IntermediateUpload, Trickle
from t4t.engine.exchange import Exchange
from t4t.engine.folder import TaskFolder
from t4t.engine.record import RecordFile, TaskRecord
from t4t.host import resources

if TYPE_CHECKING:
    from t4t.domain.completion import Completion


@pytest.fixture(autouse=True)
def _one_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "architecture", lambda: "x86_64")


def _folder(tmp_path: Path, **changes: str | None) -> TaskFolder:
    folder = TaskFolder(make_task(tmp_path / "slots" / "0", changes=changes))
    folder.own.mkdir()
    folder.prepare()
    return folder


def _record() -> TaskRecord:
    return TaskRecord(vm_id="x", data_dir="/d")


def _code(found: Completion | None) -> int | None:
    return None if found is None else found.exit_code


def test_files_of_the_guest(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    exchange = Exchange(folder)
    shared = folder.path / "shared"
    assert exchange.completion(final=True) is None
    assert exchange.rest() is None
    assert exchange.heartbeat() is None
    assert exchange.fraction() is None
    (shared / "heartbeat").write_text("1")
    (shared / "progress").write_text("0.25\n")
    (shared / "rest").write_text("30\n")
    (shared / "shutdown").write_text("7\n1\nwhy\n")
    beat = exchange.heartbeat()
    assert beat is not None
    assert beat.size == 1
    assert exchange.fraction() == 0.25
    asked = exchange.rest()
    assert asked is not None
    assert asked.delay_s == 30
    exchange.clear_rest()
    exchange.clear_rest()
    assert exchange.rest() is None
    assert _code(exchange.completion(final=True)) == 7


@pytest.mark.parametrize("kind", ["link", "folder", "gone"])
def test_what_is_no_file_is_not_read(tmp_path: Path, kind: str) -> None:
    folder = _folder(tmp_path)
    (tmp_path / "secret").write_text("0.5\n")
    for name in ("shutdown", "progress", "trickle", "partial"):
        path = folder.path / "shared" / name
        if kind == "link":
            path.symlink_to(tmp_path / "secret")
        elif kind == "folder":
            path.mkdir()
    exchange = Exchange(folder)
    assert exchange.completion(final=True) is None
    assert exchange.fraction() is None
    assert list(exchange.news(_record())) == []
    assert all("secret" not in path for path in exchange.outputs())


def test_huge_files_are_read_in_part(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder.path / "shared" / "trickle").write_bytes(bytes(1024 * 1024))
    (told,) = Exchange(folder).news(_record())
    assert isinstance(told, Trickle)
    assert len(told.data) == 64 * 1024


def test_news_are_told_once_a_change(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    exchange, record = Exchange(folder), _record()
    (folder.path / "shared" / "trickle").write_text("one")
    (folder.path / "shared" / "partial").write_text("file")
    assert list(exchange.news(record)) == [Trickle(name="trickle", data=b"one"), IntermediateUpload(path=str(folder.path / "shared" / "partial"))]
    assert list(exchange.news(record)) == []
    assert list(Exchange(folder).news(record)) == []  # nor after a restart
    (folder.path / "shared" / "trickle").write_text("two")
    assert list(exchange.news(record)) == [Trickle(name="trickle", data=b"two")]


def test_outputs_are_what_is_left(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    shared = folder.path / "shared"
    for name in ("shutdown", "heartbeat", "progress", "rest", "output.tgz", "run.log"):
        (shared / name).touch()
    (shared / "more").mkdir()
    (shared / "more" / "file").touch()
    assert [Path(path).relative_to(shared).as_posix() for path in Exchange(folder).outputs()] == ["more/file", "output.tgz", "run.log"]


def test_a_job_without_a_shared_folder_has_its_floppy(tmp_path: Path) -> None:
    folder = _folder(tmp_path, enable_shared_directory=None, copy_to_shared=None, enable_floppyio="1")
    exchange = Exchange(folder)
    assert exchange.heartbeat() is None
    assert exchange.outputs() == []
    assert list(exchange.news(_record())) == []
    assert exchange.completion(final=True) is None
    exchange.clear_rest()
    assert folder.floppy is not None
    image = bytearray(folder.floppy.read_bytes())
    image[14_335 : 14_335 + 8] = b"3\n0\nno\n\0"
    image[28_671] = 1
    folder.floppy.write_bytes(image)
    assert _code(exchange.completion(final=False)) == 3
    assert _code(exchange.completion(final=False)) == 3  # the floppy gives its text once


def test_a_completion_file_counts_once_it_rests(tmp_path: Path) -> None:
    """The guest may still be writing it."""
    folder = _folder(tmp_path)
    exchange = Exchange(folder)
    path = folder.path / "shared" / "shutdown"
    path.write_text("1")
    assert exchange.completion(final=False) is None
    path.write_text("195\n")
    assert exchange.completion(final=False) is None
    assert _code(exchange.completion(final=False)) == 195


def test_a_record_comes_back(tmp_path: Path) -> None:
    file = RecordFile(tmp_path)
    record = file.load(tmp_path / "data")
    assert file.load(tmp_path / "data").vm_id != record.vm_id
    record.elapsed_s = 12.5
    record.trickles["a"] = "b"
    file.save(record)
    assert file.load(tmp_path / "elsewhere") == record
    file.remove()
    file.remove()
    assert file.load(tmp_path / "data").elapsed_s == 0


@pytest.mark.parametrize("text", ["", "{}", '{"vm_id": 1}', "\x00"])
def test_an_unreadable_record_is_set_aside(tmp_path: Path, text: str) -> None:
    (tmp_path / ".t4t").mkdir()
    (tmp_path / ".t4t" / "task.json").write_text(text)
    assert RecordFile(tmp_path).load(tmp_path).elapsed_s == 0
    assert (tmp_path / ".t4t" / "task.unreadable").read_text() == text


def test_a_record_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / ".t4t").write_text("a file")
    with pytest.raises(FolderUnwritable):
        RecordFile(tmp_path).save(_record())
