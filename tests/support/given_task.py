"""A project's task as LHC@home hands it out: a wrapper, a job description, an image, an input, two outputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from t4t.domain import project_task as tasks
from t4t.domain.assignment import NewTask
from t4t.domain.project import AppVersion, Assignment, FileInfo, FileRef, Workunit

if TYPE_CHECKING:
    from t4t.domain.project_task import ProjectTask

NOW = 1.8e9
IMAGE = FileInfo(name="image.vdi", nbytes=10, file_signature="s")
JOB = FileInfo(name="job_7.xml", nbytes=5, file_signature="s")
WRAPPER = FileInfo(name="vboxwrapper", nbytes=5, file_signature="s", executable=True)
INPUT = FileInfo(name="wu_1_input", nbytes=3, md5_cksum="m")
OUT = FileInfo(name="r_1_0", upload_urls=("https://x/upload",), max_nbytes=100)
LOG = FileInfo(name="r_1_1", upload_urls=("https://x/upload",), max_nbytes=100)


def made(**changes: object) -> ProjectTask:
    version = AppVersion(
        app_name="Theory",
        version_num=7,
        platform="p",
        plan_class="vbox64",
        flops=1e9,
        cmdline=" --nthreads 2 ",
        file_refs=(
            FileRef(file_name="vboxwrapper", main_program=True),
            FileRef(file_name="job_7.xml", open_name="vbox_job.xml", copy_file=True),
            FileRef(file_name="image.vdi"),
        ),
    )
    unit = Workunit(
        name="wu_1", app_name="Theory", command_line="--seed 1", rsc_fpops_est=3.6e12, file_refs=(FileRef(file_name="wu_1_input", open_name="input"),)
    )
    result = Assignment(
        name="r_1",
        wu_name="wu_1",
        report_deadline=NOW + 86400,
        version_num=7,
        platform="p",
        plan_class="vbox64",
        file_refs=(FileRef(file_name="r_1_0", open_name="shared/output"), FileRef(file_name="r_1_1", optional=True)),
    )
    new = NewTask(result=result, workunit=unit, version=version, programs=(WRAPPER, JOB, IMAGE), inputs=(INPUT,), outputs=(OUT, LOG))
    return replace(tasks.taken(new, project="x", slot="r_1", now=NOW), **changes)  # type: ignore[arg-type]  # fields by name
