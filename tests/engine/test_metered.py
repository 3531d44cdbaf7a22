"""Networks that cost by the byte: files wait, contacts do not, and the volunteer has the last word."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import shows
from support.small_project import KEY
from support.volunteer import RESULT, volunteer
from t4t.domain.project_task import Stage
from t4t.domain.project_view import Keep
from t4t.transfer.http import Http
from t4t.wording.projects import why

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.boinc.projects import Projects
    from t4t.domain.project_task import ProjectTask


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def give(projects: Projects, *, on_metered: bool) -> None:
    projects.give(tasks=1, cores=1, preferences={}, time=0.0, on_metered=on_metered)


def costs_once_there_is_work(projects: Projects, stage: Stage) -> asyncio.Event:
    """Set when a task has just come to this stage: from that moment on the network costs."""
    book, reached = projects._book, asyncio.Event()
    put = book.put_task

    def put_task(task: ProjectTask) -> None:
        put(task)
        if task.stage is stage and not reached.is_set():
            projects.network_costs(metered=True)
            reached.set()

    book.put_task = put_task  # type: ignore[method-assign]
    return reached


async def test_no_work_is_asked_for_whose_files_could_not_come(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one, one.running(attach=False) as (engine, projects):
        give(projects, on_metered=False)
        projects.network_costs(metered=True)
        http = Http("test")
        await projects.attach(await one.config(http), KEY, Keep.KEYRING)
        await http.close()
        view = await shows(engine, lambda view: bool(view.projects) and view.projects[0].metered)
        assert "costs by the byte" in "\n".join(why(view.projects[0], one.clock.wall()))
        await one.clock.sleep(4 * 3600)
        assert one.project.log.count("/cgi") >= 1, "contacts are small"
        assert one.project.sent == []


@pytest.mark.parametrize("stage", [Stage.FETCHING, Stage.SENDING])
async def test_files_wait_until_the_network_is_another_one_or_the_volunteer_lets_them_go(tmp_path: Path, stage: Stage) -> None:
    async with volunteer(tmp_path) as one, one.running() as (engine, projects):
        give(projects, on_metered=False)
        await costs_once_there_is_work(projects, stage).wait()
        files = [path for path in one.project.log if "/download/" in path or path == "/upload"]
        await one.clock.sleep(4 * 3600)
        assert [path for path in one.project.log if "/download/" in path or path == "/upload"] == files
        assert one.project.reported == []
        if stage is Stage.FETCHING:
            projects.network_costs(metered=None)
        else:
            give(projects, on_metered=True)
        await one.until_reported(engine, 1)
        await shows(engine, lambda view: not view.projects[0].metered)
        received, sent = projects.moved
        assert received > len(one.project.job)
        assert sent >= len(RESULT)
    assert one.project.complaints == []
    assert one.project.reported.count("task_0") == 1
