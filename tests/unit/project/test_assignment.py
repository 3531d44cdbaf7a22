"""From replies to tasks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from t4t.domain.assignment import work_of
from t4t.domain.project import FileRef, SchedulerReply
from t4t.domain.project_errors import FileNameRefused, SignatureMissing
from t4t.project.scheduler_reply import read_scheduler_reply
from unit.project.recorded import response

REPLY = read_scheduler_reply(response("sched.work_sent_three").body)


def test_three_tasks_of_one_version() -> None:
    work = work_of(REPLY, (), {}, {})
    assert [task.result.name for task in work.tasks] == ["Theory_s35679_11_0", "Theory_s35679_12_0", "Theory_s35679_13_0"]
    assert work.refused == ()
    first = work.tasks[0]
    assert [info.name for info in first.programs][1:] == ["Theory_2025_08_13_dev.xml", "Theory_2025_08_13_dev.vdi"]
    assert [info.name for info in first.inputs] == ["Theory_s35679_11.input"]
    assert [info.name for info in first.outputs] == ["Theory_s35679_11_0_r1036412216_0"]


def test_a_task_that_is_held_gets_its_new_deadline() -> None:
    work = work_of(REPLY, {"Theory_s35679_12_0"}, {}, {})
    assert (len(work.tasks), work.deadlines) == (2, (("Theory_s35679_12_0", 1796306157.0),))
    twice = work_of(replace(REPLY, results=REPLY.results * 2), (), {}, {})
    assert (len(twice.tasks), len(twice.deadlines)) == (3, 3)


def test_what_earlier_replies_brought_is_used() -> None:
    versions = {version.key: version for version in REPLY.app_versions}
    files = {info.name: info for info in REPLY.file_infos}
    later = replace(REPLY, app_versions=(), file_infos=())
    assert len(work_of(later, (), versions, files).tasks) == 3
    forged = tuple(replace(info, file_signature="forged") for info in REPLY.file_infos)
    assert all(info.file_signature != "forged" for info in work_of(replace(REPLY, file_infos=forged), (), versions, files).tasks[0].programs)


def only(**fields: object) -> SchedulerReply:
    return replace(REPLY, results=REPLY.results[:1], **fields)  # type: ignore[arg-type]  # any field


def result_with(**fields: object) -> SchedulerReply:
    return replace(REPLY, results=(replace(REPLY.results[0], **fields),))  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        (only(workunits=()), "workunit Theory_s35679_11"),
        (only(app_versions=()), "version 30030 of Theory"),
        (only(file_infos=REPLY.file_infos[1:]), "file vboxwrapper_26209_x86_64-pc-linux-gnu"),
        (result_with(plan_class="other"), "version 30030 of Theory"),
    ],
)
def test_what_is_missing_is_told(reply: SchedulerReply, missing: str) -> None:
    work = work_of(reply, (), {}, {})
    assert work.tasks == ()
    assert [(refused.missing, refused.error) for refused in work.refused] == [(missing, None)]


@pytest.mark.parametrize(
    "reply",
    [
        result_with(name="../x"),
        result_with(file_refs=(FileRef(file_name="../../etc/passwd"),)),
        result_with(file_refs=(FileRef(file_name=REPLY.file_infos[0].name, open_name="shared/../../x"),)),
    ],
)
def test_hostile_names(reply: SchedulerReply) -> None:
    (refused,) = work_of(reply, (), {}, {}).refused
    assert isinstance(refused.error, FileNameRefused)


def test_programs_without_signature() -> None:
    files = (replace(REPLY.file_infos[0], file_signature=" "), *REPLY.file_infos[1:])
    (refused,) = work_of(only(file_infos=files), (), {}, {}).refused
    assert isinstance(refused.error, SignatureMissing)
