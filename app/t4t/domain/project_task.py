"""A task of a project from the reply that brought it to the acknowledgement of its report: what must survive every death of ours, and how it changes.

Times are Unix times in seconds.
"""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from t4t.domain.assignment import NewTask
from t4t.domain.project import AppVersion, FileInfo, Workunit
from t4t.domain.project_errors import (
    ArchiveRefused,
    FileNameRefused,
    FileWrongChecksum,
    FileWrongSize,
    ReplyTooLarge,
    RequestRefused,
    SignatureInvalid,
    SignatureMissing,
)
from t4t.domain.record import record
from t4t.domain.scheduler_request import ABORTED, COMPUTE_ERROR, UPLOADED, FinishedTask, HeldTask, UploadedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from t4t.domain.assignment import Refused
    from t4t.domain.errors import T4TError

GIVEN_BACK: Final = 194
"""BOINC's EXIT_ABORTED_BY_CLIENT."""
UNSTARTED_LATE: Final = 200
NOT_FOUND: Final = -161
TOO_BIG: Final = -131
_FILE_ERRORS: Final[dict[type[Exception], int]] = {
    FileWrongChecksum: -119,
    FileWrongSize: -221,
    SignatureInvalid: -120,
    SignatureMissing: -123,
    FileNameRefused: -223,
    RequestRefused: -224,
    ReplyTooLarge: TOO_BIG,
    ArchiveRefused: -221,
}
_FAILED: Final = -1


class Stage(enum.Enum):
    """Where a task is."""

    FETCHING = "fetching"
    """Its files come."""
    READY = "ready"
    """Its folder is with the engine, from the queue to the end of its VM."""
    SENDING = "sending"
    """It has ended; its results are uploaded."""
    FINISHED = "finished"
    """It is reported with every request until that is acknowledged."""


@record(kw_only=True)
class ProjectTask:
    """One task. ``project`` is the name of the project's folder, ``slot`` that of the task's own."""

    project: str
    slot: str
    given: NewTask
    received: float
    stage: Stage = Stage.FETCHING
    report: FinishedTask | None = None
    """What is reported, as far as it is known."""
    ended_at: float = 0.0
    error: str = ""
    """The stable code of the error that ended it."""
    early: tuple[UploadedFile, ...] = ()
    """Files that were uploaded while it ran."""

    @property
    def name(self) -> str:
        """The server's name for it."""
        return self.given.result.name

    @property
    def deadline(self) -> float:
        """When it must be reported."""
        return self.given.result.report_deadline

    @property
    def held(self) -> HeldTask:
        """For the list of all that is held."""
        return HeldTask(name=self.name, version=self.given.version.key)

    @property
    def files(self) -> tuple[FileInfo, ...]:
        """What must be here before it can run. The wrapper is none of it: it is a program for this computer, whose work is ours."""
        wrapper = {ref.file_name for ref in self.given.version.file_refs if ref.main_program}
        return (*(info for info in self.given.programs if info.name not in wrapper), *self.given.inputs)

    @property
    def unsent(self) -> tuple[FileInfo, ...]:
        """Outputs that are still to be uploaded."""
        done = {file.name for file in (*(self.report.files if self.report else ()), *self.early)}
        return tuple(info for info in self.given.outputs if info.name not in done and info.is_output)

    def places(self) -> dict[str, str]:
        """For each name in the task's folder the file of the project's; a program's own name counts too, a job may call its image by it."""
        found: dict[str, str] = {}
        needed = {info.name for info in self.files}
        for refs, own in ((self.given.version.file_refs, True), (self.given.workunit.file_refs, False)):
            for ref in refs:
                if ref.file_name in needed:
                    found |= {ref.open_name or ref.file_name: ref.file_name} | ({ref.file_name: ref.file_name} if own else {})
        return found

    def open_name(self, info: FileInfo) -> str:
        """What the guest calls an output."""
        ref = next((ref for ref in self.given.result.file_refs if ref.file_name == info.name), None)
        return (ref.open_name or ref.file_name) if ref else info.name

    def is_optional(self, info: FileInfo) -> bool:
        """Whether an output may be missing."""
        return any(ref.optional for ref in self.given.result.file_refs if ref.file_name == info.name)

    @property
    def command_line(self) -> str:
        """Of the version, then of the job."""
        return " ".join(filter(None, (self.given.version.cmdline.strip(), self.given.workunit.command_line.strip())))


def free_slot(name: str, taken: Iterable[str]) -> str:
    """A folder for the task ``name``: its own name unless something else has it. Compared without case, as some file systems do."""
    used = {slot.casefold() for slot in taken}
    slot, number = name, 1
    while slot.casefold() in used:
        number += 1
        slot = f"{name}-{number}"
    return slot


def taken(given: NewTask, *, project: str, slot: str, now: float) -> ProjectTask:
    """A task that a reply brought."""
    return ProjectTask(project=project, slot=slot, given=given, received=now)


def refused(what: Refused, *, project: str, slot: str, now: float) -> ProjectTask:
    """A task that can't be run as it was sent: it is reported as failed and nothing else."""
    result = what.result
    version = AppVersion(version_num=result.version_num, platform=result.platform, plan_class=result.plan_class)
    given = NewTask(result=result, workunit=Workunit(name=result.wu_name), version=version, programs=(), inputs=(), outputs=())
    reason = what.missing if what.error is None else str(what.error)
    return failed(
        taken(given, project=project, slot=slot, now=now),
        exit_status=_FAILED if what.error is None else file_error(what.error),
        error="" if what.error is None else what.error.code,
        stderr=f"the task can't be run as it was sent: {reason}",
        now=now,
    )


def file_error(error: T4TError) -> int:
    """BOINC's number for what is wrong with a file."""
    return _FILE_ERRORS.get(type(error), _FAILED)


def file_trouble(name: str, number: int, message: str) -> str:
    """What a project finds in a report when a file could not come or go."""
    plain = "".join(c for c in message if c.isprintable() and c not in "<>&")
    lines = (f"<file_name>{name}</file_name>", f"<error_code>{number}</error_code>", f"<error_message>{plain}</error_message>")
    return "\n".join(("<file_xfer_error>", *lines, "</file_xfer_error>"))


def _base(task: ProjectTask) -> FinishedTask:
    version = task.given.version
    return FinishedTask(name=task.name, platform=version.platform, version_num=version.version_num, plan_class=version.plan_class)


def ready(task: ProjectTask) -> ProjectTask:
    """All its files are here and its folder is whole."""
    return replace(task, stage=Stage.READY)


def fetched_again(task: ProjectTask) -> ProjectTask:
    """Some of its files are gone."""
    return replace(task, stage=Stage.FETCHING)


@record(kw_only=True)
class Used:
    """What a task took: seconds, bytes."""

    cpu_s: float = 0.0
    elapsed_s: float = 0.0
    memory: int = 0
    disk: int = 0


def ended(task: ProjectTask, *, exit_status: int, used: Used, stderr: str, error: str, now: float) -> ProjectTask:
    """Its VM is gone. A good result is uploaded before it is reported."""
    good = not exit_status
    report = replace(
        _base(task),
        state=UPLOADED if good else COMPUTE_ERROR,
        exit_status=exit_status,
        final_cpu_time=round(used.cpu_s, 6),
        final_elapsed_time=round(used.elapsed_s, 6),
        final_peak_working_set_size=used.memory,
        final_peak_swap_size=used.memory,
        final_peak_disk_usage=used.disk,
        stderr=stderr,
        files=task.early,
    )
    after = replace(task, report=report, ended_at=now, error=error, stage=Stage.SENDING)
    return after if good and after.unsent else replace(after, stage=Stage.FINISHED)


def failed(task: ProjectTask, *, exit_status: int, error: str, stderr: str, now: float, state: int = COMPUTE_ERROR) -> ProjectTask:
    """It can't be done, or its result can't be sent. What was measured before stays."""
    before = task.report or _base(task)
    text = "\n".join(filter(None, (before.stderr, stderr)))
    report = replace(before, state=state, exit_status=exit_status, stderr=text)
    return replace(task, stage=Stage.FINISHED, report=report, error=error, ended_at=task.ended_at or now)


def aborted(task: ProjectTask, *, exit_status: int, why: str, used: Used, now: float) -> ProjectTask:
    """It is ended on the server's, the volunteer's or our own word; one that has ended already is left as it is."""
    if task.report is not None:
        return task
    done = ended(task, exit_status=exit_status, used=used, stderr=why, error="", now=now)
    return failed(done, exit_status=exit_status, error="", stderr="", now=now, state=ABORTED)


def sent(task: ProjectTask, file: UploadedFile) -> ProjectTask:
    """An output has reached the server; with the last one the task can be reported."""
    if task.report is None:
        return replace(task, early=(*(known for known in task.early if known.name != file.name), file))
    after = replace(task, report=replace(task.report, files=(*task.report.files, file)))
    return after if after.unsent else replace(after, stage=Stage.FINISHED)


def without(task: ProjectTask, info: FileInfo) -> ProjectTask:
    """An optional output was not made: nothing is sent or reported of it."""
    outputs = tuple(other for other in task.given.outputs if other.name != info.name)
    after = replace(task, given=replace(task.given, outputs=outputs))
    return after if after.unsent or after.report is None else replace(after, stage=Stage.FINISHED)


def with_deadline(task: ProjectTask, deadline: float) -> ProjectTask:
    """The server names another deadline."""
    result = replace(task.given.result, report_deadline=deadline)
    return replace(task, given=replace(task.given, result=result))


# --- time ----------------------------------------------------------------------------------------------------------

_SURE_FRACTION: Final = 0.05
_SURE_S: Final = 600.0
_UNKNOWN_S: Final = 3600.0


def remaining_s(task: ProjectTask, *, fraction: float = 0.0, elapsed_s: float = 0.0) -> float:
    """Running time that it will still take: by its own progress where that says something, else by the project's estimate."""
    if task.stage in {Stage.SENDING, Stage.FINISHED}:
        return 0.0
    if fraction >= _SURE_FRACTION and elapsed_s >= _SURE_S:
        return elapsed_s * (1.0 - min(fraction, 1.0)) / fraction
    flops, wanted = task.given.version.flops, task.given.workunit.rsc_fpops_est
    whole = wanted / flops if flops > 0 and wanted > 0 else _UNKNOWN_S
    return max(0.0, whole - elapsed_s, whole * (1.0 - fraction) if elapsed_s < _SURE_S else 0.0)


def hopeless(task: ProjectTask, now: float, *, fraction: float = 0.0, elapsed_s: float = 0.0) -> bool:
    """Whether it can't be done in time any more, so that giving it back helps the project.

    One that has not begun goes when its whole estimate does not fit. One that has is kept unless it would be late at twice its speed: estimates err, and
    work that was done counts.
    """
    if task.deadline <= 0 or task.stage not in {Stage.FETCHING, Stage.READY}:
        return False
    rest = remaining_s(task, fraction=fraction, elapsed_s=elapsed_s)
    if elapsed_s <= 0:
        return now + rest > task.deadline
    sure = fraction >= _SURE_FRACTION and elapsed_s >= _SURE_S
    return sure and now + rest / 2 > task.deadline


# --- files ----------------------------------------------------------------------------------------------------------


@record(kw_only=True)
class KnownVersion:
    """The newest version of an application that was seen: its files stay, because the next task needs them again."""

    version: AppVersion
    programs: tuple[FileInfo, ...] = ()


def newest(known: Iterable[KnownVersion], task: ProjectTask) -> tuple[KnownVersion, ...]:
    """What is known after ``task`` came: of each application, platform and plan class the version with the highest number."""
    found = {(one.version.app_name, one.version.platform, one.version.plan_class): one for one in known}
    version = task.given.version
    place = (version.app_name, version.platform, version.plan_class)
    if place not in found or found[place].version.version_num <= version.version_num:
        found[place] = KnownVersion(version=version, programs=task.given.programs)
    return tuple(found.values())


def wanted_files(tasks: Iterable[ProjectTask], known: Iterable[KnownVersion], *, dropped: Iterable[str] = ()) -> frozenset[str]:
    """Names of the project's files that something still refers to; ``dropped``: sticky ones that the server wants gone."""
    for_tasks = {info.name for task in tasks if task.stage in {Stage.FETCHING, Stage.READY} for info in task.files}
    gone = set(dropped)
    shared = {info.name for one in known for info in one.programs if info.name not in gone}
    return frozenset(for_tasks | shared)


def tracked(tasks: Mapping[str, ProjectTask], project: str) -> tuple[ProjectTask, ...]:
    """The tasks of one project, those that are due first at the front."""
    return tuple(sorted((task for task in tasks.values() if task.project == project), key=lambda task: (task.deadline, task.received, task.slot)))
