"""The disk space that the volunteer gives, in the engine: nothing new is begun beyond it, what has begun goes on, and it is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import InProcess, shows, until
from t4t.domain.disk_room import DiskUse
from t4t.domain.policy import Level, Settings
from t4t.domain.session import Activity, TrayState
from t4t.hypervisor.fake import VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.session import SessionView
    from t4t.engine.engine import Engine

GIB = 1 << 30
LIMIT = 10 * GIB


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


class Disk:
    """What is there, as the test says."""

    def __init__(self) -> None:
        self.total = 0
        self.looks = 0

    def __call__(self) -> DiskUse:
        self.looks += 1
        return DiskUse(total=self.total)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def agent(tmp_path: Path, disk: Disk) -> InProcess:
    made = InProcess(tmp_path / "data", clock=VirtualClock(start=1e6, idle_turns=40), job_seconds=40_000.0, settings=Settings(tasks=2, max_disk_bytes=LIMIT))
    made.disk_use = disk
    made.add_task("a")
    return made


def activities(view: SessionView) -> list[Activity]:
    return [task.activity for task in view.tasks]


def cap(engine: Engine) -> tuple[object, bool]:
    return next((rule.limit, rule.holds) for rule in engine.why().rules if rule.id == "disk_cap")


async def test_nothing_is_begun_before_there_is_room(agent: InProcess, disk: Disk) -> None:
    disk.total = LIMIT
    async with agent.running() as engine:
        view = await shows(engine, lambda view: view.deciding == "disk_cap" and bool(view.tasks))
        assert (view.state, view.sentence, activities(view)) == (TrayState.WAITING, "waiting.disk_cap", [Activity.QUEUED])
        assert (agent.world.vms, cap(engine)) == ({}, (LIMIT, True))
        disk.total = GIB  # somebody made room, and nobody said so
        await until(engine, "running")
        assert (engine.view.level, engine.view.deciding, cap(engine)) == (Level.FULL, "base", (LIMIT, False))


async def test_what_has_begun_goes_on_and_the_next_one_waits(agent: InProcess, disk: Disk) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        disk.total = LIMIT
        agent.add_task("b")
        engine.scan()
        view = await shows(engine, lambda view: view.deciding == "disk_cap")
        assert (view.level, view.state, activities(view)) == (Level.FULL, TrayState.WORKING, [Activity.RUNNING, Activity.QUEUED])
        await agent.clock.sleep(1000)
        assert activities(engine.view) == [Activity.RUNNING, Activity.QUEUED]
        await engine.give(replace(agent.settings, max_disk_bytes=0), agent.wishes)  # the volunteer gives more
        view = await shows(engine, lambda view: activities(view) == [Activity.RUNNING, Activity.RUNNING])
        assert view.deciding == "base"


async def test_two_that_begin_within_one_look_do_not_share_the_same_space(agent: InProcess, disk: Disk) -> None:
    agent.add_task("b")
    async with agent.running() as engine:
        view = await shows(engine, lambda view: len(view.tasks) == 2 and Activity.RUNNING in activities(view))
        need = agent.world.vms[next(iter(agent.world.vms))].spec.memory_mib * 2 * 2**20
        await engine.give(replace(agent.settings, max_disk_bytes=0), agent.wishes)
        await shows(engine, lambda view: activities(view) == [Activity.RUNNING, Activity.RUNNING])
    assert view.level is Level.FULL
    again = InProcess(agent.data.parent / "again", clock=agent.clock, job_seconds=40_000.0, settings=replace(agent.settings, max_disk_bytes=need * 3 // 2))
    again.disk_use = disk  # says all the time that nothing is there
    again.add_task("a")
    again.add_task("b")
    async with again.running() as engine:
        view = await shows(engine, lambda view: view.deciding == "disk_cap" and Activity.RUNNING in activities(view))
        assert sorted(one.value for one in activities(view)) == ["queued", "running"]


async def test_nobody_looks_without_a_limit_and_seldom_while_nothing_waits(agent: InProcess, disk: Disk) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        looks = disk.looks
        await agent.clock.sleep(1200)
        assert disk.looks <= looks + 3
        await engine.give(replace(agent.settings, max_disk_bytes=0), agent.wishes)
        looks = disk.looks
        await agent.clock.sleep(2000)
        assert disk.looks == looks
        assert cap(engine) == (None, False)


async def test_what_can_not_be_known_holds_nothing_back(agent: InProcess) -> None:
    def broken() -> DiskUse:
        raise RuntimeError("a bug")

    agent.disk_use = broken
    async with agent.running() as engine:
        await until(engine, "running")
        assert cap(engine) == (LIMIT, False)
