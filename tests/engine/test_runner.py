"""The task runner on the fake driver with a virtual clock: hours of a task in milliseconds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from support.task_folders import make_task
from t4t.domain.errors import FolderUnwritable, MediumMissing, NotEnoughDisk, NotEnoughMemory, PortUnavailable, StateUnreadable, T4TError, TaskElsewhere
from t4t.domain.progress import Happened, IntermediateUpload, Moment, Outcome, Progress, TaskEvent, TaskResult, Trickle
from t4t.domain.vm import Feature, VmId, VmState
from t4t.engine.folder import TaskFolder, Wishes
from t4t.engine.runner import TaskRunner
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path


class Bench:
    """A task folder, a fake world, and everything that a run told."""

    def __init__(self, tmp_path: Path, **changes: str | None) -> None:
        # without the web page: each look at it is a real connection, and most tests have thousands of looks
        self.path = make_task(tmp_path / "slots" / "0", changes={"pf_guest_port": None} | changes)
        self.data = tmp_path / "data"
        self.data.mkdir()
        self.clock = VirtualClock()
        self.guest = ScriptedGuest(job_seconds=3000)
        self.world = FakeWorld(self.clock, lambda: self.guest, console_dir=tmp_path)
        self.told: list[TaskEvent] = []
        self.runner: TaskRunner | None = None
        self.features: frozenset[Feature] | None = None

    async def run(
        self, meanwhile: Callable[[], Coroutine[Any, Any, None]] | None = None, *, data: Path | None = None, wishes: Wishes | None = None
    ) -> TaskResult:
        driver = FakeHypervisor(self.world) if self.features is None else FakeHypervisor(self.world, features=self.features)
        folder = TaskFolder(self.path)
        folder.own.mkdir(exist_ok=True)
        self.runner = TaskRunner(folder, driver, data_dir=data or self.data, wishes=wishes or Wishes(), clock=self.clock, listen=self.told.append)
        other = asyncio.create_task(meanwhile()) if meanwhile is not None else None
        try:
            return await self.runner.run()
        finally:
            if other is not None:
                await other
            await driver.close()

    def stop(self) -> None:
        assert self.runner is not None
        self.runner.stop()

    @property
    def vm(self) -> VmId:
        return next(iter(self.world.vms))

    def moments(self) -> list[Happened]:
        return [event.what for event in self.told if isinstance(event, Moment)]

    async def until(self, fraction: float) -> None:
        """Wait until the job is that far."""
        seen = 0
        while not any(isinstance(event, Progress) and event.fraction >= fraction for event in self.told[seen:]):
            seen = len(self.told)
            await self.clock.sleep(1)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_a_task_runs_to_its_end(bench: Bench) -> None:
    result = await bench.run()
    assert (result.outcome, result.exit_code, result.restarts, result.hypervisor) == (Outcome.DONE, 0, 0, "fake")
    assert [path.rsplit("/", 1)[1] for path in result.outputs] == ["output.tgz", "run.log"]
    assert 3000 <= result.elapsed_s < 3030
    assert result.checkpoints == 5  # one each 600 s of running time
    assert bench.world.vms == {}
    assert bench.moments()[:2] == [Happened.CREATED, Happened.STARTED]
    assert bench.moments()[-1] is Happened.COMPLETED
    assert (bench.path / "console.log").read_text().startswith("fake guest is up")


async def test_a_finished_task_is_only_told_again(bench: Bench) -> None:
    first = await bench.run()
    bench.told.clear()
    assert await bench.run() == first
    assert bench.moments() == []


async def test_stop_saves_and_the_same_command_goes_on(bench: Bench) -> None:
    async def meanwhile() -> None:
        await bench.until(0.5)
        bench.stop()

    saved = await bench.run(meanwhile)
    assert saved.outcome is Outcome.SAVED
    assert bench.world.vms[bench.vm].state is VmState.SAVED
    await bench.clock.sleep(86_400)
    done = await bench.run()
    assert (done.outcome, done.restarts) == (Outcome.DONE, 1)
    assert 3000 <= done.elapsed_s < 3060  # the day in between does not count
    assert Happened.RESTORED in bench.moments()


async def test_a_vm_that_dies_goes_back_to_its_checkpoint(bench: Bench) -> None:
    async def meanwhile() -> None:
        await bench.until(0.3)
        bench.world.kill(bench.vm)

    done = await bench.run(meanwhile)
    assert (done.outcome, done.restarts) == (Outcome.DONE, 1)
    assert Happened.RECOVERED in bench.moments()
    assert done.elapsed_s < 3000 + 2 * 600


async def test_a_vm_that_dies_without_checkpoints_boots_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path, disable_automatic_checkpoints="1")

    async def meanwhile() -> None:
        await bench.until(0.3)
        bench.world.kill(bench.vm)

    done = await bench.run(meanwhile)
    assert (done.outcome, done.checkpoints, done.restarts) == (Outcome.DONE, 0, 1)
    assert done.elapsed_s > 3000 + 900


async def test_a_vm_that_always_dies_fails_in_the_end(bench: Bench) -> None:
    async def meanwhile() -> None:
        while bench.runner is not None and not (bench.path / "console.log").exists():
            await bench.clock.sleep(5)
            for vm in bench.world.vms:
                if bench.world.vms[vm].state is VmState.RUNNING:
                    bench.world.kill(vm)

    result = await bench.run(meanwhile)
    assert (result.outcome, result.error) == (Outcome.FAILED, "T4T-VM-05")
    assert bench.world.vms == {}


async def test_a_run_killed_without_a_word_is_adopted(bench: Bench) -> None:
    running = asyncio.create_task(bench.run())
    await bench.until(0.4)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert bench.world.vms[bench.vm].state is VmState.RUNNING
    done = await bench.run()
    assert (done.outcome, done.restarts) == (Outcome.DONE, 0)


async def test_an_unreadable_state_goes_back_to_the_checkpoint(bench: Bench) -> None:
    async def meanwhile() -> None:
        await bench.until(0.5)
        bench.stop()

    await bench.run(meanwhile)
    bench.world.faults.raise_once["start"].append(StateUnreadable(vm=bench.vm, detail="planned"))
    done = await bench.run()
    assert done.outcome is Outcome.DONE
    assert [m for m in bench.moments() if m in {Happened.STATE_DISCARDED, Happened.RECOVERED}] == [Happened.STATE_DISCARDED, Happened.RECOVERED]


async def test_a_passing_failure_of_start_is_tried_again(bench: Bench) -> None:
    bench.world.faults.raise_once["start"].extend([PortUnavailable(vm="x", port=1)] * 2)
    assert (await bench.run()).outcome is Outcome.DONE


@pytest.mark.parametrize("fault", [MediumMissing(path="gone"), PortUnavailable(vm="x", port=1)])
async def test_a_start_that_never_works_leaves_nothing(bench: Bench, fault: T4TError) -> None:
    before = sorted(path.name for path in bench.path.iterdir())
    bench.world.faults.raise_once["start"].extend([fault] * 10)
    with pytest.raises(type(fault)):
        await bench.run()
    assert bench.world.vms == {}
    (bench.path / ".t4t").rmdir()
    assert sorted(path.name for path in bench.path.iterdir()) == before


async def test_no_space_for_a_checkpoint_is_told_and_not_fatal(bench: Bench) -> None:
    bench.world.faults.disk_free_bytes = 0
    done = await bench.run()
    assert (done.outcome, done.checkpoints) == (Outcome.DONE, 0)
    assert Happened.CHECKPOINT_SKIPPED in bench.moments()


async def test_no_space_to_save_is_an_error_and_loses_nothing(bench: Bench) -> None:
    async def meanwhile() -> None:
        await bench.until(0.2)
        bench.world.faults.disk_free_bytes = 0
        bench.stop()

    with pytest.raises(NotEnoughDisk):
        await bench.run(meanwhile)
    bench.world.faults.disk_free_bytes = 1 << 50
    assert (await bench.run()).outcome is Outcome.DONE


async def test_a_guest_that_reports_failure(bench: Bench) -> None:
    bench.guest.exit_code = 206
    result = await bench.run()
    assert (result.outcome, result.exit_code, result.error, result.message) == (Outcome.FAILED, 206, "T4T-TASK-08", "failed")
    assert bench.world.vms == {}


async def test_a_guest_that_falls_silent_is_recovered_then_given_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path, minimum_heartbeat_interval="60", disable_automatic_checkpoints="1")
    bench.guest.heartbeat_seconds = 10_000
    result = await bench.run()
    assert (result.outcome, result.error) == (Outcome.FAILED, "T4T-TASK-09")
    assert result.restarts == 5


async def test_a_guest_that_switches_itself_off_without_a_word(bench: Bench) -> None:
    async def meanwhile() -> None:
        await bench.until(0.1)
        bench.world.vms[bench.vm].power_off()

    result = await bench.run(meanwhile)
    assert (result.outcome, result.error) == (Outcome.FAILED, "T4T-TASK-10")


async def test_a_duration_ends_the_task_with_success(tmp_path: Path) -> None:
    bench = Bench(tmp_path, job_duration="1000", completion_trigger_file=None)
    result = await bench.run()
    assert result.outcome is Outcome.DONE
    assert 1000 <= result.elapsed_s < 1005
    fractions = [event.fraction for event in bench.told if isinstance(event, Progress)]
    assert fractions == sorted(fractions)


async def test_a_duration_that_had_passed_before_the_start(tmp_path: Path) -> None:
    bench = Bench(tmp_path, job_duration="1000", completion_trigger_file=None)

    async def meanwhile() -> None:
        await bench.until(0.999)
        bench.stop()

    await bench.run(meanwhile)
    file = bench.path / ".t4t" / "task.json"
    file.write_text(file.read_text().replace('"elapsed_s":', '"elapsed_s":1001.0,"x":'))
    result = await bench.run()
    assert (result.outcome, result.error) == (Outcome.FAILED, "T4T-TASK-11")


async def test_a_temporary_exit_rests_and_goes_on(bench: Bench) -> None:
    async def meanwhile() -> None:
        await bench.until(0.2)
        (bench.path / "shared" / "rest").write_text("500\n0\nback soon\n")

    before = bench.clock.monotonic()
    result = await bench.run(meanwhile)
    assert result.outcome is Outcome.DONE
    assert Happened.RESTING in bench.moments()
    assert bench.clock.monotonic() - before > 3500
    assert result.elapsed_s < 3100
    assert not (bench.path / "shared" / "rest").exists()


async def test_trickles_and_uploads_are_told_once_each_change(bench: Bench) -> None:
    async def meanwhile() -> None:
        for fraction, text in ((0.1, "one"), (0.2, "one"), (0.3, "two")):
            await bench.until(fraction)
            (bench.path / "shared" / "trickle").write_text(text)
        (bench.path / "shared" / "partial").write_text("half")

    await bench.run(meanwhile)
    assert [event.data for event in bench.told if isinstance(event, Trickle)] == [b"one", b"two"]
    assert len([event for event in bench.told if isinstance(event, IntermediateUpload)]) == 1


async def test_a_vm_paused_by_hand_goes_on(bench: Bench) -> None:
    async def meanwhile() -> None:
        await bench.until(0.2)
        bench.world.vms[bench.vm].halt(VmState.PAUSED)

    result = await bench.run(meanwhile)
    assert (result.outcome, result.restarts) == (Outcome.DONE, 0)


async def test_another_data_folder_is_refused(bench: Bench, tmp_path: Path) -> None:
    async def meanwhile() -> None:
        await bench.until(0.2)
        bench.stop()

    await bench.run(meanwhile)
    with pytest.raises(TaskElsewhere):
        await bench.run(data=tmp_path / "other")


async def test_a_driver_without_snapshots_still_finishes(bench: Bench) -> None:
    bench.features = frozenset({Feature.SAVE, Feature.SHARES})
    result = await bench.run()
    assert (result.outcome, result.checkpoints) == (Outcome.DONE, 0)


async def test_an_unreadable_record_is_set_aside(bench: Bench) -> None:
    (bench.path / ".t4t").mkdir()
    (bench.path / ".t4t" / "task.json").write_text("{broken")
    assert (await bench.run()).outcome is Outcome.DONE
    assert (bench.path / ".t4t" / "task.unreadable").read_text() == "{broken"


async def test_the_shared_folder_never_gets_the_key(tmp_path: Path) -> None:
    bench = Bench(tmp_path, copy_to_shared="init_data.xml")
    (bench.path / "init_data.xml").write_text("<app_init_data><user_name>Ada</user_name><authenticator>0123secret</authenticator></app_init_data>")

    async def meanwhile() -> None:
        await bench.until(0.0001)
        bench.stop()

    await bench.run(meanwhile)
    copied = (bench.path / "shared" / "init_data.xml").read_text()
    assert "Ada" in copied
    assert "0123secret" not in copied


async def test_cern_data_format(tmp_path: Path) -> None:
    bench = Bench(tmp_path, enable_floppyio="1", enable_cern_dataformat="1")
    (bench.path / "init_data.xml").write_text("<app_init_data><user_name>Ada</user_name><authenticator>0123secret</authenticator></app_init_data>")
    await bench.run()
    assert (bench.path / "output").exists()
    floppy = (bench.path / ".t4t" / "vm_floppy.img").read_bytes()
    assert b"BOINC_USERNAME=Ada" in floppy
    assert b"0123secret" not in floppy


async def test_a_guest_that_ends_while_it_is_to_be_saved(bench: Bench) -> None:
    """Ctrl-C in the moment in which the job is done: the result counts, and it is no error."""

    async def meanwhile() -> None:
        await bench.until(0.5)
        vm = bench.world.vms[bench.vm]
        (bench.path / "shared" / "shutdown").write_text("0\n0\ndone\n")
        bench.world.watchers.clear()  # nobody tells
        vm.power_off()
        bench.stop()

    assert (await bench.run(meanwhile)).outcome is Outcome.DONE


async def test_no_memory_and_no_disk_are_told_before_anything_is_made(tmp_path: Path) -> None:
    bench = Bench(tmp_path, memory_size_mb="1000000")
    with pytest.raises(NotEnoughMemory):
        await bench.run()
    assert bench.world.vms == {}
    assert not (bench.path / "shared").exists()


async def test_a_record_that_cannot_be_written_leaves_the_vm_saved(bench: Bench) -> None:
    file = bench.path / ".t4t" / "task.json"

    async def meanwhile() -> None:
        await bench.until(0.1)
        file.unlink()
        file.mkdir()

    with pytest.raises(FolderUnwritable):
        await bench.run(meanwhile)
    assert bench.world.vms[bench.vm].state is VmState.SAVED


async def test_a_bug_leaves_the_vm_saved(bench: Bench) -> None:
    async def meanwhile() -> None:
        await bench.until(0.1)
        bench.world.faults.raise_once["inspect"].append(cast("T4TError", RuntimeError("planned")))

    with pytest.raises(RuntimeError, match="planned"):
        await bench.run(meanwhile)
    assert bench.world.vms[bench.vm].state is VmState.SAVED
    assert (await bench.run()).outcome is Outcome.DONE


async def test_a_vm_that_cannot_be_saved_is_left_paused(bench: Bench) -> None:
    async def meanwhile() -> None:
        await bench.until(0.2)
        bench.world.faults.disk_free_bytes = 0
        bench.stop()

    with pytest.raises(NotEnoughDisk):
        await bench.run(meanwhile)
    assert bench.world.vms[bench.vm].state is VmState.PAUSED


async def test_the_guests_own_account_is_shown(tmp_path: Path) -> None:
    bench = Bench(tmp_path, pf_guest_port="80")
    bench.guest.job_seconds = 60
    assert (await bench.run()).outcome is Outcome.DONE
    jobs = [event.job for event in bench.told if isinstance(event, Progress) and event.job]
    assert jobs
    assert jobs[-1]["path"] == "/job/index.json"
    assert any(event.web_port for event in bench.told if isinstance(event, Progress))
