"""Carries one task folder to its end: observe, decide, do one thing, write it down; over and over.

Level-triggered: each turn looks at what is, so that a missed event, a VM paused by hand or a restart of any process of ours needs no path of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import (
    DurationPassed,
    GuestFailed,
    HeartbeatLost,
    NotEnoughDisk,
    PrematureShutdown,
    Retry,
    SnapshotNotFound,
    StateUnreadable,
    T4TError,
    TaskElsewhere,
    VmLost,
    VmWrongState,
)
from t4t.domain.progress import Happened, Moment, Outcome, TaskEvent, TaskResult
from t4t.domain.task import Intent, Step, decide
from t4t.domain.vm import Feature, VmChange, VmId, VmState
from t4t.engine.exchange import Exchange
from t4t.engine.observer import TaskObserver
from t4t.engine.record import RecordFile
from t4t.host import resources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.domain.completion import Completion
    from t4t.domain.vm import Capabilities
    from t4t.engine.folder import TaskFolder, Wishes
    from t4t.hypervisor.driver import Driver

_log = logging.getLogger(__name__)

CHECKPOINT: Final = "checkpoint"
_TURN_S: Final = 1.0
_RECORD_S: Final = 30.0
_SHUT_DOWN_S: Final = 60.0
_RETRIES: Final = 4
_SCREENSHOT: Final = "vm_screenshot.png"
_CONSOLE: Final = "console.log"


class TaskRunner:
    """One run of one task; make a new one for each start."""

    def __init__(self, folder: TaskFolder, driver: Driver, *, data_dir: Path, wishes: Wishes, clock: Clock, listen: Callable[[TaskEvent], None]) -> None:
        """``listen`` is told what happens, on the event loop's thread."""
        self._folder = folder
        self._driver = driver
        self._data_dir = data_dir
        self._wishes = wishes
        self._clock = clock
        self._listen = listen
        self._exchange = Exchange(folder)
        self._file = RecordFile(folder.path)
        self._record = self._file.load(data_dir)
        self._vm = VmId(self._record.vm_id)
        self._seen = TaskObserver(folder, driver, self._record, self._exchange, clock=clock)
        self._capabilities: Capabilities | None = None
        self._intent = Intent.RUN
        self._last_record = clock.monotonic()
        self._went_back = False
        self._rest_until: float | None = None

    def stop(self) -> None:
        """Save the VM and end; call it on the event loop's thread."""
        self._intent = Intent.SAVE
        self._seen.changed.set()

    async def run(self) -> TaskResult:
        """Run to the end of the task, or until `stop`; a task that has ended before is only reported again.

        Raises leaves of `HostError` and `HypervisorError` for what this run can't overcome (VM and record are kept, unless the VM never started), never
        `TaskError`: those are a result.
        """
        if self._record.outcome:
            return self._result(Outcome(self._record.outcome))
        if self._record.data_dir != str(self._data_dir):
            raise TaskElsewhere(path=str(self._folder.path), data_dir=self._record.data_dir)
        if not self._record.hypervisor:
            self._check_room()  # before the hypervisor writes its first file, which a full disk would fail less clearly
        self._capabilities = await self._driver.probe()
        watching = asyncio.create_task(self._seen.watch(), name="watch")
        try:
            await self._set_up()
            return await self._loop()
        except Exception:  # also of a bug: nobody looks after the VM from here on
            await self._leave_safe()
            raise
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await self._seen.close()

    async def _set_up(self) -> None:
        """Check what the computer has to give, then make what is not there yet; what fails leaves nothing behind."""
        await self._seen.first_look()
        if self._seen.info is None:
            self._check_room()
            self._folder.prepare(cmdline=self._wishes.cmdline)
            await self._create()
            return
        if not self._seen.state.alive:
            resources.check_memory(self._folder.spec(self._vm, self._wishes).memory_mib)
        self._folder.prepare(cmdline=self._wishes.cmdline)

    def _check_room(self) -> None:
        """Whether this computer has what a new VM needs."""
        spec = self._folder.spec(self._vm, self._wishes)
        resources.check_memory(spec.memory_mib)
        resources.check_disk(self._data_dir, self._folder.needed_disk_mib(spec))

    async def _leave_safe(self) -> None:
        """After a failure: a VM that has never run is worth nothing and goes; one with work in it stays, saved, or at least paused."""
        if self._record.elapsed_s > 0 or self._record.expects_running:
            await self._put_to_rest()
            with contextlib.suppress(T4TError):
                self._file.save(self._record)
            return
        with contextlib.suppress(T4TError):
            await self._driver.delete(self._vm)
        self._folder.undo_prepare()
        self._file.remove()

    async def _put_to_rest(self) -> None:
        """Leave no VM running without limits."""
        for command in (self._driver.save, self._driver.pause):
            try:
                await self._seen.inspect()
                if self._seen.state in {VmState.RUNNING, VmState.PAUSED}:
                    self._seen.observe(await command(self._vm))
            except T4TError as error:
                _log.error("the virtual machine could not be left at rest: %s", error)
            else:
                return

    async def _create(self) -> None:
        self._record.hypervisor = self._probed.hypervisor
        self._file.save(self._record)
        self._seen.observe(await self._driver.create(self._folder.spec(self._vm, self._wishes)))
        self._tell(Happened.CREATED, self._vm)
        for element in self._folder.ignored():
            self._tell(Happened.IGNORED, element)

    @property
    def _probed(self) -> Capabilities:
        if self._capabilities is None:
            raise RuntimeError("the driver was not probed")
        return self._capabilities

    def _tell(self, what: Happened, detail: str = "") -> None:
        _log.info("%s %s", what.value, detail)
        self._listen(Moment(what=what, detail=detail))

    # --- the loop --------------------------------------------------------------------------------------------------

    async def _loop(self) -> TaskResult:
        failures = 0
        while True:
            self._seen.changed.clear()
            try:
                ended = await self._turn()
            except T4TError as error:
                failures += 1
                # what we saw may be older than what is: the guest may have switched itself off while it was to be saved
                outdated = isinstance(error, VmWrongState)
                if not (outdated or error.retry is Retry.BACKOFF) or failures > _RETRIES:
                    raise
                self._seen.doubt()
                _log.warning("failed %d times, trying again: %s", failures, error)
                await self._clock.sleep(2.0 ** (failures - 1))
                continue
            failures = 0
            if ended is not None:
                return ended

    async def _turn(self) -> TaskResult | None:
        """Look, decide, do one thing, write it down."""
        await self._look()
        facts = self._seen.facts(intent=self._intent, resting=self._is_resting(), snapshots=self._probed.has(Feature.SNAPSHOTS))
        step = decide(facts)
        if step is Step.WAIT:
            await self._pause()
            return None
        ended = await self._do(step)
        self._file.save(self._record)
        return ended

    async def _pause(self) -> None:
        """Until something happens, a turn is over, or a rest ends."""
        wake = asyncio.create_task(self._seen.changed.wait())
        turn = asyncio.create_task(self._clock.sleep(_TURN_S))
        try:
            await asyncio.wait({wake, turn}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (wake, turn):
                task.cancel()
            await asyncio.gather(wake, turn, return_exceptions=True)

    async def _look(self) -> None:
        await self._seen.look()
        for news in self._exchange.news(self._record):
            self._listen(news)
        now = self._clock.monotonic()
        if now - self._last_record >= _RECORD_S:
            self._last_record = now
            self._file.save(self._record)
        self._listen(self._seen.progress())

    def _is_resting(self) -> bool:
        if self._rest_until is not None and self._clock.monotonic() >= self._rest_until:
            self._rest_until = None
        return self._rest_until is not None

    # --- effects ---------------------------------------------------------------------------------------------------

    async def _do(self, step: Step) -> TaskResult | None:  # noqa: C901 - one line a step
        match step:
            case Step.CREATE:
                await self._create()
            case Step.START:
                await self._start()
            case Step.CHECKPOINT:
                await self._checkpoint()
            case Step.SAVE:
                self._seen.observe(await self._driver.save(self._vm))
                self._record.recoveries = 0
                self._tell(Happened.SAVED)
            case Step.QUIT:
                return self._result(Outcome.SAVED)
            case Step.REST:
                await self._rest()
            case Step.RECOVER:
                await self._recover()
            case Step.COLLECT | Step.END_OF_TIME:
                return await self._finish(self._exchange.completion(final=True))
            case Step.FAIL_PREMATURE | Step.FAIL_HEARTBEAT | Step.FAIL_DURATION | Step.FAIL_LOST:
                return await self._fail(self._failure(step))
            case Step.WAIT:
                pass
        return None

    async def _start(self) -> None:
        before, info = self._seen.state, self._seen.info
        was_saved = before in {VmState.SAVED, VmState.ABORTED_SAVED}
        if info is not None and info.cap_percent != self._wishes.cap_percent:
            self._seen.observe(await self._driver.reconfigure(self._vm, VmChange(cap_percent=self._wishes.cap_percent)))
        if not before.alive:
            self._seen.new_process()
        try:
            started = await self._driver.start(self._vm)
        except StateUnreadable as error:
            _log.warning("%s", error)
            self._tell(Happened.STATE_DISCARDED, error.detail)
            self._record.recoveries += 1
            self._record.restarts += 1
            self._seen.observe(await self._driver.discard_state(self._vm))
            await self._go_back()
            return
        again = was_saved or (self._record.expects_running and before is not VmState.PAUSED)
        if again and not self._went_back:
            self._record.restarts += 1
        self._record.expects_running = True
        self._seen.observe(started)
        self._tell(Happened.RESTORED if was_saved or self._went_back else Happened.STARTED, str(self._seen.web_port or ""))
        self._went_back = False

    async def _checkpoint(self) -> None:
        self._record.checkpoint_at_s = self._record.elapsed_s
        try:
            await self._driver.take_snapshot(self._vm, CHECKPOINT)
        except (NotEnoughDisk, T4TError) as error:
            _log.warning("no checkpoint: %s", error)
            self._tell(Happened.CHECKPOINT_SKIPPED, error.code)
            return
        self._record.has_checkpoint = True
        self._record.checkpoints += 1
        self._record.recoveries = 0
        self._tell(Happened.CHECKPOINT)

    async def _rest(self) -> None:
        """Save for as long as the guest asked; its trigger is removed first, or the restored guest would rest for ever."""
        asked = self._exchange.rest()
        delay = 0.0 if asked is None else float(asked.delay_s)
        self._seen.observe(await self._driver.save(self._vm))
        self._exchange.clear_rest()
        self._rest_until = self._clock.monotonic() + delay
        self._tell(Happened.RESTING, f"{delay:.0f}")

    async def _recover(self) -> None:
        """Go on from the last checkpoint, or boot anew."""
        self._record.recoveries += 1
        self._record.restarts += 1
        self._record.expects_running = False
        self._file.save(self._record)
        if self._seen.state is VmState.INACCESSIBLE:
            await self._driver.delete(self._vm)
            self._record.has_checkpoint = False
            self._seen.gone()
            return
        self._seen.observe(await self._driver.power_off(self._vm))
        await self._go_back()

    async def _go_back(self) -> None:
        self._went_back = True  # counted as a restart where it was decided
        self._record.expects_running = False
        if self._record.has_checkpoint:
            try:
                self._seen.observe(await self._driver.restore_snapshot(self._vm, CHECKPOINT))
            except (SnapshotNotFound, StateUnreadable) as error:
                _log.warning("the checkpoint is gone: %s", error)
                self._record.has_checkpoint = False
        self._tell(Happened.RECOVERED, "checkpoint" if self._record.has_checkpoint else "boot")

    # --- the end ---------------------------------------------------------------------------------------------------

    async def _finish(self, completion: Completion | None) -> TaskResult:
        """The guest said how it ended, or its time is over: a success unless it says otherwise."""
        if self._seen.state.alive:
            await self._seen.inspect()  # what it has used so far: its process is about to go
            self._seen.observe(await self._driver.shut_down(self._vm, deadline=_SHUT_DOWN_S))
        if completion is not None and completion.exit_code != 0:
            self._record.message = completion.message
            return await self._fail(GuestFailed(guest_exit_code=completion.exit_code, message=completion.message))
        if self._folder.job.enable_cern_dataformat:
            self._folder.write_output("Work Unit completed!\n")
        self._record.message = "" if completion is None else completion.message
        await self._clear_away()
        self._tell(Happened.COMPLETED)
        return self._result(Outcome.DONE)

    def _failure(self, step: Step) -> T4TError:
        detail = self._seen.state.value
        match step:
            case Step.FAIL_HEARTBEAT:
                return HeartbeatLost(seconds=self._seen.silent_s)
            case Step.FAIL_DURATION:
                return DurationPassed(elapsed=self._record.elapsed_s, duration=self._folder.job.job_duration)
            case Step.FAIL_LOST:
                return VmLost(vm=self._vm, detail=detail)
            case _:
                return PrematureShutdown(detail=detail)

    async def _fail(self, error: T4TError) -> TaskResult:
        _log.error("the task failed: %s", error)
        if self._folder.job.enable_screenshots_on_error and self._seen.state in {VmState.RUNNING, VmState.PAUSED}:
            with contextlib.suppress(T4TError, OSError):
                (self._folder.path / _SCREENSHOT).write_bytes(await self._driver.screenshot(self._vm))
        self._record.error = error.code
        self._record.exit_code = error.guest_exit_code if isinstance(error, GuestFailed) else 194
        await self._clear_away()
        return self._result(Outcome.FAILED)

    async def _clear_away(self) -> None:
        """Keep the guest's log and outputs, remove the VM."""
        await self._seen.inspect()
        if self._seen.info is not None and self._seen.info.console_log:
            with contextlib.suppress(OSError):
                shutil.copyfile(self._seen.info.console_log, self._folder.path / _CONSOLE)
        self._record.expects_running = False
        self._record.outputs = self._exchange.outputs()
        await self._driver.delete(self._vm)
        self._seen.gone()

    def _result(self, outcome: Outcome) -> TaskResult:
        if outcome is not Outcome.SAVED:
            self._record.outcome = outcome.value
            self._file.save(self._record)
        record = self._record
        return TaskResult(
            outcome=outcome,
            exit_code=record.exit_code,
            elapsed_s=round(record.elapsed_s, 3),
            cpu_s=round(record.cpu_s, 3),
            hypervisor=record.hypervisor,
            checkpoints=record.checkpoints,
            restarts=record.restarts,
            outputs=tuple(record.outputs),
            message=record.message,
            error=record.error,
        )
