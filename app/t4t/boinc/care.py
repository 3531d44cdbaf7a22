"""The care of one project's tasks between two contacts with its scheduler: files fetched, folders built, results taken back and sent.

Each change is written down before the next one begins, so that whatever dies, the next start goes on from the last stage.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from t4t import __version__
from t4t.boinc.folder import PROJECTS, SLOTS, build, open_folder, output_of, put_word, whole_name
from t4t.domain import project_task as tasks
from t4t.domain.errors import HostError, InternalFault, T4TError
from t4t.domain.patience import RESOURCE_S
from t4t.domain.progress import Outcome
from t4t.domain.project_errors import SigningKeyUnreadable, UploadRefused
from t4t.domain.project_state import after_finished_task
from t4t.domain.project_task import ProjectTask, Stage, Used
from t4t.domain.redaction import redact
from t4t.domain.scheduler_request import UPLOAD_FAILED, TrickleUp
from t4t.domain.task_init_data import write_init_data
from t4t.engine.record import peek
from t4t.project.signing import SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from t4t.boinc.surroundings import Surroundings
    from t4t.boinc.transfers import Transfers
    from t4t.domain.preferences import Preferences
    from t4t.domain.project import FileInfo, TrickleDown
    from t4t.domain.project_limits import ProjectLimits
    from t4t.domain.project_state import ProjectState

_log = logging.getLogger(__name__)

_CONSOLE: Final = "console.log"
_CONSOLE_BYTES: Final = 48 * 1024
"""Of the 64 KiB that a project keeps, what is left for the guest's own log."""
_MIB: Final = 1 << 20
_TRICKLE_BYTES: Final = 64 * 1024


class Care:
    """One project's tasks."""

    def __init__(
        self,
        project: str,
        around: Surroundings,
        transfers: Transfers,
        *,
        preferences: Callable[[], Preferences],
        limits: Callable[[], ProjectLimits],
        changed: Callable[[], None],
    ) -> None:
        """``limits``: what the account says of its tasks; ``changed`` is called when a task has come a stage further."""
        self._project = project
        self._around = around
        self._book = around.book
        self._transfers = transfers
        self._preferences = preferences
        self._limits = limits
        self._changed = changed
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._again_at: dict[str, float] = {}
        self.trouble: T4TError | None = None
        """What this computer lacks for a task."""

    @property
    def state(self) -> ProjectState:
        """The project's."""
        return self._book.projects[self._project]

    @property
    def tasks(self) -> tuple[ProjectTask, ...]:
        """All that are held, those due first at the front."""
        return tasks.tracked(self._book.tasks, self._project)

    def slot(self, task: ProjectTask) -> Path:
        """The task's folder."""
        return self._around.data / SLOTS / task.slot

    @property
    def files(self) -> Path:
        """The folder of the project's files."""
        return self._around.data / PROJECTS / self._project

    # --- set going -------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """After a start: a task whose files are no longer all there is fetched again."""
        for task in self.tasks:
            if task.stage is Stage.READY and not self._is_whole(task):
                self._put(tasks.fetched_again(task))

    def _is_whole(self, task: ProjectTask) -> bool:
        """Its files by their sizes: checksums of gigabytes at each start would be the slower way to learn the same."""
        try:
            return self.slot(task).is_dir() and all((self.files / info.name).stat().st_size == (info.nbytes or 1) for info in task.files if info.nbytes)
        except OSError:
            return False

    def turn(self) -> None:
        """Set going what each task needs."""
        self._pass_words_on()
        for task in self.tasks:
            if task.slot in self._busy or self._around.clock.monotonic() < self._again_at.get(task.slot, 0.0):
                continue
            match task.stage:
                case Stage.FETCHING:
                    self._start(task, self._fetch(task))
                case Stage.SENDING:
                    self._start(task, self._send(task))
                case Stage.READY | Stage.FINISHED:
                    pass

    @property
    def due_s(self) -> float:
        """Seconds until a task that had to wait is tried again."""
        now = self._around.clock.monotonic()
        return min((at - now for at in self._again_at.values() if at > now), default=math.inf)

    def _start(self, task: ProjectTask, work: Coroutine[Any, Any, None]) -> None:
        self._busy[task.slot] = asyncio.create_task(self._carry(task, work), name=f"{task.stage.value} {task.slot}")

    async def _carry(self, task: ProjectTask, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
            self.trouble = None
        except HostError as error:
            self._later(task, error)
        except T4TError as error:
            _log.warning("%s can't be done: %s", task.slot, error)
            text = tasks.file_trouble(getattr(error, "file", ""), tasks.file_error(error), str(error))
            self._fail(task, exit_status=tasks.file_error(error), error=error.code, stderr=text)
        except OSError as error:
            _log.warning("%s: %s", task.slot, error)
            self._later(task, InternalFault(detail=str(error)))
        except Exception as error:  # noqa: BLE001 - the top of a task: a bug with one must not end the others
            _log.exception("a bug in the care of %s", task.slot)
            self._later(task, InternalFault(detail=f"{type(error).__name__}: {error}"))
        finally:
            self._busy.pop(task.slot, None)
            self._changed()

    def _later(self, task: ProjectTask, error: T4TError) -> None:
        _log.warning("%s has to wait: %s", task.slot, error)
        self.trouble = error
        self._again_at[task.slot] = self._around.clock.monotonic() + RESOURCE_S

    def _fail(self, task: ProjectTask, *, exit_status: int, error: str, stderr: str, state: int | None = None) -> None:
        now = self._book.tasks.get(task.slot)
        if now is None:
            return  # it was forgotten meanwhile
        more = {} if state is None else {"state": state}
        self._put(tasks.failed(now, exit_status=exit_status or -1, error=error, stderr=redact(stderr), now=self._around.clock.wall(), **more))
        self._around.note("given_up", error, task.slot)

    def _put(self, task: ProjectTask) -> None:
        """Write it down; what has just ended may bring new work at once."""
        before = self._book.tasks.get(task.slot)
        self._book.put_task(task)
        if task.stage is Stage.FINISHED and (before is None or before.stage is not Stage.FINISHED):
            self._book.put_project(after_finished_task(self.state))

    def tidy(self, dropped: Iterable[str]) -> None:
        """Remove the project's files that nothing refers to; ``dropped``: sticky ones that the server wants gone."""
        wanted = tasks.wanted_files(self.tasks, self._book.kept(self._project).versions, dropped=dropped)
        for path in self.files.glob("*"):
            if whole_name(path.name) not in wanted and path.is_file():
                path.unlink(missing_ok=True)

    # --- before it runs --------------------------------------------------------------------------------------------

    async def _fetch(self, task: ProjectTask) -> None:
        signed = {info.name for info in task.given.programs}
        if signed and not self.state.code_sign_key:
            raise SigningKeyUnreadable(reason="none was sent")
        key = SigningKey(self.state.code_sign_key) if signed else None
        await _all(self._transfers.fetch(info, key if info.name in signed else None) for info in task.files)
        init_data = write_init_data(task, self.state, self._preferences(), cores=self._limits().cores(self._around.cores))
        await asyncio.to_thread(build, self.slot(task), task, init_data)
        await asyncio.to_thread(open_folder, self.slot(task))
        now = self._book.tasks.get(task.slot)
        if now is not None and now.stage is Stage.FETCHING:
            self._put(tasks.ready(now))
            self._around.note("task_ready", "", task.slot)
            self._around.workshop.scan()

    # --- its end ---------------------------------------------------------------------------------------------------

    def begun(self, task: ProjectTask) -> bool:
        """Whether a VM was made for it."""
        record = peek(self.slot(task))
        return record is not None and bool(record.hypervisor)

    def used(self, task: ProjectTask) -> Used:
        """What it took: by its own record, which is written now and then, and by what is shown."""
        folder = self.slot(task)
        record = peek(folder)
        view = self._around.workshop.view
        shown = next((one for one in view.tasks if one.key == task.slot), None) if view else None
        return Used(
            cpu_s=max(record.cpu_s if record else 0.0, shown.cpu_s if shown else 0.0),
            elapsed_s=max(record.elapsed_s if record else 0.0, shown.elapsed_s if shown else 0.0),
            memory=shown.memory_mib * _MIB if shown else 0,
            disk=folder_bytes(folder),
        )

    def retire(self, task: ProjectTask, outcome: Outcome) -> None:
        """The engine hands a task back: written down with all that is reported of it. To do it twice is no error."""
        if task.report is not None:
            return
        record = peek(self.slot(task))
        failed = outcome is not Outcome.DONE
        status = (record.exit_code if record else 0) or tasks.GIVEN_BACK if failed else 0
        error = record.error if record else ""
        self._put(tasks.ended(task, exit_status=status, used=self.used(task), stderr=self._stderr(task), error=error, now=self._around.clock.wall()))
        self._changed()

    def _stderr(self, task: ProjectTask) -> str:
        """What a project's people need to see what happened: our own account, then the end of the guest's log. No paths, no names."""
        record = peek(self.slot(task))
        lines = [f"Test4Theory Desktop {__version__}", *self._around.history(task.slot)]
        if record is not None:
            lines.append(f"{record.hypervisor}: {record.elapsed_s:.0f} s running, {record.cpu_s:.0f} s of processor time, {record.checkpoints} checkpoints")
            lines.append(f"{record.restarts} restarts, {record.lost_s:.0f} s lost; {record.outcome} {record.error} {record.exit_code} {record.message}".strip())
        with contextlib.suppress(OSError):
            console = (self.slot(task) / _CONSOLE).read_bytes()[-_CONSOLE_BYTES:]
            lines += ["", "--- the guest's log ---", console.decode("utf-8", "replace")]
        return redact("\n".join(lines))

    async def _send(self, task: ProjectTask) -> None:
        for info in task.unsent:
            path = output_of(self.slot(task), task.open_name(info))
            if path is None:
                if not task.is_optional(info):
                    self._fail(task, exit_status=tasks.NOT_FOUND, error="", stderr=tasks.file_trouble(info.name, tasks.NOT_FOUND, "the guest did not write it"))
                    return
                self._put(tasks.without(self._book.tasks[task.slot], info))
                continue
            try:
                uploaded = await self._transfers.send(info, path)
            except UploadRefused as error:
                number = tasks.TOO_BIG if 0 < info.max_nbytes < path.stat().st_size else -1
                self._fail(task, exit_status=number, error=error.code, stderr=tasks.file_trouble(info.name, number, error.message), state=UPLOAD_FAILED)
                return
            self._put(tasks.sent(self._book.tasks[task.slot], uploaded))

    def abort(self, task: ProjectTask, *, exit_status: int, why: str) -> None:
        """End it now: the engine takes its VM away when it is no longer handed out."""
        if task.report is not None:
            return
        busy = self._busy.get(task.slot)
        if busy is not None:
            busy.cancel()
        self._put(tasks.aborted(task, exit_status=exit_status, why=why, used=self.used(task), now=self._around.clock.wall()))
        self._around.note("given_back", why, task.slot)
        self._around.workshop.scan()

    def give_back_late(self) -> None:
        """What can't be done in time any more helps nobody: the project gives it to somebody else the sooner it knows."""
        shown = self._around.workshop.view
        seen = {one.key: one for one in shown.tasks} if shown else {}
        now = self._around.clock.wall()
        for task in self.tasks:
            view = seen.get(task.slot)
            begun = peek(self.slot(task))
            elapsed = view.elapsed_s if view else begun.elapsed_s if begun else 0.0
            if tasks.hopeless(task, now, fraction=view.fraction if view else 0.0, elapsed_s=elapsed):
                status = tasks.GIVEN_BACK if elapsed else tasks.UNSTARTED_LATE
                self.abort(task, exit_status=status, why="it could not be done before its deadline any more")

    # --- while it runs ---------------------------------------------------------------------------------------------

    def trickle(self, task: ProjectTask, variety: str, data: bytes) -> None:
        """A word from the guest to its project: kept until the server has it."""
        text = data[:_TRICKLE_BYTES].decode("utf-8", "replace")
        word = TrickleUp(result_name=task.name, time=int(self._around.clock.wall()), variety=variety, text=text)
        self._book.put_kept(self._project, trickles=(*self._book.kept(self._project).trickles, word))
        self._changed()

    def _pass_words_on(self) -> None:
        """What the project has to say to its tasks: as long as one was not begun it waits, for one that has ended it comes too late.

        It was written down before; a death between the file and the book makes the guest read it twice, never not at all.
        """
        kept = self._book.kept(self._project).words
        if not kept:
            return
        held = {task.name: task for task in self.tasks if task.report is None}
        left = tuple(word for word in kept if word.result_name in held and not self._passed_on(held[word.result_name], word))
        self._book.put_kept(self._project, words=left)

    def _passed_on(self, task: ProjectTask, word: TrickleDown) -> bool:
        """Whether nothing more can be done about it."""
        if not self.begun(task):
            return False
        try:
            name = put_word(self.slot(task), word)
        except OSError as error:
            _log.warning("%s can't be told what its project says: %s", task.slot, error)
            return False
        _log.info("%s: %s", task.slot, "its guest can't hear what the project says" if name is None else f"the project says {name}")
        return True

    def upload_early(self, task: ProjectTask, path: Path) -> None:
        """A file that the guest offers before its end, if the project expects it."""
        name = path.relative_to(self.slot(task)).as_posix() if path.is_relative_to(self.slot(task)) else ""
        info = next((info for info in task.unsent if task.open_name(info) == name), None)
        if info is not None and task.slot not in self._busy:
            self._start(task, self._send_early(task, info))

    async def _send_early(self, task: ProjectTask, info: FileInfo) -> None:
        path = output_of(self.slot(task), task.open_name(info))
        if path is None:
            return
        with contextlib.suppress(UploadRefused):  # told again at its end, if it is still so
            uploaded = await self._transfers.send(info, path)
            self._put(tasks.sent(self._book.tasks[task.slot], uploaded))

    async def close(self) -> None:
        """End what goes on; it is taken up where it was."""
        ending = list(self._busy.values())
        for one in ending:
            one.cancel()
        await asyncio.gather(*ending, return_exceptions=True)


async def _all(work: Any) -> None:  # noqa: ANN401 - an iterable of coroutines
    """All of them; when one fails for good the others end with it."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from several


def folder_bytes(folder: Path) -> int:
    """Bytes of the files in a folder, as far as they can be seen: meanwhile a part of it may be removed."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).lstat().st_size
    return total
