"""What verbs do with projects: through the agent that runs, and where none does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import shows
from support.small_project import KEY
from support.volunteer import volunteer
from t4t.api.messages import AttachParams, UnlockParams
from t4t.bootstrap.attach import ProjectVerbs
from t4t.cli import agent_verbs, arguments
from t4t.domain.errors import AgentMissing
from t4t.domain.project_errors import (
    EmailUnknown,
    KeyFileLocked,
    KeyMalformed,
    KeyNotKept,
    KeyRefused,
    NotAttached,
    PassphraseWrong,
    PasswordTooShort,
    RequestRefused,
)
from t4t.domain.project_view import Keep
from t4t.domain.signup import OtherAccount, Signup, Way

if TYPE_CHECKING:
    from pathlib import Path

NEW = Signup(way=Way.CREATE, email="v@example.org", password="long enough", name="V", invite_code="code", consent=True)  # noqa: S106 (of no use)


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


async def test_through_the_agent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with volunteer(tmp_path, job_seconds=40_000.0) as one, one.running(attach=False) as (engine, projects):
        verbs = ProjectVerbs(one.data)
        assert await asyncio.to_thread(verbs.projects) == []
        found = await asyncio.to_thread(ProjectVerbs(tmp_path).offer, f"{one.server.url}/t4t/")
        key = await asyncio.to_thread(ProjectVerbs(tmp_path).account_key, found, NEW)
        assert key == KEY
        attached = await asyncio.to_thread(verbs.attach, found, key, Keep.RUN, "")
        assert (attached.project.name, projects.attached) == ("Small", True)
        assert one.keyring is not None
        assert one.keyring._secrets == {}  # for this run only
        await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].activity.value == "running")

        one.project.extra = '<message priority="notice">Read &lt;b&gt;this&lt;/b&gt;</message>'
        updated = await asyncio.to_thread(verbs.update, "Small", "")
        assert (updated.project.user, updated.project.unread) == ("V", 1)
        await asyncio.to_thread(verbs.mark_read, (updated.news[0].id,))
        assert (await asyncio.to_thread(verbs.projects))[0].project.unread == 0
        await asyncio.to_thread(agent_verbs.run, arguments.parser().parse_args(["status"]), one.data)
        assert "Small (V): 1 task" in capsys.readouterr().out
        await asyncio.to_thread(agent_verbs.run, arguments.parser().parse_args(["why"]), one.data)
        said = capsys.readouterr().out
        assert "Small: 1 task, credit 0" in said

        with pytest.raises(NotAttached):
            await asyncio.to_thread(verbs.update, "https://elsewhere.example/", "")
        await asyncio.to_thread(verbs.unlock, "words")
        assert await asyncio.to_thread(lambda: verbs.detach("", "", force=False)) == "Small"
        assert await asyncio.to_thread(verbs.projects) == []


async def test_where_no_agent_runs(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one:
        verbs = ProjectVerbs(one.data)
        found = await asyncio.to_thread(ProjectVerbs(tmp_path).offer, f"{one.server.url}/t4t")
        with pytest.raises(KeyNotKept):
            await asyncio.to_thread(verbs.attach, found, KEY, Keep.RUN, "")
        await asyncio.to_thread(verbs.attach, found, KEY, Keep.FILE, "words")
        assert [one.project.url for one in await asyncio.to_thread(verbs.projects)] == [found.config.master_url]
        with pytest.raises(KeyFileLocked):
            await asyncio.to_thread(verbs.update, "", "")
        with pytest.raises(PassphraseWrong):
            await asyncio.to_thread(verbs.update, "", "other words")
        updated = await asyncio.to_thread(verbs.update, "", "words")
        assert updated.project.user == "V"
        assert "<cpu_req_instances>0.000000</cpu_req_instances>" in one.project.bodies[-1]  # nobody would compute it
        with pytest.raises(AgentMissing):
            await asyncio.to_thread(verbs.unlock, "words")
        await asyncio.to_thread(verbs.mark_read, ("none",))
        await asyncio.to_thread(lambda: verbs.detach("", "words", force=False))
        assert await asyncio.to_thread(verbs.projects) == []


async def test_whose_account(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one:
        found = await asyncio.to_thread(ProjectVerbs(tmp_path).offer, f"{one.server.url}/t4t/")
        assert (found.config.name, found.runs_beside) == ("Small", False)
        for signup, error in (
            (replace(NEW, password=KEY[:5]), PasswordTooShort),
            (Signup(way=Way.KEY, key="no key"), KeyMalformed),
            (Signup(way=Way.OTHER_CLIENT), KeyMalformed),
            (Signup(way=Way.KEY, key=KEY), RequestRefused),  # the small project has no page for that
            (Signup(way=Way.LOG_IN, email="v@example.org", password=KEY), RequestRefused),
        ):
            with pytest.raises(error):
                await asyncio.to_thread(ProjectVerbs(tmp_path).account_key, found, signup)
        weak = f"7_{KEY}"
        other = replace(found, other=OtherAccount(user_name="V", key=weak, host_cpid="c" * 32))
        assert await asyncio.to_thread(ProjectVerbs(tmp_path).account_key, other, Signup(way=Way.OTHER_CLIENT)) == weak
        verbs = ProjectVerbs(one.data)
        await asyncio.to_thread(verbs.attach, other, weak, Keep.FILE, "words")
        assert "c" * 32 in next((one.data / "attached").glob("*/project.json")).read_text()


async def test_the_demo_project_knows_keys_and_teams(tmp_path: Path) -> None:
    from support.demo_rig import QUICK, small_appliance  # noqa: PLC0415 - an HTTP server of its own
    from t4t.demo.project import DemoProject  # noqa: PLC0415 - as above

    async with DemoProject(tmp_path / "server", small_appliance(tmp_path / "appliance"), settings=QUICK) as project:
        found = await asyncio.to_thread(ProjectVerbs(tmp_path).offer, project.address)
        new = replace(NEW, invite_code=project.settings.invite_code)
        key = await asyncio.to_thread(ProjectVerbs(tmp_path).account_key, found, new)
        for team in ("Demo volunteers", "1"):
            login = Signup(way=Way.LOG_IN, email=new.email, password=new.password, team=team)
            assert await asyncio.to_thread(ProjectVerbs(tmp_path).account_key, found, login) == key
        assert project.book.accounts[1].teamid == 1
        with pytest.raises(KeyRefused):
            await asyncio.to_thread(ProjectVerbs(tmp_path).account_key, found, Signup(way=Way.KEY, key="0" * 32))
        with pytest.raises(EmailUnknown):
            await asyncio.to_thread(ProjectVerbs(tmp_path).account_key, found, replace(login, email="w@example.org"))


def test_secrets_are_in_no_text_of_a_message() -> None:
    shown = repr(AttachParams(url="https://x/", name="x", key=KEY, keep=Keep.RUN)) + repr(UnlockParams(passphrase="words")) + repr(NEW)  # noqa: S106 (no secret)
    assert KEY not in shown
    assert "words" not in shown
    assert NEW.password not in shown
