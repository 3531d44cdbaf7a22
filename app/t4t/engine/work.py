"""One task under way: what is known of it, and each thing that can be done for it. What is to be done is decided elsewhere (`domain.task`)."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import (
    GuestFailed,
    MediumMissing,
    SnapshotNotFound,
    StateUnreadable,
    T4TError,
    TaskElsewhere,
)
from t4t.domain.progress import Happened, Moment, Outcome, TaskEvent
from t4t.domain.task import Step, TaskFacts
from t4t.domain.vm import Feature, VmId, VmState
from t4t.engine.checkpoints import CHECKPOINT, Checkpoints
from t4t.engine.exchange import Exchange
from t4t.engine.failing import failure
from t4t.engine.fitting import Fitting
from t4t.engine.observer import TaskObserver
from t4t.engine.record import RecordFile
from t4t.host import resources
from t4t.storage.place import home

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.clock import WallClock
    from t4t.domain.completion import Completion
    from t4t.engine.folder import TaskFolder, Wishes
    from t4t.engine.observer import Able, Pace
    from t4t.hypervisor.driver import Driver

_log = logging.getLogger(__name__)

_SHUT_DOWN_S: Final = 60.0
_SCREENSHOT: Final = "vm_screenshot.png"
_CONSOLE: Final = "console.log"
_FAILED_EXIT: Final = 194
_PROGRESS_S: Final = 60.0
"""So much more work than ever before shows that a task goes on."""


class Work:
    """One task of one data folder; make a new one for each start of the program."""

    def __init__(
        self,
        folder: TaskFolder,
        driver: Driver,
        *,
        data_dir: Path,
        wishes: Wishes,
        clock: WallClock,
        pace: Pace,
        listen: Callable[[TaskEvent], None],
        checkpoint_s: float = 0.0,
        gentle_percent: int = 50,
        copy: bytes | None = None,
    ) -> None:
        """``listen`` is told what happens, on the loop's thread; ``checkpoint_s``: least seconds between checkpoints; ``copy``: see `RecordFile.load`."""
        self.folder = folder
        self.wishes = wishes
        self._driver = driver
        self._data_dir = data_dir
        self._clock = clock
        self._pace = pace
        self._listen = listen
        self.exchange = Exchange(folder)
        self._file = RecordFile(folder.path)
        self.record = self._file.load(data_dir, copy=copy)
        self.vm = VmId(self.record.vm_id)
        self.seen = TaskObserver(folder, driver, self.record, self.exchange, clock=clock, pace=pace)
        self.fitting = Fitting(
            driver, self.seen, self.record, job=folder.job, wishes=wishes, gentle_percent=gentle_percent, memory=self._memory_mib, tell=self._tell
        )
        interval_s = self._interval_s(checkpoint_s)
        self.checkpoints = Checkpoints(driver, self.seen, self.record, fitting=self.fitting, clock=clock, interval_s=interval_s, tell=self._tell)
        self._last_record = clock.monotonic()
        self._went_back = False
        self._gave_up_checkpoint = False
        """It came back and could not be read: not tried again, as long as we live."""
        self._rest_until: float | None = None

    def give(self, wishes: Wishes, *, checkpoint_s: float, gentle_percent: int) -> None:
        """The volunteer gives something else: what the hypervisor can change at once is changed, the rest when the VM boots next."""
        self.wishes = wishes
        self.checkpoints.interval_s = self._interval_s(checkpoint_s)
        self.fitting.give(wishes, gentle_percent)

    def _interval_s(self, wanted_s: float) -> float:
        job = self.folder.job
        return math.inf if job.disable_automatic_checkpoints else max(job.minimum_checkpoint_interval, wanted_s)

    def _memory_mib(self) -> int:
        return self.folder.spec(self.vm, self.wishes).memory_mib

    def check_home(self) -> None:
        """Raise `TaskElsewhere` if another data folder has the VM."""
        if not self.record.outcome and self.record.data_dir != str(self._data_dir):
            raise TaskElsewhere(path=str(self.folder.path), data_dir=self.record.data_dir)

    def check_room(self) -> None:
        """Whether this computer has what a new VM needs; raises `NotEnoughMemory` or `NotEnoughDisk`."""
        spec = self.folder.spec(self.vm, self.wishes)
        resources.check_memory(spec.memory_mib)
        resources.check_disk(home(self._data_dir), self.folder.needed_disk_mib(spec))

    @property
    def finished(self) -> bool:
        """Whether it has ended and nothing of it is left with the hypervisor."""
        return bool(self.record.outcome) and self.record.cleared

    @property
    def begun(self) -> bool:
        """Whether a VM was made for it."""
        return bool(self.record.hypervisor)

    def _tell(self, what: Happened, detail: str = "", *, lost_s: float = 0.0) -> None:
        _log.info("%s: %s %s", self.folder.path.name, what.value, detail)
        self._listen(Moment(what=what, detail=detail, lost_s=lost_s))

    # --- looking ---------------------------------------------------------------------------------------------------

    async def inspect(self) -> None:
        """A full look at the VM."""
        if self.seen.seen:
            await self.seen.inspect()
            return
        await self.seen.first_look()
        if self.seen.state is VmState.RUNNING:
            self._tell(Happened.ADOPTED)

    def look(self) -> None:
        """One look at everything that needs no driver; raises `FolderUnwritable` when the record's time has come and it can't be written."""
        self.seen.look()
        if self.record.useful_s >= self.record.farthest_s + _PROGRESS_S:
            self.record.farthest_s, self.record.recoveries = self.record.useful_s, 0  # it does go on: what ended it came from outside
        for news in self.exchange.news(self.record):
            self._listen(news)
        now = self._clock.monotonic()
        if now - self._last_record >= self._pace.record_s and self.seen.state.alive:
            self._last_record = now
            self._file.save(self.record)
        self._listen(self.seen.progress())

    def facts(self, able: Able) -> TaskFacts:
        """All that the transition needs; ``able`` is what may be tried now."""
        able = dataclasses.replace(able, save=able.save and self.fitting.can(Feature.SAVE))
        return self.seen.facts(able, resting=self.resting, unfit=able.adjust and self.fitting.unfit, checkpoint_due=self.checkpoints.due_in_s <= 0)

    @property
    def resting(self) -> bool:
        """Whether the guest's rest is not over."""
        if self._rest_until is not None and self._clock.monotonic() >= self._rest_until:
            self._rest_until = None
        return self._rest_until is not None

    @property
    def due_s(self) -> float:
        """Seconds until there is something to look at."""
        wait = self.seen.next_look_s
        if self.seen.state is VmState.RUNNING and (due := self.checkpoints.due_in_s) > 0:
            wait = min(wait, due)  # what is at risk is never more than what was agreed
        return wait if self._rest_until is None else min(wait, max(0.0, self._rest_until - self._clock.monotonic()))

    def save_record(self) -> None:
        """Write the record; raises `FolderUnwritable`."""
        self._last_record = self._clock.monotonic()
        self._file.save(self.record)

    # --- effects ---------------------------------------------------------------------------------------------------

    async def do(self, step: Step) -> None:  # noqa: C901 - one line a step
        """Carry out ``step``; the record is written afterwards. Raises leaves of `HostError` and `HypervisorError`."""
        match step:
            case Step.CREATE:
                await self._create()
            case Step.START:
                await self._start()
            case Step.PAUSE:
                self.seen.observe(await self._driver.pause(self.vm))
                self._tell(Happened.PAUSED)
            case Step.ADJUST:
                await self.fitting.adjust()
            case Step.CHECKPOINT:
                await self._checkpoint()
            case Step.SAVE:
                await self._save()
                self.record.recoveries = 0
                self._tell(Happened.SAVED)
            case Step.REST:
                await self._rest()
            case Step.RECOVER:
                await self._recover()
            case Step.COLLECT | Step.END_OF_TIME:
                await self._finish(self.exchange.completion(final=True))
            case Step.FAIL_PREMATURE | Step.FAIL_HEARTBEAT | Step.FAIL_DURATION | Step.FAIL_LOST:
                await self._fail(failure(step, self.seen, self.record, self.folder.job))
            case Step.CLEAR_AWAY:
                await self._clear_away()
            case Step.WAIT | Step.QUIT | Step.REPORT:
                return
        self.save_record()

    async def _create(self) -> None:
        self.check_room()
        self.folder.prepare(cmdline=self.wishes.cmdline)
        self.record.hypervisor = "" if self.fitting.capabilities is None else self.fitting.capabilities.hypervisor
        self.record.has_checkpoint = False
        self.record.expects_running = False
        lost = self.record.lose(self.record.useful_s)  # there was a VM, and somebody removed it
        self.save_record()
        self.seen.observe(await self._driver.create(self.folder.spec(self.vm, self.fitting.wishes)))
        self._tell(Happened.CREATED, self.vm, lost_s=lost)
        for element in self.folder.ignored():
            self._tell(Happened.IGNORED, element)

    async def _start(self) -> None:
        before, info = self.seen.state, self.seen.info
        if before is VmState.POWERED_OFF and self.record.has_checkpoint and not self._went_back:
            await self._go_back()  # we, or our VM host, died on the way back to it
            return
        was_saved = before in {VmState.SAVED, VmState.ABORTED_SAVED}
        if not before.alive:
            resources.check_memory(self.folder.spec(self.vm, self.wishes).memory_mib)
            self.folder.prepare(cmdline=self.wishes.cmdline)
        if info is not None:
            await self.fitting.before_start(info)
        if not before.alive:
            self.seen.new_process()
        try:
            # one that we believe frozen may have died meanwhile: to start it would be to boot it anew
            started = await (self._driver.resume(self.vm) if before is VmState.PAUSED else self._driver.start(self.vm))
        except StateUnreadable as error:
            _log.warning("%s", error)
            self._tell(Happened.STATE_DISCARDED, error.detail)
            self.record.recoveries += 1
            self.record.restarts += 1
            self._gave_up_checkpoint |= self._went_back  # what can't be read is the checkpoint
            self.save_record()  # that it does not run is our doing, whoever dies now
            self.seen.observe(await self._driver.discard_state(self.vm))
            await self._go_back()
            return
        except MediumMissing as error:
            if not self._is_own(error.path):
                raise  # somebody's file: it may come back
            self.record.recoveries += 1
            self.record.restarts += 1
            await self._begin_anew()
            return
        again = was_saved or (self.record.expects_running and before is not VmState.PAUSED)
        if again and not self._went_back:
            self.record.restarts += 1
        self.record.expects_running = True
        self.seen.observe(started)
        what = Happened.RESUMED if before is VmState.PAUSED else Happened.RESTORED if was_saved or self._went_back else Happened.STARTED
        self._tell(what, str(self.seen.web_port or ""))
        self._went_back = False

    async def _save(self) -> None:
        """Save, and remember how long it took: whoever holds up a shutdown must know."""
        begun = self._clock.monotonic()
        if self.seen.observe(await self._driver.save(self.vm)).state is VmState.SAVED:
            self.record.expects_running = False
        self.record.save_s = self._clock.monotonic() - begun

    async def _checkpoint(self) -> None:
        if await self.checkpoints.take(home(self._data_dir), memory_mib=self.folder.spec(self.vm, self.wishes).memory_mib):
            self._gave_up_checkpoint = False

    async def _rest(self) -> None:
        """Save for as long as the guest asked; its trigger is removed first, or the restored guest would rest for ever."""
        delay = 0.0 if (asked := self.exchange.rest()) is None else float(asked.delay_s)
        await self._save()
        self.exchange.clear_rest()
        self._rest_until = self._clock.monotonic() + delay
        self._tell(Happened.RESTING, f"{delay:.0f}")

    # --- what is lost and what is not ------------------------------------------------------------------------------

    async def _recover(self) -> None:
        """Go on from the last checkpoint, or boot anew."""
        self._went_back = False
        self.record.recoveries += 1
        self.record.restarts += 1
        self.record.expects_running = False
        self.save_record()
        if self.seen.state is VmState.INACCESSIBLE:
            await self._begin_anew()
            return
        self.seen.observe(await self._driver.power_off(self.vm))
        await self._go_back()

    def _is_own(self, path: str) -> bool:
        """Whether a file is the VM's own, which nobody can bring back."""
        return Path(path).is_relative_to(self._data_dir / "vms" / self.vm)

    async def _begin_anew(self) -> None:
        """What is left of the VM can't be used any more: it goes, and another one is made."""
        await self._driver.delete(self.vm)
        self.record.has_checkpoint = False
        self.record.expects_running = False
        self._tell(Happened.RECOVERED, "new", lost_s=self.record.lose(self.record.useful_s))
        self.seen.gone()

    async def _go_back(self) -> None:
        self._went_back = False
        self.record.expects_running = False
        lost = self.record.useful_s
        self.record.has_checkpoint &= not self._gave_up_checkpoint
        # there may be one that we don't know of: we died while it was taken
        if self.fitting.can(Feature.SNAPSHOTS) and not self._gave_up_checkpoint:
            try:
                self.seen.observe(await self._driver.restore_snapshot(self.vm, CHECKPOINT))
                lost -= self.record.checkpoint_useful_s
                self.record.has_checkpoint = True
            except (SnapshotNotFound, StateUnreadable) as error:
                _log.warning("no checkpoint: %s", error)
                self.record.has_checkpoint = False
        self._went_back = True  # counted as a restart where it was decided
        self._tell(Happened.RECOVERED, "checkpoint" if self.record.has_checkpoint else "boot", lost_s=self.record.lose(lost))

    # --- the end ---------------------------------------------------------------------------------------------------

    async def _finish(self, completion: Completion | None) -> None:
        """The guest said how it ended, or its time is over: a success unless it says otherwise.

        A VM that was frozen is not woken for a shutdown of its own.
        """
        if self.seen.state.alive:
            await self.seen.inspect()  # what it has used so far: its process is about to go
            frozen = self.seen.state is VmState.PAUSED
            self.seen.observe(await (self._driver.power_off(self.vm) if frozen else self._driver.shut_down(self.vm, deadline=_SHUT_DOWN_S)))
        if completion is not None and completion.exit_code != 0:
            self.record.message = completion.message
            await self._fail(GuestFailed(guest_exit_code=completion.exit_code, message=completion.message))
            return
        if self.folder.job.enable_cern_dataformat:
            self.folder.write_output("Work Unit completed!\n")
        self.record.message = "" if completion is None else completion.message
        await self._end(Outcome.DONE)
        self._tell(Happened.COMPLETED)

    async def _fail(self, error: T4TError) -> None:
        _log.error("the task failed: %s", error)
        if self.folder.job.enable_screenshots_on_error and self.seen.state in {VmState.RUNNING, VmState.PAUSED}:
            with contextlib.suppress(T4TError, OSError):
                (self.folder.path / _SCREENSHOT).write_bytes(await self._driver.screenshot(self.vm))
        self.record.error = error.code
        self.record.exit_code = error.guest_exit_code if isinstance(error, GuestFailed) else _FAILED_EXIT
        await self._end(Outcome.FAILED)
        self._tell(Happened.FAILED, error.code)

    async def _end(self, outcome: Outcome) -> None:
        """Keep the guest's log and outputs, and write down how it ended; only then may the VM go."""
        await self.seen.inspect()
        if self.seen.info is not None and self.seen.info.console_log:
            with contextlib.suppress(OSError):
                shutil.copyfile(self.seen.info.console_log, self.folder.path / _CONSOLE)
        self.record.expects_running = False
        self.record.outputs = self.exchange.outputs()
        self.record.outcome = outcome.value
        self.save_record()
        await self._clear_away()

    async def _clear_away(self) -> None:
        await self._driver.delete(self.vm)
        self.seen.gone()
        self.record.cleared = True

    async def leave_safe(self) -> None:
        """After a failure: a VM that has never run is worth nothing and goes; one with work in it stays, saved, or at least paused."""
        if self.record.elapsed_s > 0 or self.record.expects_running:
            await self.put_to_rest()
            with contextlib.suppress(T4TError):
                self._file.save(self.record)
            return
        with contextlib.suppress(T4TError):
            await self._driver.delete(self.vm)
        self.folder.undo_prepare()
        self._file.remove()

    async def put_to_rest(self) -> None:
        """Leave no VM running without limits."""
        for command in (self._driver.save, self._driver.pause):
            try:
                await self.seen.inspect()
                if self.seen.state in {VmState.RUNNING, VmState.PAUSED}:
                    self.seen.observe(await command(self.vm))
            except T4TError as error:
                _log.error("the virtual machine could not be left at rest: %s", error)
            else:
                return

    async def close(self) -> None:
        """End what goes on in the background."""
        await self.seen.close()
