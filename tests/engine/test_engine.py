"""The always-on engine on the fake hypervisor: queue, troubles, clocks, thirty days."""

from __future__ import annotations

import gc
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from support.agent_in_process import InProcess, shows, until
from support.scratch import scratch
from support.task_folders import make_task
from t4t.domain.errors import FolderUnwritable, HostProcessLost, HypervisorMissing, NotEnoughMemory, StateUnreadable, T4TError
from t4t.domain.policy import Level, PauseKind, Settings
from t4t.domain.session import Activity, TrayState
from t4t.domain.vm import VmId, VmState
from t4t.engine.observer import Pace
from t4t.engine.source import Spool
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest, VirtualClock
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from t4t.engine.engine import Engine


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=1_000_000.0, idle_turns=40)


@pytest.fixture
def agent(tmp_path: Path, clock: VirtualClock) -> InProcess:
    return InProcess(tmp_path / "data", clock=clock)


def history(engine: Engine) -> list[str]:
    return [line.what for line in engine.timeline(1000)]


async def test_one_after_the_other_in_their_order(agent: InProcess) -> None:
    for name in ("b", "a", "c"):
        agent.add_task(name)
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 3)
        done = [line.task for line in engine.timeline(1000) if line.what == "completed"]
    assert done == ["a", "b", "c"]
    assert sorted(path.name for path in (agent.data / "done").iterdir()) == ["a", "b", "c"]
    assert agent.world.vms == {}


async def test_side_by_side_one_boots_at_a_time(agent: InProcess) -> None:
    agent.settings = Settings(tasks=3)
    for name in "abcd":
        agent.add_task(name)
    booting: list[int] = []
    async with agent.running() as engine:
        engine.subscribe(lambda view: booting.append(sum(task.activity is Activity.SETTING_UP for task in view.tasks)))
        view = await shows(engine, lambda view: [task.activity for task in view.tasks].count(Activity.RUNNING) == 3)
        assert view.tasks[3].activity is Activity.QUEUED
        assert view.state is TrayState.WORKING
        assert view.save_s > 0
    assert max(booting) == 1
    assert {vm.state for vm in agent.world.vms.values()} == {VmState.SAVED}


async def test_once(agent: InProcess) -> None:
    agent.add_task("a")
    agent.add_task("b")
    async with agent.running(once=True) as engine:
        await shows(engine, lambda view: view.finished == 1)
    assert [path.name for path in (agent.data / "tasks").iterdir()] == ["b"]


async def test_finish_pauses_when_all_is_done_and_begins_nothing(agent: InProcess) -> None:
    agent.add_task("a")
    agent.add_task("b")
    async with agent.running() as engine:
        await until(engine, "running")
        assert (await engine.finish()).finishing
        view = await shows(engine, lambda view: view.finished == 1 and not view.finishing)
        view = await shows(engine, lambda view: view.deciding == "manual_pause")
        assert [(task.name, task.activity) for task in view.tasks] == [("b", Activity.QUEUED)]
        await engine.resume()
        await shows(engine, lambda view: view.finished == 2)


async def test_a_pause_becomes_saved_and_ends_by_itself(agent: InProcess, clock: VirtualClock) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        view = await engine.pause(PauseKind.HOUR)
        assert (view.level, view.tasks[0].vm) == (Level.PAUSED, VmState.PAUSED)
        view = await shows(engine, lambda view: view.tasks[0].vm is VmState.SAVED)
        assert view.level is Level.SAVED
        assert view.tasks[0].save_s is not None
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING)
        assert "pause_over" in history(engine)
        assert clock.monotonic() >= 1_003_600


async def test_a_change_of_mind_while_it_is_saved(agent: InProcess) -> None:
    agent.add_task("a")
    agent.settings = Settings(pause_grace_s=10)
    async with agent.running() as engine:
        await until(engine, "running")
        await engine.pause(PauseKind.FOREVER)
        await shows(engine, lambda view: view.tasks[0].activity is Activity.SAVING)
        await engine.resume()
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING)
        assert engine.view.tasks[0].restarts in {0, 1}


async def test_a_folder_that_can_not_be_run_is_a_result_too(agent: InProcess) -> None:
    agent.add_task("bad", memory_size_mb="no number")
    agent.add_task("good")
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 2)
        assert "refused" in history(engine)
    assert [path.name for path in (agent.data / "failed").iterdir()] == ["bad"]
    assert [path.name for path in (agent.data / "done").iterdir()] == ["good"]
    (failure,) = agent.failures
    assert (failure.task, failure.code, failure.error and failure.error.code) == ("bad", "T4T-TASK-03", "T4T-TASK-03")


async def test_a_job_that_fails_is_told_once_with_the_guests_words(agent: InProcess, clock: VirtualClock) -> None:
    agent.world = FakeWorld(clock, lambda: ScriptedGuest(job_seconds=600, exit_code=207))
    agent.add_task("a")
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 1)
    assert [(one.task, one.code, one.message, one.error) for one in agent.failures] == [("a", "T4T-TASK-08", "failed", None)]


async def test_a_folder_that_somebody_works_in_waits(agent: InProcess) -> None:
    agent.add_task("a")
    with FolderLock(agent.data / "tasks" / "a" / ".t4t", "lock"):
        async with agent.running() as engine:
            view = await shows(engine, lambda view: bool(view.notices))
            assert (view.state, view.notices[0].code, view.notices[0].task) == (TrayState.NEEDS_YOU, "T4T-RUN-01", "a")
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 1)


async def test_a_task_that_is_taken_away_takes_its_machine_along(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        (agent.data / "tasks" / "a").rename(agent.data / "elsewhere")
        await shows(engine, lambda view: not view.tasks)
        assert "task_gone" in history(engine)
        await agent.clock.sleep(1)
        assert agent.world.vms == {}


async def test_orphans_of_ours_go_and_strangers_stay(agent: InProcess) -> None:
    agent.add_task("a")
    agent.add_task("b")
    async with agent.running() as engine:
        await until(engine, "running")
    stranger = FakeHypervisor(agent.world, owner="somebody")
    (mine,) = agent.world.vms.values()
    await stranger.create(mine.spec.__class__(vm_id=VmId("99999999-0000-4000-8000-000000000000"), name="theirs", boot=mine.spec.boot))
    (agent.data / "tasks" / "a").rename(agent.data / "elsewhere")
    async with agent.running() as engine:
        await until(engine, "running")
        line = next(line for line in engine.timeline(1000) if line.what == "orphans_removed")
        assert line.detail == "1 0"
    assert mine.spec.vm_id not in agent.world.vms
    assert "99999999-0000-4000-8000-000000000000" in agent.world.vms


async def test_a_hypervisor_that_is_not_there_yet(agent: InProcess) -> None:
    agent.add_task("a")
    agent.world.faults.raise_once["probe"].extend(
        [HypervisorMissing(hypervisor="fake"), cast("T4TError", RuntimeError("planned")), HostProcessLost(detail="x")]
    )
    async with agent.running() as engine:
        view = await shows(engine, lambda view: bool(view.notices))
        assert (view.notices[0].code, view.state) == ("T4T-HV-01", TrayState.NEEDS_YOU)
        view = await shows(engine, lambda view: bool(view.notices) and view.notices[0].code == "T4T-BUG-01")
        await shows(engine, lambda view: view.finished == 1)


async def test_it_can_be_ended_while_there_is_no_hypervisor(agent: InProcess) -> None:
    agent.world.faults.raise_once["probe"].extend([HypervisorMissing(hypervisor="fake")] * 50)
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.notices))


async def test_a_bug_with_one_task_leaves_its_machine_at_rest_and_the_others_alone(agent: InProcess) -> None:
    agent.settings = Settings(tasks=2)
    agent.add_task("a")
    agent.add_task("b")
    async with agent.running() as engine:
        await shows(engine, lambda view: [task.vm for task in view.tasks] == [VmState.RUNNING, VmState.RUNNING])
        agent.world.faults.raise_once["inspect"].append(cast("T4TError", RuntimeError("planned")))
        view = await shows(engine, lambda view: any(notice.code == "T4T-BUG-01" for notice in view.notices))
        (hurt,) = [notice.task for notice in view.notices]
        states = {task.key: task.vm for task in view.tasks}
        assert states[hurt] is VmState.SAVED
        await shows(engine, lambda view: view.finished == 2)  # tried again, and the other went on


async def test_memory_that_is_short_is_waited_for(agent: InProcess) -> None:
    agent.add_task("a", memory_size_mb="900000")
    async with agent.running() as engine:
        view = await shows(engine, lambda view: bool(view.notices))
        assert (view.notices[0].code, view.tasks[0].activity) == (NotEnoughMemory.code, Activity.TROUBLE)
        assert view.tasks[0].retry_at == pytest.approx(agent.clock.wall() + 60, abs=2)


async def test_a_full_disk_stands_still_and_says_so(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        agent.free = 1 << 20
        view = await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        assert (view.state, view.deciding, view.sentence) == (TrayState.WAITING, "disk", "waiting.disk")
        agent.free = None  # unknown: no reason to stand still
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING)


async def test_work_that_is_lost_is_said(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        view = await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 100)
        agent.world.kill(next(iter(agent.world.vms)))
        view = await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].lost_s > 0)
        lost = view.tasks[0].lost_s
        assert 100 < lost < 103  # no checkpoint yet: all of it
        line = next(line for line in engine.timeline(1000) if line.what == "recovered")
        assert line.detail == "boot"
        assert line.lost_s == pytest.approx(lost, abs=0.01)


async def test_a_checkpoint_that_was_asked_for_limits_the_loss(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 100)
        await engine.checkpoint()
        view = await shows(engine, lambda view: view.tasks[0].checkpoints == 1)
        assert view.tasks[0].last_checkpoint == pytest.approx(agent.clock.wall(), abs=5)
        await shows(engine, lambda view: view.tasks[0].elapsed_s > 150)
        agent.world.kill(next(iter(agent.world.vms)))
        view = await shows(engine, lambda view: view.tasks[0].lost_s > 0)
        assert view.tasks[0].lost_s < 60


async def test_a_saved_state_that_can_not_be_read_goes_down_the_ladder(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 30)
    agent.world.faults.raise_once["start"].append(StateUnreadable(vm="x", detail="planned"))
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 1)
        told = history(engine)
    assert told.index("state_discarded") < told.index("recovered") < told.index("completed")


async def test_a_machine_that_was_left_running_is_adopted(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
    vm = next(iter(agent.world.vms))
    await FakeHypervisor(agent.world).start(vm)
    async with agent.running() as engine:
        await until(engine, "running")
        await shows(engine, lambda view: view.finished == 1)
        assert "adopted" in history(engine)


async def test_clocks_that_are_set_and_computers_that_sleep(agent: InProcess, clock: VirtualClock) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        await engine.pause(PauseKind.HALF_HOUR)
        clock.set_wall(86_400)
        await shows(engine, lambda view: view.next_change is not None and view.next_change > 1_080_000)
        clock.suspend(600)
        begun = clock.monotonic()
        await shows(engine, lambda view: view.level is Level.FULL)
        assert clock.monotonic() - begun == pytest.approx(1200, abs=70)  # the sleep counts, the set clock does not
        told = {line.what: line.detail for line in engine.timeline(1000)}
        assert (told["clock_set"], told["computer_slept"]) == ("86400", "600")


async def test_until_the_computer_is_started_again(agent: InProcess, clock: VirtualClock) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        assert (await engine.pause(PauseKind.RESTART)).next_change is None
    async with agent.running() as engine:
        assert (await shows(engine, lambda view: bool(view.tasks))).state is TrayState.PAUSED_BY_YOU
    clock.reboot()
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 1)


async def test_a_pause_that_can_not_be_kept_holds_and_is_an_error(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        intent = agent.data / "intent.json"
        intent.unlink(missing_ok=True)
        intent.mkdir()
        with pytest.raises(FolderUnwritable):
            await engine.pause(PauseKind.FOREVER)
        await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        intent.rmdir()
        await agent.clock.sleep(30)
        assert json.loads(intent.read_bytes())["intent"]["pause"]["kind"] == "forever"


async def test_tasks_that_can_not_be_listed(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        (agent.data / "tasks").rename(agent.data / "away")
        await agent.clock.sleep(120)
        assert [task.name for task in engine.view.tasks] == ["a"]
        (agent.data / "away").rename(agent.data / "tasks")
        await shows(engine, lambda view: view.finished == 1)


async def test_the_spool_takes_whole_folders_only(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(FolderUnwritable):
        spool.folders()
    spool.make()
    make_task(tmp_path / "tasks" / "good")
    make_task(tmp_path / "tasks" / ".filling")
    (tmp_path / "tasks" / "empty").mkdir()
    (tmp_path / "tasks" / "link").symlink_to(tmp_path / "tasks" / "good")
    assert [path.name for path in spool.folders()] == ["good"]
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderUnwritable):
        Spool(tmp_path / "file").make()


@pytest.mark.unmeasured
async def test_thirty_days() -> None:
    """A task each few hours, pauses each day, a death now and then: what it keeps in memory and on disk is bounded."""
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        await thirty_days(Path(folder))


async def thirty_days(folder: Path) -> None:
    clock = VirtualClock(start=1_000_000.0)
    agent = InProcess(folder / "data", clock=clock, job_seconds=36_000, settings=Settings(checkpoint_s=3600))
    agent.pace = Pace(look_s=1200, inspect_s=2400, web_s=3600, record_s=1800, scan_s=1200, idle_s=1200)
    sizes: list[int] = []
    objects: list[int] = []
    async with agent.running() as engine:
        for day in range(30):
            for number in range(2):
                agent.add_task(f"task-{day:02}-{number}", minimum_heartbeat_interval="12000")
            await clock.sleep(40_000)
            await engine.pause(PauseKind.HOUR)
            await clock.sleep(46_400)
            sizes.append((agent.data / "state.sqlite3").stat().st_size)
            assert sum(path.stat().st_size for path in agent.data.glob("state.sqlite3-*")) < 4_500_000  # a write-ahead log of a thousand pages
            if day in {9, 29}:
                gc.collect()
                objects.append(len(gc.get_objects()))
            assert len(engine._reconciler.charges) <= 8
        assert engine.view.finished >= 55
        assert len(engine._listeners) == 0
    assert sizes[-1] < 1_000_000
    assert sizes[-1] - sizes[14] < 500_000  # lines of the history, which has a bound of its own
    assert objects[1] - objects[0] < 2000, objects  # a task leaves nothing in memory: some hundred objects each were 40 tasks
