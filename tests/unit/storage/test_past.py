"""Reading the agent's state without touching it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from t4t.storage.past import read
from t4t.storage.state import NAME, Happening, State

if TYPE_CHECKING:
    from pathlib import Path


def _fill(folder: Path) -> State:
    state = State(folder, now=lambda: 1000.0)
    for number in range(5):
        state.tell([Happening(1000.0 + number, f"line {number}")])
        state.end(state.begin(f"task {number}", "start"), "done", task=f"task {number}", record=b"{}")
        state.count_result(f"vm {number}", task=f"task {number}", outcome="done", error="", elapsed_s=1.0)
    state.begin("task 5", "save")
    return state


def test_the_last_of_each_oldest_first(tmp_path: Path) -> None:
    state = _fill(tmp_path)  # at work meanwhile
    before = sorted(path.name for path in tmp_path.iterdir())
    past = read(tmp_path, effects=2, results=2, timeline=2)
    assert [(one.task, one.step, one.outcome) for one in past.effects] == [("task 4", "start", "done"), ("task 5", "save", None)]
    assert len(past.results) == 2
    assert [line.what for line in past.timeline] == ["line 3", "line 4"]
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    state.close()


def test_where_nothing_can_be_written_beside_it(tmp_path: Path) -> None:
    _fill(tmp_path).close()
    (tmp_path / f"{NAME}-wal").mkdir()  # SQLite's way to read beside a writer is barred
    past = read(tmp_path, effects=9, results=9, timeline=9)
    assert [line.what for line in past.timeline] == [f"line {number}" for number in range(5)]


def test_what_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path, effects=1, results=1, timeline=1)
    (tmp_path / NAME).write_bytes(b"ruined" * 1000)
    with pytest.raises(OSError, match="not a database"):
        read(tmp_path, effects=1, results=1, timeline=1)
    shutil.rmtree(tmp_path)
