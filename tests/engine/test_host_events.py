"""What the engine does when the computer under it ends the session, sleeps, wakes, loses its disk, its power, its network or its hypervisor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import InProcess, shows, until
from support.host_by_hand import HostByHand
from t4t.domain.errors import HostProcessLost, NotEnoughDisk
from t4t.domain.host_events import (
    AboutToSleep,
    Charge,
    ClockJumped,
    DiskChanged,
    DiskState,
    Ending,
    NetworkChanged,
    Power,
    PowerChanged,
    ProgramReplaced,
    Route,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    UserBack,
    Woke,
    ZoneChanged,
)
from t4t.domain.policy import Level, PauseKind, Settings
from t4t.domain.session import TrayState
from t4t.domain.vm import VmState
from t4t.hypervisor.fake import VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.session import SessionView
    from t4t.engine.engine import Engine

RUNNING, PAUSED, SAVED = VmState.RUNNING, VmState.PAUSED, VmState.SAVED
SHUTDOWN = SessionEnding(ending=Ending.SHUTDOWN, seconds=30.0)


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=1_000_000.0, idle_turns=40)


@pytest.fixture
def agent(tmp_path: Path, clock: VirtualClock) -> InProcess:
    made = InProcess(tmp_path / "data", clock=clock, job_seconds=7200.0, settings=Settings(tasks=3))
    made.host = HostByHand(clock, made.world)
    return made


@pytest.fixture
def host(agent: InProcess) -> HostByHand:
    assert agent.host is not None
    return agent.host


def states(view: SessionView) -> list[VmState]:
    return [task.vm for task in view.tasks]


async def at_work(agent: InProcess, engine: Engine, count: int) -> SessionView:
    view = await shows(engine, lambda view: states(view) == [RUNNING] * count)
    await agent.clock.sleep(5)
    return view


def told(engine: Engine) -> dict[str, str]:
    return {line.what: line.detail for line in engine.timeline(1000)}


async def test_before_the_end_of_the_session_all_is_saved_and_the_block_given_back(agent: InProcess, host: HostByHand, clock: VirtualClock) -> None:
    for name in "abc":
        agent.add_task(name)
    async with agent.running() as engine:
        await at_work(agent, engine, 3)
        reason = host.held()
        assert reason is not None
        assert float(reason.split()[0]) >= engine.view.save_s, "what it says is what saving takes"
        host.tell(SHUTDOWN)
        begun = clock.monotonic()
        view = await shows(engine, lambda view: states(view) == [SAVED] * 3)
        assert (view.level, view.deciding, view.state, view.sentence) == (Level.SAVED, "session_end", TrayState.WAITING, "waiting.session_end")
        await agent.clock.sleep(1)
        assert host.held() is None
        when, machines = host.released[-1]
        assert machines == [SAVED] * 3
        assert when - begun < 30
        assert told(engine)["session_ends"] == "shutdown"
        saved = [task.save_s for task in view.tasks]
        assert all(took is not None for took in saved)

        host.tell(SessionEndCancelled())
        await shows(engine, lambda view: states(view) == [RUNNING] * 3)
        await agent.clock.sleep(1)
        assert host.held() is not None, "there is something to save again"
        assert "session_goes_on" in told(engine)
    assert host.held() is None


async def test_one_after_the_other_and_those_that_wait_are_frozen(agent: InProcess, host: HostByHand) -> None:
    for name in "abc":
        agent.add_task(name)
    seen: list[list[VmState]] = []
    async with agent.running() as engine:
        await at_work(agent, engine, 3)
        engine.subscribe(lambda view: seen.append(states(view)))
        host.tell(SHUTDOWN)
        await shows(engine, lambda view: states(view) == [SAVED] * 3)
    assert max(now.count(VmState.SAVING) for now in seen) == 1
    assert any(now.count(PAUSED) == 2 for now in seen)


async def test_time_is_over_before_all_is_saved(agent: InProcess, host: HostByHand, clock: VirtualClock) -> None:
    """The system is let go on in time, and what was not saved is tried as long as we live."""
    for name in "abc":
        agent.add_task(name)
    async with agent.running() as engine:
        await at_work(agent, engine, 3)
        begun = clock.monotonic()
        agent.world.faults.raise_once["save"].extend([HostProcessLost(detail="x")] * 4)
        host.tell(SessionEnding(ending=Ending.SHUTDOWN, seconds=1.2))
        await shows(engine, lambda view: states(view) == [SAVED] * 3)
        await agent.clock.sleep(1)
        assert host.released[0][0] - begun == pytest.approx(0.2, abs=0.3)
        assert SAVED not in host.released[0][1]


async def test_one_that_can_not_be_saved_does_not_hold_up_the_others(agent: InProcess, host: HostByHand) -> None:
    for name in "ab":
        agent.add_task(name)
    async with agent.running() as engine:
        await at_work(agent, engine, 2)
        agent.world.faults.raise_once["save"].append(NotEnoughDisk(path="x", needed_mib=9, free_mib=1))
        host.tell(SHUTDOWN)
        await shows(engine, lambda view: sorted(state.value for state in states(view)) == ["running", "saved"])
        await agent.clock.sleep(1)
        assert host.held() is None
        assert sorted(state.value for state in host.released[0][1]) == ["running", "saved"]
        await shows(engine, lambda view: states(view) == [SAVED] * 2)  # tried again as long as we live


async def test_sleep_saves_what_fits_pauses_the_rest_and_all_goes_on_after_it(agent: InProcess, host: HostByHand, clock: VirtualClock) -> None:
    for name in "ab":
        agent.add_task(name, memory_size_mb="512")
    async with agent.running() as engine:
        await at_work(agent, engine, 2)
        await engine.pause(PauseKind.HALF_HOUR)
        await shows(engine, lambda view: states(view) == [SAVED] * 2)
        await engine.resume()  # now it is known how long saving takes: half a second
        await at_work(agent, engine, 2)
        host.tell(AboutToSleep(seconds=1.0 + 0.7))
        view = await shows(engine, lambda view: sorted(state.value for state in states(view)) == ["paused", "saved"])
        assert (view.deciding, view.sentence) == ("sleep", "waiting.sleep")
        await agent.clock.sleep(1)
        assert host.held() is None, "the system may sleep"
        clock.suspend(3600)
        host.tell(Woke(slept_s=3600))
        await shows(engine, lambda view: states(view) == [RUNNING] * 2)
        await agent.clock.sleep(5)
        lines = [line.what for line in engine.timeline(1000)]
        assert lines.count("computer_slept") == 1
        assert lines.count("relinked") == 2, "every guest noticed that the network may be another one"
        assert all(vm.spec.link_up for vm in agent.world.vms.values())
        assert "falls_asleep" in lines
        assert host.held() is not None


async def test_a_sleep_that_never_comes(agent: InProcess, host: HostByHand, clock: VirtualClock) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await at_work(agent, engine, 1)
        host.tell(AboutToSleep(seconds=None))
        await shows(engine, lambda view: states(view)[0] in {PAUSED, SAVED})
        begun = clock.monotonic()
        await shows(engine, lambda view: states(view) == [RUNNING])
        assert clock.monotonic() - begun == pytest.approx(180, abs=20)


async def test_a_battery_that_is_low_saves_until_it_is_charged(agent: InProcess, host: HostByHand) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await at_work(agent, engine, 1)
        host.tell(PowerChanged(power=Power(on_battery=True, percent=60.0)))
        host.tell(PowerChanged(power=Power(on_battery=True, percent=9.0, charge=Charge.LOW)))
        view = await shows(engine, lambda view: states(view) == [SAVED])
        assert (view.deciding, view.sentence) == ("battery_low", "waiting.battery_low")
        host.tell(PowerChanged(power=Power(on_battery=True, percent=4.0, charge=Charge.CRITICAL)))
        await agent.clock.sleep(10)
        assert states(engine.view) == [SAVED]
        host.tell(PowerChanged(power=Power(percent=30.0)))
        await shows(engine, lambda view: states(view) == [RUNNING])
        assert told(engine).items() >= {"on_battery": "60", "battery_low": "9", "battery_critical": "4", "on_mains": "30"}.items()


async def test_a_battery_that_is_nearly_empty_saves_at_once_one_by_one(agent: InProcess, host: HostByHand) -> None:
    for name in "ab":
        agent.add_task(name)
    async with agent.running() as engine:
        await at_work(agent, engine, 2)
        host.tell(PowerChanged(power=Power(on_battery=True, percent=3.0, charge=Charge.CRITICAL)))
        await shows(engine, lambda view: states(view) == [SAVED] * 2)


async def test_a_disk_that_is_full_and_one_that_is_gone(agent: InProcess, host: HostByHand) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await at_work(agent, engine, 1)
        agent.free = 100 << 20
        host.tell(DiskChanged(state=DiskState.FULL, free_mib=100))
        view = await shows(engine, lambda view: states(view) == [PAUSED])
        assert view.deciding == "disk"
        agent.free = None
        host.tell(DiskChanged(state=DiskState.GONE, free_mib=0))
        view = await shows(engine, lambda view: view.deciding == "folder_gone")
        assert (view.sentence, states(view)) == ("waiting.folder_gone", [PAUSED])
        agent.free = 1 << 40
        host.tell(DiskChanged(state=DiskState.FINE, free_mib=1 << 20))
        await shows(engine, lambda view: states(view) == [RUNNING])
        assert told(engine).items() >= {"disk_full": "100", "disk_gone": "0", "disk_fine": str(1 << 20)}.items()


async def test_the_hypervisor_is_replaced_under_us(agent: InProcess, host: HostByHand) -> None:
    """Saved with the one that runs, let go of, and taken up by the new one; nothing is begun in between."""
    for name in "ab":
        agent.add_task(name)
    reopened: list[list[VmState]] = []

    async def reopen() -> None:
        reopened.append([vm.state for vm in agent.world.vms.values()])
        await asyncio.sleep(0)
        if len(reopened) == 2:
            raise HostProcessLost(detail="planned")
        reopened[-1] = [vm.state for vm in agent.world.vms.values()]

    agent.reopen = reopen
    async with agent.running() as engine:
        await at_work(agent, engine, 2)
        host.tell(ProgramReplaced(path="/opt/VBoxManage", present=False))
        await agent.clock.sleep(60)
        assert states(engine.view) == [RUNNING] * 2, "what runs has the old one"
        for count in (1, 2):
            host.tell(ProgramReplaced(path="/opt/VBoxManage", present=True))
            await shows(engine, lambda view: states(view) == [SAVED] * 2)
            await shows(engine, lambda view: states(view) == [RUNNING] * 2)
            assert reopened == [[SAVED] * 2] * count
        assert told(engine)["program_replaced"] == "/opt/VBoxManage"
        assert "program_gone" in told(engine)


async def test_another_network_is_told_to_the_guests(agent: InProcess, host: HostByHand) -> None:
    agent.add_task("a")
    links: list[bool] = []
    async with agent.running() as engine:
        await at_work(agent, engine, 1)
        (vm,) = agent.world.vms.values()
        host.tell(NetworkChanged(routes=frozenset()))
        await agent.clock.sleep(20)
        assert "relinked" not in told(engine)
        host.tell(NetworkChanged(routes=frozenset({Route(link="eth0", address="192.0.2.7")})))
        engine.subscribe(lambda _view: links.append(vm.spec.link_up))
        await agent.clock.sleep(20)
        assert told(engine).keys() >= {"network_lost", "network_changed", "relinked"}
        assert vm.spec.link_up


async def test_a_link_that_was_left_down_comes_up(agent: InProcess, host: HostByHand) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await at_work(agent, engine, 1)
        (vm,) = agent.world.vms.values()
        host.tell(NetworkChanged(routes=frozenset({Route(link="eth0", address="192.0.2.7")})))
        agent.world.faults.raise_once["reconfigure"].append(HostProcessLost(detail="before the first"))
        await agent.clock.sleep(20)
        assert "relinked" in told(engine)
        vm.spec = vm.spec.__class__(**{name: getattr(vm.spec, name) for name in vm.spec.__dataclass_fields__} | {"link_up": False})
        await agent.clock.sleep(120)
        assert vm.spec.link_up, "as a death of ours in between would leave it"


async def test_what_is_only_told(agent: InProcess, host: HostByHand, clock: VirtualClock) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await at_work(agent, engine, 1)
        for event in (UserAway(), UserBack(), ZoneChanged(offset_s=3600)):
            host.tell(event)
        clock.set_wall(7200)
        host.tell(ClockJumped(seconds=7200))
        await agent.clock.sleep(5)
        assert states(engine.view) == [RUNNING]
        assert told(engine).items() >= {"user_away": "", "user_back": "", "zone_changed": "3600", "clock_set": "7200"}.items()
        assert [line.what for line in engine.timeline(1000)].count("clock_set") == 1


async def test_summer_time_is_no_jump_and_tomorrow_stays_eight_o_clock(agent: InProcess, host: HostByHand) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await at_work(agent, engine, 1)
        until_eight = (await engine.pause(PauseKind.TOMORROW)).next_change
        assert until_eight is not None
        host.tell(ZoneChanged(offset_s=0))
        await agent.clock.sleep(5)
        assert engine.view.next_change == until_eight
        host.tell(ZoneChanged(offset_s=3600))
        view = await shows(engine, lambda view: view.next_change != until_eight)
        assert view.next_change == until_eight - 3600, "here it is eight an hour earlier"
        assert "clock_set" not in told(engine)


async def test_quitting_in_the_middle_saves_and_ends(agent: InProcess, host: HostByHand) -> None:
    """SIGTERM comes right after the session's end was told."""
    for name in "abc":
        agent.add_task(name)
    async with agent.running() as engine:
        await at_work(agent, engine, 3)
        host.tell(SHUTDOWN)
        await shows(engine, lambda view: view.deciding == "session_end")
    assert {vm.state for vm in agent.world.vms.values()} == {SAVED}


async def test_a_pause_by_hand_outlives_sleep_and_upgrade(agent: InProcess, host: HostByHand) -> None:
    agent.add_task("a")

    async def reopen() -> None:
        await asyncio.sleep(0)

    agent.reopen = reopen
    async with agent.running() as engine:
        await until(engine, "running")
        await engine.pause(PauseKind.FOREVER)
        host.tell(AboutToSleep(seconds=7))
        await shows(engine, lambda view: states(view) == [SAVED])
        host.tell(Woke(slept_s=60))
        host.tell(ProgramReplaced(path="/opt/VBoxManage", present=True))
        await agent.clock.sleep(600)
        assert states(engine.view) == [SAVED]
        assert engine.view.state is TrayState.PAUSED_BY_YOU
