"""Where the guest's pages are: from any session, then on a real port; and what the page on science shows of it."""

from __future__ import annotations

import contextlib
import http.server
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QComboBox, QWidget

from support.scripted_engine import a_task
from support.scripted_physics import a_job
from support.views import SESSIONS
from support.widgets import buttons, click, texts
from support.window_rig import ScriptedServices
from t4t.domain.session import Activity, PortView, SessionView
from t4t.domain.vm import VmState
from t4t.gui.gallery import Gallery
from t4t.gui.guest import follow
from t4t.gui.guest import view as views
from t4t.gui.guest.follow import Follower, Stage, jobs, target
from t4t.gui.guest.view import BrowserView
from t4t.gui.theme.style import Theme
from t4t.gui.window.guest_pages import GuestPages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtCore import QUrl
    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session


class _Pages(http.server.BaseHTTPRequestHandler):
    """A guest whose pages come once `ready` is set, before that it answers with an error; and that hangs once `hanging` is, until `over`."""

    ready = False
    hanging = False
    over = threading.Event()

    def do_GET(self) -> None:
        if type(self).hanging:
            self.over.wait(20)
        self.send_response(200 if type(self).ready else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _serving(kind: type[_Pages]) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _ports(port: int) -> tuple[PortView, ...]:
    return (PortView(name="vnc", host_port=5900), PortView(name="web", host_port=port))


@settings(max_examples=40)
@given(SESSIONS)
def test_any_session_has_a_stage(view: SessionView) -> None:
    found = target(view)
    assert 0 <= found.port < 1 << 16
    assert (found.stage is Stage.NOTHING) == (not jobs(view))
    assert found.stage not in {Stage.READY, Stage.WAITING, Stage.GONE}  # those are seen, not told
    for task in jobs(view):
        assert target(view, task.key).task == task.key


def test_the_stages_of_a_task(agent: ApiThread) -> None:
    def stage(**changes: object) -> Stage:
        agent.show(tasks=(a_task(**changes),))
        return target(agent.engine.view).stage

    assert target(None).stage is Stage.GONE
    assert stage(vm=VmState.ABSENT, activity=Activity.QUEUED) is Stage.NOTHING
    assert stage(vm=VmState.ABSENT, activity=Activity.SETTING_UP) is Stage.STARTING
    assert stage(vm=VmState.RESTORING, activity=Activity.SETTING_UP) is Stage.STARTING
    assert stage(vm=VmState.PAUSED, activity=Activity.PAUSED) is Stage.RESTING
    assert stage(vm=VmState.SAVED, activity=Activity.SAVED) is Stage.RESTING
    assert stage() is Stage.NO_PAGE
    assert stage(ports=_ports(70_000)) is Stage.NO_PAGE
    assert stage(ports=_ports(8080)) is Stage.STARTING


def test_a_page_is_followed_from_nothing_to_ready_and_to_another_port(
    qtbot: QtBot, agent: ApiThread, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Guest(_Pages):
        pass

    class Other(_Pages):
        ready = True

    follower = Follower(session)
    stages: list[tuple[Stage, int]] = []
    follower.changed.connect(lambda: stages.append((follower.stage, follower.port)))
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    agent.show(tasks=(a_task(ports=_ports(_free_port())),))
    assert stages == []  # nobody looks
    follower.watch(on=True)
    qtbot.waitUntil(lambda: follower.stage is Stage.STARTING)
    with _serving(Guest) as first, _serving(Other) as second:
        agent.show(tasks=(a_task(ports=_ports(first)),))
        qtbot.waitUntil(lambda: (follower.stage, follower.port) == (Stage.WAITING, first))
        Guest.ready = True
        qtbot.waitUntil(lambda: (follower.stage, follower.port) == (Stage.READY, first))
        agent.show(tasks=(a_task(ports=_ports(second)),))
        monkeypatch.setattr(follow, "_LATER_MS", 1)
        monkeypatch.setattr(follow, "_PATIENCE_MS", 50)
        qtbot.waitUntil(lambda: (follower.stage, follower.port) == (Stage.READY, second))
        Other.hanging = True
        qtbot.waitUntil(lambda: (follower.stage, follower.port) == (Stage.WAITING, second))
        Other.hanging = False
        Other.over.set()
        qtbot.waitUntil(lambda: (follower.stage, follower.port) == (Stage.READY, second))
        agent.show(tasks=(a_task(vm=VmState.PAUSED, ports=_ports(second)),))
        qtbot.waitUntil(lambda: follower.stage is Stage.RESTING)
    follower.watch(on=False)


class _View:
    """A `GuestView` that keeps a list."""

    def __init__(self, crashed: Callable[[], None]) -> None:
        self.widget: QWidget | None = QWidget()
        self.crashed = crashed
        self.did: list[str] = []

    def show_port(self, port: int) -> None:
        self.did.append(f"show {port}")

    def leave(self) -> None:
        self.did.append("leave")

    def close(self) -> None:
        self.did.append("close")


def test_the_page_comes_goes_and_comes_again(qtbot: QtBot, agent: ApiThread, session: Session, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    class Guest(_Pages):
        ready = True

    made: list[_View] = []

    def choose(crashed: Callable[[], None]) -> _View:
        made.append(_View(crashed))
        return made[-1]

    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    page = GuestPages(session, Theme(qapp), Gallery(ScriptedServices()), choose)
    qtbot.addWidget(page)
    page.show()
    session.open()
    page.arrive()
    qtbot.waitUntil(lambda: "This job has no pages" in texts(page))
    with _serving(Guest) as port:
        other = a_task(key="k2", name="theory_another", vm=VmState.SAVED, activity=Activity.SAVED)
        agent.show(tasks=(a_task(ports=_ports(port)), other))
        qtbot.waitUntil(lambda: bool(made) and made[0].did == [f"show {port}"])
        assert made[0].widget is not None
        assert made[0].widget.isVisibleTo(page)
        click(page, "Open in the browser")
        assert [url.toString() for url in opened] == [f"http://127.0.0.1:{port}/"]
        made[0].crashed()
        assert "The page could not be shown" in texts(page)
        click(page, "Show it again")
        assert made[0].did[-1] == f"show {port}"
        (choice,) = (one for one in page.findChildren(QComboBox) if one.accessibleName() == "Which job")
        assert [choice.itemText(number) for number in range(choice.count())] == ["theory_2279-3861", "theory_another"]
        choice.setCurrentIndex(1)
        choice.activated.emit(1)
        assert "The science box stands still" in texts(page)
        assert buttons(page) == []
        assert made[0].did[-1] == "leave"
    agent.show(tasks=())
    qtbot.waitUntil(lambda: "No work right now" in texts(page))
    page.depart()
    page.close_view()
    assert made[0].did[-1] == "close"
    assert page.view is None
    assert len(made) == 1
    qapp.setStyleSheet("")


def test_where_nothing_can_be_embedded_the_browser_is_offered(qtbot: QtBot, agent: ApiThread, session: Session, qapp: QApplication) -> None:
    class Guest(_Pages):
        ready = True

    page = GuestPages(session, Theme(qapp), Gallery(ScriptedServices()), lambda _crashed: BrowserView())
    qtbot.addWidget(page)
    page.show()
    session.open()
    page.arrive()
    with _serving(Guest) as port:
        agent.show(tasks=(a_task(ports=_ports(port)),))
        qtbot.waitUntil(lambda: "The pages of the science box are ready" in texts(page))
        assert buttons(page) == ["Open in the browser"]
        agent.physics.told = a_job()
        qtbot.waitUntil(lambda: any(text.startswith("Right now: ") for text in texts(page)))  # by its own clock: here it fills like the pages themselves
        page.depart()
        assert not page._clock.isActive()
        page.arrive()
        assert page._clock.isActive()
        agent.stop()
        qtbot.waitUntil(lambda: "The science box is not there" in texts(page))
    page.close_view()
    qapp.setStyleSheet("")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no root")
def test_root_gets_the_browser_unless_somebody_else_gave_the_sandbox_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("QTWEBENGINE_DISABLE_SANDBOX", raising=False)
    assert views.obstacle() == "root"
    assert isinstance(views.choose(lambda: None), BrowserView)
    monkeypatch.setenv("QTWEBENGINE_DISABLE_SANDBOX", "1")
    assert views.obstacle() == ""
    monkeypatch.delenv("QTWEBENGINE_DISABLE_SANDBOX")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert views.obstacle() == ""


def test_without_its_library_there_is_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "obstacle", lambda: "")
    monkeypatch.setitem(sys.modules, "t4t.gui.guest.embedded", None)  # what Python does when a library is missing
    monkeypatch.delattr("t4t.gui.guest.embedded", raising=False)
    assert isinstance(views.choose(lambda: None), BrowserView)


def test_the_browser_view_does_nothing_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    view = BrowserView()
    view.show_port(8080)
    view.leave()
    view.close()
    assert opened == []
