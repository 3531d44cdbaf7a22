"""Tasks come from the source and go back to it: opened, checked, locked, counted once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import FolderMissing, FolderUnwritable, InternalFault, T4TError, TaskError
from t4t.domain.patience import RESOURCE_S, wait_s
from t4t.domain.progress import Failure, Happened, IntermediateUpload, Moment, Outcome, Trickle
from t4t.engine import showing
from t4t.engine.record import peek
from t4t.engine.work import Work
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.progress import TaskEvent
    from t4t.domain.session import NoticeView
    from t4t.engine.folder import TaskFolder
    from t4t.engine.given import Given
    from t4t.engine.history import History
    from t4t.engine.parts import Parts
    from t4t.engine.reconciler import Reconciler
    from t4t.engine.record import TaskRecord

_log = logging.getLogger(__name__)

_RUNS_NOW: Final = frozenset({Happened.STARTED, Happened.RESTORED, Happened.RESUMED, Happened.ADOPTED})


class Intake:
    """Between source and reconciler."""

    def __init__(self, parts: Parts, given: Given, reconciler: Reconciler, history: History, *, wake: Callable[[], None]) -> None:
        """Nothing is opened before `turn`."""
        self._parts = parts
        self._given = given
        self._reconciler = reconciler
        self._history = history
        self._wake = wake
        self._clock = parts.clock
        self._scan_at = 0.0
        self._locks: dict[str, FolderLock] = {}
        self._opening: asyncio.Task[None] | None = None
        self.settled = False
        """Whether every folder that is there was taken up or refused."""
        self._refused: dict[str, tuple[T4TError, float]] = {}
        """Folders that can't be opened or handed back now, and when they are tried again."""
        self.finished = 0
        self.retired = 0
        """Tasks that ended since we began."""

    def begin(self) -> None:
        """Hear of new tasks at once."""
        self._count_again()
        self.finished = self._parts.state.finished()
        self._parts.folder_watch.add(self._parts.source.place, lambda _: self.scan_soon())

    def _count_again(self) -> None:
        """After our own counting was lost: what was handed back is still there with its records, and nothing counts twice."""
        if not self._parts.state.set_aside:
            return
        for folder in self._parts.source.ended():
            record = peek(folder)
            if record is not None and record.outcome:
                self._count(folder.name, record)

    def scan_soon(self) -> None:
        """There may be something new."""
        self._scan_at = 0.0
        self._wake()

    def try_again(self) -> None:
        """Forget how long to wait."""
        self._refused.clear()
        self._scan_at = 0.0

    @property
    def busy(self) -> bool:
        """Whether a folder is being read."""
        return self._opening is not None

    @property
    def due_s(self) -> float:
        """Seconds until the next scan."""
        return self._scan_at - self._clock.monotonic()

    def notices(self) -> list[NoticeView]:
        """What is wrong with folders."""
        return [showing.notice_view(error, task=key) for key, (error, _) in self._refused.items()]

    # --- in --------------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Take up what the source has; let go of what was taken away."""
        if self._clock.monotonic() < self._scan_at:
            return
        self._scan_at = self._clock.monotonic() + self._parts.pace.scan_s
        try:
            folders = {path.name: path for path in self._parts.source.folders()}
        except T4TError as error:
            _log.warning("the tasks can't be listed: %s", error)
            return
        self.settled = all(key in self._reconciler.charges or key in self._refused for key in folders)
        for key, path in folders.items():
            if self._opening is None and key not in self._reconciler.charges and not self._must_wait(key):
                # one after the other, in their order, or the quickest to read would be the first to run
                self._opening = asyncio.create_task(self._open(key, path), name=f"open {key}")
        self._refused = {key: refusal for key, refusal in self._refused.items() if key in folders}
        for key, charge in list(self._reconciler.charges.items()):
            if charge.work.wishes != self._given.wishes_for(key):
                self._given.give(key, charge.work)  # who gave it wants it otherwise now
            if key not in folders and not charge.busy:
                self._reconciler.discard(key)
                self._let_go(key, charge.work)
                self._forget(key)
                self._history.note("task_gone", task=key)

    def _forget(self, key: str) -> None:
        """The copy of a record that nobody will ask for; one that stays does no harm."""
        try:
            self._parts.state.forget(key)
        except T4TError as error:
            _log.warning("not forgotten: %s", error)

    def _must_wait(self, key: str) -> bool:
        return key in self._refused and self._clock.monotonic() < self._refused[key][1]

    async def _open(self, key: str, path: Path) -> None:
        try:
            folder = await self._parts.in_thread(lambda: self._parts.open_folder(path))
            self._lock(key, folder)
            self._take_up(key, folder)
            self._refused.pop(key, None)
        except FolderMissing:
            _log.info("%s is gone", path)
        except TaskError as error:
            if _has_begun(path):
                self._put_off(key, error, RESOURCE_S)  # its files may come back, and its machine has work in it
                self._unlock(key)
            else:
                self._refuse(key, path, error)
        except T4TError as error:
            self._put_off(key, error)
            self._unlock(key)
        except Exception as error:  # noqa: BLE001 - the top of a task: a bug with one folder must not end the others
            _log.exception("a bug while %s was opened", key)
            self._put_off(key, InternalFault(detail=f"{type(error).__name__}: {error}"))
            self._unlock(key)
        finally:
            self._opening = None
            self.scan_soon()

    def _put_off(self, key: str, error: T4TError, seconds: float | None = None) -> None:
        self._refused[key] = (error, self._clock.monotonic() + (wait_s(error, 1) if seconds is None else seconds))

    def _lock(self, key: str, folder: TaskFolder) -> None:
        lock = FolderLock(folder.own, "lock")
        lock.take()
        self._locks[key] = lock

    def _unlock(self, key: str) -> None:
        lock = self._locks.pop(key, None)
        if lock is not None:
            lock.release()

    def _let_go(self, key: str, work: Work) -> None:
        self._unlock(key)
        if work.folder.shared is not None:
            self._parts.folder_watch.remove(work.folder.shared)

    def _take_up(self, key: str, folder: TaskFolder) -> None:
        copy = self._parts.state.record(key)
        work = Work(
            folder,
            self._parts.driver,
            data_dir=self._parts.data_dir,
            wishes=self._given.wishes_for(key),
            clock=self._clock,
            pace=self._parts.pace,
            listen=lambda event: self._heard(key, event),
            checkpoint_s=self._given.settings.checkpoint_s,
            gentle_percent=self._given.settings.gentle_percent,
            copy=copy,
        )
        work.check_home()
        if copy is None and work.begun:
            with contextlib.suppress(FolderUnwritable):  # the end of the next step writes one
                self._parts.state.keep_record(key, msgspec.json.encode(work.record))  # or the next accident would find only one
        self._reconciler.add(key, work)

    def _heard(self, key: str, event: TaskEvent) -> None:
        if isinstance(event, Moment) and event.what is not Happened.IGNORED:
            self._history.note(event.what.value, event.detail, task=key, lost_s=event.lost_s)
            if event.what in _RUNS_NOW:
                self._watch_share(self._reconciler.charges[key].work)
        elif isinstance(event, Trickle | IntermediateUpload) and self._parts.patron is not None:
            self._parts.patron.heard(key, event)

    def _watch_share(self, work: Work) -> None:
        """Only now is it sure that the folder is there."""
        if work.folder.shared is not None:
            self._parts.folder_watch.add(work.folder.shared, lambda name: self._wake() if not name or work.exchange.concerns(name) else None)

    def _refuse(self, key: str, path: Path, error: TaskError) -> None:
        """A task that can't be run is a result, too."""
        try:
            if self._parts.state.count_result(f"refused {key}", task=key, outcome=Outcome.FAILED.value, error=error.code, elapsed_s=0.0):
                self.finished += 1
                self._history.note("refused", error.code, task=key)
            self._parts.source.retire(path, Outcome.FAILED)
            self._parts.failed(Failure(task=key, code=error.code, error=error))
        except T4TError as later:
            self._put_off(key, later)

    # --- out -------------------------------------------------------------------------------------------------------

    def retire(self) -> None:
        """Hand back what has ended: counted once by its VM's id, then moved; a death between the two counts it no second time."""
        for key, charge in list(self._reconciler.charges.items()):
            if charge.outcome in {None, Outcome.SAVED} or charge.busy or self._must_wait(key):
                continue
            try:
                if self._count(key, charge.work.record):
                    self.finished += 1
                self._parts.source.retire(charge.work.folder.path, Outcome(charge.work.record.outcome))
                self._parts.state.forget(key)
            except T4TError as error:
                self._put_off(key, error)
                continue
            self._let_go(key, charge.work)
            if charge.outcome is Outcome.FAILED:
                self._parts.failed(Failure(task=key, code=charge.work.record.error, message=charge.work.record.message))
            self._refused.pop(key, None)
            self._reconciler.remove(key)
            self.retired += 1

    def _count(self, key: str, record: TaskRecord) -> bool:
        return self._parts.state.count_result(record.vm_id, task=key, outcome=record.outcome, error=record.error, elapsed_s=record.elapsed_s)

    async def close(self) -> None:
        """Read nothing more, hold nothing."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        for key in list(self._locks):
            self._unlock(key)


def _has_begun(path: Path) -> bool:
    """Whether the task in a folder has a machine with work in it."""
    record = peek(path)
    return record is not None and bool(record.hypervisor) and not record.outcome and record.elapsed_s > 0
