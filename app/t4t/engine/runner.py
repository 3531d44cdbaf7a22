"""Carries one task folder to its end: observe, decide, do one thing, write it down; over and over.

Level-triggered: each turn looks at what is, so that a missed event, a VM paused by hand or a restart of any process of ours needs no path of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from typing import TYPE_CHECKING, Final

from t4t.domain import heartbeat
from t4t.domain.duration import fraction_done, time_up
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
)
from t4t.domain.progress import Happened, Moment, Outcome, Progress, TaskEvent, TaskResult
from t4t.domain.task import Intent, Step, TaskFacts, decide
from t4t.domain.vm import Feature, VmChange, VmId, VmInfo, VmState
from t4t.engine.exchange import Exchange
from t4t.engine.record import RecordFile
from t4t.guest import webapp
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
_INSPECT_S: Final = 5.0
"""How often the VM is looked at in full while nothing happens; states come by `watch`."""
_RECORD_S: Final = 30.0
_SHUT_DOWN_S: Final = 60.0
_RETRIES: Final = 4
_WEB_TIMEOUT_S: Final = 1.5
_WEB_EVERY_S: Final = 2.0
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
        self._state = VmState.ABSENT
        self._info: VmInfo | None = None
        self._capabilities: Capabilities | None = None
        self._intent = Intent.RUN
        self._wake = asyncio.Event()
        self._beat = heartbeat.begin(interval_s=folder.job.minimum_heartbeat_interval, running_s=self._record.elapsed_s)
        self._last_turn = clock.monotonic()
        self._last_inspect = -_INSPECT_S
        self._last_record = clock.monotonic()
        self._last_web = -_WEB_EVERY_S
        self._cpu_before = self._record.cpu_s
        self._off_since: float | None = None
        self._went_back = False
        self._rest_until: float | None = None
        self._web: asyncio.Task[None] | None = None
        self._guest_job: dict[str, object] = {}

    def stop(self) -> None:
        """Save the VM and end; call it on the event loop's thread."""
        self._intent = Intent.SAVE
        self._wake.set()

    async def run(self) -> TaskResult:
        """Run to the end of the task, or until `stop`; a task that has ended before is only reported again.

        Raises leaves of `HostError` and `HypervisorError` for what this run can't overcome (VM and record are kept, unless the VM never started), never
        `TaskError`: those are a result.
        """
        if self._record.outcome:
            return self._result(Outcome(self._record.outcome))
        if self._record.data_dir != str(self._data_dir):
            raise TaskElsewhere(path=str(self._folder.path), data_dir=self._record.data_dir)
        self._capabilities = await self._driver.probe()
        watching = asyncio.create_task(self._watch(), name="watch")
        try:
            await self._set_up()
            return await self._loop()
        except T4TError:
            await self._leave_nothing()
            raise
        finally:
            for task in (watching, self._web):
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)

    async def _set_up(self) -> None:
        """Check what the computer has to give, then make what is not there yet; what fails leaves nothing behind."""
        self._info = next(iter(await self._driver.inspect(self._vm)), None)
        self._state = VmState.ABSENT if self._info is None else self._info.state
        if self._info is not None:
            self._cpu_before = self._record.cpu_s - self._info.cpu_seconds if self._state.alive else self._record.cpu_s
            self._folder.prepare()
            return
        spec = self._folder.spec(self._vm, self._wishes)
        resources.check_disk(self._data_dir, self._folder.needed_disk_mib(spec))
        resources.check_memory(spec.memory_mib)
        self._folder.prepare()
        await self._create()

    async def _leave_nothing(self) -> None:
        """After a failure: a VM that has never run is worth nothing and goes; one with work in it stays."""
        if self._record.elapsed_s > 0 or self._record.expects_running:
            self._file.save(self._record)
            return
        with contextlib.suppress(T4TError):
            await self._driver.delete(self._vm)
        self._folder.undo_prepare()
        self._file.remove()

    async def _create(self) -> None:
        self._record.hypervisor = self._probed.hypervisor
        self._file.save(self._record)
        self._observe(await self._driver.create(self._folder.spec(self._vm, self._wishes)))
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

    async def _watch(self) -> None:
        async for event in self._driver.watch():
            if event.vm_id == self._vm and event.state is not self._state:
                self._account()
                self._state = event.state
                self._wake.set()

    def _observe(self, info: VmInfo) -> VmInfo:
        self._account()
        self._info, self._state = info, info.state
        self._record.cpu_s = max(self._record.cpu_s, self._cpu_before + info.cpu_seconds)
        return info

    def _account(self) -> None:
        """Count the time since the last turn if the VM ran in it."""
        now = self._clock.monotonic()
        if self._state is VmState.RUNNING:
            self._record.elapsed_s += now - self._last_turn
        self._last_turn = now

    # --- the loop --------------------------------------------------------------------------------------------------

    async def _loop(self) -> TaskResult:
        failures = 0
        while True:
            self._wake.clear()
            try:
                ended = await self._turn()
            except T4TError as error:
                failures += 1
                if error.retry is not Retry.BACKOFF or failures > _RETRIES:
                    raise
                _log.warning("failed %d times, trying again: %s", failures, error)
                await self._clock.sleep(2.0 ** (failures - 1))
                continue
            failures = 0
            if ended is not None:
                return ended

    async def _turn(self) -> TaskResult | None:
        """Look, decide, do one thing, write it down."""
        await self._look()
        step = decide(self._facts())
        if step is Step.WAIT:
            await self._pause()
            return None
        ended = await self._do(step)
        self._file.save(self._record)
        return ended

    async def _pause(self) -> None:
        """Until something happens, a turn is over, or a rest ends."""
        wake = asyncio.create_task(self._wake.wait())
        turn = asyncio.create_task(self._clock.sleep(_TURN_S))
        try:
            await asyncio.wait({wake, turn}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (wake, turn):
                task.cancel()
            await asyncio.gather(wake, turn, return_exceptions=True)

    async def _look(self) -> None:
        self._account()
        now = self._clock.monotonic()
        if now - self._last_inspect >= _INSPECT_S or not self._state.settled:
            self._last_inspect = now
            await self._inspect()
        for news in self._exchange.news(self._record):
            self._listen(news)
        if self._state is VmState.RUNNING:
            self._beat = heartbeat.observe(self._beat, running_s=self._record.elapsed_s, fingerprint=self._exchange.heartbeat())
            self._ask_guest(now)
        off = self._state is VmState.POWERED_OFF
        self._off_since = (now if self._off_since is None else self._off_since) if off else None
        if now - self._last_record >= _RECORD_S:
            self._last_record = now
            self._file.save(self._record)
        self._listen(self.progress())

    async def _inspect(self) -> None:
        found = await self._driver.inspect(self._vm)
        if found:
            self._observe(found[0])
        else:
            self._state = VmState.ABSENT

    def _ask_guest(self, now: float) -> None:
        """Fetch the guest's own account of its job, in the background: a guest that hangs must not hold us up."""
        port = self.web_port
        if port is None or now - self._last_web < _WEB_EVERY_S or (self._web is not None and not self._web.done()):
            return
        self._last_web = now

        async def ask() -> None:
            with contextlib.suppress(T4TError):
                answer = await webapp.fetch_json(port, "/job/index.json", timeout=_WEB_TIMEOUT_S)
                self._guest_job = answer if isinstance(answer, dict) else {}

        self._web = asyncio.create_task(ask(), name="guest's web page")

    @property
    def web_port(self) -> int | None:
        """The loopback port of the guest's web page, while there is one."""
        return None if self._info is None else next((port.host_port for port in self._info.ports if port.name == "web"), None)

    def progress(self) -> Progress:
        """Where the task is."""
        fraction = fraction_done(elapsed_s=self._record.elapsed_s, job_duration_s=self._folder.job.job_duration, reported=self._exchange.fraction())
        return Progress(fraction=fraction, elapsed_s=self._record.elapsed_s, cpu_s=self._record.cpu_s, web_port=self.web_port, job=self._guest_job)

    def _facts(self) -> TaskFacts:
        now = self._clock.monotonic()
        job = self._folder.job
        if self._rest_until is not None and now >= self._rest_until:
            self._rest_until = None
        return TaskFacts(
            vm=self._state,
            intent=self._intent,
            completed=self._exchange.completion() is not None,
            rest_asked=self._exchange.rest() is not None,
            resting=self._rest_until is not None,
            pulse=self._beat.pulse if job.heartbeat_filename else heartbeat.Pulse.BEATING,
            time_up=time_up(elapsed_s=self._record.elapsed_s, job_duration_s=job.job_duration, starting=self._state is not VmState.RUNNING),
            expects_running=self._record.expects_running,
            off_for_s=0.0 if self._off_since is None else now - self._off_since,
            checkpoint_due=self._checkpoint_due(),
            recoveries=self._record.recoveries,
        )

    def _checkpoint_due(self) -> bool:
        job = self._folder.job
        if job.disable_automatic_checkpoints or not self._probed.has(Feature.SNAPSHOTS):
            return False
        return self._record.elapsed_s - self._record.checkpoint_at_s >= job.minimum_checkpoint_interval

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
                self._observe(await self._driver.save(self._vm))
                self._record.recoveries = 0
                self._tell(Happened.SAVED)
            case Step.QUIT:
                return self._result(Outcome.SAVED)
            case Step.REST:
                await self._rest()
            case Step.RECOVER:
                await self._recover()
            case Step.COLLECT | Step.END_OF_TIME:
                return await self._finish(self._exchange.completion())
            case Step.FAIL_PREMATURE | Step.FAIL_HEARTBEAT | Step.FAIL_DURATION | Step.FAIL_LOST:
                return await self._fail(self._failure(step))
            case Step.WAIT:
                pass
        return None

    async def _start(self) -> None:
        fresh = self._state is VmState.POWERED_OFF and not self._record.has_checkpoint
        was_paused = self._state is VmState.PAUSED
        was_saved = self._state in {VmState.SAVED, VmState.ABORTED_SAVED}
        if self._info is not None and self._info.cap_percent != self._wishes.cap_percent:
            self._observe(await self._driver.reconfigure(self._vm, VmChange(cap_percent=self._wishes.cap_percent)))
        if not self._state.alive:
            self._cpu_before = self._record.cpu_s
        try:
            info = await self._driver.start(self._vm)
        except StateUnreadable as error:
            _log.warning("%s", error)
            self._tell(Happened.STATE_DISCARDED, error.detail)
            self._record.recoveries += 1
            self._record.restarts += 1
            self._observe(await self._driver.discard_state(self._vm))
            await self._go_back()
            return
        if (was_saved and not self._went_back) or (self._record.expects_running and not was_paused):
            self._record.restarts += 1
        self._went_back = False
        self._record.expects_running = True
        self._observe(info)
        self._beat = heartbeat.begin(interval_s=self._folder.job.minimum_heartbeat_interval, running_s=self._record.elapsed_s)
        self._tell(Happened.STARTED if fresh and not was_saved else Happened.RESTORED, str(self.web_port or ""))

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
        self._observe(await self._driver.save(self._vm))
        self._exchange.clear_rest()
        self._rest_until = self._clock.monotonic() + delay
        self._tell(Happened.RESTING, f"{delay:.0f}")

    async def _recover(self) -> None:
        """Go on from the last checkpoint, or boot anew."""
        self._record.recoveries += 1
        self._record.restarts += 1
        self._record.expects_running = False
        self._file.save(self._record)
        if self._state is VmState.INACCESSIBLE:
            await self._driver.delete(self._vm)
            self._record.has_checkpoint = False
            self._state = VmState.ABSENT
            return
        self._observe(await self._driver.power_off(self._vm))
        await self._go_back()

    async def _go_back(self) -> None:
        self._went_back = True  # counted as a restart where it was decided
        self._record.expects_running = False
        if self._record.has_checkpoint:
            try:
                self._observe(await self._driver.restore_snapshot(self._vm, CHECKPOINT))
            except (SnapshotNotFound, StateUnreadable) as error:
                _log.warning("the checkpoint is gone: %s", error)
                self._record.has_checkpoint = False
        self._tell(Happened.RECOVERED, "checkpoint" if self._record.has_checkpoint else "boot")

    # --- the end ---------------------------------------------------------------------------------------------------

    async def _finish(self, completion: Completion | None) -> TaskResult:
        """The guest said how it ended, or its time is over: a success unless it says otherwise."""
        if self._state.alive:
            await self._inspect()  # what it has used so far: its process is about to go
            self._observe(await self._driver.shut_down(self._vm, deadline=_SHUT_DOWN_S))
        if completion is not None and completion.exit_code != 0:
            self._record.message = completion.message
            return await self._fail(GuestFailed(guest_exit_code=completion.exit_code, message=completion.message))
        if self._folder.job.enable_cern_dataformat:
            (self._folder.path / "output").write_text("Work Unit completed!\n", encoding="ascii")
        self._record.message = "" if completion is None else completion.message
        await self._clear_away()
        self._tell(Happened.COMPLETED)
        return self._result(Outcome.DONE)

    def _failure(self, step: Step) -> T4TError:
        detail = self._state.value
        match step:
            case Step.FAIL_HEARTBEAT:
                return HeartbeatLost(seconds=self._beat.silent_s)
            case Step.FAIL_DURATION:
                return DurationPassed(elapsed=self._record.elapsed_s, duration=self._folder.job.job_duration)
            case Step.FAIL_LOST:
                return VmLost(vm=self._vm, detail=detail)
            case _:
                return PrematureShutdown(detail=detail)

    async def _fail(self, error: T4TError) -> TaskResult:
        _log.error("the task failed: %s", error)
        if self._folder.job.enable_screenshots_on_error and self._state in {VmState.RUNNING, VmState.PAUSED}:
            with contextlib.suppress(T4TError, OSError):
                (self._folder.path / _SCREENSHOT).write_bytes(await self._driver.screenshot(self._vm))
        self._record.error = error.code
        self._record.exit_code = error.guest_exit_code if isinstance(error, GuestFailed) else 194
        await self._clear_away()
        return self._result(Outcome.FAILED)

    async def _clear_away(self) -> None:
        """Keep the guest's log and outputs, remove the VM."""
        await self._inspect()
        if self._info is not None and self._info.console_log:
            with contextlib.suppress(OSError):
                shutil.copyfile(self._info.console_log, self._folder.path / _CONSOLE)
        self._record.expects_running = False
        self._record.outputs = self._exchange.outputs()
        await self._driver.delete(self._vm)
        self._state = VmState.ABSENT

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
