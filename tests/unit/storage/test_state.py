"""The agent's durable state: what survives, what is counted once, what happens to a ruined file."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scratch import scratch
from t4t.domain.errors import FolderUnwritable
from t4t.domain.policy import Intent, Pause, PauseKind
from t4t.storage import state as module
from t4t.storage.state import EFFECT_ROWS, INTENT, LONGEST, NAME, SCHEMA, TIMELINE_ROWS, TIMELINE_S, Happening, State

if TYPE_CHECKING:
    from collections.abc import Iterator

PAUSED = Intent(pause=Pause(kind=PauseKind.HOUR, since=1.0, until=3601.0, boot="a"))


class Desk:
    """A folder, a clock, and states that are closed with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_000_000.0
        self.opened: list[State] = []

    def open(self) -> State:
        state = State(self.folder, now=lambda: self.now)
        self.opened.append(state)
        return state


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    for state in made.opened:
        state.close()


def test_it_is_written_so_that_a_power_cut_loses_nothing(desk: Desk) -> None:
    connection = desk.open()._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)


def test_the_intent_comes_back(desk: Desk) -> None:
    state = desk.open()
    assert state.intent() == Intent()
    state.keep_intent(PAUSED)
    assert desk.open().intent() == PAUSED


@pytest.mark.parametrize("ruined", [NAME, INTENT])
@pytest.mark.parametrize("how", ["garbage", "zeros", "cut", "gone"])
def test_the_intent_outlives_either_of_its_files_one_after_the_other(desk: Desk, ruined: str, how: str) -> None:
    state = desk.open()
    state.keep_intent(Intent(finishing=True))
    state.keep_intent(PAUSED)
    state.close()
    for name in (ruined, INTENT if ruined == NAME else NAME):
        path = desk.folder / name
        for tail in ("-wal", "-shm"):
            (desk.folder / (name + tail)).unlink(missing_ok=True)
        match how:
            case "garbage":
                path.write_bytes(b"\xfe" * 5000)
            case "zeros":
                path.write_bytes(bytes(5000))
            case "cut":
                path.write_bytes(path.read_bytes()[:77])
            case _:
                path.unlink()
        again = desk.open()
        assert again.intent() == PAUSED
        assert bool(again.set_aside) is (how != "gone")
        again.close()


def test_a_row_of_the_intent_that_is_no_intent(desk: Desk) -> None:
    state = desk.open()
    state.keep_intent(PAUSED)
    (desk.folder / INTENT).unlink()
    state._do(lambda c: c.execute("UPDATE documents SET value = 'nonsense'"))
    assert desk.open().intent() == Intent()


def test_effects_that_never_ended_are_told_once(desk: Desk) -> None:
    state = desk.open()
    entry = state.begin("a", "start")
    state.begin("b", "save")
    state.end(entry, "done", task="a", record=b"{}")
    again = desk.open()
    assert again.record("a") == b"{}"
    assert again.record("b") is None
    assert again.interrupted() == [("b", "save")]
    assert again.interrupted() == []


def test_a_result_counts_once(desk: Desk) -> None:
    state = desk.open()
    state.end(state.begin("a", "collect"), "done", task="a", record=b"{}")
    assert state.count_result("vm", task="a", outcome="done", error="", elapsed_s=1.0)
    assert not state.count_result("vm", task="a", outcome="done", error="", elapsed_s=1.0)
    assert desk.open().finished() == 1
    assert state.record("a") == b"{}"
    state.forget("a")
    assert state.record("a") is None


def test_history_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    state = desk.open()
    state.tell([Happening(desk.now, "old")])
    desk.now += TIMELINE_S + 1
    state.tell([Happening(desk.now, "new", "a", "x", 2.0)])
    state.prune()
    assert [(line.what, line.task, line.detail, line.lost_s) for line in state.timeline()] == [("new", "a", "x", 2.0)]
    assert (TIMELINE_ROWS, EFFECT_ROWS) == (20_000, 2_000)
    monkeypatch.setattr(module, "TIMELINE_ROWS", 3)
    for number in range(10):
        state.tell([Happening(desk.now, str(number))])
    state.prune()
    assert [line.what for line in state.timeline()] == ["7", "8", "9"]
    assert [line.what for line in state.timeline(1)] == ["9"]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-400, 400), st.text(max_size=2000) | st.just("x" * 9000)), min_size=1, max_size=12))
def test_history_is_bounded_whatever_is_told_and_whoever_sets_the_clock(told: list[tuple[int, int, str]]) -> None:
    with tempfile.TemporaryDirectory(dir=scratch()) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TIMELINE_ROWS", 40)
        patch.setattr(module, "_PRUNE_EVERY", 7)
        desk = Desk(Path(folder))
        state = desk.open()
        lines: list[str] = []
        for count, days, text in told:
            desk.now = 1e9 + days * 86_400.0
            state.tell([Happening(desk.now, text, text, text)] * count)
            lines += [text[:LONGEST]] * count
            kept = state.timeline(1000)
            assert len(kept) <= 40 + 7 + 30
            assert all(max(len(line.what), len(line.task), len(line.detail)) <= LONGEST for line in kept)
        state.prune()
        assert all(line.at >= desk.now - TIMELINE_S for line in state.timeline(1000))
        assert len(state.timeline(1000)) <= 40
        rest = iter(lines)
        assert all(line.what in rest for line in state.timeline(1000))  # what is left is in its order
        state.close()


def test_results_become_a_number(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESULT_ROWS", 3)
    state = desk.open()
    for number in range(10):
        desk.now += 1
        assert state.count_result(f"vm {number}", task="a", outcome="done", error="", elapsed_s=1.0)
        state.prune()
    assert state.finished() == desk.open().finished() == 10
    assert not state.count_result("vm 9", task="a", outcome="done", error="", elapsed_s=1.0)
    assert state._do(lambda c: c.execute("SELECT count(*) FROM results").fetchone()) == (3,)


def test_it_prunes_by_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PRUNE_EVERY", 5)
    monkeypatch.setattr(module, "EFFECT_ROWS", 2)
    state = desk.open()
    for _ in range(10):
        state.end(state.begin("a", "start"), "done", task="a", record=b"{}")
    assert state._do(lambda c: c.execute("SELECT count(*) FROM effects").fetchone()) == (2,)


def test_a_file_of_a_later_version_is_set_aside(desk: Desk) -> None:
    state = desk.open()
    state.tell([Happening(desk.now, "x")])
    state._connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    state.close()
    again = desk.open()
    assert again.timeline() == []
    assert (desk.folder / again.set_aside[0]).is_file()


def test_a_file_that_is_ruined_while_it_is_open_is_replaced(desk: Desk) -> None:
    state = desk.open()
    for _ in range(200):
        state.tell([Happening(desk.now, "x" * 200)])
    state._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = desk.folder / NAME
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    state._connection.execute("PRAGMA shrink_memory")
    other = sqlite3.connect(path, isolation_level=None)
    other.close()
    state._connection.close()
    state._connection = sqlite3.connect(path, isolation_level=None)
    state.tell([Happening(desk.now, "after")])
    assert [line.what for line in state.timeline()] == ["after"]
    assert state.set_aside


def test_a_folder_that_is_gone_is_told(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(FolderUnwritable):
        State(tmp_path / "gone", now=lambda: 0.0)
    state = desk.open()
    other = sqlite3.connect(desk.folder / NAME, isolation_level=None)
    state._connection.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")  # another process holds it
    with pytest.raises(FolderUnwritable):
        state.tell([Happening(desk.now, "x")])
    other.close()
    (desk.folder / INTENT).mkdir()
    with pytest.raises(FolderUnwritable):
        state.keep_intent(PAUSED)
