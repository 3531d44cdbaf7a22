"""Demo tasks: task folders around the reference appliance, as a project would hand them out."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import FolderUnwritable, RunspecInvalid
from t4t.engine.record import RecordFile

if TYPE_CHECKING:
    from pathlib import Path

RESULT: Final = "output.tgz"
IMAGE: Final = "t4t-appliance.raw"

RUNSPECS: Final = (
    "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 1000 {seed}",
    "boinc pp z 13000 - - pythia8 8.317 tune-monash13 120 {seed}",
    "boinc pp jets 13000 20 - pythia8 8.317 tune-monash13 150 {seed}",
    "boinc pp softqcd 13000 - - pythia8 8.317 tune-monash13 120 {seed}",
)
"""One of each process the appliance knows, sized for about half a minute without hardware virtualization."""

_WORDS: Final = 11
_JOB: Final = """<vbox_job>
    <os_name>Linux26_64</os_name>
    <memory_size_mb>512</memory_size_mb>
    <multiattach_vdi_file>{image}</multiattach_vdi_file>
    <enable_network/>
    <enable_shared_directory/>
    <enable_vm_savestate_usage/>
    <enable_screenshots_on_error/>
    <pf_guest_port>80</pf_guest_port>
    <copy_to_shared>input</copy_to_shared>
    <copy_to_shared>init_data.xml</copy_to_shared>
    <heartbeat_filename>heartbeat</heartbeat_filename>
    <minimum_heartbeat_interval>600</minimum_heartbeat_interval>
    <minimum_checkpoint_interval>600</minimum_checkpoint_interval>
    <fraction_done_filename>progress</fraction_done_filename>
    <completion_trigger_file>shutdown</completion_trigger_file>
</vbox_job>
"""
_INIT_DATA: Final = """<app_init_data>
    <user_name>demo volunteer</user_name>
    <userid>0</userid>
    <hostid>0</hostid>
    <user_total_credit>0</user_total_credit>
    <host_total_credit>0</host_total_credit>
</app_init_data>
"""


def next_task(folder: Path, image: Path, *, runspec: str | None) -> tuple[Path, str]:
    """The task folder to run, and its runspec: the one that was interrupted, else a new one.

    Raises `RunspecInvalid` for a ``runspec`` that can't be one (the appliance itself judges the rest), and `FolderUnwritable`.
    """
    line = None if runspec is None else checked(runspec)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tasks = sorted((path for path in folder.iterdir() if re.fullmatch(r"task-\d{4,}", path.name)), key=_number)
        for path in reversed(tasks):
            begun = _begun(path)
            if begun is not None and line in {None, begun}:
                return path, begun
        number = 1 + (_number(tasks[-1]) if tasks else 0)
        line = line or RUNSPECS[(number - 1) % len(RUNSPECS)].format(seed=number)
        path = folder / f"task-{number:04d}"
        _make(path, image, line)
    except OSError as error:
        raise FolderUnwritable(path=str(folder), reason=error.strerror or str(error)) from error
    return path, line


def _number(task: Path) -> int:
    return int(task.name.removeprefix("task-"))


def _begun(task: Path) -> str | None:
    """The runspec of a task that has not ended yet, well or badly."""
    given = task / "input"
    if (task / "shared" / "shutdown").exists() or not given.is_file() or RecordFile(task).load(task).outcome:
        return None
    return given.read_text(encoding="utf-8").strip()


def checked(runspec: str) -> str:
    """``runspec`` with single blanks; raises `RunspecInvalid`."""
    words = runspec.split()
    if len(words) != _WORDS or words[0] != "boinc":
        raise RunspecInvalid(runspec=runspec, reason=f"it must be the word boinc and {_WORDS - 1} more")
    if not (words[-1].isdecimal() and words[-2].isdecimal()):
        raise RunspecInvalid(runspec=runspec, reason="number of events and seed must be whole numbers")
    return " ".join(words)


def _make(path: Path, image: Path, line: str) -> None:
    """A whole task folder or none."""
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        _fill(part, image, line)
        part.rename(path)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        raise


def job_description(image: str) -> str:
    """The ``vbox_job.xml`` of a demo task that boots ``image``."""
    return _JOB.format(image=image)


def _fill(part: Path, image: Path, line: str) -> None:
    part.mkdir()
    (part / "vbox_job.xml").write_text(job_description(IMAGE), encoding="ascii")
    (part / "init_data.xml").write_text(_INIT_DATA, encoding="ascii")
    (part / "input").write_text(line + "\n", encoding="utf-8")
    try:
        os.link(image, part / IMAGE)  # no second copy where the file system can
    except OSError:
        shutil.copyfile(image, part / IMAGE)
