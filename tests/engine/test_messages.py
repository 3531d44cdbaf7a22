"""What the engine wants to pop up, on the fake hypervisor and a virtual clock: once, never at a bad moment, gone when its reason is gone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import InProcess, shows, until
from support.sensing_by_hand import SensingByHand
from t4t.domain.app_update import UpdateView, Verdict
from t4t.domain.errors import FolderUnwritable, LimitNotHeld, StateSetAside
from t4t.domain.notification_policy import Event, Reaction, Telling
from t4t.domain.policy import PauseKind, Settings
from t4t.domain.project_view import ImportantNotice
from t4t.domain.readings import Readings, Screen
from t4t.engine.observer import LIVELY
from t4t.hypervisor.fake import VirtualClock
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from t4t.domain.progress import IntermediateUpload, Trickle
    from t4t.domain.project_view import ProjectView
    from t4t.domain.session import MessageView, NoticeView, SessionView
    from t4t.engine.engine import Engine

DAY = 86_400.0


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=1_000_000.0, idle_turns=40)


@pytest.fixture
def sensing() -> SensingByHand:
    return SensingByHand(Readings(idle_s=1000.0, screen=Screen.NOTHING))


@pytest.fixture
def agent(tmp_path: Path, clock: VirtualClock, sensing: SensingByHand) -> InProcess:
    made = InProcess(tmp_path / "data", clock=clock)
    made.sensing = sensing
    made.pace = dataclasses.replace(LIVELY, scan_s=6 * 3600.0, idle_s=6 * 3600.0)  # for days, of which only what is due by itself is of interest
    return made


def keys(view: SessionView) -> list[str]:
    return [one.key for one in view.messages]


async def has(engine: Engine, *wanted: str) -> SessionView:
    return await shows(engine, lambda view: keys(view) == list(wanted))


def _trouble() -> StateSetAside:
    return StateSetAside(file="state.sqlite3.unreadable")


def _key(error: type[StateSetAside | FolderUnwritable] = StateSetAside) -> str:
    return f"needs_you:{error.code}"


async def test_the_first_result_is_told_once(agent: InProcess, clock: VirtualClock) -> None:
    agent.add_task("one")
    async with agent.running() as engine:
        await until(engine, "running")
        assert keys(engine.view) == []
        view = await has(engine, "first_result:")
        assert view.messages[0].page == "science"
        assert "first_result:" in keys(await engine.react("first_result:", Reaction.SHOWN)), "it stays as long as it is on the screen"
        assert keys(await engine.react("first_result:", Reaction.ANSWERED)) == []
    agent.add_task("two")
    async with agent.running() as engine:
        await shows(engine, lambda view: view.finished == 2)
        await clock.sleep(2 * DAY)
        assert keys(engine.view) == []


async def test_a_problem_waits_for_a_good_moment_and_goes_with_its_reason(agent: InProcess, sensing: SensingByHand, clock: VirtualClock) -> None:
    sensing.say(quiet=True)
    agent.troubles.append(_trouble())
    async with agent.running() as engine:
        await clock.sleep(300)
        assert keys(engine.view) == []
        assert engine.view.notices, "the list has it all the same"
        sensing.say(quiet=False)
        view = await has(engine, _key())
        assert view.messages[0].notice == view.notices[0]
        sensing.say(screen=Screen.FULL_SCREEN)
        await has(engine)
        sensing.say(screen=Screen.NOTHING)
        await has(engine, _key())
        await engine.react(_key(), Reaction.SHOWN)
        agent.troubles.clear()
        engine.popups_changed()
        await has(engine)
        agent.troubles.append(_trouble())
        await clock.sleep(300)
        assert keys(engine.view) == [], "the day's budget is used"
        await clock.sleep(DAY)
        assert keys(engine.view) == [_key()]


async def test_just_logged_in_is_a_bad_moment(agent: InProcess, clock: VirtualClock) -> None:
    agent.logged_in_s = 30.0
    agent.troubles.append(_trouble())
    async with agent.running() as engine:
        await clock.sleep(120)
        assert keys(engine.view) == []
        agent.logged_in_s = 700.0
        await has(engine, _key())


async def test_of_two_problems_one_pops_up_and_the_other_another_day(agent: InProcess, clock: VirtualClock) -> None:
    agent.troubles += [_trouble(), FolderUnwritable(path="/data", reason="read-only"), LimitNotHeld(hypervisor="qemu", limit_percent=50, measured_percent=90)]
    async with agent.running() as engine:
        await has(engine, _key())
        await engine.react(_key(), Reaction.SHOWN)
        await engine.react(_key(), Reaction.MUTED)
        await engine.react("needs_you:T4T-XYZ-01", Reaction.SHOWN)
        await clock.sleep(300)
        assert keys(engine.view) == []
        await has(engine, _key(FolderUnwritable))
        await engine.react(_key(FolderUnwritable), Reaction.CLOSED)
    async with agent.running() as engine:
        await clock.sleep(1.5 * DAY)
        assert keys(engine.view) == [_key(FolderUnwritable)], "one is muted, the other still there a day later, and a limit asks for nobody"


async def test_the_end_of_a_long_pause_is_told_five_minutes_before(agent: InProcess, clock: VirtualClock) -> None:
    async with agent.running() as engine:
        await engine.pause(PauseKind.HALF_HOUR)
        await shows(engine, lambda view: view.deciding != "manual_pause")
        assert keys(engine.view) == []
        begun = clock.wall()
        await engine.pause(PauseKind.THREE_HOURS)
        view = await has(engine, "pause_ends:")
        assert 3 * 3600 - 301 <= clock.wall() - begun <= 3 * 3600 - 280
        assert view.messages[0].data == {"until": pytest.approx(begun + 3 * 3600, abs=5)}
        await engine.react("pause_ends:", Reaction.ANSWERED)
        assert keys(await engine.prolong()) == []
        await has(engine, "pause_ends:")
        await shows(engine, lambda view: view.deciding != "manual_pause" and not view.messages)


async def test_a_week_of_pause_is_reminded_of_once(agent: InProcess, clock: VirtualClock) -> None:
    async with agent.running() as engine:
        await engine.pause(PauseKind.FOREVER)
        begun = clock.wall()
        await has(engine, "long_pause:")
        assert 7 * DAY <= clock.wall() - begun < 7 * DAY + 60
        await engine.react("long_pause:", Reaction.CLOSED)
    async with agent.running() as engine:
        await clock.sleep(3 * DAY)
        assert keys(engine.view) == []
        await engine.resume()
        await engine.pause(PauseKind.FOREVER)
        await has(engine, "long_pause:")


async def test_who_wants_it_has_a_summary_each_week(agent: InProcess, clock: VirtualClock) -> None:
    agent.settings = Settings(telling=Telling(wishes={Event.WEEKLY_SUMMARY: True, Event.FIRST_RESULT: False}))
    async with agent.running() as engine:
        await clock.sleep(60)
        assert keys(engine.view) == [], "of nothing there is no summary"
        agent.add_task("one")
        view = await has(engine, "weekly_summary:")
        assert view.messages[0].data["tasks"] == 1
        await engine.react("weekly_summary:", Reaction.SHOWN)
        assert keys(engine.view) == ["weekly_summary:"]
        await engine.react("weekly_summary:", Reaction.CLOSED)
        agent.add_task("two")
        await shows(engine, lambda view: view.finished == 2)
        assert keys(engine.view) == []


class Screenful:
    """`Popups` that keeps what it was brought."""

    def __init__(self) -> None:
        self.there = True
        self.brought: list[str] = []

    def bring(self, messages: Sequence[MessageView]) -> bool:
        self.brought = [one.key for one in messages]
        return self.there


async def test_what_something_better_shows_is_not_for_the_tray(agent: InProcess) -> None:
    agent.popups = screen = Screenful()
    agent.troubles.append(_trouble())
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.notices))
        assert (screen.brought, keys(engine.view)) == ([_key()], [])
        screen.there = False
        engine.popups_changed()
        await has(engine, _key())


async def test_a_record_that_can_not_be_read_or_written_stops_nothing(agent: InProcess, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.troubles.append(_trouble())
    state = State(agent.data, now=clock.wall)
    state.put_documents("notifications", {"record": b"{"})
    state.close()

    def refuse(_self: State, _kind: str, _changes: object) -> None:
        raise FolderUnwritable(path="/data", reason="full")

    async with agent.running() as engine:
        await has(engine, _key())
        monkeypatch.setattr(State, "put_documents", refuse)
        assert keys(await engine.react(_key(), Reaction.CLOSED)) == []
        await clock.sleep(300)
        assert keys(engine.view) == []


class AProject:
    """`Patron` with one important notice."""

    def __init__(self) -> None:
        self.news: tuple[ImportantNotice, ...] = ()

    def views(self) -> tuple[ProjectView, ...]:
        return ()

    def notices(self) -> list[NoticeView]:
        return []

    def important(self) -> tuple[ImportantNotice, ...]:
        return self.news

    def heard(self, task: str, news: Trickle | IntermediateUpload) -> None:
        raise AssertionError(task, news)

    def most_cores(self, _task: str) -> int:
        return 0


async def test_what_a_project_says_to_its_volunteers_is_told_until_it_was_read(agent: InProcess) -> None:
    agent.patron = project = AProject()
    async with agent.running() as engine:
        await shows(engine, lambda _view: True)
        project.news = (ImportantNotice(id="n1", project="LHC@home", text="Please update VirtualBox.", time=1.0),)
        engine.popups_changed()
        view = await has(engine, "project_notice:n1")
        assert view.messages[0].data == {"project": "LHC@home", "text": "Please update VirtualBox."}
        project.news = ()
        engine.popups_changed()
        await has(engine)


async def test_a_hole_that_is_closed_is_told_and_any_other_version_waits_to_be_seen(agent: InProcess) -> None:
    async with agent.running() as engine:
        view = await shows(engine, lambda view: view.update is None)
        assert engine.settled
        agent.update = UpdateView(installed="1.0.0", newest="1.1.0", verdict=Verdict.TAKE)
        engine.popups_changed()
        view = await shows(engine, lambda view: view.update is not None)
        assert keys(view) == []
        agent.update = UpdateView(installed="1.0.0", newest="1.1.1", verdict=Verdict.TAKE, security=True)
        engine.popups_changed()
        view = await has(engine, "security_update:1.1.1")
        assert view.messages[0].data == {"version": "1.1.1"}
        assert view.messages[0].page == "help"
        agent.update = UpdateView(installed="1.1.1", newest="1.1.1")
        engine.popups_changed()
        await has(engine)
