"""What a project wants of its tasks while they are here: words for their guests, and the limits that the account sets on its page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import shows
from support.volunteer import volunteer
from t4t.domain.project import TrickleDown
from t4t.domain.project_task import Stage, with_deadline
from t4t.engine.folder import Wishes

if TYPE_CHECKING:
    from pathlib import Path

    from support.volunteer import Volunteer
    from t4t.engine.engine import Engine

WORD = "<trickle_down><result_name>{name}</result_name><time>{time}</time><text>go on</text></trickle_down>"


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def preferences(*, jobs: int, cpus: int) -> str:
    specific = f"<project_specific><max_jobs>{jobs}</max_jobs><max_cpus>{cpus}</max_cpus></project_specific>"
    return f"<project_preferences><resource_share>100</resource_share>{specific}</project_preferences>"


async def runs(engine: Engine) -> None:
    await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].activity.value == "running")


def shared(one: Volunteer) -> Path:
    return one.data / "slots" / "task_0" / "shared"


async def test_a_word_reaches_the_guest_once(tmp_path: Path) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one, one.running() as (engine, projects):
        await runs(engine)
        one.project.extra = WORD.format(name="task_0", time=5) + WORD.format(name="somebody_elses", time=6)
        await projects.update("")
        await shows(engine, lambda _view: not projects._book.kept(projects._book.tasks["task_0"].project).words)
        assert [path.name for path in shared(one).glob("trickle_down_*")] == ["trickle_down_5"]
        assert (shared(one) / "trickle_down_5").read_text() == "<text>go on</text>"
        (shared(one) / "trickle_down_5").unlink()  # the guest has read it
        await projects.update("")
        assert not (shared(one) / "trickle_down_5").exists()


async def test_a_word_waits_for_its_guest_over_a_restart(tmp_path: Path) -> None:
    """The server says it once: it was written down before anything else was done."""
    async with volunteer(tmp_path, job_seconds=40_000.0) as one:
        async with one.running() as (engine, projects):
            await shows(engine, lambda _view: "task_0" in projects._book.tasks)
            name = projects._book.tasks["task_0"].project
            projects._book.put_kept(name, words=(TrickleDown(result_name="task_0", time=5, text="go on"),))
            assert not projects._clients[name].care.begun(projects._book.tasks["task_0"])
            projects._clients[name].care._pass_words_on()
            assert projects._book.kept(name).words  # there is no guest that could read it
        async with one.running() as (engine, projects):
            await runs(engine)
            projects._clients[name].look()
            await shows(engine, lambda _view: (shared(one) / "trickle_down_5").exists() and not projects._book.kept(name).words)


async def test_a_word_that_can_not_be_written_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one, one.running() as (engine, projects):
        await runs(engine)
        care = projects._clients[projects._book.tasks["task_0"].project].care

        def full(_path: Path, _word: TrickleDown) -> str:
            raise OSError(28, "No space left on device")

        word = TrickleDown(result_name="task_0", time=5, text="go on")
        projects._book.put_kept(care._project, words=(word,))
        with monkeypatch.context() as broken:
            broken.setattr("t4t.boinc.care.put_word", full)
            care._pass_words_on()
        assert projects._book.kept(care._project).words == (word,)
        care._pass_words_on()
        assert projects._book.kept(care._project).words == ()
        assert (shared(one) / "trickle_down_5").read_text() == "go on"


async def test_the_accounts_limits_hold_for_its_tasks(tmp_path: Path) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one, one.running(tasks=3) as (engine, projects):
        await runs(engine)
        await engine.give(engine._given.settings, Wishes(cores=4))
        work = engine._reconciler.charges["task_0"].work
        assert work.wishes.cores == 4
        one.project.extra = preferences(jobs=1, cpus=2)
        await projects.update("")
        view = await shows(engine, lambda view: view.projects[0].max_cpus == 2)
        assert view.projects[0].max_jobs == 1
        await shows(engine, lambda _view: work.wishes.cores == 2)
        asked = [body for body in one.project.bodies if "<work_req_seconds>0.0" not in body]
        await projects.update("")
        assert [body for body in one.project.bodies if "<work_req_seconds>0.0" not in body] == asked  # it holds one, and that is all that it may
        one.project.extra = preferences(jobs=0, cpus=0)
        await projects.update("")
        await shows(engine, lambda _view: work.wishes.cores == 4)
        await projects.update("")
        assert "<work_req_seconds>0.0" not in one.project.bodies[-1]


async def test_a_lower_limit_lets_go_of_no_machine(tmp_path: Path) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one, one.running(tasks=2) as (engine, projects):
        await runs(engine)
        name = projects._book.tasks["task_0"].project
        client = projects._clients[name]
        slot = client.care.slot(projects._book.tasks["task_0"])
        projects._book.put_project(replace(client.state, project_preferences=preferences(jobs=1, cpus=0)))
        first = projects._book.tasks["task_0"]
        second = with_deadline(replace(first, slot="task_9", stage=Stage.READY), first.deadline - 1000.0)
        projects._book.tasks["task_9"] = second
        assert client.handed_out() == [slot]  # though the other one is due first
        projects._book.put_project(replace(client.state, project_preferences=preferences(jobs=2, cpus=0)))
        assert client.handed_out() == [client.care.slot(second), slot]
        del projects._book.tasks["task_9"]
