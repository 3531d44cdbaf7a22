"""The demo project inside of the agent: joined without an account, found again by the next agent, left. The real project and the client's own parts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from support.agent_in_process import shows
from support.demo_rig import small_appliance
from support.small_project import KEY
from support.volunteer import volunteer
from t4t.boinc.keys import Keys
from t4t.bootstrap import first_run
from t4t.bootstrap.first_run import WizardWork
from t4t.bootstrap.net import http_of
from t4t.bootstrap.projects import projects_of
from t4t.bootstrap.services import Services
from t4t.bootstrap.try_out import FOLDER, TryOut
from t4t.domain.errors import AgentMissing, ApplianceMissing
from t4t.domain.project_errors import NotAttached
from t4t.domain.project_view import Keep
from t4t.host.clock import RealClock
from t4t.storage.secrets import MemoryVault
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.boinc.projects import Projects


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("T4T_APPLIANCE", str(small_appliance(tmp_path / "appliance")))


@contextlib.asynccontextmanager
async def agent(data: Path) -> AsyncIterator[tuple[Projects, TryOut]]:
    """What of an agent has to do with projects, on a keyring that must stay empty."""
    data.mkdir(exist_ok=True)  # noqa: ASYNC240 - before anything runs
    clock = RealClock()
    state, connections, vault = State(data, now=clock.wall), http_of(data), MemoryVault()
    projects = projects_of(data, state, connections, clock=clock, keys=Keys(data, str, keyring=lambda _folder: vault))
    try_out = TryOut(data, projects, clock)
    try:
        async with projects.running(), try_out.kept():
            yield projects, try_out
        assert vault._secrets == {}
    finally:
        await try_out.close()
        await connections.close()
        state.close()


async def test_joined_found_again_and_left(tmp_path: Path) -> None:
    async with agent(tmp_path / "data") as (projects, _):
        (first,) = await projects.demo(on=True)
        assert first.project.name == "Test4Theory Demo"
        await projects.demo(on=True)  # once more is the same
        await projects.update(first.project.url)
        assert (len(projects.views()), projects.views()[0].user) == (1, "Volunteer")
    async with agent(tmp_path / "data") as (projects, try_out):
        (view,) = projects.views()
        assert view.url == first.project.url
        await until_opened(try_out)
        await projects.update(view.url)  # with the key of the same account, which was nowhere kept
        assert projects.views()[0].host == 1
        assert await projects.demo(on=False) == []
    async with agent(tmp_path / "data") as (projects, try_out):
        assert projects.views() == ()
        assert try_out._project is None  # who has left opens nothing


async def until_opened(try_out: TryOut) -> None:
    async with asyncio.timeout(30):
        while try_out._project is None or try_out._turn.locked():  # noqa: ASYNC110 - it is opened beside the agent's start
            await asyncio.sleep(0.02)


async def test_at_another_address_it_is_joined_there(tmp_path: Path) -> None:
    async with agent(tmp_path / "data") as (projects, _):
        (first,) = await projects.demo(on=True)
    port = urlsplit(first.project.url).port
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port or 0))
        taken.listen()
        async with agent(tmp_path / "data") as (projects, try_out):
            await until_opened(try_out)
            (view,) = projects.views()
            assert urlsplit(view.url).port != port


async def test_an_appliance_that_is_gone_is_told_and_keeps_no_agent_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with agent(tmp_path / "data") as (projects, _):
        await projects.demo(on=True)
    monkeypatch.setenv("T4T_APPLIANCE", str(tmp_path / "nothing"))
    with caplog.at_level(logging.WARNING, "t4t.bootstrap.try_out"):
        async with agent(tmp_path / "data") as (projects, _):
            with pytest.raises(ApplianceMissing):
                await projects.demo(on=True)
            async with asyncio.timeout(20):
                while "the demo project does not start" not in caplog.text:  # noqa: ASYNC110 - a line of the log
                    await asyncio.sleep(0.02)


async def test_a_state_that_is_ruined_is_begun_anew(tmp_path: Path) -> None:
    folder = tmp_path / "data" / FOLDER
    folder.mkdir(parents=True)
    (folder / "project.json").write_bytes(b"\xff not JSON")
    async with agent(tmp_path / "data") as (projects, _):
        assert projects.views() == ()


class _Host:
    """See `t4t.boinc.projects.DemoHost`: a list of what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def join(self) -> None:
        self.asked.append("join")

    async def leave(self) -> None:
        self.asked.append("leave")


async def test_as_the_wizard_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the agent's socket, from another thread; a real project that is joined takes the demo's place."""
    host = _Host()
    async with volunteer(tmp_path, job_seconds=40_000.0) as one, one.running(attach=False) as (engine, projects):
        work = WizardWork(Services(one.data))
        with pytest.raises(NotAttached):
            await asyncio.to_thread(work.try_demo)  # this agent has none
        projects.hosts_demo(host)
        await asyncio.to_thread(work.try_demo)
        found = await asyncio.to_thread(work.offer, f"{one.server.url}/t4t/")
        joined = await asyncio.to_thread(work.attach, found, KEY, Keep.RUN, "")
        assert joined.project.name == "Small"
        assert host.asked == ["join", "leave"]
        await shows(engine, lambda view: len(view.projects) == 1)
    monkeypatch.setattr(first_run, "_START_S", 0.0)
    with pytest.raises(AgentMissing):
        await asyncio.to_thread(work.try_demo)
