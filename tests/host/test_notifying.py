"""Messages on a real bus: python-dbusmock's notification service, the words and buttons that it gets, and what a click does."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from dbus_fast import Variant

from support.agent_in_process import InProcess
from support.host_doubles import SECONDS
from support.scripted_engine import a_notice
from support.system_bus import PrivateBus, private_bus
from t4t import desktop
from t4t.bootstrap.popups import BusPopups, OnScreen
from t4t.domain.errors import FolderUnwritable, StateSetAside
from t4t.domain.notification_policy import Event, Reaction
from t4t.domain.session import MessageView
from t4t.host.clock import RealClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

MOCK = "org.freedesktop.DBus.Mock"
NAME = "org.freedesktop.Notifications"
WHERE = (NAME, "/org/freedesktop/Notifications")
TALKATIVE = "body body-markup actions persistence"
DISK = MessageView(key="needs_you:T4T-DISK-01", event=Event.NEEDS_YOU, at=0.0, notice=a_notice())
ENDS = MessageView(key="pause_ends:", event=Event.PAUSE_ENDS, at=0.0, data={"until": 300.0})
NEWS = MessageView(key="project_notice:n", event=Event.PROJECT_NOTICE, at=0.0, data={"project": "LHC@home", "text": "1 < 2 & <b>bold</b>"})


class Rig:
    """`Answers` that keeps what it was told."""

    def __init__(self, bus: PrivateBus) -> None:
        self.bus = bus
        self.told: list[str] = []
        self.opened: list[str] = []
        self.refuses = False
        self.news = asyncio.Event()
        self.popups = BusPopups(RealClock(), self._open)

    def _note(self, what: str) -> None:
        self.told.append(what)
        self.news.set()

    def _open(self, page: str) -> None:
        self.opened.append(page)

    async def react(self, key: str, reaction: Reaction) -> None:
        self._note(f"{key} {reaction.value}")
        if self.refuses:
            raise FolderUnwritable(path="/data", reason="full")

    async def prolong(self) -> None:
        self._note("prolong")

    def popups_changed(self) -> None:
        self._note("changed")

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not holds():
                self.news.clear()
                await self.news.wait()

    async def heard(self, what: str) -> None:
        await self.until(lambda: what in self.told)
        self.told.remove(what)

    async def calls(self, member: str) -> list[list[Any]]:
        """The arguments of every call of a method so far."""
        [found] = await self.bus.call(WHERE, MOCK, "GetMethodCalls", "s", member)
        return [[_plain(value) for value in arguments] for _, arguments in found]

    async def act(self, number: int, action: str) -> None:
        await self.bus.emit(WHERE, NAME, "ActionInvoked", "us", Variant("u", number), Variant("s", action))


def _plain(value: Any) -> Any:
    if isinstance(value, Variant):
        return _plain(value.value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[PrivateBus]:
    async with private_bus(tmp_path) as bus:
        yield bus


@contextlib.asynccontextmanager
async def shown_on(bus: PrivateBus, capabilities: str = TALKATIVE) -> AsyncIterator[Rig]:
    await bus.mock("notification_daemon", NAME, capabilities=capabilities)
    rig = Rig(bus)
    async with rig.popups.opened(rig, address=bus.address):
        await rig.heard("changed")
        yield rig


async def test_a_message_with_its_buttons_and_a_click_on_it(bus: PrivateBus) -> None:
    async with shown_on(bus) as rig:
        assert rig.popups.bring([DISK])
        await rig.heard(f"{DISK.key} shown")
        [[application, replaces, icon, title, body, actions, hints, timeout]] = await rig.calls("Notify")
        assert (application, replaces, title, timeout) == ("Test4Theory", 0, "Not enough disk space", -1)
        assert icon.endswith("app.svg")
        assert "900 MiB are free" in body
        assert actions == ["default", "Open Computer", "open", "Open Computer", "mute", "Don't tell me this again"]
        assert hints == {"desktop-entry": "t4t", "urgency": 1, "suppress-sound": True}
        await rig.act(99, "default")  # somebody else's
        await rig.act(1, "default")
        await rig.heard(f"{DISK.key} answered")
        assert rig.opened == ["computer"]
        assert len(await rig.calls("Notify")) == 1


async def test_a_solved_problems_message_is_withdrawn_and_comes_back_as_another(bus: PrivateBus) -> None:
    async with shown_on(bus) as rig:
        rig.popups.bring([DISK])
        rig.popups.bring([DISK])
        await rig.heard(f"{DISK.key} shown")
        rig.popups.bring([])
        rig.popups.bring([NEWS])
        await rig.heard(f"{NEWS.key} shown")
        assert await rig.calls("CloseNotification") == [[1]]
        rig.popups.bring([DISK, NEWS])
        await rig.heard(f"{DISK.key} shown")
        assert len(await rig.calls("Notify")) == 3
        assert rig.told == [], "of what we withdrew ourselves nothing is told"


async def test_don_t_tell_me_again_and_add_half_an_hour(bus: PrivateBus) -> None:
    async with shown_on(bus) as rig:
        rig.popups.bring([DISK, ENDS])
        await rig.heard(f"{DISK.key} shown")
        await rig.heard(f"{ENDS.key} shown")
        assert "Add 30 minutes" in (await rig.calls("Notify"))[1][5]
        await rig.act(1, "mute")
        await rig.heard(f"{DISK.key} muted")
        await rig.act(2, "prolong")
        await rig.heard("prolong")
        await rig.heard(f"{ENDS.key} answered")
        assert rig.opened == []


async def test_who_closes_it_is_heard(bus: PrivateBus) -> None:
    async with shown_on(bus) as rig:
        rig.refuses = True
        rig.popups.bring([DISK])
        await rig.heard(f"{DISK.key} shown")
        await bus.emit(WHERE, NAME, "NotificationClosed", "uu", Variant("u", 1), Variant("u", 2))
        await rig.heard(f"{DISK.key} closed")


@pytest.mark.parametrize(("capabilities", "body"), [("body actions", "1 < 2 & <b>bold</b>"), ("body body-markup", "1 &lt; 2 &amp; &lt;b&gt;bold&lt;/b&gt;")])
async def test_other_peoples_words_are_no_markup_and_who_has_no_buttons_gets_none(bus: PrivateBus, capabilities: str, body: str) -> None:
    async with shown_on(bus, capabilities) as rig:
        rig.popups.bring([NEWS])
        await rig.heard(f"{NEWS.key} shown")
        [call] = await rig.calls("Notify")
        assert call[4] == body
        assert bool(call[5]) is ("actions" in capabilities)


async def test_a_service_that_comes_late_and_one_that_is_restarted(bus: PrivateBus) -> None:
    rig = Rig(bus)
    assert not rig.popups.bring([DISK]), "there is nothing yet"
    async with rig.popups.opened(rig, address=bus.address):
        await bus.mock("notification_daemon", NAME, capabilities=TALKATIVE)
        await rig.heard("changed")
        assert rig.popups.bring([DISK])
        await rig.heard(f"{DISK.key} shown")
        bus.stop_mock(NAME)
        await rig.heard("changed")
        assert not rig.popups.bring([DISK])
        await bus.mock("notification_daemon", NAME, capabilities=TALKATIVE)
        await rig.heard("changed")
        assert rig.popups.bring([DISK, NEWS])
        await rig.heard(f"{NEWS.key} shown")
        assert [call[3] for call in await rig.calls("Notify")] == ["News from LHC@home"], "nothing pops up twice"


async def test_a_service_that_refuses_is_asked_again(bus: PrivateBus, caplog: pytest.LogCaptureFixture) -> None:
    await bus.plain_mock(*WHERE, NAME)
    await bus.call(WHERE, MOCK, "AddMethod", "sssss", NAME, "GetCapabilities", "", "as", "ret = ['body']")
    await bus.call(
        WHERE, MOCK, "AddMethod", "sssss", NAME, "Notify", "susssasa{sv}i", "u", "raise dbus.exceptions.DBusException('full', name='org.example.Full')"
    )
    rig = Rig(bus)
    async with rig.popups.opened(rig, address=bus.address):
        await rig.heard("changed")
        rig.popups.bring([DISK])
        async with asyncio.timeout(SECONDS):
            while not await rig.calls("Notify") or "could not be shown" not in caplog.text:
                pass  # each look is a call on the bus
        await bus.call(WHERE, MOCK, "AddMethod", "sssss", NAME, "Notify", "susssasa{sv}i", "u", "ret = 7")
        rig.popups.bring([DISK])
        await rig.heard(f"{DISK.key} shown")


async def test_without_a_tray_there_is_nobody_to_show_anything_to(tmp_path: Path, bus: PrivateBus) -> None:
    rig = Rig(bus)
    screen = OnScreen(tmp_path, RealClock(), tray=False)
    assert screen.popups is None
    async with screen.opened(rig):
        pass


async def test_the_agents_own_are_on_the_sessions_bus_and_open_the_window(tmp_path: Path, bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    started: list[tuple[object, ...]] = []
    monkeypatch.setattr(desktop, "start", lambda *words: started.append(words))
    await bus.mock("notification_daemon", NAME, capabilities=TALKATIVE)
    rig = Rig(bus)
    screen = OnScreen(tmp_path, RealClock(), tray=True)
    assert screen.popups is not None
    async with screen.opened(rig):
        await rig.heard("changed")
        screen.popups.bring([DISK])
        await rig.heard(f"{DISK.key} shown")
        await rig.act(1, "open")
        await rig.heard(f"{DISK.key} answered")
        assert started == [(tmp_path, "window", "computer")]


async def test_the_whole_way_from_a_problem_to_its_page(tmp_path: Path, bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    await bus.mock("notification_daemon", NAME, capabilities=TALKATIVE)
    rig = Rig(bus)
    agent = InProcess(tmp_path / "data")
    agent.popups = rig.popups
    agent.troubles.append(StateSetAside(file="state.sqlite3.unreadable"))
    async with agent.running() as engine, rig.popups.opened(engine, address=bus.address):
        async with asyncio.timeout(SECONDS):
            while not (calls := await rig.calls("Notify")):
                pass  # each look is a call on the bus
        assert calls[0][3] == "A file of the program was damaged"
        await rig.act(1, "default")
        async with asyncio.timeout(SECONDS):
            while not rig.opened:
                await rig.calls("Notify")
        assert rig.opened == ["home"]
        await engine.resume()
        assert len(await rig.calls("Notify")) == 1
        assert engine.view.messages == ()
