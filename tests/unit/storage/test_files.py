"""Files that are written whole or not at all, and locks that die with their process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command_line import environment
from t4t.domain.errors import FolderBusy, FolderUnwritable
from t4t.durable import write_atomic
from t4t.storage.files import FolderLock, sha256_of

HOLD = """
import sys
from pathlib import Path
from t4t.storage.files import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data in (b"one", b"", b"two" * 100_000):
        write_atomic(path, data)
        assert path.read_bytes() == data
    assert [found.name for found in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    path = tmp_path / "a"
    write_atomic(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if failing == "fsync" else Path, failing, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["a"]


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomic(tmp_path / "a", b"")
    assert [found.name for found in tmp_path.iterdir()] == ["a"]


def test_the_whole_file_is_hashed(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(data)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_lock_is_for_one(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "on the way"
    with FolderLock(folder) as lock:
        assert lock.__enter__() is lock
        with pytest.raises(FolderBusy) as busy:
            FolderLock(folder).take()
        assert (busy.value.path, busy.value.pid) == (str(folder), os.getpid())
        with FolderLock(folder, "another"):
            pass
    lock.__exit__(None, None, None)
    with FolderLock(folder):
        pass


def test_a_removed_lock_locks_nobody_out_and_lets_nobody_in(tmp_path: Path) -> None:
    """One that waited for a file which its holder then removed holds a lock that nobody sees."""
    with FolderLock(tmp_path) as first:
        first.remove()
        first.remove()
        with FolderLock(tmp_path), pytest.raises(FolderBusy):
            FolderLock(tmp_path).take()
    with FolderLock(tmp_path):
        pass


def test_a_stale_file_is_not_taken_for_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder removes the file between our opening it and our locking it."""
    real = Path.open
    removed: list[bool] = []

    def open_and_lose(path: Path, mode: str = "r") -> object:
        file = real(path, mode)
        if not removed:
            removed.append(True)
            path.unlink()
        return file

    monkeypatch.setattr(Path, "open", open_and_lose)
    lock = FolderLock(tmp_path)
    assert lock.try_take()
    monkeypatch.undo()
    assert (tmp_path / "lock").exists()
    assert not FolderLock(tmp_path).try_take()
    lock.__exit__(None, None, None)


def test_a_holder_without_a_name(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        (tmp_path / "lock").write_text("nonsense")
        with pytest.raises(FolderBusy) as busy:
            FolderLock(tmp_path).take()
        assert busy.value.pid == 0


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnwritable):
        FolderLock(tmp_path / "file" / "folder").take()


def test_another_process_holds_it_until_it_dies(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(FolderBusy) as busy:
            FolderLock(tmp_path).take()
        assert busy.value.pid == other.pid
        other.kill()
        other.wait()
        with FolderLock(tmp_path):
            pass
