"""Deaths at moments that chaos found to matter (`support.chaos`), each played by hand: on the way back to a checkpoint, with records ruined."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import msgspec
import pytest

from support.agent_in_process import InProcess, shows, until
from support.chaos_agent import WatchedWorld
from support.task_folders import make_task
from t4t.domain.errors import HostProcessLost, NotEnoughDisk
from t4t.domain.policy import PauseKind, Settings
from t4t.domain.task import MAX_RECOVERIES
from t4t.domain.vm import VmState
from t4t.engine.observer import CALM, LIVELY
from t4t.engine.record import RecordFile, TaskRecord
from t4t.hypervisor.fake import FakeHypervisor, ScriptedGuest, VirtualClock
from t4t.storage.state import NAME, State

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.session import SessionView
    from t4t.domain.vm import VmId, VmInfo
    from t4t.engine.engine import Engine
    from t4t.hypervisor.fake.world import FakeVm


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=1_000_000.0, idle_turns=40)


@pytest.fixture
def agent(tmp_path: Path, clock: VirtualClock) -> InProcess:
    made = InProcess(tmp_path / "data", clock=clock, job_seconds=2000, settings=Settings(checkpoint_s=100))
    made.add_task("a")
    return made


def only(agent: InProcess) -> FakeVm:
    (vm,) = agent.world.vms.values()
    return vm


def record_file(agent: InProcess) -> Path:
    return agent.data / "tasks" / "a" / ".t4t" / "task.json"


def has_checkpoint(view: SessionView) -> bool:
    return bool(view.tasks) and view.tasks[0].checkpoints == 1 and view.tasks[0].elapsed_s > 150


def recovered(engine: Engine) -> list[tuple[str, bool]]:
    """To what it went back each time, and whether that cost less than the time since the checkpoint."""
    return [(line.detail, line.lost_s < 100) for line in engine.timeline(1000) if line.what == "recovered"]


async def test_the_host_dies_on_the_way_back_to_the_checkpoint(agent: InProcess) -> None:
    async with agent.running() as engine:
        await shows(engine, has_checkpoint)
        agent.world.faults.raise_once["restore_snapshot"].append(HostProcessLost(detail="killed"))
        agent.world.kill(only(agent).spec.vm_id)
        await shows(engine, lambda view: view.finished == 1)
        assert recovered(engine) == [("checkpoint", True)]


async def test_we_die_on_the_way_back_to_the_checkpoint(agent: InProcess) -> None:
    """The VM was powered off for it, and nothing else happened."""
    async with agent.running() as engine:
        await shows(engine, has_checkpoint)
    await FakeHypervisor(agent.world).discard_state(only(agent).spec.vm_id)
    record = msgspec.json.decode(record_file(agent).read_bytes(), type=TaskRecord)
    record.expects_running = False
    record_file(agent).write_bytes(msgspec.json.encode(record))
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 1)
        assert recovered(engine) == [("checkpoint", True)]


async def test_a_checkpoint_that_we_died_on_is_found(agent: InProcess) -> None:
    """It was taken, and nobody was left to write that down."""
    async with agent.running() as engine:
        await shows(engine, has_checkpoint)
        engine._reconciler.charges["a"].work.record.has_checkpoint = False
        agent.world.kill(only(agent).spec.vm_id)
        await shows(engine, lambda view: view.finished == 1)
        assert recovered(engine) == [("checkpoint", True)]


async def test_a_machine_that_died_frozen_is_not_booted_anew(agent: InProcess) -> None:
    """We believe that it is frozen: its death was told while the answer to our pause was on its way."""
    async with agent.running() as engine:
        await shows(engine, has_checkpoint)
        await engine.pause(PauseKind.FOREVER)
        agent.world.watchers.clear()  # nobody hears of it
        agent.world.kill(only(agent).spec.vm_id)
        await engine.resume()
        await shows(engine, lambda view: view.finished == 1)
        assert recovered(engine) == [("checkpoint", True)]


async def test_a_saved_state_that_somebody_threw_away(agent: InProcess) -> None:
    """By hand, or we did it, because it could not be read, and died."""
    async with agent.running() as engine:
        await shows(engine, has_checkpoint)
    async with agent.running() as engine:
        await engine.pause(PauseKind.FOREVER)
        await FakeHypervisor(agent.world).discard_state(only(agent).spec.vm_id)
        await engine.resume()
        await shows(engine, lambda view: view.finished == 1)
        assert (agent.data / "done" / "a").is_dir()


@pytest.mark.unmeasured
async def test_power_cuts_are_no_fault_of_a_task_that_goes_on(tmp_path: Path, clock: VirtualClock) -> None:
    """Many deaths before the next checkpoint, each after more work than before: it is done in the end."""
    agent = InProcess(tmp_path / "data", clock=clock, job_seconds=2000, settings=Settings(checkpoint_s=1e6))
    agent.add_task("a")
    async with agent.running() as engine:
        for cut in range(1, 2 * MAX_RECOVERIES):
            await shows(engine, lambda view, least=100.0 * cut: bool(view.tasks) and view.tasks[0].elapsed_s - view.tasks[0].lost_s > least)  # type: ignore[misc]
            agent.world.kill(only(agent).spec.vm_id)
        await shows(engine, lambda view: view.finished == 1)
        assert len(recovered(engine)) == 2 * MAX_RECOVERIES - 1
        assert (agent.data / "done" / "a").is_dir()


async def test_a_task_that_always_dies_at_the_same_place_is_given_up(tmp_path: Path, clock: VirtualClock) -> None:
    agent = InProcess(tmp_path / "data", clock=clock, job_seconds=2000, settings=Settings(checkpoint_s=1e6))
    agent.add_task("a")
    async with agent.running() as engine:
        for _ in range(MAX_RECOVERIES + 1):
            await shows(engine, lambda view: bool(view.tasks) and 200 < view.tasks[0].elapsed_s - view.tasks[0].lost_s < 250)
            agent.world.kill(only(agent).spec.vm_id)
            await shows(engine, lambda view: not view.tasks or view.tasks[0].elapsed_s - view.tasks[0].lost_s < 100)
        await shows(engine, lambda view: view.finished == 1)
        assert (agent.data / "failed" / "a").is_dir()


def checkpoints(engine: Engine) -> list[float]:
    return [line.at for line in engine.timeline(1000) if line.what == "checkpoint"]


async def test_a_checkpoint_is_taken_when_it_is_due_and_not_at_the_next_look(agent: InProcess) -> None:
    agent.pace = dataclasses.replace(LIVELY, look_s=37.0, web_s=1e6)
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].checkpoints == 3)
        assert [later - earlier for earlier, later in itertools.pairwise(checkpoints(engine))] == pytest.approx([600, 600], abs=2)  # the job's least


async def test_who_finds_a_machine_at_work_takes_a_checkpoint_at_once(agent: InProcess) -> None:
    """It ran on while nobody counted: the account says less than what is at risk."""
    agent.pace = dataclasses.replace(CALM, web_s=1e6)
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 500)
        record = record_file(agent).read_bytes()
    only(agent).saved = None
    only(agent).guest_seconds = 500.0
    only(agent).go()  # as if it had never been saved
    await agent.clock.sleep(590)
    record_file(agent).write_bytes(record)
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].checkpoints == 1)
        (found_at,) = [line.at for line in engine.timeline(1000) if line.what == "adopted"]
        assert checkpoints(engine)[0] - found_at < 3
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].checkpoints == 2)
        assert checkpoints(engine)[1] - found_at == pytest.approx(600, abs=5), "then as usual"


async def test_a_checkpoint_that_fails_is_tried_again_soon_and_told_once(agent: InProcess) -> None:
    async with agent.running() as engine:
        for fault in (HostProcessLost(detail="planned"), HostProcessLost(detail="planned"), NotEnoughDisk(path="x", needed_mib=2, free_mib=1)):
            agent.world.faults.raise_once["snapshot_taken"].append(fault)
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].checkpoints == 1)
        assert engine.view.tasks[0].elapsed_s == pytest.approx(600 + 1 + 2 + 60 + 4 * 0.6, abs=4)
        assert [line.detail for line in engine.timeline(1000) if line.what == "checkpoint_skipped"] == [HostProcessLost.code, NotEnoughDisk.code]


async def test_after_a_look_that_came_late_a_checkpoint_is_taken(agent: InProcess) -> None:
    """The agent stood still for minutes, the machine did not: only the beginning of that time is counted."""
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 50)
        seen = engine._reconciler.charges["a"].work.seen
        seen._last_count -= 400.0
        await shows(engine, lambda view: view.tasks[0].checkpoints == 1)
        assert engine.view.tasks[0].elapsed_s < 130
        assert not engine._reconciler.charges["a"].work.record.uncounted


def test_an_older_copy_of_the_record_expects_nothing(tmp_path: Path) -> None:
    """What was on when it was written may have been switched off by ourselves since: no fault of the guest's."""
    task = make_task(tmp_path / "a")
    file = RecordFile(task)
    record = TaskRecord(vm_id="x", data_dir=str(tmp_path), expects_running=True, elapsed_s=7)
    file.save(record)
    assert file.load(tmp_path).expects_running
    (task / ".t4t" / "task.json").write_bytes(b"\0" * 100)
    found = file.load(tmp_path, copy=msgspec.json.encode(record))
    assert (found.vm_id, found.elapsed_s, found.expects_running) == ("x", 7, False)


async def test_the_copy_of_a_record_is_made_again(agent: InProcess, clock: VirtualClock) -> None:
    """The database is ruined, and a long pause later the record: the VM is still known."""
    async with agent.running() as engine:
        await until(engine, "running")
        await engine.pause(PauseKind.FOREVER)
    vm_id = only(agent).spec.vm_id
    (agent.data / NAME).write_bytes(b"\0" * 10_000)
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].vm is VmState.SAVED)
    state = State(agent.data, now=clock.wall)
    copy = state.record("a")
    state.close()
    assert copy is not None
    assert msgspec.json.decode(copy, type=TaskRecord).vm_id == vm_id


async def test_both_copies_of_a_record_are_ruined_and_its_machine_runs(tmp_path: Path, clock: VirtualClock) -> None:
    """The machine can't be known any more. It goes, before another one is at work on the same disk."""
    most = 0

    def changed(_vm: FakeVm) -> None:
        nonlocal most
        most = max(most, sum(vm.state.alive for vm in world.vms.values()))

    agent = InProcess(tmp_path / "data", clock=clock)
    agent.world = world = WatchedWorld(clock, lambda: ScriptedGuest(job_seconds=600), changed)
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
    lost = only(agent).spec.vm_id
    await FakeHypervisor(agent.world).start(lost)  # its host was killed with the agent
    for file in (record_file(agent), agent.data / NAME):
        file.write_bytes(b"\0" * 10_000)
    async with agent.running() as engine:
        await until(engine, "running")
        assert only(agent).spec.vm_id != lost
        await shows(engine, lambda view: view.finished == 1)
        assert "orphans_removed" in [line.what for line in engine.timeline(1000)]
    assert most == 1


async def test_a_machine_that_somebody_changes_is_looked_at_each_second(agent: InProcess, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """VirtualBox's service brings to an end what a host had asked for that was killed; meanwhile nobody hammers it."""
    async with agent.running() as engine:
        await until(engine, "running")
    looks = 0
    inspect = FakeHypervisor.inspect

    async def counted(self: FakeHypervisor, vm_id: VmId | None = None) -> tuple[VmInfo, ...]:
        nonlocal looks
        looks += 1
        return await inspect(self, vm_id)

    monkeypatch.setattr(FakeHypervisor, "inspect", counted)
    vm = only(agent)
    agent.world.observe(vm, VmState.RESTORING)
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].vm is VmState.RESTORING)
        await clock.sleep(30)
        assert 20 <= looks <= 40
        agent.world.observe(vm, VmState.SAVED)
        await shows(engine, lambda view: view.finished == 1)
