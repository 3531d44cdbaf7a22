"""What this computer does is counted once, whatever dies in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from support.scripted_engine import ScriptedEngine, a_task, a_view
from support.scripted_physics import a_job, some_results
from t4t.bootstrap.done import contribution_of
from t4t.domain.contribution import Contribution, WorkDay
from t4t.domain.errors import FolderUnwritable
from t4t.engine import tally
from t4t.engine.server import ApiServer
from t4t.engine.tally import DAYS, MARKS, Tally
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from t4t.domain.physics import Job
    from t4t.domain.session import SessionView

MONDAY = 1_795_392_000.0


class _Clock:
    """By hand."""

    def __init__(self) -> None:
        self.now = MONDAY

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def lasting(self) -> float:
        return self.now

    def morning(self) -> float:
        return 0.0

    def offset_at(self, at: float) -> float:
        return 3600.0 if at else 0.0

    def boot(self) -> str:
        return ""

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class _Memory:
    """Documents without a file; ``refuses`` like a full disk."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, bytes]] = {}
        self.refuses = False
        self.writes = 0

    def documents(self, kind: str) -> dict[str, bytes]:
        return dict(self.kept.get(kind, {}))

    def put_documents_of(self, changes: Mapping[str, Mapping[str, bytes | None]]) -> None:
        if self.refuses:
            raise FolderUnwritable(path="/data", reason="full")
        self.writes += 1
        for kind, of_kind in changes.items():
            for name, value in of_kind.items():
                if value is None:
                    self.kept.setdefault(kind, {}).pop(name, None)
                else:
                    self.kept.setdefault(kind, {})[name] = value


def _view(cpu_s: float, *, finished: int = 0, name: str = "theory_1") -> SessionView:
    return msgspec.structs.replace(a_view(), finished=finished, tasks=(a_task(name=name, cpu_s=cpu_s),))


def _job(done: int, *, kind: str = "jets") -> Job:
    return msgspec.structs.replace(a_job(kind).job, done=done)


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def state(tmp_path: Path, clock: _Clock) -> Iterator[State]:
    made = State(tmp_path, now=clock.wall)
    yield made
    made.close()


def test_days_are_counted_and_survive(state: State, clock: _Clock) -> None:
    first = Tally(state, clock)
    first.seen(_view(100.0, finished=7))
    first.heard("theory_1", _job(5_000))
    clock.now += 86_400.0
    first.seen(_view(160.0, finished=9))
    first.heard("theory_1", _job(8_000))
    first.write()
    again = Tally(state, clock)
    again.seen(_view(160.0, finished=9))
    again.heard("theory_1", _job(8_000))
    again.seen(_view(170.0, finished=10))
    assert [(day.day, day.collisions, day.cpu_s, day.tasks) for day in again.days] == [("2026-11-23", 5000, 100.0, 0), ("2026-11-24", 3000, 70.0, 3)]
    assert again.since == "2026-11-23"


def test_what_is_computed_again_is_not_counted_again(clock: _Clock) -> None:
    one = Tally(_Memory(), clock)
    for done in (4_000, 1_000, 3_999, 4_500):
        one.heard("theory_1", _job(done))
    one.heard("theory_1", msgspec.structs.replace(_job(4_600), spec=None))  # it did not say which job
    assert one.days[0].collisions == 4_600


def test_a_second_job_of_the_same_machine_is_new(clock: _Clock) -> None:
    one = Tally(_Memory(), clock)
    one.heard("theory_1", _job(4_000))
    one.heard("theory_1", _job(0, kind="z"))
    one.heard("theory_1", _job(1_500, kind="z"))
    assert one.days[0].collisions == 5_500


def test_another_task_of_the_same_name_is_new(clock: _Clock) -> None:
    one = Tally(_Memory(), clock)
    one.seen(_view(0.0))
    one.seen(_view(50.0))
    one.heard("theory_1", _job(4_000))
    one.seen(_view(20.0))
    one.heard("theory_1", _job(1_000))
    assert (one.days[0].cpu_s, one.days[0].collisions) == (70.0, 5_000)


def test_a_result_tells_of_what_nobody_saw(clock: _Clock) -> None:
    one = Tally(_Memory(), clock)
    result = msgspec.structs.replace(some_results()[1].result, task="theory_1", events=20_000)
    assert result.spec != _job(1).spec
    one.heard("theory_1", _job(14_400))
    one.ended(result)
    one.ended(result)
    assert one.days[0].collisions == 20_000


def test_it_is_written_now_and_then_and_a_full_disk_loses_nothing(clock: _Clock) -> None:
    memory = _Memory()
    one = Tally(memory, clock)
    for number in range(100):
        clock.now += 10.0
        one.seen(_view(10.0 * number))
    assert memory.writes == 4  # in 1000 seconds
    memory.refuses = True
    one.seen(_view(2_000.0))
    one.write()
    memory.refuses = False
    one.write()
    assert Tally(memory, clock).days[0].cpu_s == 2_000.0
    before = memory.writes
    one.write()
    assert memory.writes == before


def test_what_can_t_be_read_is_begun_anew_and_what_is_old_goes(clock: _Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = _Memory()
    memory.kept = {DAYS: {"2026-11-01": b"{", "2026-11-02": b'{"day":"2026-11-02","tasks":3}'}, MARKS: {"theory_9": b"\xff"}}
    monkeypatch.setattr(tally, "_MOST_MARKS", 3)
    monkeypatch.setattr(tally, "_MOST_DAYS", 2)
    one = Tally(memory, clock)
    assert [day.tasks for day in one.days] == [3]
    for number in range(5):
        clock.now += 86_400.0
        one.seen(_view(5.0, name=f"theory_{number}"))
    one.write()
    assert sorted(memory.kept[MARKS]) == [".", "theory_2", "theory_3", "theory_4", "theory_9"]
    assert [day.day for day in one.days] == ["2026-11-27", "2026-11-28"]


@given(steps=some.lists(some.tuples(some.sampled_from(("grow", "die", "write", "night")), some.integers(0, 500)), max_size=40))
def test_whatever_dies_the_sum_is_right(steps: list[tuple[str, int]]) -> None:
    memory, clock = _Memory(), _Clock()
    one = Tally(memory, clock)
    cpu, done = 0.0, 0
    for what, much in steps:
        match what:
            case "grow":
                cpu, done = cpu + much, done + 7 * much
                one.seen(_view(cpu))
                one.heard("theory_1", _job(done))
            case "die":
                one = Tally(memory, clock)
            case "write":
                one.write()
            case _:
                clock.now += 40_000.0
    one.seen(_view(cpu))
    one.heard("theory_1", _job(done))
    assert sum(day.cpu_s for day in one.days) == cpu
    assert sum(day.collisions for day in one.days) == done


async def test_a_verb_reads_it_with_and_without_an_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    clock = _Clock()
    state = State(tmp_path, now=clock.wall)
    counting = Tally(state, clock)
    counting.heard("one", a_job().job)
    counting.write()
    state.close()
    written = await asyncio.to_thread(contribution_of, tmp_path)
    assert (written.since, [day.collisions for day in written.days]) == ("2026-11-23", [14_400])
    told = Contribution(since="2026-11-01", days=(WorkDay(day="2026-11-02", collisions=7),))
    server = ApiServer(ScriptedEngine(a_view()), tmp_path, work=lambda: told)
    await server.start()
    try:
        assert await asyncio.to_thread(contribution_of, tmp_path) == told
    finally:
        await server.close()
