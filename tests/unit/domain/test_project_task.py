"""A project's task from the reply to the acknowledgement: each change, and what is never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.given_task import JOB, LOG, NOW, OUT, made
from t4t.domain import project_task as tasks
from t4t.domain.assignment import Refused
from t4t.domain.errors import FolderMissing
from t4t.domain.project_errors import FileNameRefused, FileWrongChecksum, SignatureInvalid
from t4t.domain.project_task import ProjectTask, Stage, Used
from t4t.domain.scheduler_request import ABORTED, COMPUTE_ERROR, UPLOADED, UploadedFile

if TYPE_CHECKING:
    from t4t.domain.project import FileInfo


def uploaded(info: FileInfo) -> UploadedFile:
    return UploadedFile(name=info.name, nbytes=1, max_nbytes=info.max_nbytes, md5_cksum="m", upload_url="https://x/upload")


def ended(task: ProjectTask, status: int = 0) -> ProjectTask:
    return tasks.ended(task, exit_status=status, used=Used(cpu_s=1, elapsed_s=2, memory=3, disk=4), stderr="text", error="", now=NOW + 5)


def test_a_task_survives_being_written_down() -> None:
    for task in (made(), ended(made()), ended(made(), 206), tasks.sent(ended(made()), uploaded(OUT))):
        assert msgspec.json.decode(msgspec.json.encode(task), type=ProjectTask) == task


def test_its_files_and_names() -> None:
    task = made()
    assert [info.name for info in task.files] == ["job_7.xml", "image.vdi", "wu_1_input"]  # the wrapper's work is ours
    assert task.places() == {"vbox_job.xml": "job_7.xml", "job_7.xml": "job_7.xml", "image.vdi": "image.vdi", "input": "wu_1_input"}
    assert task.command_line == "--nthreads 2 --seed 1"
    assert (task.open_name(OUT), task.open_name(LOG), task.open_name(JOB)) == ("shared/output", "r_1_1", "job_7.xml")
    assert (task.is_optional(OUT), task.is_optional(LOG)) == (False, True)
    assert task.held.version == ("Theory", "p", 7, "vbox64")


def test_the_good_way() -> None:
    task = ended(tasks.ready(made()))
    assert (task.stage, task.report and task.report.state) == (Stage.SENDING, UPLOADED)
    task = tasks.sent(task, uploaded(OUT))
    assert (task.stage, task.unsent) == (Stage.SENDING, (LOG,))
    task = tasks.without(task, LOG)
    assert task.stage is Stage.FINISHED
    assert task.report is not None
    assert [file.name for file in task.report.files] == ["r_1_0"]
    assert (task.report.final_cpu_time, task.report.final_elapsed_time, task.report.final_peak_disk_usage) == (1.0, 2.0, 4)


def test_an_optional_output_that_is_missing_first() -> None:
    task = tasks.without(ended(made()), LOG)
    assert (task.stage, task.unsent) == (Stage.SENDING, (OUT,))
    assert tasks.without(made(), LOG).stage is Stage.FETCHING


def test_a_task_without_outputs_is_finished_at_once() -> None:
    task = made()
    assert ended(replace(task, given=replace(task.given, outputs=()))).stage is Stage.FINISHED


def test_early_uploads_count() -> None:
    task = tasks.sent(tasks.sent(made(stage=Stage.READY), uploaded(OUT)), uploaded(OUT))
    assert [file.name for file in task.early] == ["r_1_0"]
    after = ended(task)
    assert after.report is not None
    assert [file.name for file in after.report.files] == ["r_1_0"]
    assert after.unsent == (LOG,)


def test_failures_are_reported_and_nothing_is_sent() -> None:
    task = ended(made(), 206)
    assert (task.stage, task.report and (task.report.state, task.report.exit_status)) == (Stage.FINISHED, (COMPUTE_ERROR, 206))
    late = tasks.failed(ended(made()), exit_status=-161, error="", stderr="more", now=NOW + 9)
    assert late.report is not None
    assert (late.report.stderr, late.report.final_elapsed_time, late.ended_at) == ("text\nmore", 2.0, NOW + 5)
    assert tasks.failed(made(), exit_status=-120, error="T4T-PRJ-10", stderr="", now=NOW).ended_at == NOW


def test_aborted_once() -> None:
    task = tasks.aborted(made(), exit_status=202, why="unwanted", used=Used(elapsed_s=7), now=NOW)
    assert task.report is not None
    assert (task.stage, task.report.state, task.report.exit_status, task.report.stderr) == (Stage.FINISHED, ABORTED, 202, "unwanted")
    assert tasks.aborted(task, exit_status=203, why="", used=Used(), now=NOW) is task


def test_what_can_not_be_run_is_a_report() -> None:
    result = made().given.result
    task = tasks.refused(Refused(result=result, error=None, missing="file x"), project="x", slot="refused", now=NOW)
    assert task.report is not None
    assert (task.stage, task.report.exit_status, "file x" in task.report.stderr) == (Stage.FINISHED, -1, True)
    named = tasks.refused(Refused(result=result, error=FileNameRefused(name="../x")), project="x", slot="refused", now=NOW)
    assert (named.error, named.report and named.report.exit_status) == ("T4T-PRJ-13", -223)


def test_numbers_of_errors() -> None:
    assert tasks.file_error(SignatureInvalid(file="x")) == -120
    assert tasks.file_error(FileWrongChecksum(file="x", expected="", actual="")) == -119
    assert tasks.file_error(FolderMissing(path="x")) == -1
    assert tasks.file_trouble("x", -119, "<a>&\n") == (
        "<file_xfer_error>\n<file_name>x</file_name>\n<error_code>-119</error_code>\n<error_message>a</error_message>\n</file_xfer_error>"
    )


def test_another_deadline_and_files_again() -> None:
    assert tasks.with_deadline(made(), NOW).deadline == NOW
    assert tasks.fetched_again(made(stage=Stage.READY)).stage is Stage.FETCHING


@given(st.text("aB-1", min_size=1, max_size=4), st.lists(st.text("abB-12", max_size=6), max_size=6))
def test_a_slot_is_free(name: str, used: list[str]) -> None:
    slot = tasks.free_slot(name, used)
    assert slot.casefold() not in {other.casefold() for other in used}
    assert slot.startswith(name)


def test_time_that_is_left() -> None:
    task = made(stage=Stage.READY)
    assert tasks.remaining_s(task) == 3600
    assert tasks.remaining_s(task, fraction=0.5, elapsed_s=100) == 3500
    assert tasks.remaining_s(task, fraction=0.25, elapsed_s=1000) == 3000  # its own progress
    assert tasks.remaining_s(task, fraction=0.01, elapsed_s=4000) == 0
    assert tasks.remaining_s(ended(task)) == 0
    unknown = replace(task.given.workunit, rsc_fpops_est=0.0)
    assert tasks.remaining_s(replace(task, given=replace(task.given, workunit=unknown))) == 3600


@pytest.mark.parametrize(
    ("left", "fraction", "elapsed", "late"),
    [
        (3601, 0.0, 0.0, False),
        (3599, 0.0, 0.0, True),
        (100, 0.01, 50.0, False),  # it has begun, and nothing sure is known
        (2000, 0.25, 1000.0, False),  # 3000 s more: at twice the speed it would be in time
        (1400, 0.25, 1000.0, True),
    ],
)
def test_what_is_late(left: float, fraction: float, elapsed: float, late: bool) -> None:  # noqa: FBT001 - a column
    task = tasks.with_deadline(made(stage=Stage.READY), NOW + left)
    assert tasks.hopeless(task, NOW, fraction=fraction, elapsed_s=elapsed) is late
    assert not tasks.hopeless(ended(task), NOW)
    assert not tasks.hopeless(tasks.with_deadline(task, 0.0), NOW)


def test_files_stay_as_long_as_something_needs_them() -> None:
    task = made()
    known = tasks.newest((), task)
    assert tasks.wanted_files([task], known) == {"vboxwrapper", "job_7.xml", "image.vdi", "wu_1_input"}
    assert tasks.wanted_files([ended(task)], known) == {"vboxwrapper", "job_7.xml", "image.vdi"}
    assert tasks.wanted_files([ended(task)], known, dropped=["image.vdi"]) == {"vboxwrapper", "job_7.xml"}
    newer = replace(task, given=replace(task.given, version=replace(task.given.version, version_num=8), programs=(JOB,)))
    assert tasks.wanted_files([], tasks.newest(known, newer)) == {"job_7.xml"}
    assert tasks.newest(tasks.newest(known, newer), task) == tasks.newest(known, newer)


def test_those_due_first_come_first() -> None:
    early, late = tasks.with_deadline(made(slot="b"), NOW), made(slot="a")
    other = made(slot="c", project="y")
    assert tasks.tracked({"a": late, "b": early, "c": other}, "x") == (early, late)
