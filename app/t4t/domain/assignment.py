"""From a scheduler's reply to tasks that can be run: each with its program, its job and its files, all names checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.file_names import checked_name, checked_open_name
from t4t.domain.project import AppVersion, Assignment, FileInfo, Workunit  # noqa: TC001 - a task is written down: its types are read at run time
from t4t.domain.project_errors import FileNameRefused, SignatureMissing
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from t4t.domain.errors import T4TError
    from t4t.domain.project import FileRef, SchedulerReply


@record(kw_only=True)
class NewTask:
    """A task to begin. ``programs`` are signed, ``inputs`` have checksums, ``outputs`` are to be uploaded; all by file name."""

    result: Assignment
    workunit: Workunit
    version: AppVersion
    programs: tuple[FileInfo, ...]
    inputs: tuple[FileInfo, ...]
    outputs: tuple[FileInfo, ...]


@record(kw_only=True)
class Refused:
    """A task that can't be run as it was sent: to be reported as failed. ``reason`` is a leaf, or None if a part of it is missing."""

    result: Assignment
    error: T4TError | None
    missing: str = ""


@record(kw_only=True)
class Work:
    """What a reply brought. ``deadlines``: tasks that are held already, with what now holds for them."""

    tasks: tuple[NewTask, ...] = ()
    refused: tuple[Refused, ...] = ()
    deadlines: tuple[tuple[str, float], ...] = ()


def work_of(reply: SchedulerReply, held: Collection[str], versions: Mapping[tuple[str, str, int, str], AppVersion], files: Mapping[str, FileInfo]) -> Work:
    """The work in ``reply``; ``versions`` and ``files`` are those that earlier replies brought, whose content never changes under its name."""
    known_versions = {**{version.key: version for version in reply.app_versions}, **versions}
    known_files = {**{info.name: info for info in reply.file_infos}, **files}
    units = {unit.name: unit for unit in reply.workunits}
    tasks: list[NewTask] = []
    refused: list[Refused] = []
    deadlines: dict[str, float] = {}
    for result in reply.results:
        if result.name in held or any(task.result.name == result.name for task in tasks):
            deadlines[result.name] = result.report_deadline
            continue
        made = _task(result, units.get(result.wu_name), known_versions, known_files)
        if isinstance(made, NewTask):
            tasks.append(made)
        else:
            refused.append(made)
    return Work(tasks=tuple(tasks), refused=tuple(refused), deadlines=tuple(deadlines.items()))


def _task(
    result: Assignment, unit: Workunit | None, versions: Mapping[tuple[str, str, int, str], AppVersion], files: Mapping[str, FileInfo]
) -> NewTask | Refused:
    if unit is None:
        return Refused(result=result, error=None, missing=f"workunit {result.wu_name}")
    version = versions.get((unit.app_name, result.platform, result.version_num, result.plan_class))
    if version is None:
        return Refused(result=result, error=None, missing=f"version {result.version_num} of {unit.app_name}")
    parts: list[tuple[FileInfo, ...]] = []
    try:
        checked_name(result.name)
        for refs in (version.file_refs, unit.file_refs, result.file_refs):
            found = _files(refs, files)
            if isinstance(found, str):
                return Refused(result=result, error=None, missing=f"file {found}")
            parts.append(found)
    except FileNameRefused as error:
        return Refused(result=result, error=error)
    programs, inputs, outputs = parts
    unsigned = next((info for info in programs if not info.file_signature.strip()), None)
    if unsigned is not None:
        return Refused(result=result, error=SignatureMissing(file=unsigned.name))
    lost = next((info for info in (*programs, *inputs) if not (info.urls or info.gzipped_urls)), None)
    if lost is not None:
        return Refused(result=result, error=None, missing=f"an address of {lost.name}")
    return NewTask(result=result, workunit=unit, version=version, programs=programs, inputs=inputs, outputs=outputs)


def _files(refs: tuple[FileRef, ...], files: Mapping[str, FileInfo]) -> tuple[FileInfo, ...] | str:
    """The files of references, or the name of one that was never described; raises `FileNameRefused`."""
    found = []
    for ref in refs:
        checked_name(ref.file_name)
        if ref.open_name:
            checked_open_name(ref.open_name)
        info = files.get(ref.file_name)
        if info is None:
            return ref.file_name
        found.append(info)
    return tuple(found)
