"""The window on a real connection: what it shows, what can be clicked, typed and heard."""

from __future__ import annotations

import functools
import socket
import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAccessible, QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from support.scripted_engine import a_notice, a_task
from support.scripted_projects import a_project
from support.widgets import cut_off
from support.window_rig import ScriptedServices
from t4t.domain.errors import NotEnoughDisk
from t4t.domain.policy import Level
from t4t.domain.session import Activity, TrayState
from t4t.domain.vm import VmState
from t4t.gui.commands import Command
from t4t.gui.components.rows import RuleRow, TaskRow
from t4t.gui.theme.style import Theme
from t4t.gui.theme.tokens import DARK, LIGHT
from t4t.gui.window.main import Starter, Window
from t4t.gui.window.single import OneWindow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication) -> Iterator[Window]:
    made = Window(session, Theme(qapp), ScriptedServices())
    qtbot.addWidget(made)
    made.show_page("why")
    made.show()
    session.open()
    yield made
    qapp.setStyleSheet("")


def _texts(window: QWidget) -> list[str]:
    return [label.text() for label in window.findChildren(QLabel) if label.isVisibleTo(window) and label.text()]


def _corner(window: QWidget) -> str:
    return window.grab().toImage().pixelColor(window.width() - 5, window.height() - 5).name().upper()


def _shows_tasks(window: QWidget, count: int) -> bool:
    return sum(row.isVisibleTo(window) for row in window.findChildren(TaskRow)) == count


def _button(window: QWidget, text: str) -> QPushButton:
    return next(button for button in window.findChildren(QPushButton) if button.text() == text and button.isVisibleTo(window))


def test_it_says_what_is_going_on_and_why(qtbot: QtBot, window: Window) -> None:
    qtbot.waitUntil(lambda: "Enough space on the disk" in _texts(window))
    texts = _texts(window)
    assert "Working: 62\N{NO-BREAK SPACE}% done, 2 cores" in texts
    assert "Not paused by you" in texts
    assert "working" in texts
    assert "62\N{NO-BREAK SPACE}% · 1 h 13 min of work" in texts


def test_a_pause_by_mouse_counts_down_and_ends(qtbot: QtBot, window: Window, agent: ApiThread, session: Session) -> None:
    qtbot.waitUntil(lambda: session.view is not None)
    pause = _button(window, "Pause")
    menu = pause.menu()
    assert menu is not None
    next(action for action in menu.actions() if action.text() == "For 1 hour").trigger()
    assert "Pausing…" in _texts(window)
    qtbot.waitUntil(lambda: "1 h left" in _texts(window))
    assert agent.engine.asked == ["pause 1h"]
    QTest.mouseClick(_button(window, "Continue now"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any(text.startswith("Working") for text in _texts(window)))
    assert "1 h left" not in _texts(window)
    assert agent.engine.asked == ["pause 1h", "resume"]


def test_a_pause_by_keyboard(qtbot: QtBot, window: Window, agent: ApiThread, session: Session) -> None:
    qtbot.waitUntil(lambda: session.view is not None)
    window.activateWindow()
    agent.show(deciding="manual_pause", level=Level.SAVED, state=TrayState.PAUSED_BY_YOU)
    qtbot.waitUntil(lambda: "Paused by you" in _texts(window))
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: agent.engine.asked == ["resume"])


def test_the_pause_menu_by_keyboard(qtbot: QtBot, window: Window, session: Session) -> None:
    qtbot.waitUntil(lambda: session.view is not None)
    menu = _button(window, "Pause").menu()
    assert menu is not None
    opened: list[str] = []
    menu.aboutToShow.connect(lambda: opened.append("menu"))
    menu.aboutToShow.connect(lambda: QTimer.singleShot(0, menu.close))
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert opened == ["menu"]


def test_every_control_has_a_name_for_who_listens(qtbot: QtBot, window: Window, session: Session) -> None:
    qtbot.waitUntil(lambda: bool(window.findChildren(RuleRow)))
    for widget in window.findChildren(QWidget):
        if widget.focusPolicy() is not Qt.FocusPolicy.NoFocus and widget.isVisibleTo(window):
            interface = QAccessible.queryAccessibleInterface(widget)
            assert widget.accessibleName() or interface.text(QAccessible.Text.Name), widget
    assert _button(window, "Pause").accessibleName() == "Pause, opens a menu. Now: Working: 62\N{NO-BREAK SPACE}% done, 2 cores"
    assert next(row.accessibleName() for row in window.findChildren(RuleRow)) == "Not paused by you, does not hold the work back."
    assert [row.accessibleName() for row in window.findChildren(TaskRow)] == ["theory_2279-3861, working, 62\N{NO-BREAK SPACE}% · 1 h 13 min of work"]
    assert session.pending is None


def test_every_control_is_large_enough_and_can_be_tabbed_to(qtbot: QtBot, window: Window, session: Session) -> None:
    qtbot.waitUntil(lambda: session.view is not None)
    for button in window.findChildren(QPushButton):
        if button.isVisibleTo(window):
            assert button.height() >= 32
            assert button.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_rows_come_and_go(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    for tasks in ((a_task(), a_task(key="k2", activity=Activity.QUEUED, vm=VmState.ABSENT, fraction=0.0)), (), (a_task(),)):
        agent.show(tasks=tasks)
        qtbot.waitUntil(functools.partial(_shows_tasks, window, len(tasks)))
        assert ("There is no work here now. It appears as soon as there is some." in _texts(window)) == (not tasks)


def test_a_single_project_has_one_line_and_several_have_one_each(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.show(projects=(a_project(),))
    qtbot.waitUntil(lambda: sum("LHC@home" in text for text in _texts(window)) == 1)
    agent.show(projects=(a_project(), a_project(url="https://b.example.org/", name="Other")))
    qtbot.waitUntil(lambda: any("LHC@home: " in text and "Other: " in text for text in _texts(window)))


def test_what_needs_the_volunteer_is_said(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.show(state=TrayState.NEEDS_YOU, notices=(a_notice(),))
    qtbot.waitUntil(lambda: "One thing needs your attention: Not enough disk space" in _texts(window))


def test_a_desktop_without_icons_is_told_and_a_panel_that_comes_late_is_seen(qtbot: QtBot, window: Window) -> None:
    qtbot.waitUntil(lambda: any("Working" in one for one in _texts(window)))
    window.home.tell_of_tray(there=False)
    assert any("no place for an icon" in one for one in _texts(window))
    window.home.tell_of_tray(there=True)
    assert not any("no place for an icon" in one for one in _texts(window))


def test_a_refused_click_is_explained(qtbot: QtBot, window: Window, agent: ApiThread, session: Session) -> None:
    qtbot.waitUntil(lambda: session.view is not None)
    agent.engine.refuse_with = NotEnoughDisk(path="/d", needed_mib=2, free_mib=1)
    session.send(Command.FINISH)
    qtbot.waitUntil(lambda: any(text.startswith("Not enough disk space.") for text in _texts(window)))


def test_an_agent_that_ends_is_said_and_can_be_started(qtbot: QtBot, window: Window, agent: ApiThread, session: Session) -> None:
    qtbot.waitUntil(lambda: session.view is not None)
    agent.stop()
    qtbot.waitUntil(lambda: "Test4Theory is not running" in _texts(window))
    assert _button(window, "Start it").isEnabled()
    agent.start()
    qtbot.waitUntil(lambda: any(text.startswith("Working") for text in _texts(window)))


def test_it_starts_an_agent_once_where_there_is_none(qtbot: QtBot, agent: ApiThread, session: Session) -> None:
    agent.stop()
    started: list[float] = []

    def start() -> None:
        started.append(time.monotonic())
        agent.start()

    starter = Starter(session, start)
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    agent.stop()
    qtbot.waitUntil(lambda: session.lost is not None)
    del starter
    assert len(started) == 1  # it was there and was ended: that was meant


@pytest.mark.parametrize("points", [10, 15, 20], ids=["usual letters", "half larger", "twice as large"])
def test_it_fits_at_every_size(qtbot: QtBot, session: Session, agent: ApiThread, qapp: QApplication, points: int) -> None:
    usual = qapp.font()
    larger = QFont(usual)
    larger.setPointSize(points)
    qapp.setFont(larger)
    window = Window(session, Theme(qapp), ScriptedServices())
    qtbot.addWidget(window)
    window.show_page("why")
    window.show()
    session.open()
    agent.show(deciding="manual_pause", level=Level.SAVED, state=TrayState.PAUSED_BY_YOU)
    qtbot.waitUntil(lambda: "Paused by you" in _texts(window))
    view = window.home.viewport()
    for width in (1, 500, 700, 1600):
        window.resize(width, 400)
        qtbot.waitUntil(lambda: not cut_off(window, view))  # Qt lays out in several turns
    qapp.setFont(usual)
    qapp.setStyleSheet("")


def test_one_window_for_one_agent(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "run" / "a.window"
    first, second = OneWindow(path), OneWindow(path)
    asked: list[str] = []
    first.asked.connect(asked.append)
    assert first.is_first("home")
    assert not second.is_first("why")
    qtbot.waitUntil(lambda: asked == ["why"])
    first.close()
    assert second.is_first("home")
    second.close()
    if hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX) as killed:
            killed.bind(str(path))
        assert path.exists(), "what a window leaves that was killed"
        assert first.is_first("home")
        first.close()


def test_new_colours_are_taken_at_once(qtbot: QtBot, session: Session, qapp: QApplication) -> None:
    chosen = [LIGHT]
    theme = Theme(qapp, choose=lambda _: chosen[0])
    window = Window(session, theme, ScriptedServices())
    qtbot.addWidget(window)
    window.show()
    session.open()
    qtbot.waitUntil(lambda: bool(window.findChildren(RuleRow)))
    QApplication.processEvents()
    before = _corner(window)
    chosen[0] = DARK
    theme.dress()
    qtbot.waitUntil(lambda: _corner(window) == DARK.window)
    assert before == LIGHT.window
    assert theme.colors is DARK
    qapp.setStyleSheet("")


class _Shown(QObject):
    """Which windows came up."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Look on."""
        if event.type() is QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.found.append(type(watched).__name__)
        return False


@pytest.mark.parametrize("known", [False, True], ids=["no agent", "an agent at work"])
def test_nothing_comes_up_before_the_window(qtbot: QtBot, qapp: QApplication, session: Session, *, known: bool) -> None:
    """What is shown before it stands in something is a window of its own, and with it everything that it is put into later."""
    if known:
        session.open()
        qtbot.waitUntil(lambda: session.view is not None)
    shown = _Shown()
    qapp.installEventFilter(shown)
    try:
        made = Window(session, Theme(qapp), ScriptedServices())
        for page in ("science", "contribution", "community", "news", "computer", "help", "settings"):
            made.show_page(page)
        assert shown.found == []
        made.let_go()
        made.deleteLater()
    finally:
        qapp.removeEventFilter(shown)
    qapp.sendPostedEvents(made, QEvent.Type.DeferredDelete)  # here and now, and not beside the next test
