"""The window's pages on a real connection: each with something to show, with nothing, and without an agent."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFont, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton

from support.scripted_engine import a_notice, a_task
from support.scripted_physics import a_job, some_results
from support.scripted_projects import URL, a_project, news
from support.widgets import button, buttons, click, nameless, texts, too_small
from support.window_rig import TROUBLE, ScriptedServices
from t4t.domain.energy import Day, Spent
from t4t.domain.errors import NotEnoughDisk
from t4t.domain.project_errors import NotAttached
from t4t.domain.project_view import ProjectDetails
from t4t.domain.readings import Source, Watts
from t4t.domain.session import TrayState
from t4t.domain.vm import VmState
from t4t.gui.components.parts import TextDialog
from t4t.gui.theme.style import Theme
from t4t.gui.window.help import Help
from t4t.gui.window.main import Window
from t4t.gui.window.science import Science
from t4t.storage.state import Happening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session

PAGES = ("home", "science", "contribution", "community", "news", "computer", "help", "settings")


@pytest.fixture
def services() -> ScriptedServices:
    return ScriptedServices()


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication, agent: ApiThread, services: ScriptedServices) -> Iterator[Window]:
    agent.projects.told = [ProjectDetails(project=a_project(unread=2), news=news())]
    agent.show(projects=(a_project(unread=2),))
    agent.physics.told, agent.physics.kept = a_job(), some_results()
    agent.engine.happened = [Happening(time.time() - 60 * number, "checkpoint", "k1") for number in range(40, 0, -1)]
    made = Window(session, Theme(qapp), services)
    qtbot.addWidget(made)
    made.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    yield made
    qapp.setStyleSheet("")


def _says(window: Window, text: str) -> bool:
    return text in texts(window)


def _dialog(window: Window) -> TextDialog:
    return next(dialog for dialog in window.findChildren(TextDialog) if dialog.isVisible())


# --- the window ------------------------------------------------------------------------------------------------------


def test_each_page_is_reached_by_mouse_and_by_keys(window: Window) -> None:
    for number, title in enumerate(("Home", "Science", "Contribution", "Community", "News (2)", "Computer", "Help"), 1):
        QTest.mouseClick(button(window.nav, title), Qt.MouseButton.LeftButton)
        assert window.current == PAGES[number - 1]
        window.show_page("home")
        QTest.keyClick(window, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        assert window.current == PAGES[number - 1]
    window.show_page("home")
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert window.current == "help"
    QTest.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert window.current == "settings"
    window.show_page("a page of a later version")
    assert window.current == "home"


def test_f6_goes_from_the_page_to_the_navigation_and_back(window: Window) -> None:
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_F6)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert window.nav.isAncestorOf(focus)
    QTest.keyClick(window, Qt.Key.Key_F6)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert not window.nav.isAncestorOf(focus)


def test_every_control_of_every_page_has_a_name_and_room(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = TROUBLE
    for page in PAGES:
        window.show_page(page)
        if page == "computer":
            qtbot.waitUntil(lambda: "Install QEMU" in buttons(window.page("computer")))
        shown = window.page(page)
        for part in ("live", "words", "results", "gallery", "who") if isinstance(shown, Science) else ("",):
            if isinstance(shown, Science):
                shown.show_part(part)
            QApplication.processEvents()
            assert nameless(window) == []
            qtbot.waitUntil(lambda: too_small(window, 32) == [])


@pytest.mark.parametrize("points", [10, 20], ids=["usual letters", "twice as large"])
def test_no_page_is_wider_than_the_window(qtbot: QtBot, session: Session, qapp: QApplication, window: Window, points: int) -> None:
    usual, larger = qapp.font(), QFont(qapp.font())
    larger.setPointSize(points)
    qapp.setFont(larger)
    try:
        other = Window(session, Theme(qapp), ScriptedServices())
        qtbot.addWidget(other)
        other.show()
        qtbot.waitUntil(lambda: _says(other, "One of your collisions"))
        for page in PAGES:
            other.show_page(page)
            for width in (1, 1600):
                other.resize(width, 500)
                qtbot.waitUntil(lambda: _beyond(other) == [])
    finally:
        qapp.setFont(usual)
    assert window.isVisible()


def _beyond(window: Window) -> list[str]:
    """Words that begin or end outside of the window."""
    every: list[QLabel | QPushButton] = [*window.findChildren(QLabel), *window.findChildren(QPushButton)]
    shown = [one for one in every if one.isVisibleTo(window) and one.text()]
    return [one.text() for one in shown if one.mapTo(window, QPoint(one.width(), 0)).x() > window.width() or one.mapTo(window, QPoint(0, 0)).x() < 0]


def test_where_it_is_narrow_a_menu_leads_to_the_pages(qtbot: QtBot, window: Window) -> None:
    window.resize(400, 500)
    qtbot.waitUntil(lambda: buttons(window.nav) == ["Home"])
    menu = button(window.nav, "Home").menu()
    assert menu is not None
    next(action for action in menu.actions() if action.text() == "News (2)").trigger()
    assert window.current == "news"
    assert button(window.nav, "News").accessibleName() == "Pages, opens a menu. Now: News"
    window.nav.focus()
    window.resize(1000, 500)
    qtbot.waitUntil(lambda: len(buttons(window.nav)) == len(PAGES))


def test_without_an_agent_each_page_says_so(qtbot: QtBot, window: Window, agent: ApiThread, session: Session) -> None:
    agent.stop()
    qtbot.waitUntil(lambda: session.lost is not None)
    others = {"science": "The science box is not there", "computer": "Everything is ready.", "help": "What can go wrong"}
    said = dict.fromkeys(PAGES, "Test4Theory is not running") | others
    for page in PAGES:
        window.show_page(page)
        qtbot.waitUntil(functools.partial(_says, window, said[page]))


def test_what_waits_for_the_volunteer_leads_to_the_computer(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.show(state=TrayState.NEEDS_YOU, notices=(a_notice(),))
    qtbot.waitUntil(lambda: "Not enough disk space" in texts(window.home))
    click(window.home, "Open Computer")
    assert window.current == "computer"
    agent.show(state=TrayState.WORKING, notices=())
    window.show_page("home")
    qtbot.waitUntil(lambda: "Not enough disk space" not in texts(window.home))


def test_a_timed_pause_can_be_made_longer(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    menu = button(window.home, "Pause").menu()
    assert menu is not None
    words = [action.text() for action in menu.actions() if action.isVisible() and action.text()]
    assert "Add 30 minutes" not in words
    agent.show(state=TrayState.PAUSED_BY_YOU, deciding="manual_pause", next_change=time.time() + 100)
    qtbot.waitUntil(lambda: "Change" in buttons(window.home))
    next(action for action in menu.actions() if action.text() == "Add 30 minutes" and action.isVisible()).trigger()
    qtbot.waitUntil(lambda: agent.engine.asked == ["prolong"])


# --- contribution ----------------------------------------------------------------------------------------------------


def test_credit_and_who_gave_it(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    window.show_page("contribution")
    qtbot.waitUntil(lambda: "412,345" in texts(window))
    assert {"LHC@home", "Ada", "Physics class 10b: 2,345,678 credit in all, 5,432 a day at present", "2 tasks, 1 being fetched", "1,234"} <= set(texts(window))
    click(window, "Contact it now")
    qtbot.waitUntil(lambda: agent.projects.asked == [f"update {URL}"])
    agent.projects.refuse_with = NotAttached(address=URL)
    click(window, "Contact it now")
    qtbot.waitUntil(lambda: any("works for no project" in text for text in texts(window)))
    window.show_page("home")
    window.show_page("contribution")
    assert not any("works for no project" in text for text in texts(window))
    agent.show(projects=())
    qtbot.waitUntil(lambda: "No project yet" in texts(window))
    assert "Contact it now" not in buttons(window)


def test_electricity_of_the_month_is_shown_where_somebody_counts(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    window.show_page("contribution")
    qtbot.waitUntil(lambda: _says(window, "tasks done on this computer"))
    assert not _says(window, "electricity this month")
    assert not _says(window, "What it costs")
    day = Day(day="2026-11", joules={Source.ESTIMATE.value: 7.2e6}, costs={"EUR": 0.6}, received=250 << 20)
    agent.show(spent=Spent(day=day, month=day, power=Watts(watts=14.0, source=Source.ESTIMATE)))
    qtbot.waitUntil(lambda: _says(window, "about 2.00 kWh · 0.60 EUR"))
    assert _says(window, "electricity this month")
    assert {"about 14 W", "250.0 MB received, 0.0 MB sent"} <= set(texts(window)), "and how much of the connection"
    assert any(text.startswith("“About”") for text in texts(window))
    window.show_page("home")
    assert _says(window, "Electricity today: about 2.00 kWh · 0.60 EUR · about 14 W now")


def test_links_are_opened_in_the_browser(qtbot: QtBot, window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    window.show_page("contribution")
    qtbot.waitUntil(lambda: "Open its website" in buttons(window))
    click(window, "Open its website")
    window.show_page("news")
    qtbot.waitUntil(lambda: "Read it on the website" in buttons(window))
    click(window, "Read it on the website")
    assert [url.toString() for url in opened] == [URL, "https://lhcathome.example.org/news"]


# --- news ------------------------------------------------------------------------------------------------------------


def test_notices_are_new_until_they_were_read(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    window.show_page("news")
    qtbot.waitUntil(lambda: texts(window).count("New") == 2)
    assert button(window.nav, "News (2)").accessibleName() == "News, 2 new notices"
    titles = [text for text in texts(window) if text.startswith("A new calculation")]
    assert titles == [f"A new calculation begins ({number})" for number in (2, 1, 0)]
    click(window, "Mark all as read")
    qtbot.waitUntil(lambda: "New" not in texts(window))
    assert agent.projects.asked == ["read n1 n2"]
    assert "Mark all as read" not in buttons(window)
    agent.show(projects=(a_project(),))
    qtbot.waitUntil(lambda: "News" in buttons(window.nav))


def test_many_notices_come_a_page_at_a_time(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.projects.told = [ProjectDetails(project=a_project(unread=199), news=news(200))]
    window.show_page("news")
    qtbot.waitUntil(lambda: texts(window).count("New") == 20)
    click(window, "Show more")
    assert texts(window).count("New") == 40
    agent.projects.told = []
    agent.show(projects=())
    qtbot.waitUntil(lambda: "No news" in texts(window))


def test_the_science_box_in_facts(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    window.show_page("computer")
    qtbot.waitUntil(lambda: "running" in texts(window))
    assert {"640 MB", "1 h 13 min", "2 h 14 min"} <= set(texts(window))
    click(window, "Take a checkpoint now")
    qtbot.waitUntil(lambda: agent.engine.asked == ["checkpoint"])
    agent.engine.refuse_with = NotEnoughDisk(path="/d", needed_mib=2, free_mib=1)
    click(window, "Take a checkpoint now")
    qtbot.waitUntil(lambda: any(text.startswith("Not enough disk space.") for text in texts(window.page("computer"))))
    agent.show(tasks=(a_task(vm=VmState.ABSENT),))
    qtbot.waitUntil(lambda: "Take a checkpoint now" not in buttons(window))


def test_what_happened_newest_first(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    window.show_page("computer")
    qtbot.waitUntil(lambda: texts(window).count("A checkpoint was written.") == 15)
    click(window, "Show more")
    qtbot.waitUntil(lambda: texts(window).count("A checkpoint was written.") == 40)
    agent.engine.happened = []
    agent.show(finished=3)
    qtbot.waitUntil(lambda: "Nothing yet." in texts(window))


# --- help ------------------------------------------------------------------------------------------------------------


def test_problems_are_found_by_words(window: Window) -> None:
    window.show_page("help")
    assert "Test4Theory does not run" in texts(window)
    field = window.page("help").findChildren(QLineEdit)[0]
    QTest.keyClicks(field, "disk sp")
    assert "Not enough disk space" in texts(window)
    assert "Test4Theory does not run" not in texts(window)
    QTest.keyClicks(field, " unheard")
    assert any(text.startswith("Nothing found.") for text in texts(window))


def test_a_report_is_seen_before_it_is_kept(qtbot: QtBot, window: Window, services: ScriptedServices, tmp_path: Path) -> None:
    window.show_page("help")
    click(window, "Make a report")
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(TextDialog)))
    dialog = _dialog(window)
    assert dialog.text.toPlainText() == services.text
    assert buttons(dialog) == ["Close", "Copy", "Save as a file…"]
    assert nameless(dialog) == []
    click(dialog, "Copy")
    assert QGuiApplication.clipboard().text() == services.text
    assert "The report is in the clipboard." in texts(window)
    page = window.page("help")
    assert isinstance(page, Help)
    page.save(services.text, tmp_path / "report.txt")
    qtbot.waitUntil(lambda: f"The report is in {tmp_path / 'report.txt'}. Nothing was sent." in texts(window))
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == services.text
    services.refuse_with = NotEnoughDisk(path="/d", needed_mib=2, free_mib=1)
    click(window, "Make a report")
    qtbot.waitUntil(lambda: any(text.startswith("Not enough disk space.") for text in texts(window)))


def test_the_logs_can_be_read(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    window.show_page("help")
    click(window, "Look at the logs")
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(TextDialog)))
    assert _dialog(window).text.toPlainText() == services.logs()


def test_what_it_is_made_of(window: Window) -> None:
    window.show_page("help")
    click(window, "The licence")
    assert "GNU GENERAL PUBLIC LICENSE" in _dialog(window).text.toPlainText()
    click(_dialog(window), "Close")
    click(window, "Libraries and their licences")
    text = next(dialog for dialog in window.findChildren(TextDialog) if dialog.isVisible()).text.toPlainText()
    assert "PySide6_Essentials" in text
    assert "msgspec" in text
    assert all(not line.endswith(": ") for line in text.splitlines())
