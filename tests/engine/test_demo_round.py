"""``t4t demo`` without a hypervisor: the real project, the client's own parts, a machine that only pretends to compute."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from support.task_folders import boot_sector
from t4t.bootstrap import demo_round
from t4t.bootstrap.demo_round import SERVER, DemoRound, Stopped
from t4t.bootstrap.projects import projects_of
from t4t.demo.project import DemoProject
from t4t.demo.project.book import Word
from t4t.demo.project.settings import Settings
from t4t.domain.errors import NotEnoughMemory
from t4t.domain.progress import Happened, Moment, Outcome, Trickle
from t4t.domain.project_errors import NoWorkGiven
from t4t.engine.folder import Wishes
from t4t.host.clock import RealClock
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.boinc.projects import Projects
    from t4t.bootstrap.demo_round import Round
    from t4t.demo.project.validation import Judge
    from t4t.domain.progress import TaskEvent

EE = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 100 7"
PP = "boinc pp z 8000 - - pythia8 8.317 tune-monash13 40 1"
QUICK = Settings(request_delay=0.2, deadline=1e7, tries=1, runspecs=(EE,), failed_login_delay=0.0)


@pytest.fixture
def appliance(tmp_path: Path) -> Path:
    """Boots, and that is all."""
    folder = tmp_path / "appliance"
    folder.mkdir()
    image = boot_sector()
    facts = {"t4t-appliance.raw": {"sha256": hashlib.sha256(image).hexdigest(), "size": len(image)}}
    (folder / "t4t-appliance.raw").write_bytes(image)
    (folder / "manifest.json").write_text(json.dumps({"version": "1", "architecture": "x86_64", "kernel": "6", "pythia": "8", "python": "3", "files": facts}))
    return folder


async def accepts(runspec: str, result: Path) -> str:
    """A judge who wants nothing but a result."""
    return "" if await asyncio.to_thread(result.is_file) else f"nothing of {runspec}"


class Desk:
    """A folder on which one demo follows another."""

    def __init__(self, root: Path, appliance: Path) -> None:
        self.root = root
        self.appliance = appliance
        self.world = FakeWorld(RealClock(), lambda: ScriptedGuest(boot_seconds=0.1, job_seconds=self.job_seconds))
        self.job_seconds = 0.3
        self.wishes = Wishes(cores=1)
        self.events: list[TaskEvent] = []
        self.started = asyncio.Event()

    def hear(self, event: TaskEvent) -> None:
        self.events.append(event)
        if isinstance(event, Moment) and event.what is Happened.STARTED:
            self.started.set()

    @contextlib.asynccontextmanager
    async def round(self, settings: Settings = QUICK, judge: Judge = accepts) -> AsyncIterator[tuple[DemoRound, DemoProject]]:
        driver = FakeHypervisor(self.world)
        async with DemoProject(self.root / SERVER, self.appliance, settings=settings, judge=judge) as project:
            try:
                yield DemoRound(self.root, project, driver, wishes=self.wishes, clock=RealClock(), listen=self.hear), project
                assert project.complaints == []
            finally:
                await driver.close()

    async def run(self, runspec: str | None = None, settings: Settings = QUICK, judge: Judge = accepts) -> Round:
        async with self.round(settings, judge) as (demo, _):
            return await demo.run(runspec)

    async def interrupt(self) -> Round:
        """As Ctrl-C does once the machine runs."""
        async with self.round() as (demo, _):
            running = asyncio.create_task(demo.run(None))
            await self.started.wait()
            demo.stop()
            return await running


@pytest.fixture
def desk(tmp_path: Path, appliance: Path) -> Desk:
    return Desk(tmp_path / "demo", appliance)


async def test_from_nothing_to_credit_and_once_more(desk: Desk) -> None:
    first = await desk.run()
    assert (first.task.outcome, first.task.exit_code, first.runspec) == (Outcome.DONE, 0, EE)
    assert first.credit is not None
    assert (first.credit.project, first.credit.valid, first.credit.granted, first.credit.total) == ("Test4Theory Demo", True, 5.0, 5.0)
    assert (first.kept.name, sorted(path.name for path in first.kept.iterdir())) == ("task-0001", ["input", "output.tgz", "run.log"])
    assert first.task.outputs == tuple(str(first.kept / name) for name in ("output.tgz", "run.log"))
    assert list((desk.root / "slots").iterdir()) == []
    assert desk.world.vms == {}
    second = await desk.run()  # the same volunteer comes back
    assert (second.kept.name, second.credit and second.credit.total) == ("task-0002", 10.0)


async def test_an_interrupted_task_goes_on(desk: Desk) -> None:
    desk.job_seconds = 0.6
    saved = await desk.interrupt()
    assert (saved.task.outcome, saved.credit, saved.runspec) == (Outcome.SAVED, None, EE)
    assert len(desk.world.vms) == 1
    done = await desk.run()
    assert (done.task.outcome, done.credit and done.credit.total) == (Outcome.DONE, 5.0)
    assert Happened.RESTORED in {event.what for event in desk.events if isinstance(event, Moment)}


async def test_what_the_project_says_to_a_task_reaches_its_guest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word up, and with the reply the answer down, into the folder that the guest sees; the project says it once."""
    desk.job_seconds = 600.0
    made: list[Projects] = []

    def noted(*args: Any, **more: Any) -> Projects:
        made.append(projects_of(*args, **more))
        return made[-1]

    monkeypatch.setattr(demo_round, "projects_of", noted)
    async with desk.round() as (demo, project):
        running = asyncio.create_task(demo.run(None))
        await desk.started.wait()
        (task,) = project.book.tasks.values()
        project.book.words.append(Word(hostid=task.hostid, result_name=task.name, time=5, text="<text>well done</text>"))
        made[0].heard(task.name, Trickle(name="trickle", data=b"half way"))
        said = desk.root / "slots" / task.name / "shared" / "trickle_down_5"
        async with asyncio.timeout(40):
            while not said.exists():  # noqa: ASYNC110 - a file of another part's, which nobody tells of
                await asyncio.sleep(0.05)
        assert said.read_text() == "<text>well done</text>"
        assert (project.book.messages[0].text, project.book.words[0].handled) == ("half way", True)
        demo.stop()
        assert (await running).task.outcome is Outcome.SAVED


async def test_another_job_is_asked_for(desk: Desk) -> None:
    """The one that was interrupted goes back, with its machine."""
    desk.job_seconds = 0.6
    await desk.interrupt()
    done = await desk.run(PP, replace(QUICK, runspecs=(PP,)))
    assert (done.task.outcome, done.runspec, done.credit and done.credit.granted) == (Outcome.DONE, PP, 2.0)
    assert desk.world.vms == {}


async def test_a_project_at_another_address_is_another_one(desk: Desk) -> None:
    desk.job_seconds = 0.6
    await desk.interrupt()
    port = json.loads((desk.root / SERVER / "project.json").read_bytes())["port"]
    with socket.create_server(("127.0.0.1", port)):  # somebody else has its port now
        done = await desk.run()
    assert (done.task.outcome, done.credit and done.credit.total) == (Outcome.DONE, 5.0)
    assert desk.world.vms == {}


async def test_a_result_that_is_refused(desk: Desk) -> None:
    async def doubts(runspec: str, result: Path) -> str:
        return "other bits" if await accepts(runspec, result) == "" else "nothing"

    done = await desk.run(judge=doubts)
    assert done.task.outcome is Outcome.DONE
    assert done.credit is not None
    assert (done.credit.valid, done.credit.why, done.credit.total) == (False, "other bits", 0.0)


async def test_a_guest_that_fails(desk: Desk) -> None:
    desk.world = FakeWorld(RealClock(), lambda: ScriptedGuest(boot_seconds=0.1, job_seconds=0.3, exit_code=206))
    failed = await desk.run()
    assert (failed.task.outcome, failed.task.exit_code) == (Outcome.FAILED, 206)
    assert (await desk.run()).kept.name == "task-0002"  # another job, not the same again


async def test_there_is_no_work(desk: Desk) -> None:
    with pytest.raises(NoWorkGiven, match="no tasks available"):
        await desk.run(settings=replace(QUICK, jobs=0))


async def test_a_machine_that_does_not_fit(desk: Desk) -> None:
    desk.wishes = Wishes(cores=1, memory_mib=1 << 24)
    with pytest.raises(NotEnoughMemory):
        await desk.run()
    desk.wishes = Wishes(cores=1)
    assert (await desk.run()).kept.name == "task-0001"


async def test_stopped_before_the_machine_runs(desk: Desk) -> None:
    async with desk.round() as (demo, _):
        demo.stop()
        with pytest.raises(Stopped):
            await demo.run(None)


async def test_stopped_while_the_project_looks(desk: Desk) -> None:
    """There is a result: it is shown, without its credit."""
    looking = asyncio.Event()

    async def slow(runspec: str, result: Path) -> str:
        looking.set()
        await asyncio.Event().wait()
        return await accepts(runspec, result)

    async with desk.round(judge=slow) as (demo, _):
        running = asyncio.create_task(demo.run(None))
        await looking.wait()
        demo.stop()
        done = await running
    assert (done.task.outcome, done.credit) == (Outcome.DONE, None)
    again = await desk.run()  # what was not looked at is looked at now
    assert again.credit is not None
    assert again.credit.total >= 5.0
