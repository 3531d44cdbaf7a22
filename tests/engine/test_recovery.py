"""The recovery ladder, rung by rung: what can be had is taken up again, what can't is given up at the right rung, and what was lost is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import InProcess, shows, until
from t4t.domain.errors import CommandTimeout, HostProcessLost, HypervisorBroken, MediumMissing, NotEnoughDisk, SnapshotNotFound, StateUnreadable
from t4t.domain.policy import RULES, Finding, Level, PauseKind, Rule, Settings
from t4t.domain.session import TrayState
from t4t.domain.vm import Feature, VmId, VmState
from t4t.hypervisor.fake import FakeHypervisor, VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.errors import T4TError
    from t4t.engine.engine import Engine
    from t4t.storage.state import Happening


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=1_000_000.0, idle_turns=40)


@pytest.fixture
def agent(tmp_path: Path, clock: VirtualClock) -> InProcess:
    return InProcess(tmp_path / "data", clock=clock, settings=Settings(checkpoint_s=1e6))


def story(engine: Engine) -> list[str]:
    """What was told of the task, with the detail where one of several ways is named there."""
    lines = [line for line in engine.timeline(1000) if line.task == "a"]
    return [f"{line.what} {line.detail}" if line.what == "recovered" else line.what for line in lines]


def losses(engine: Engine) -> list[Happening]:
    return [line for line in engine.timeline(1000) if line.lost_s > 0]


def machine(agent: InProcess) -> VmId:
    (vm,) = agent.world.vms
    return vm


async def has_checkpoint(engine: Engine) -> None:
    """A minute of work, a checkpoint, another minute."""
    await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 60)
    await engine.checkpoint()
    await shows(engine, lambda view: view.tasks[0].checkpoints == 1)
    at = engine.view.tasks[0].elapsed_s
    await shows(engine, lambda view: view.tasks[0].elapsed_s > at + 60)


async def test_left_running_by_an_agent_that_died(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
    await FakeHypervisor(agent.world).start(machine(agent))
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 1)
        assert "adopted" in story(engine)
        assert losses(engine) == []


@pytest.mark.parametrize(("way", "least", "most"), [("checkpoint", 60, 70), ("boot", 120, 140)])
async def test_aborted(agent: InProcess, way: str, least: float, most: float) -> None:
    """With a checkpoint what came after it is lost, and that is said; without one everything."""
    agent.add_task("a")
    async with agent.running() as engine:
        if way == "checkpoint":
            await has_checkpoint(engine)
        else:
            await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 120)
        agent.world.kill(machine(agent))
        await shows(engine, lambda view: view.finished == 1)
        assert f"recovered {way}" in story(engine)
        (lost,) = losses(engine)
        assert least <= lost.lost_s <= most


async def test_a_saved_state_then_a_checkpoint_that_can_not_be_read_then_a_boot(agent: InProcess) -> None:
    """Each rung is tried once: a checkpoint that can't be read either is given up, or it would be tried for ever."""
    agent.add_task("a")
    async with agent.running() as engine:
        await has_checkpoint(engine)
    agent.world.faults.raise_once["start"].extend(StateUnreadable(vm="x", detail="planned") for _ in range(2))
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 1)
        told = [line for line in story(engine) if line.startswith(("recovered", "state_discarded"))]
        assert told == ["state_discarded", "recovered checkpoint", "state_discarded", "recovered boot"]
        after, before = (line.lost_s for line in losses(engine))
        assert 60 <= after <= 70
        assert 60 <= before <= 70


async def test_a_checkpoint_that_somebody_removed(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await has_checkpoint(engine)
        agent.world.faults.raise_once["restore_snapshot"].append(SnapshotNotFound(vm="x", snapshot="checkpoint"))
        agent.world.kill(machine(agent))
        await shows(engine, lambda view: view.finished == 1)
        assert "recovered boot" in story(engine)
        assert losses(engine)[0].lost_s > 120


async def test_its_own_disk_is_gone(agent: InProcess) -> None:
    """Nobody can bring it back: another machine is made at once."""
    agent.add_task("a")
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 60)
    layer = agent.data / "vms" / machine(agent) / "disk.vdi"
    agent.world.faults.raise_once["start"].append(MediumMissing(path=str(layer)))
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 1)
        assert story(engine).count("created") == 2
        assert "recovered new" in story(engine)
        assert losses(engine)[0].lost_s > 60
        assert not engine.view.notices


async def test_the_image_is_gone_and_comes_back(agent: InProcess) -> None:
    """Somebody's file may be on a disk that was unplugged: nothing is thrown away, it is said, and "resume" tries at once."""
    agent.add_task("a")
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 60)
    agent.world.faults.raise_once["start"].append(MediumMissing(path="/media/usb/vm_image.vdi"))
    async with agent.running() as engine:
        view = await shows(engine, lambda view: bool(view.notices))
        assert (view.notices[0].code, view.state, view.tasks[0].vm) == (MediumMissing.code, TrayState.NEEDS_YOU, VmState.SAVED)
        await engine.resume()
        await shows(engine, lambda view: view.finished == 1)
        assert losses(engine) == []


async def test_the_image_is_gone_when_the_agent_starts(agent: InProcess) -> None:
    """A task that can't be opened is a failure only if it has no work in it yet."""
    agent.add_task("a")
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 60)
    image = agent.data / "tasks" / "a" / "vm_image.raw"
    image.rename(agent.data / "elsewhere.raw")
    async with agent.running() as engine:
        view = await shows(engine, lambda view: bool(view.notices))
        assert (view.notices[0].task, view.state) == ("a", TrayState.NEEDS_YOU)
        assert agent.world.vms[machine(agent)].state is VmState.SAVED
        (agent.data / "elsewhere.raw").rename(image)
        await shows(engine, lambda view: view.finished == 1)
        assert losses(engine) == []
        assert (agent.data / "done" / "a").is_dir()


async def test_settings_that_can_not_be_read(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].elapsed_s > 60)
        vm = agent.world.vms[machine(agent)]
        vm.end(VmState.INACCESSIBLE)
        await shows(engine, lambda view: view.finished == 1)
        assert "recovered new" in story(engine)
        assert losses(engine)[0].lost_s > 60


async def test_a_processor_that_is_stuck(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await has_checkpoint(engine)
        agent.world.vms[machine(agent)].halt(VmState.STUCK)
        await shows(engine, lambda view: view.finished == 1)
        assert "recovered checkpoint" in story(engine)


async def test_a_service_that_is_gone_for_a_while(agent: InProcess, clock: VirtualClock) -> None:
    """The machine goes on meanwhile; nothing is restarted, nothing is lost."""
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        agent.world.faults.service_down = True
        await clock.sleep(200)
        agent.world.service_up()
        await shows(engine, lambda view: view.finished == 1)
        assert losses(engine) == []
        assert "restored" not in story(engine)


@pytest.mark.parametrize(
    "fault", [HostProcessLost(detail="x"), HypervisorBroken(hypervisor="fake", detail="x"), CommandTimeout(vm="x", command="start", seconds=1)]
)
async def test_what_passes_is_tried_again_by_itself(agent: InProcess, fault: T4TError) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await until(engine, "running")
        await engine.pause(PauseKind.FOREVER)
        agent.world.faults.raise_once["start"].append(fault)
        await engine.resume()
        await shows(engine, lambda view: view.finished == 1)
        assert losses(engine) == []


async def test_on_the_way_out_nothing_is_waited_for_in_vain(agent: InProcess, clock: VirtualClock) -> None:
    """A machine that can be neither saved nor frozen (its service forgot it): the program ends all the same, none runs on, and the loss is told."""
    agent.add_task("a")
    async with agent.running() as engine:
        await has_checkpoint(engine)
        for command in ("save", "pause"):
            agent.world.faults.raise_once[command].extend([HypervisorBroken(hypervisor="fake", detail="forgotten")] * 9)
        begun = clock.monotonic()
    assert clock.monotonic() - begun < 60
    assert agent.world.vms[machine(agent)].state is VmState.POWERED_OFF
    for command in ("save", "pause"):
        agent.world.faults.raise_once[command].clear()
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 1)
        assert "recovered checkpoint" in story(engine)
        assert 60 <= losses(engine)[0].lost_s <= 90


# --- room for a checkpoint, and the good one that is kept -------------------------------------------------------------


async def test_no_room_for_a_checkpoint_keeps_the_one_that_is_there(agent: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """RAM and 2 GiB must be free, so that a checkpoint is never what fills the disk."""
    wanted: list[int] = []

    def check(path: Path, needed_mib: int) -> None:
        wanted.append(needed_mib)
        raise NotEnoughDisk(path=str(path), needed_mib=needed_mib, free_mib=needed_mib - 1)

    agent.add_task("a", memory_size_mb="700")
    async with agent.running() as engine:
        await has_checkpoint(engine)
        monkeypatch.setattr("t4t.host.resources.check_disk", check)
        await engine.checkpoint()
        await shows(engine, lambda view: view.tasks[0].elapsed_s > 150)
        assert wanted == [700 + 2048]
        assert "checkpoint_skipped" in story(engine)
        agent.world.kill(machine(agent))
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].lost_s > 0)
        assert "recovered checkpoint" in story(engine)


async def test_a_checkpoint_that_fails_half_way_keeps_the_one_that_is_there(agent: InProcess) -> None:
    agent.add_task("a")
    async with agent.running() as engine:
        await has_checkpoint(engine)
        agent.world.faults.raise_once["snapshot_taken"].append(HostProcessLost(detail="planned"))
        await engine.checkpoint()
        await shows(engine, lambda view: view.tasks[0].elapsed_s > 150)
        assert engine.view.tasks[0].checkpoints == 1
        agent.world.kill(machine(agent))
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].lost_s > 0)
        assert "recovered checkpoint" in story(engine)
        assert losses(engine)[0].lost_s >= 60


async def test_no_room_to_save_leaves_it_as_it_is(agent: InProcess) -> None:
    agent.add_task("a")
    agent.settings = Settings(pause_grace_s=5)
    async with agent.running() as engine:
        await until(engine, "running")
        agent.world.faults.disk_free_bytes = 1
        await engine.pause(PauseKind.FOREVER)
        view = await shows(engine, lambda view: bool(view.notices))
        assert (view.notices[0].code, view.tasks[0].vm) == (NotEnoughDisk.code, VmState.PAUSED)
        agent.world.faults.disk_free_bytes = 1 << 50
        await shows(engine, lambda view: view.tasks[0].vm is VmState.SAVED)
        assert losses(engine) == []


# --- levels -----------------------------------------------------------------------------------------------------------


async def test_levels_act_on_a_machine_that_runs(agent: InProcess, monkeypatch: pytest.MonkeyPatch, clock: VirtualClock) -> None:
    """Less at once, by the cap; a guest that is booted meanwhile gets its cores back with the level."""
    wished: list[Level] = [Level.FULL]

    def judge(*_known: object) -> Finding:
        return Finding(holds=wished[-1] is not Level.FULL, level=wished[-1])

    monkeypatch.setattr("t4t.domain.policy.RULES", (*RULES, Rule("as_the_test_wishes", judge)))
    agent.cores = 4
    agent.add_task("a", memory_size_mb="256")
    async with agent.running() as engine:
        await until(engine, "running")
        vm = agent.world.vms[machine(agent)]
        assert (vm.spec.cores, vm.spec.cap_percent) == (4, 100)
        for level, cap in ((Level.GENTLE, 50), (Level.ONE_CORE, 25), (Level.GENTLE, 50), (Level.FULL, 100)):
            wished.append(level)
            await clock.sleep(3)
            assert (engine.view.level, vm.spec.cap_percent, vm.spec.cores, vm.state) == (level, cap, 4, VmState.RUNNING)
        assert story(engine).count("adjusted") == 4

        wished.append(Level.ONE_CORE)
        await clock.sleep(3)
        agent.world.kill(machine(agent))
        await shows(engine, lambda view: view.tasks[0].lost_s > 0 and view.tasks[0].vm is VmState.RUNNING)
        assert (vm.spec.cores, vm.spec.cap_percent) == (4, 25), "booted anew, it has the work of one core on all of them"
        wished.append(Level.FULL)
        await clock.sleep(3)
        assert (vm.spec.cores, vm.spec.cap_percent) == (4, 100)

        agent.world.faults.raise_once["reconfigure"].append(HostProcessLost(detail="planned"))
        wished.append(Level.GENTLE)
        await shows(engine, lambda view: view.tasks[0].elapsed_s > 60)
        assert vm.spec.cap_percent == 50, "tried again"
        await engine.checkpoint()
        await shows(engine, lambda view: view.tasks[0].checkpoints == 1)
        wished.append(Level.FULL)
        agent.world.kill(machine(agent))
        await shows(engine, lambda view: "recovered checkpoint" in story(engine) and view.tasks[0].vm is VmState.RUNNING)
        assert (vm.spec.cores, vm.spec.cap_percent) == (4, 100)


async def test_where_nothing_can_be_capped_one_core_is_one_core(agent: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    wished: list[Level] = [Level.ONE_CORE]

    def judge(*_known: object) -> Finding:
        return Finding(holds=wished[-1] is not Level.FULL, level=wished[-1])

    monkeypatch.setattr("t4t.domain.policy.RULES", (*RULES, Rule("in_use", judge)))
    agent.features = frozenset(Feature) - {Feature.CAP, Feature.BRIDGED, Feature.REMOTE_DESKTOP}
    agent.cores = 4
    agent.add_task("a", memory_size_mb="256")
    async with agent.running() as engine:
        await until(engine, "running")
        vm = agent.world.vms[machine(agent)]
        assert (vm.spec.cores, vm.spec.cap_percent) == (1, 100)
        await engine.checkpoint()
        await shows(engine, lambda view: view.tasks[0].checkpoints == 1)
        wished.append(Level.FULL)
        agent.world.kill(machine(agent))
        await shows(engine, lambda view: "recovered checkpoint" in story(engine) and view.tasks[0].vm is VmState.RUNNING)
        assert vm.spec.cores == 1, "the checkpoint knows one core"
        await engine.pause(PauseKind.FOREVER)
        wished.append(Level.ONE_CORE)
        await engine.resume()
        await until(engine, "running")
        agent.world.vms[machine(agent)].snapshots.clear()
        wished.append(Level.FULL)
        agent.world.kill(machine(agent))
        await shows(engine, lambda view: "recovered boot" in story(engine) and view.tasks[0].vm is VmState.RUNNING)
        assert vm.spec.cores == 4, "booted anew"
