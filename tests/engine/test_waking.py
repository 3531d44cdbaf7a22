"""Sleep and waking as the settings say: kept awake while work runs on mains, and a while of rest after waking."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import InProcess, shows, until
from support.host_by_hand import HostByHand
from t4t.domain.host_events import AboutToSleep, Power, PowerChanged, Woke
from t4t.domain.policy import AnywayKind, PauseKind, Settings
from t4t.domain.vm import VmState
from t4t.hypervisor.fake import VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.engine.engine import Engine


class AwakeByHand:
    """A system that can be kept awake, or not."""

    def __init__(self) -> None:
        self.able = True
        self.held = ""
        self.asked = 0

    async def keep(self, reason: str) -> bool:
        await asyncio.sleep(0)
        self.asked += 1
        self.held = reason if self.able else ""
        return self.able

    async def let_go(self) -> None:
        await asyncio.sleep(0)
        self.held = ""


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=1_000_000.0, idle_turns=40)


@pytest.fixture
def agent(tmp_path: Path, clock: VirtualClock) -> InProcess:
    made = InProcess(tmp_path / "data", clock=clock, job_seconds=40_000.0, settings=Settings(keep_awake=True, resume_after_s=60.0))
    made.host = HostByHand(clock, made.world)
    made.awake = AwakeByHand()
    made.add_task("a")
    return made


@pytest.fixture
def host(agent: InProcess) -> HostByHand:
    assert agent.host is not None
    return agent.host


@pytest.fixture
def awake(agent: InProcess) -> AwakeByHand:
    assert isinstance(agent.awake, AwakeByHand)
    return agent.awake


async def test_it_is_kept_awake_while_work_runs_on_mains(agent: InProcess, host: HostByHand, awake: AwakeByHand) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        await shows(engine, lambda view: view.kept_awake is True)
        assert awake.held == "computing"
        await engine.pause(PauseKind.FOREVER)
        await shows(engine, lambda view: view.kept_awake is None)
        assert awake.held == ""
        await engine.resume()
        await shows(engine, lambda view: view.kept_awake is True)
        host.tell(PowerChanged(power=Power(on_battery=True, percent=90.0)))
        await shows(engine, lambda view: view.kept_awake is None)
        host.tell(PowerChanged(power=Power(percent=90.0)))
        await shows(engine, lambda view: view.kept_awake is True)
    assert awake.held == "", "at the end it is let go"


async def test_without_the_setting_nobody_is_asked_and_a_change_acts_at_once(agent: InProcess, awake: AwakeByHand) -> None:
    agent.settings = Settings()
    async with agent.running() as engine:
        await until(engine, "running")
        await agent.clock.sleep(60)
        assert (awake.asked, engine.view.kept_awake) == (0, None)
        await engine.give(Settings(keep_awake=True), agent.wishes)
        await shows(engine, lambda view: view.kept_awake is True)
        await engine.give(Settings(), agent.wishes)
        await shows(engine, lambda view: view.kept_awake is None)
        assert awake.held == ""


async def test_where_nothing_can_that_is_said_and_tried_again_later(agent: InProcess, awake: AwakeByHand, clock: VirtualClock) -> None:
    awake.able = False
    async with agent.running() as engine:
        await until(engine, "running")
        await shows(engine, lambda view: view.kept_awake is False)
        assert awake.asked == 1
        awake.able = True
        begun = clock.monotonic()
        await shows(engine, lambda view: view.kept_awake is True)
        assert 200 < clock.monotonic() - begun <= 400
        await clock.sleep(1000)
        assert 3 <= awake.asked <= 6, "a bus that was started anew is asked anew"


async def _asleep(engine: Engine, host: HostByHand, clock: VirtualClock) -> None:
    host.tell(AboutToSleep(seconds=None))
    await shows(engine, lambda view: view.deciding == "sleep")
    await clock.sleep(10)
    clock.suspend(3600)
    host.tell(Woke(slept_s=3600.0))


async def test_after_waking_it_goes_on_when_its_time_has_come(agent: InProcess, host: HostByHand, clock: VirtualClock) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        await _asleep(engine, host, clock)
        woken = clock.wall()
        view = await shows(engine, lambda view: view.deciding == "woke")
        assert view.sentence == "waiting.woke"
        assert view.next_change == pytest.approx(woken + 60, abs=2)
        assert view.tasks[0].vm in {VmState.PAUSED, VmState.SAVED}
        clock.set_wall(7200)  # the clock is put right after waking, as it often is
        await clock.sleep(30)
        assert engine.view.deciding == "woke"
        view = await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING)
        assert 60 <= clock.wall() - 7200 - woken < 75


async def test_who_says_to_run_anyway_does_not_wait(agent: InProcess, host: HostByHand, clock: VirtualClock) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        await _asleep(engine, host, clock)
        await shows(engine, lambda view: view.deciding == "woke")
        woken = clock.monotonic()
        await engine.run_anyway(AnywayKind.HOUR)
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING)
        assert clock.monotonic() - woken < 50


async def test_a_sleep_that_was_refused_is_no_waking(agent: InProcess, host: HostByHand) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        host.tell(AboutToSleep(seconds=None))
        await shows(engine, lambda view: view.deciding == "sleep")
        host.tell(Woke(slept_s=0.0))
        view = await shows(engine, lambda view: view.deciding != "sleep")
        assert view.deciding == "base"


async def test_a_computer_that_tells_nothing_is_seen_to_have_slept(agent: InProcess, clock: VirtualClock) -> None:
    agent.host = None
    async with agent.running() as engine:
        await until(engine, "running")
        clock.suspend(3600)
        await shows(engine, lambda view: view.deciding == "woke")
        await shows(engine, lambda view: view.deciding == "base")
