"""The end of an agent, asked for from outside and waited for."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from t4t.bootstrap import ending
from t4t.bootstrap.services import Services
from t4t.domain.errors import FolderBusy
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from pathlib import Path


def test_where_nobody_ever_worked_nothing_is_begun(tmp_path: Path) -> None:
    assert not ending.end(tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_the_end_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    lock, looks = FolderLock(tmp_path, ending.LOCKS[1]), iter(range(2))
    lock.take()

    def sleep(_seconds: float) -> None:
        if next(looks, None) is None:
            lock.release()

    monkeypatch.setattr(time, "sleep", sleep)
    assert not ending.end(tmp_path)
    assert next(looks, None) is None, "it was asked again and again"


def test_the_end_is_not_waited_for_forever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    clock = itertools.count(0.0, 200.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with FolderLock(tmp_path, ending.LOCKS[0]), pytest.raises(FolderBusy):
        ending.end(tmp_path)


def test_the_verb_of_a_data_folder_ends_its_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "ask", lambda data: data == tmp_path)
    assert Services(tmp_path).end()
