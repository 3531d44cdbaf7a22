"""The journal on a disk that is full: nothing is begun that was not written down, but what makes things safe is done all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import FolderUnwritable
from t4t.domain.task import Step
from t4t.engine.journal import StateJournal
from t4t.storage.state import State

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_begun_and_not_ended_is_known_after_a_death(tmp_path: Path) -> None:
    state = State(tmp_path, now=lambda: 1.0)
    journal = StateJournal(state, lambda key: key.encode())
    ended = journal.begin("a", Step.SAVE)
    journal.begin("b", Step.START)
    journal.end(ended, "a", "done")
    state.close()
    again = State(tmp_path, now=lambda: 2.0)
    assert list(again.interrupted()) == [("b", Step.START.value)]
    again.close()


@pytest.mark.parametrize("step", Step)
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, step: Step) -> None:
    state = State(tmp_path, now=lambda: 1.0)

    def full(*_args: object, **_more: object) -> int:
        raise FolderUnwritable(path="x", reason="full")

    monkeypatch.setattr(state, "begin", full)
    monkeypatch.setattr(state, "end", full)
    journal = StateJournal(state, lambda _key: b"")
    if step in {Step.CREATE, Step.START, Step.RECOVER}:
        with pytest.raises(FolderUnwritable):
            journal.begin("a", step)
    else:
        assert journal.begin("a", step) == 0
        assert "not written down" in caplog.text
    journal.end(0, "a", "done")
    assert "not written down" in caplog.text
    state.close()
