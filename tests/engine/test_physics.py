"""What tasks simulate, from their guests' pages through the agent to whoever asks the API: the agent in this process, guests by a script."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from support.agent_in_process import InProcess, shows, until
from support.guest_web import recorded
from support.scripted_engine import ScriptedEngine, a_view
from t4t.api.client import Client
from t4t.domain.errors import AgentNotUnderstood, OutputUnreadable
from t4t.domain.physics import JobState, Physics, Result, ResultDetails
from t4t.domain.progress import Outcome
from t4t.engine import live, results
from t4t.engine.record import FOLDER, TaskRecord
from t4t.engine.server import ApiServer
from t4t.guest import webapp
from t4t.hypervisor.fake import FakeWorld, ScriptedGuest
from t4t.hypervisor.fake.guest import result_archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINE = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 60 7"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(live, "_FRESH_S", 0.02)


class Guest(ScriptedGuest):
    """Has the pages that a test gives it; None: the line is cut where another page would be."""

    def __init__(self, pages: dict[str, Any], *, job_seconds: float) -> None:
        super().__init__(boot_seconds=0.0, job_seconds=job_seconds)
        self.pages = pages
        self.asked: list[str] = []

    def page(self, path: str, now: float) -> bytes | None:
        self.asked.append(path)
        found = self.pages.get(path)
        return None if found is None else found if isinstance(found, bytes) else json.dumps(found).encode()


def pages_of(job: str) -> dict[str, Any]:
    return {"/": b"<html>"} | {f"/job/{part}.json": recorded(job, part) for part in ("index", "histograms", "event")}


class Rig(InProcess):
    """An agent whose guests have pages."""

    def __init__(self, data: Path, pages: dict[str, Any], *, job_seconds: float = 600.0) -> None:
        super().__init__(data)
        self.physics_told = True
        self.guest = Guest(pages, job_seconds=job_seconds)
        self.world = FakeWorld(self.clock, lambda: self.guest)

    def add(self, name: str = "one") -> None:
        self.add_task(name, pf_guest_port="80")

    async def ask(self, method: str, **params: Any) -> Any:
        def talk() -> Any:
            with Client(self.data) as client:
                return client.call(method, **params)

        return await asyncio.to_thread(talk)

    async def physics(self, right: Callable[[Physics], object], **params: Any) -> Physics:
        """Ask, as a window does, until the answer is right."""
        async with asyncio.timeout(60):
            while True:
                found = msgspec.convert(await self.ask("physics", **params), Physics)
                if right(found):
                    return found
                await asyncio.sleep(0.05)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "data", pages_of("jets"))


async def test_what_a_guest_computes_comes_through_the_api_and_stays_when_it_is_paused_and_when_the_agent_is_another(rig: Rig) -> None:
    rig.add()
    async with rig.running() as engine:
        await until(engine, "running")
        found = await rig.physics(lambda seen: seen.live and seen.plots)
        assert (found.task, found.name) == ("one", "one")
        assert found.at is not None
        assert found.at == pytest.approx(rig.clock.wall(), abs=60)
        assert found.job.state is JobState.RUNNING
        assert (found.job.spec.process if found.job.spec else "", found.job.done, found.job.wanted) == ("jets", 40, 120)
        assert [plot.name for plot in found.plots] == ["jet_pt"], "one is what is asked for"
        every = await rig.physics(lambda seen: seen.plots, plots=60)
        assert len(every.plots) == len(recorded("jets", "histograms")["histograms"])
        assert (await rig.physics(lambda seen: seen.live, plots=0)).plots == ()
        assert found.collision is None, "nobody asked for it"
        drawn = (await rig.physics(lambda seen: seen.live, collision=True)).collision
        assert drawn is not None
        assert (drawn.family, drawn.count) == ("jets", 532)
        assert (await rig.physics(lambda _: True, plots=-3)).plots == ()
        await rig.ask("pause", kind="1h")
        await until(engine, "paused")
        kept = await rig.physics(lambda seen: not seen.live)
        assert kept.plots == found.plots
        assert kept.at is not None
        assert kept.at >= found.at
        assert (await rig.physics(lambda _: True, task="one")).plots == found.plots
        assert await rig.physics(lambda _: True, task="another") == (await rig.physics(lambda _: True))
    again = Rig(rig.data, {})
    async with again.running():
        kept = await again.physics(lambda seen: not seen.live, collision=True)
        assert (kept.plots, kept.collision) == (found.plots, drawn)


async def test_who_asks_a_guest_that_never_answers_waits_for_a_moment_only(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_TIMEOUT_S", 60.0)
    hold = asyncio.Event()

    async def never(*_: object, **__: object) -> object:
        await hold.wait()
        return {}

    monkeypatch.setattr(webapp, "fetch_json", never)
    rig.add()
    async with rig.running() as engine:
        await until(engine, "running")
        for _ in range(3):
            found = await asyncio.wait_for(rig.physics(lambda _: True), 30)
            assert not found.live
        hold.set()


async def test_a_guest_of_another_kind_one_that_falls_silent_and_one_that_goes_on_with_another_job(rig: Rig) -> None:
    def kind(seen: Physics) -> str:
        return seen.job.spec.process if seen.job.spec else ""

    rig.guest.pages = {"/": b"<html>"}
    rig.add()
    async with rig.running() as engine:
        await until(engine, "running")
        found = await rig.physics(lambda seen: seen.live)
        assert found.job.is_silent
        assert (kind(found), found.job.wanted, found.plots, found.at) == ("zhad", 60, (), None), "it is known by its input"
        rig.guest.pages = {}
        assert kind(await rig.physics(lambda seen: not seen.live)) == "zhad", "what its input says is known all the same"
        rig.guest.pages = {"/": b"<html>", "/job/index.json": {"some": "other format"}}
        assert (await rig.physics(lambda seen: seen.live)).job.is_silent
        rig.guest.pages = pages_of("jets")
        await rig.physics(lambda seen: seen.plots and kind(seen) == "jets")
        rig.guest.pages = {"/": b"x", "/job/index.json": recorded("jets", "index") | {"events_done": 41}}
        found = await rig.physics(lambda seen: seen.job.done == 41, collision=True)
        assert found.plots, "they did not come this time"
        assert found.collision is not None
        rig.guest.pages = {"/": b"x", "/job/index.json": recorded("ee", "index")}
        found = await rig.physics(lambda seen: kind(seen) == "zhad", collision=True)
        assert (found.plots, found.collision) == ((), None), "they were another job's"


async def test_where_nothing_ever_ran_there_is_nothing(rig: Rig) -> None:
    async with rig.running():
        assert await rig.physics(lambda _: True) == Physics()
        assert await rig.physics(lambda _: True, task="none") == Physics()
        assert await rig.ask("results") == []
        for name in ("no-such", "../physics", "", "x" * 200):
            with pytest.raises(OutputUnreadable):
                await rig.ask("result", id=name)


async def test_without_physics_the_api_has_no_such_methods(rig: Rig, tmp_path: Path) -> None:

    server = ApiServer(ScriptedEngine(a_view()), tmp_path)
    await server.start()
    try:
        rig.data = tmp_path
        with pytest.raises(AgentNotUnderstood):
            await rig.ask("physics")
    finally:
        await server.close()


# --- results ---------------------------------------------------------------------------------------------------------


async def finished(rig: Rig, count: int = 1) -> list[Result]:
    """Run until so many have ended and are kept."""
    async with rig.running() as engine:
        await shows(engine, lambda view: view.finished >= count)
        async with asyncio.timeout(60):
            while True:
                found = msgspec.convert(await rig.ask("results"), list[Result])
                if found and all(one.plots for one in found):
                    return found
                await asyncio.sleep(0.05)


async def test_a_result_is_kept_with_its_histograms_and_is_what_home_shows_afterwards(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "data", pages_of("ee"), job_seconds=1.0)
    rig.add()
    (told,) = await finished(rig)
    assert (told.task, told.plots) == ("one", 1)
    assert (told.spec.process if told.spec else "") == "zhad"
    assert sorted(path.name for path in (rig.data / results.FOLDER).iterdir()) == [f"{told.id}.json"], "the archive is not kept"
    async with rig.running():
        details = msgspec.convert(await rig.ask("result", id=told.id), ResultDetails)
        assert details.result == told
        assert [(plot.name, plot.heights) for plot in details.plots] == [("nch", (1 / 1.5, 1 / 1.5))]
        home = await rig.physics(lambda seen: seen.plots)
        assert (home.live, home.at, home.job.state, home.plots) == (False, told.at, JobState.DONE, details.plots)


def a_store(tmp_path: Path) -> results.Results:
    return results.Results(tmp_path, InProcess(tmp_path).source, InProcess(tmp_path).clock)


def a_task(tmp_path: Path, name: str, archive: bytes | None = None) -> Path:
    """The folder of a task that has ended."""
    folder = tmp_path / "tasks" / name
    (folder / "shared").mkdir(parents=True)
    (folder / FOLDER).mkdir()
    (folder / FOLDER / "task.json").write_bytes(msgspec.json.encode(TaskRecord(vm_id=name, data_dir=str(tmp_path))))
    if archive is not None:
        (folder / "shared" / "output.tgz").write_bytes(archive)
    return folder


ARCHIVE = result_archive({"runspec": LINE})


async def test_a_task_that_failed_leaves_no_result_and_one_that_is_handed_back_twice_leaves_one(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    store.retire(a_task(tmp_path, "failed", ARCHIVE), Outcome.FAILED)
    twice = a_task(tmp_path, "twice", ARCHIVE)
    store._take(twice)
    store.retire(twice, Outcome.DONE)
    await asyncio.gather(*store._reading)
    assert [one.id for one in await store.results()] == ["twice"]
    assert sorted(path.name for path in store.ended()) == ["failed", "twice"]
    assert list(store.folders()) == []


async def test_who_died_between_two_steps_of_taking_a_result_takes_it_again(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    folder = a_task(tmp_path, "one", ARCHIVE)
    (tmp_path / results.FOLDER).mkdir()
    os.link(folder / "shared" / "output.tgz", tmp_path / results.FOLDER / ".one.output.tgz")
    store.retire(folder, Outcome.DONE)
    await asyncio.gather(*store._reading)
    assert [one.plots for one in await store.results()] == [1]


async def test_where_there_are_no_hard_links_a_result_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    store = a_store(tmp_path)
    store.retire(a_task(tmp_path, "one", ARCHIVE), Outcome.DONE)
    await asyncio.gather(*store._reading)
    assert [one.plots for one in await store.results()] == [1]


async def test_a_result_that_can_not_be_kept_is_not_and_the_task_is_handed_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = a_store(tmp_path)
    (tmp_path / results.FOLDER).write_text("in the way")
    store.retire(a_task(tmp_path, "one", ARCHIVE), Outcome.DONE)
    assert (tmp_path / "done" / "one").is_dir()
    (tmp_path / results.FOLDER).unlink()

    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(results, "_digest", full)
    store.retire(a_task(tmp_path, "two", ARCHIVE), Outcome.DONE)
    await asyncio.gather(*store._reading)
    assert store.newest is None
    assert (tmp_path / results.FOLDER / ".two.output.tgz").exists(), "the next agent tries again"
    await store.close()


async def test_a_last_picture_that_can_not_be_kept_holds_up_nobody(rig: Rig) -> None:
    (rig.data / "physics.json").mkdir(parents=True)
    rig.add()
    async with rig.running() as engine:
        await until(engine, "running")
        assert (await rig.physics(lambda seen: seen.plots)).live


async def test_only_the_last_fifty_are_kept(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    folder = tmp_path / results.FOLDER
    folder.mkdir()
    for number in range(results.MOST + 5):
        told = Result(id=f"r{number}", task="t", at=float(number))
        (folder / f"r{number}.json").write_bytes(msgspec.json.encode(ResultDetails(result=told)))
    (folder / "broken.json").write_bytes(b"{")
    results._prune(folder)
    await store.open()
    assert [one.id for one in await store.results()] == [f"r{number}" for number in range(results.MOST + 4, 4, -1)]
    assert store.newest is None, "it has no plots"
    with pytest.raises(OutputUnreadable):
        await store.result("broken")
    await store.close()


async def test_what_a_guest_left_in_place_of_a_result_keeps_no_task_from_being_handed_back(tmp_path: Path) -> None:

    store = a_store(tmp_path)
    secret = tmp_path / "secret"
    secret.write_bytes(b"mine")
    link = a_task(tmp_path, "link")
    (link / "shared" / "output.tgz").symlink_to(secret)
    pipe = a_task(tmp_path, "pipe")
    os.mkfifo(pipe / "shared" / "output.tgz")
    (pipe / "shared" / "input").symlink_to(secret)
    none = a_task(tmp_path, "none")
    junk = a_task(tmp_path, "junk", b"no archive")
    other = a_task(tmp_path, "other", b"of another project")
    (other / "shared" / "input").write_text(f"./runRivet.sh {LINE}\n")
    for folder in (link, pipe, none, junk, other):
        store.retire(folder, Outcome.DONE)
        assert (tmp_path / "done" / folder.name).is_dir()
    await asyncio.gather(*store._reading)
    (found,) = await store.results()
    assert (found.id, found.plots, found.spec.events if found.spec else 0) == ("other", 0, 60)
    assert store.newest is None
    assert secret.read_bytes() == b"mine"
    await store.close()


async def test_who_died_while_a_result_was_read_reads_it_at_the_next_start(tmp_path: Path) -> None:

    folder = tmp_path / results.FOLDER
    folder.mkdir()
    told = Result(id="a1", task="t", at=5.0)
    (folder / "a1.json").write_bytes(msgspec.json.encode(ResultDetails(result=told)))
    (folder / ".a1.output.tgz").write_bytes(ARCHIVE)
    (folder / ".a2.output.tgz").write_bytes(ARCHIVE)  # its word was never written: it is handed back again, or never
    store = a_store(tmp_path)
    await store.open()
    await asyncio.gather(*store._reading)
    details = await store.result("a1")
    assert (details.result.plots, details.result.spec.events if details.result.spec else 0) == (1, 60)
    assert store.newest is not None
    assert [path.name for path in folder.iterdir()] == ["a1.json"]
    await store.close()
