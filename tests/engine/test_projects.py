"""The agent's own client against a small strict server: from attaching to acknowledged reports, whatever breaks."""

from __future__ import annotations

import asyncio
import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest

from support.agent_in_process import shows
from support.file_server import Raw, Serve, Status, head
from support.volunteer import RESULT, START, volunteer
from t4t.domain.errors import InternalFault
from t4t.domain.notice_list import with_messages
from t4t.domain.progress import IntermediateUpload, Trickle
from t4t.domain.project import Message
from t4t.domain.project_errors import AllowanceUsed, Unreachable, WorkUnreported
from t4t.domain.project_task import Stage
from t4t.wording.projects import why

if TYPE_CHECKING:
    from pathlib import Path

    from support.file_server import Answer, Request
    from support.volunteer import Volunteer
    from t4t.boinc.projects import Projects
    from t4t.domain.project_task import ProjectTask


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


class Slow:
    """Says nothing for longer than we wait."""

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        await out.wait_closed()


class Wrong:
    """The right length, another content."""

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        out.write(head(200, Content_Length=7) + b"RUNSPEC")


FAULTS: dict[str, Answer] = {
    "500": Status(500),
    "drop": Raw(b""),
    "drop mid-body": Raw(head(200, Content_Length=1000) + b"<scheduler_reply>"),
    "slow": Slow(),
    "wrong length": Serve(b"<x/>"),
    "wrong hash": Wrong(),
    "down": Serve(b"<!DOCTYPE html><html><title>Project down for maintenance</title>"),
    "delay": Serve(b"<scheduler_reply><request_delay>3600</request_delay><project_is_down/></scheduler_reply>"),
}
KINDS = {
    "/t4t/ ": 60.0,
    "/cgi False": 60.0,
    "/cgi True": 60.0,
    "/t4t/download/job.xml": 120.0,
    "/t4t/download/image": 120.0,
    "/t4t/download/input": 120.0,
    "/upload False True": 120.0,
    "/upload False False": 120.0,
}
"""Each kind of request, and BOINC's back-off after its first failure at its shortest."""


def nothing_lost(one: Volunteer, number: int) -> None:
    """The server's own account."""
    project = one.project
    assert project.complaints == []
    assert project.reported[:number] == [f"task_{index}" for index in range(number)]
    assert len(project.reported) == len(set(project.reported))
    assert all(project.uploaded[f"task_{index}_out"] == RESULT for index in range(number))


async def test_everything_goes_well(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one:
        async with one.running() as (engine, projects):
            await one.until_reported(engine, 2)
            view = engine.view.projects[0]
            assert (view.name, view.user, view.trouble) == ("Small", "V", "")
            assert engine.view.notices == ()
            assert engine.view.finished >= 2
            (details,) = projects.details()
            assert [(day.at > START, day.user_total) for day in details.credit][-1] == (True, 0.0)
        nothing_lost(one, 2)
        report = next(body for body in one.project.bodies if "<name>task_0</name>" in body.partition("<app_versions>")[0])
        said = dict(re.findall(r"<(\w+)>([^<\n]*)</\1>", report[report.index("<result>") :]))
        assert (said["exit_status"], said["state"]) == ("0", "5")
        assert float(said["final_elapsed_time"]) >= 30
        assert "fake guest is up" in report or "Test4Theory Desktop" in report
        assert one.project.log.count("/t4t/download/image.vdi.gz") == 1  # the second task has the same
        given = (one.data / "slots").glob("*/init_data.xml")
        assert all(b"<authenticator></authenticator>" in path.read_bytes() for path in given)


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_request_fails_once(tmp_path: Path, fault: str) -> None:
    """Each kind of request once, from the project's page to the report."""
    async with volunteer(tmp_path) as one:
        one.project.first = FAULTS[fault]
        async with one.running() as (engine, _):
            await one.until_reported(engine, 1)
        nothing_lost(one, 1)
        waited = one.project.waited
        assert len(waited) >= len(KINDS)
        for kind, least in KINDS.items():
            if not (fault == "drop mid-body" and "download" in kind):  # what brought something is taken up at once, a few times
                assert min(time for name, time in waited.items() if name.startswith(kind)) >= least, kind


class Killed(Exception):
    pass


def watched(projects: Projects, stage: Stage) -> asyncio.Event:
    """Set when a task has just been written down with this stage."""
    book, reached = projects._book, asyncio.Event()
    put = book.put_task

    def put_task(task: ProjectTask) -> None:
        put(task)
        if task.stage is stage:
            reached.set()

    book.put_task = put_task  # type: ignore[method-assign]
    if any(task.stage is stage for task in book.tasks.values()):
        reached.set()
    return reached


async def live_until(one: Volunteer, stage: Stage) -> None:
    async with one.running() as (_, projects), asyncio.timeout(30):
        await watched(projects, stage).wait()
        raise Killed


async def test_killed_at_each_stage(tmp_path: Path) -> None:
    """No word to anybody, at the worst moments: the next start goes on from there."""
    async with volunteer(tmp_path) as one:
        for stage in Stage:
            with pytest.raises(Killed):
                await live_until(one, stage)
        async with one.running() as (engine, _):
            await one.until_reported(engine, 2)
        nothing_lost(one, 2)
        assert one.project.sent[:2] == ["task_0", "task_1"]
        assert one.world.vms == {}


async def test_another_start_makes_no_transfer_impatient(tmp_path: Path) -> None:
    """Nor does it give back what the allowance has counted."""
    async with volunteer(tmp_path) as one:
        one.project.first = Status(500)
        with pytest.raises(Killed):
            await live_until_a_transfer_waits(one)
        async with one.running() as (engine, _):
            await one.until_reported(engine, 1)
        nothing_lost(one, 1)
        assert min(time for name, time in one.project.waited.items() if "download" in name) >= 120
        async with one.running() as (_, projects):
            assert projects._book.used == projects._around.allowance.used
            assert sum(projects._book.used.values()) > len(RESULT)
            assert projects._book.kept(next(iter(projects._book.projects))).waits == {}


async def live_until_a_transfer_waits(one: Volunteer) -> None:
    async with one.running() as (_, projects), asyncio.timeout(30):
        book, waits = projects._book, asyncio.Event()
        put = book.put_kept

        def put_kept(name: str, **changes: Any) -> None:
            put(name, **changes)
            if changes.get("waits"):
                waits.set()

        book.put_kept = put_kept  # type: ignore[method-assign]
        await waits.wait()
        raise Killed


async def test_an_allowance_is_waited_for_and_said(tmp_path: Path) -> None:
    limits = "<daily_xfer_limit_mb>0.0001</daily_xfer_limit_mb><daily_xfer_period_days>1</daily_xfer_period_days>"
    async with volunteer(tmp_path) as one:
        one.project.extra = f"<global_preferences><mod_time>{START:.0f}</mod_time>{limits}</global_preferences>"
        async with one.running() as (engine, projects):
            await shows(engine, lambda view: any(notice.code == AllowanceUsed.code for notice in view.notices))
            said = "\n".join(why(engine.view.projects[0], one.clock.wall()))
            assert "The data allowance is used up (T4T-NET-10)" in said
            with pytest.raises(AllowanceUsed):
                projects._around.allowance.check(one.clock.wall())
            assert sum("download" in path for path in one.project.log) <= 3  # each was tried once, if at all
            one.project.extra = f"<global_preferences><mod_time>{START + 1:.0f}</mod_time></global_preferences>"
            await one.clock.sleep(60)  # the volunteer's wish would break the project's, who hears of that
            await projects.update("")  # the volunteer has another mind
            await one.until_reported(engine, 1)
        nothing_lost(one, 1)


async def test_the_database_is_lost_and_neither_account_nor_result(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one:
        with pytest.raises(Killed):
            await live_until(one, Stage.SENDING)
        (one.data / "state.sqlite3").write_bytes(b"nothing of ours " * 1000)
        async with one.running(attach=False) as (engine, projects):
            assert projects.attached
            await one.until_reported(engine, 1)
        nothing_lost(one, 1)
        assert one.project.sent == list(dict.fromkeys(one.project.sent))


async def test_once_ends_with_the_first_report(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one:
        async with one.running(attach=True):
            pass
        async with one.running(once=True) as (engine, _):
            await shows(engine, lambda view: view.level.value == "stopped")
        assert one.project.reported == ["task_0"] == one.project.sent
        assert "<dont_send_work>1</dont_send_work>" in one.project.bodies[-1]


async def test_the_server_takes_a_task_back(tmp_path: Path) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one:
        async with one.running() as (engine, projects):
            await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].activity.value == "running")
            one.project.extra = "<result_abort><name>task_0</name></result_abort>"
            await projects.update("")
            await one.until_reported(engine, 1)
            assert "<exit_status>202</exit_status>" in "".join(one.project.bodies)
            assert all(task.key != "task_0" for task in engine.view.tasks)
        assert "task_0_out" not in one.project.uploaded


async def test_what_can_not_be_done_in_time_is_given_back(tmp_path: Path) -> None:
    async with volunteer(tmp_path, job_seconds=100_000.0) as one:
        one.project.term = 20_000.0
        async with one.running() as (engine, _):
            await one.until_reported(engine, 1)
            assert "<state>6</state>" in "".join(one.project.bodies)
            assert "given_back" in [line.what for line in engine.timeline(1000)]
            assert one.clock.wall() < START + one.project.term


async def test_leaving_gives_everything_back(tmp_path: Path) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one:
        async with one.running() as (engine, projects):
            await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].activity.value == "running")
            assert await projects.detach("Small") == "Small"
            await shows(engine, lambda view: not view.projects and not view.tasks)
        assert one.project.reported == ["task_0"]
        assert one.keyring is not None
        assert one.keyring._secrets == {}
        assert not list((one.data / "attached").iterdir())
        assert not list((one.data / "projects").iterdir())


async def test_leaving_while_nobody_answers_loses_nothing_unasked(tmp_path: Path) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one, one.running() as (engine, projects):
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].activity.value == "running")
        one.project.faults |= dict.fromkeys(range(len(one.project.log), len(one.project.log) + 3), Raw(b""))
        with pytest.raises(Unreachable):
            await projects.detach("")
        assert engine.view.projects
        await projects.detach("", force=True)
        await shows(engine, lambda view: not view.projects)


async def test_a_forged_program_is_never_run(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one:
        one.project.job = one.project.job.replace(b"512", b"513")
        real, one.project.signer = one.project.signer, type(one.project.signer)()
        one.project.signer.key = real.key
        async with one.running() as (engine, _):
            await one.until_reported(engine, 1)
            assert one.world.vms == {}
            assert engine.view.finished == 0
        report = "".join(one.project.bodies)
        assert "<exit_status>-120</exit_status>" in report
        assert "<state>3</state>" in report
        assert one.project.log.count("/t4t/download/job.xml") >= 3


async def test_a_task_that_can_not_be_run_is_told(tmp_path: Path) -> None:
    async with volunteer(tmp_path, os_name="Linux_arm64") as one, one.running() as (engine, _):
        await one.until_reported(engine, 1)
        assert "<state>3</state>" in "".join(one.project.bodies)
        assert "T4T-TASK-07" in "".join(one.project.bodies)


async def test_a_result_that_was_not_written(tmp_path: Path) -> None:
    """Its time is over, which is a success, and nothing is there to send."""
    async with volunteer(tmp_path, copy_to_shared=None, job_duration="5") as one, one.running() as (engine, _):
        await one.until_reported(engine, 1)
        report = "".join(one.project.bodies)
        assert "<exit_status>-161</exit_status>" in report
        assert "<file_name>task_0_out</file_name>" in report


async def test_no_work_is_said_and_asked_for_later_each_time(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one:
        one.project.empty = True
        async with one.running() as (engine, _):
            view = await shows(engine, lambda view: bool(view.projects) and view.projects[0].no_work_since is not None and len(one.project.bodies) > 5)
            assert view.projects[0].no_work == ("no_virtualbox", "no_virtualization")
        asked = [at for at, path in zip(one.project.times, one.project.log, strict=True) if path == "/cgi"]
        waits = [later - earlier for earlier, later in itertools.pairwise(asked)][1:]
        assert waits == sorted(waits)
        assert waits[0] >= 300


async def test_a_key_that_is_nowhere_is_asked_for_and_nobody_else_is_asked(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one:
        async with one.running():
            pass
        assert one.keyring is not None
        kept = dict(one.keyring._secrets)
        one.keyring._secrets.clear()
        before = len(one.project.log)
        async with one.running(attach=False) as (engine, projects):
            view = await shows(engine, lambda view: bool(view.notices))
            assert view.notices[0].code == "T4T-KEY-06"
            assert one.project.log[before:] == []
            one.keyring._secrets.update(kept)
            projects.keys_changed()
            await one.until_reported(engine, 1)


async def test_words_and_files_before_the_end(tmp_path: Path) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one, one.running() as (engine, projects):
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].activity.value == "running")
        output = one.data / "slots" / "task_0" / "shared" / "output"
        await shows(engine, lambda _view: output.exists())
        projects.heard("task_0", Trickle(name="trickle", data=b"half way"))
        projects.heard("task_0", IntermediateUpload(path=str(output)))
        projects.heard("task_0", IntermediateUpload(path=str(tmp_path / "elsewhere")))
        projects.heard("nobody", Trickle(name="trickle", data=b""))
        await shows(engine, lambda _view: "half way" in "".join(one.project.bodies) and "task_0_out" in one.project.uploaded)
        assert "<variety>trickle</variety>" in "".join(one.project.bodies)
        await projects.update("")
        assert "half way" not in one.project.bodies[-1]  # the server has it
        assert projects._book.tasks["task_0"].early


async def test_what_else_a_reply_may_hold(tmp_path: Path) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one, one.running() as (engine, projects):
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].activity.value == "running")
        one.project.extra = (
            f"<rss_feeds><rss_feed><url>{one.project.url}/t4t/feed</url></rss_feed></rss_feeds>"
            "<result_abort_if_not_started><name>task_0</name></result_abort_if_not_started><result_abort><name>unknown</name></result_abort>"
            "<result><name>bad</name><wu_name>none</wu_name></result>"
            "<result><name>task_0</name><wu_name>wu_task_0</wu_name><report_deadline>1900000000</report_deadline></result>"
        )
        await projects.update("")
        await one.until_reported(engine, 1)
        assert one.project.reported == ["bad"]
        assert projects._book.tasks["task_0"].deadline == 1.9e9
        assert projects._book.tasks["task_0"].report is None  # it had begun
        view = await shows(engine, lambda view: view.projects[0].unread == 1)
        assert [news.title for news in projects.details()[0].news] == ["News"]
        assert projects.important() == (), "news for everybody are not"
        [name] = projects._clients
        message = Message(text="Please update VirtualBox.", priority="notice")
        projects._book.put_kept(name, news=with_messages(projects._book.kept(name).news, [message], 5.0, asked_for_work=False))
        [important] = projects.important()
        assert (important.text, important.time) == ("Please update VirtualBox.", 5.0)
        engine.popups_changed()
        await shows(engine, lambda view: [one.key for one in view.messages] == [f"project_notice:{important.id}"])
        projects.mark_read([news.id for news in projects.details()[0].news])
        assert projects.important() == ()
        assert (await shows(engine, lambda view: view.projects[0].unread == 0)).serial > view.serial


async def test_results_that_wait_are_not_left_behind_unasked(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one, one.running() as (engine, projects):
        one.project.refuse_uploads = True
        await shows(engine, lambda view: bool(view.projects) and view.projects[0].sending == 1)
        with pytest.raises(WorkUnreported):
            await projects.detach("")
        await projects.detach("", force=True)
        await shows(engine, lambda view: not view.projects)


async def test_a_bug_with_one_project_is_told_and_ends_nothing(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one, one.running() as (engine, projects):
        client = next(iter(projects._clients.values()))

        def broken() -> None:
            raise ZeroDivisionError

        client.care.turn = broken  # type: ignore[method-assign]
        assert isinstance(await client.update(), InternalFault)
        view = await shows(engine, lambda view: bool(view.notices))
        assert view.notices[0].code == "T4T-BUG-01"
