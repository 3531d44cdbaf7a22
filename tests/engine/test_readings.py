"""Sensors, rules and limits in the engine, on the fake hypervisor and a virtual clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import InProcess, shows, until
from support.host_by_hand import HostByHand
from support.sensing_by_hand import SensingByHand
from t4t.domain.host_events import Power, PowerChanged
from t4t.domain.policy import AnywayKind, LessKind, Level, PauseKind, Settings
from t4t.domain.readings import Readings, Screen
from t4t.domain.session import TrayState
from t4t.domain.settings.tree import Response, When
from t4t.domain.vm import VmState
from t4t.hypervisor.fake import VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.engine.engine import Engine

AWAY = Readings(idle_s=1000.0, screen=Screen.NOTHING, others_percent=2.0)


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=1_000_000.0, idle_turns=40)


@pytest.fixture
def sensing() -> SensingByHand:
    return SensingByHand(AWAY)


@pytest.fixture
def agent(tmp_path: Path, clock: VirtualClock, sensing: SensingByHand) -> InProcess:
    made = InProcess(tmp_path / "data", clock=clock, job_seconds=40_000.0)
    made.sensing = sensing
    made.add_task("a")
    return made


def cap(agent: InProcess) -> int:
    [vm] = agent.world.vms.values()
    return vm.spec.cap_percent


def rules(engine: Engine) -> dict[str, tuple[object, bool]]:
    return {rule.id: (rule.value, rule.holds) for rule in engine.why().rules}


async def test_who_comes_back_finds_it_slower_and_who_leaves_lets_it_run(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        await clock.sleep(2)
        assert (cap(agent), engine.view.level, sensing.away_s) == (100, Level.FULL, 300.0)
        sensing.say(idle_s=0.0)
        await clock.sleep(2)
        assert (cap(agent), engine.view.level, engine.view.deciding, engine.view.state) == (50, Level.GENTLE, "in_use", TrayState.GENTLE)
        assert rules(engine)["in_use"] == (0, True)
        sensing.say(idle_s=300.0)
        await clock.sleep(2)
        assert (cap(agent), engine.view.level, engine.view.state) == (100, Level.FULL, TrayState.WORKING)
        assert sensing.running == [False, True]


async def test_a_full_screen_pauses_within_moments_and_running_anyway_overrules_it(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        begun = clock.monotonic()
        sensing.say(screen=Screen.FULL_SCREEN)
        view = await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        assert clock.monotonic() - begun < 5
        assert (view.deciding, view.state, view.sentence) == ("full_screen", TrayState.WAITING, "waiting.full_screen")
        view = await engine.run_anyway(AnywayKind.HOUR)
        assert view.anyway_until == clock.wall() + 3600
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING)
        why = {rule.id: rule for rule in engine.why().rules}
        assert (why["full_screen"].holds, why["full_screen"].overruled, why["run_anyway"].holds) == (False, True, True)
        await engine.run_anyway(None)
        await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        sensing.say(screen=Screen.NOTHING)
        await clock.sleep(50)
        assert engine.view.tasks[0].vm is VmState.PAUSED, "it is calm for less than a minute"
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING)
        said = [line.what for line in engine.timeline(1000)]
        assert {"anyway_by_you", "rules_by_you"} <= set(said)


async def test_running_anyway_survives_a_restart_and_ends_by_itself(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    sensing.say(screen=Screen.GAME)
    async with agent.running() as engine:
        await shows(engine, lambda view: view.deciding == "full_screen")
        await engine.pause(PauseKind.FOREVER)
        view = await engine.run_anyway(AnywayKind.HALF_HOUR)
        assert view.deciding == "run_anyway", "the later word counts"
        begun = clock.monotonic()
    async with agent.running() as engine:
        await shows(engine, lambda view: view.deciding == "run_anyway")
        await shows(engine, lambda view: view.deciding == "full_screen")
        assert 1800 <= clock.monotonic() - begun < 1815
        assert "anyway_over" in [line.what for line in engine.timeline(1000)]


async def test_using_less_acts_on_the_machine_survives_a_restart_and_ends_by_itself(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        view = await engine.use_less(LessKind.GENTLE)
        assert (view.level, view.deciding, view.using_less, view.next_change) == (Level.GENTLE, "use_less", LessKind.GENTLE, clock.wall() + 3600)
        await clock.sleep(2)
        assert (cap(agent), engine.view.state) == (50, TrayState.GENTLE)
        begun = clock.monotonic()
    async with agent.running() as engine:
        await shows(engine, lambda view: view.using_less is LessKind.GENTLE)
        clock.set_wall(86_400)
        await shows(engine, lambda view: view.next_change is not None and view.next_change > clock.wall())
        assert engine.view.using_less is LessKind.GENTLE, "an hour stays an hour"
        await shows(engine, lambda view: view.using_less is None)
        assert 3590 <= clock.monotonic() - begun < 3615
        await shows(engine, lambda view: view.level is Level.FULL)
        sensing.say(screen=Screen.FULL_SCREEN)
        await shows(engine, lambda view: view.deciding == "full_screen")
        view = await engine.run_anyway(AnywayKind.HOUR)
        view = await engine.use_less(LessKind.ONE_CORE)
        assert (view.anyway_until, view.deciding) == (None, "full_screen"), "who asks for less does not want it whatever the rules say"
        view = await engine.run_anyway(AnywayKind.HOUR)
        assert (view.using_less, view.deciding) == (None, "run_anyway"), "the later word counts"
        assert {"less_by_you", "less_over"} <= {line.what for line in engine.timeline(1000)}


async def test_words_that_change_nothing_take_no_turn(agent: InProcess, sensing: SensingByHand, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        await clock.sleep(5)
        rung: list[float] = []
        monkeypatch.setattr(engine._bell, "ring", lambda: rung.append(clock.monotonic()))
        for load in range(1, 38):
            sensing.say(others_percent=float(load), idle_s=1000.0 + load, temperature_c=40.0 + load)
        assert rung == []
        assert rules(engine)["busy"] == (37, False), "who asks why is shown what is now"
        sensing.say(others_percent=60.0)
        assert len(rung) == 1


async def test_others_that_are_busy_for_long_slow_it_down_and_then_pause_it(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    async with agent.running() as engine:
        await until(engine, "running")
        begun = clock.monotonic()
        sensing.say(others_percent=95.0)
        await shows(engine, lambda view: view.level is Level.GENTLE)
        assert 30 <= clock.monotonic() - begun < 35
        await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        assert 60 <= clock.monotonic() - begun < 66
        sensing.say(others_percent=1.0)
        calm = clock.monotonic()
        await shows(engine, lambda view: view.level is Level.FULL)
        assert 120 <= clock.monotonic() - calm < 126
        assert engine.view.deciding == "base"


async def test_short_memory_saves_it_and_it_comes_back_only_where_there_is_room_for_it(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    agent.settings = Settings(min_free_memory_mib=1024)
    sensing.say(free_memory_mib=2000)
    async with agent.running() as engine:
        await until(engine, "running")
        sensing.say(free_memory_mib=900)
        view = await shows(engine, lambda view: view.tasks[0].vm is VmState.SAVED)
        assert (view.deciding, view.level) == ("memory", Level.SAVED)
        sensing.say(free_memory_mib=1024 + 500)  # what it gave back, less than its own 512
        await clock.sleep(1000)
        assert engine.view.tasks[0].vm is VmState.SAVED
        sensing.say(free_memory_mib=1024 + 600)
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING)


async def test_settings_decide_what_a_rule_asks_for(agent: InProcess, sensing: SensingByHand) -> None:
    agent.settings = Settings(when=When(in_use=Response.PAUSE, full_screen=Response.GO_ON))
    async with agent.running() as engine:
        await until(engine, "running")
        sensing.say(screen=Screen.GAME)
        assert engine.view.level is Level.FULL
        sensing.say(idle_s=1.0)
        view = await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        assert view.deciding == "in_use"


class Scripted:
    """A limiter that does as it is told."""

    def __init__(self, *, works: bool) -> None:
        self.works = works
        self.asked: list[float | None] = []
        self.closed = False

    async def limit(self, _pid: int, cores: float | None) -> bool:
        self.asked.append(cores)
        return self.works

    async def close(self) -> None:
        self.closed = True


async def test_a_limit_that_does_not_hold_is_said_and_the_icon_stays(agent: InProcess, sensing: SensingByHand) -> None:
    agent.world.holds_caps = False
    sensing.say(idle_s=0.0)
    async with agent.running() as engine:
        view = await shows(engine, lambda view: bool(view.notices))
        assert [(notice.code, notice.data["limit_percent"], notice.data["measured_percent"]) for notice in view.notices] == [("T4T-HV-09", 50, 100)]
        assert view.state is TrayState.GENTLE
        assert (view.tasks[0].cap_percent, view.tasks[0].measured_percent) == (50, 100.0)
        sensing.say(idle_s=1000.0)
        await shows(engine, lambda view: not view.notices)


async def test_what_the_hypervisor_does_not_hold_the_system_does(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    agent.world.holds_caps = False
    agent.limiter = limiter = Scripted(works=True)
    agent.cores = 2
    sensing.say(idle_s=0.0)
    async with agent.running() as engine:
        await until(engine, "running")
        await clock.sleep(200)
        assert limiter.asked == [1.0]
        agent.world.holds_caps = True  # what the system does now
        await clock.sleep(200)
        assert engine.view.notices == ()
        sensing.say(idle_s=1000.0)
        await clock.sleep(2)
        sensing.say(idle_s=0.0)
        await clock.sleep(2)
        assert limiter.asked == [1.0, None, 1.0], "once caught, it is asked at once"


async def test_a_system_that_can_not_either_is_said_too(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    agent.world.holds_caps = False
    agent.limiter = limiter = Scripted(works=False)
    sensing.say(idle_s=0.0)
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.notices))
        await clock.sleep(500)
        assert limiter.asked == [0.5], "it is asked once"


class Broken(Scripted):
    """A limiter with a bug."""

    async def limit(self, pid: int, cores: float | None) -> bool:
        await super().limit(pid, cores)
        raise RuntimeError("a bug")


async def test_a_bug_in_the_limiter_ends_nothing(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    agent.world.holds_caps = False
    agent.limiter = limiter = Broken(works=True)
    sensing.say(idle_s=0.0)
    async with agent.running() as engine:
        view = await shows(engine, lambda view: bool(view.notices))
        assert view.tasks[0].vm is VmState.RUNNING
        await clock.sleep(500)
        assert limiter.asked == [0.5]


async def test_on_battery_it_waits_and_goes_on_when_plugged_in(agent: InProcess, clock: VirtualClock) -> None:
    agent.host = host = HostByHand(clock, agent.world)
    async with agent.running() as engine:
        await until(engine, "running")
        host.tell(PowerChanged(power=Power(on_battery=True, percent=90.0)))
        await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        assert engine.view.deciding == "battery"
        host.tell(PowerChanged(power=Power(percent=70.0, charging=True)))
        await shows(engine, lambda view: view.deciding == "charging")
        host.tell(PowerChanged(power=Power(percent=80.0, charging=True)))
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING)
