"""Failures that volunteers report of other programs, at the level of the engine; ``packaging/docs/failures.toml`` says which row each belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import InProcess, shows, until
from t4t.domain.errors import CommandTimeout, VmBusy
from t4t.domain.policy import PauseKind
from t4t.domain.vm import VmState
from t4t.engine.observer import Pace
from t4t.hypervisor.fake import VirtualClock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return VirtualClock(start=1_000_000.0, idle_turns=40)


@pytest.fixture
def agent(tmp_path: Path, clock: VirtualClock) -> InProcess:
    return InProcess(tmp_path / "data", clock=clock)


async def test_a_machine_that_another_program_holds_is_tried_again_within_seconds(agent: InProcess, clock: VirtualClock) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        agent.world.faults.raise_once["pause"].extend([VmBusy(vm="v", command="pause", detail="locked by a session")] * 3)
        asked = clock.monotonic()
        await engine.pause(PauseKind.HOUR)
        view = await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        assert clock.monotonic() - asked < 30
        assert view.notices == ()  # what passes by itself is nobody's business


async def test_a_start_that_takes_too_long_is_tried_again_and_never_put_off_by_a_day(agent: InProcess, clock: VirtualClock) -> None:
    agent.add_task("a")
    failures = 12
    agent.world.faults.raise_once["start"].extend([CommandTimeout(vm="v", command="start", seconds=300.0)] * failures)
    async with agent.running() as engine:
        begun = clock.monotonic()
        view = await shows(engine, lambda view: bool(view.notices))
        assert view.notices[0].code == "T4T-HV-04"
        retry = view.notices[0].retry_at
        assert retry is not None
        assert retry - clock.wall() <= 900
        await until(engine, "running")
        assert clock.monotonic() - begun < failures * 900 + 60
        await shows(engine, lambda view: view.finished == 1)


async def test_a_guest_may_rest_more_than_a_hundred_times(agent: InProcess) -> None:
    """BOINC's client gives a task up after a hundred temporary exits."""
    agent.pace = Pace(look_s=5, inspect_s=60, web_s=3600, record_s=60)
    agent.add_task("a")
    async with agent.running() as engine:
        for _ in range(101):
            await until(engine, "running")
            (agent.data / "tasks" / "a" / "shared" / "rest").write_text("1\n0\nback soon\n")
            await until(engine, "resting")
        await shows(engine, lambda view: view.finished == 1)
    assert [path.name for path in (agent.data / "done").iterdir()] == ["a"]
