"""The journal on a disk that can't be written: what makes things safe is done all the same, what begins something is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import FolderUnwritable
from t4t.domain.task import Step
from t4t.engine.journal import StateJournal
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path, now=lambda: 5.0)
    yield made
    made.close()


def test_what_ends_has_its_record(state: State) -> None:
    journal = StateJournal(state, lambda key: key.encode())
    journal.end(journal.begin("a", Step.SAVE), "a", "done")
    journal.begin("b", Step.START)
    assert state.record("a") == b"a"
    assert state.interrupted() == [("b", "start")]


def test_a_full_disk(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_words: object, **_more: object) -> None:
        raise FolderUnwritable(path="/data", reason="full")

    monkeypatch.setattr(state, "begin", refuse)
    monkeypatch.setattr(state, "end", refuse)
    journal = StateJournal(state, lambda key: key.encode())
    for step in (Step.CREATE, Step.START, Step.RECOVER):
        with pytest.raises(FolderUnwritable):
            journal.begin("a", step)
    assert journal.begin("a", Step.SAVE) == 0
    journal.end(0, "a", "done")
