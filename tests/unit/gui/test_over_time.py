"""The charts of the contribution and the community: read by hand, by keyboard and by ear, as a table and as a file; honest where there is nothing."""

from __future__ import annotations

import csv
import functools
import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog

from support.scenes import some_work
from support.scripted_projects import URL, a_community, a_project, credit, news, team_credit
from support.widgets import button, buttons, click, cut_off, nameless, texts
from support.window_rig import ScriptedServices
from t4t.domain.community import CommunityView
from t4t.domain.contribution import Contribution, WorkDay
from t4t.domain.project_errors import MeteredLink, Unreachable
from t4t.domain.project_view import ProjectDetails
from t4t.engine.showing import notice_view
from t4t.gui.theme.style import Theme
from t4t.gui.theme.tokens import LIGHT, Colors
from t4t.gui.window import over_time
from t4t.gui.window.community import MapCard
from t4t.gui.window.main import Window
from t4t.storage import world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtGui import QPalette
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session
    from t4t.gui.window.community import CommunityPage
    from t4t.gui.window.contribution import Contribution as ContributionPage

FRESH = CommunityView(community=a_community(), fresh=True)
OFFLINE = Unreachable(host="lhcathome.example.org", reason="offline")


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication, agent: ApiThread) -> Iterator[Window]:
    agent.projects.told = [ProjectDetails(project=a_project(unread=2), news=news(), credit=credit(), team=team_credit())]
    agent.show(projects=(a_project(unread=2),))
    agent.work = some_work()
    made = Window(session, Theme(qapp), ScriptedServices())
    qtbot.addWidget(made)
    made.resize(1040, 900)
    made.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    yield made
    qapp.setStyleSheet("")


def _always(colors: Colors, _palette: QPalette) -> Colors:
    return colors


def _own(window: Window, qtbot: QtBot) -> ContributionPage:
    window.show_page("contribution")
    page = cast("ContributionPage", window.page("contribution"))
    qtbot.waitUntil(lambda: page.over_time.panel.view.accessibleName().startswith("Bar chart"))
    return page


def _community(window: Window) -> CommunityPage:
    window.show_page("community")
    return cast("CommunityPage", window.page("community"))


# --- contribution ----------------------------------------------------------------------------------------------------


def test_each_quantity_in_each_span_is_drawn_and_told(qtbot: QtBot, window: Window) -> None:
    page = _own(window, qtbot)
    chart = page.over_time.panel.view
    which = page.over_time.findChildren(QComboBox)[0]
    seen = set()
    for number in range(which.count()):
        which.setCurrentIndex(number)
        for span in ("Days", "Weeks", "Months", "All"):
            click(page, span)
            assert chart.chart is not None
            assert not chart.chart.is_empty
            assert not chart.grab().isNull()
            seen.add(chart.accessibleName())
    assert len(seen) == which.count() * 4
    assert nameless(page) == []
    assert {"tasks done on this computer", "collisions simulated", "processor hours"} <= set(texts(page))


def test_bars_are_read_with_the_keys_and_the_mouse(qtbot: QtBot, window: Window) -> None:
    view = _own(window, qtbot).over_time.panel.view
    window.activateWindow()
    view.setFocus()
    assert view.chart is not None
    last = len(view.chart.values) - 1
    places = []
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Escape, Qt.Key.Key_A):
        QTest.keyClick(view, key)
        places.append(view.place)
    assert places == [last, last - 1, last, 0, last, -1, -1]
    view.grab()
    QTest.mouseMove(view, QPoint(view.width() - 10, view.height() // 2))
    qtbot.waitUntil(lambda: view.place == last)
    view.grab()
    view.clearFocus()
    view.leaveEvent(QEvent(QEvent.Type.Leave))
    assert view.place == -1


def test_the_chart_is_a_table_too(qtbot: QtBot, window: Window) -> None:
    panel = _own(window, qtbot).over_time.panel
    click(panel, "Show as table")
    assert panel.table.rowCount() == 30
    first = panel.table.item(0, 0)
    assert first is not None
    assert panel.view.chart is not None
    assert first.text() == panel.view.chart.names[-1]  # the newest first
    click(window.page("contribution"), "Months")
    assert panel.table.rowCount() < 30
    click(panel, "Hide the table")
    assert panel.table.isHidden()


def test_all_days_are_saved_for_a_spreadsheet(qtbot: QtBot, window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = _own(window, qtbot)
    asked: list[str] = []
    answers = iter(["", str(tmp_path / "mine.csv"), str(tmp_path / "no such folder" / "mine.csv")])

    def ask(_parent: object, _title: str, proposed: str, _kinds: str) -> tuple[str, str]:
        asked.append(proposed)
        return next(answers), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    for _ in range(2):
        click(page, "Save as CSV…")
    qtbot.waitUntil(lambda: "Saved." in texts(page))
    with (tmp_path / "mine.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert sum(int(line["collisions"]) for line in lines) == sum(day.collisions for day in some_work().days)
    assert any(float(line["credit_all_computers"]) > 0 for line in lines)
    click(page, "Save as CSV…")
    qtbot.waitUntil(lambda: "This file could not be written." in texts(page))
    assert len(asked) == 3
    assert asked[0].endswith(".csv")


def test_nothing_yet_is_said_without_blame(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    page = _own(window, qtbot)
    agent.work = Contribution(since="2026-11-23")
    page.arrive()
    view = page.over_time.panel.view
    qtbot.waitUntil(
        lambda: view.accessibleName() == "Collisions simulated. Nothing yet. It begins with the first work, and days without work are nothing to worry about."
    )
    view.grab()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.place == -1
    assert "collisions simulated" not in texts(page)


def test_what_has_changed_is_asked_for_while_somebody_looks(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    page = _own(window, qtbot)
    agent.work = Contribution(since="2026-11-22", days=(WorkDay(day="2026-11-22", collisions=123_456_789),))
    agent.show(finished=99)
    qtbot.waitUntil(lambda: "123,456,789" in texts(page))


def test_while_somebody_looks_it_is_never_older_than_a_minute(qtbot: QtBot, window: Window, agent: ApiThread, monkeypatch: pytest.MonkeyPatch) -> None:
    page = _own(window, qtbot)
    assert not page.over_time.is_old
    monkeypatch.setattr(over_time, "_OLD_S", 0.0)
    agent.work = Contribution(since="2026-11-22", days=(WorkDay(day="2026-11-22", collisions=77_777),))
    agent.show(save_s=1.5)
    qtbot.waitUntil(lambda: "77,777" in texts(page))


def test_in_a_narrow_window_nothing_is_cut_off_and_the_team_is_told(qtbot: QtBot, window: Window) -> None:
    window.resize(420, 700)
    page = _own(window, qtbot)
    qtbot.waitUntil(lambda: "Physics class 10b: 2,345,678 credit in all, 5,432 a day at present" in texts(page))
    qtbot.waitUntil(lambda: not cut_off(page, page.viewport()))


# --- community -------------------------------------------------------------------------------------------------------


def test_nobody_is_asked_before_somebody_clicks(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.projects.fetched = FRESH
    page = _community(window)
    qtbot.waitUntil(lambda: "Not asked yet" in texts(page))
    qtbot.waitUntil(lambda: agent.projects.asked == [f"community {URL} False False"])
    click(page, "Ask the project now")
    qtbot.waitUntil(lambda: {"978,655", "1,467,982", "computers with credit"} <= set(texts(page)))
    assert agent.projects.asked[-1] == f"community {URL} True False"
    assert "Not asked yet" not in texts(page)
    assert not {"Ask the project now", "Ask for newer statistics"} & set(buttons(page))
    assert "You are number 877 by credit a day, and number 1,204 by credit in all" in texts(page)
    assert nameless(page) == []


def test_without_an_agent_nobody_waits_for_anything(qtbot: QtBot, window: Window, agent: ApiThread, session: Session) -> None:
    page, other = _own(window, qtbot), cast("CommunityPage", window.page("community"))
    before = page.over_time.panel.view.chart
    agent.stop()
    qtbot.waitUntil(lambda: session.lost is not None)
    page.arrive()
    session.ask_community(URL, fetch=False)
    assert page.over_time.panel.view.chart == before
    other.refresh()
    window.show_page("community")
    assert "Test4Theory is not running" in texts(other)


def test_the_map_tells_what_is_below_the_pointer(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.projects.known = FRESH
    page = _community(window)
    qtbot.waitUntil(lambda: page.map_card.map.accessibleName().startswith("Map of the world: volunteers in 32 countries. United States"))
    shown = page.map_card.map
    qtbot.waitUntil(lambda: shown._scale > 0.05)
    scale = shown._scale
    for name, text in (
        ("France", "France: 61,300 volunteers"),
        ("Singapore", "Singapore: 580 volunteers"),
        ("Algeria", "Algeria: 0 volunteers"),
    ):
        at = next(shape.at for shape in shown._world.countries if shape.name == name)
        assert shown.country_at(QPointF(at[0] * scale, at[1] * scale)) == name
        shown.pointed.emit(name)
        assert text in texts(page)
    place = shown.mapFrom(shown, QPoint(1, 1))
    QTest.mouseMove(shown, place)
    assert shown.country_at(QPointF(1, 1)) == ""
    shown._point("France")
    shown.grab()
    shown.leaveEvent(QEvent(QEvent.Type.Leave))
    assert "Point at a country to read its number; the table has them all." in texts(page)
    click(page.map_card, "Show as table")
    assert page.map_card.table.rowCount() == 34
    page.map_card.fill(a_community())
    click(page.map_card, "Hide the table")
    assert page.map_card.table.isHidden()


def test_you_are_here_is_nowhere_unless_somebody_says_so(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.projects.known = FRESH
    page = _community(window)
    qtbot.waitUntil(lambda: "Mark where I am" not in texts(page) and page.map_card.isVisible())
    card = page.map_card
    assert (card.map.here, card.tick.isChecked(), card.where.isHidden()) == ("", False, True)
    card.tick.setChecked(True)
    card.where.setCurrentText("Malta")
    card.map.grab()
    assert (card.map.here, card.where.isHidden()) == ("Malta", False)
    card.tick.setChecked(False)
    assert card.map.here == ""
    assert all("Malta" not in one for one in agent.projects.asked)


def test_what_is_old_is_shown_with_its_date_and_why(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    old = a_community(at=1_790_000_000.0, standing=None)
    agent.projects.known = CommunityView(community=old)
    agent.projects.fetched = CommunityView(community=old, trouble=notice_view(OFFLINE))
    page = _community(window)
    qtbot.waitUntil(lambda: "All volunteers, as the project’s statistics of 2026-09-21 have them" in texts(page))
    click(page, "Ask for newer statistics")
    qtbot.waitUntil(lambda: any(text.startswith("No connection.") for text in texts(page)))
    assert "Ask for newer statistics" in buttons(page)


def test_what_went_wrong_is_said_where_nothing_is_known(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.projects.refuse_with = OFFLINE
    page = _community(window)
    qtbot.waitUntil(lambda: any(text.startswith("No connection.") for text in texts(page)))
    agent.projects.refuse_with = MeteredLink(file="user.gz", mib=48)
    click(page, "Ask the project now")
    qtbot.waitUntil(lambda: "Fetch it all the same" in buttons(page))
    agent.projects.refuse_with, agent.projects.fetched = None, FRESH
    click(page, "Fetch it all the same")
    qtbot.waitUntil(lambda: agent.projects.asked[-1] == f"community {URL} True True")
    qtbot.waitUntil(page.map_card.isVisible)


def test_several_projects_are_looked_at_one_by_one(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    other = a_project(url="https://other.example.org/", name="Other")
    page = _community(window)
    agent.show(projects=(a_project(), other))
    which = page._which
    qtbot.waitUntil(which.isVisible)
    which.setCurrentIndex(1)
    which.activated.emit(1)
    qtbot.waitUntil(lambda: agent.projects.asked[-1] == "community https://other.example.org/ False False")
    agent.show(projects=())
    qtbot.waitUntil(lambda: "No project yet" in texts(page))
    assert buttons(page) == []


def test_where_the_number_of_computers_is_not_told_there_is_none(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.projects.known = CommunityView(community=a_community(hosts=0), fresh=True)
    page = _community(window)
    qtbot.waitUntil(page.map_card.isVisible)
    assert "computers with credit" not in texts(page)


def test_the_boards_are_on_the_website(qtbot: QtBot, window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    page = _community(window)
    qtbot.waitUntil(lambda: "Message boards" in buttons(page))
    for name in ("Message boards", "Lists of volunteers", "How the project’s servers are"):
        click(page, name)
    assert [url.toString() for url in opened] == [f"{URL}{name}.php" for name in ("forum_index", "top_users", "server_status")]


def test_in_high_contrast_a_country_without_anybody_is_an_outline(qtbot: QtBot, qapp: QApplication) -> None:
    strong = replace(LIGHT, line=LIGHT.text, good=LIGHT.text, muted=LIGHT.text)
    for colors, expected in ((strong, LIGHT.surface), (LIGHT, LIGHT.line)):
        card = MapCard(Theme(qapp, choose=functools.partial(_always, colors)), world.load())
        qtbot.addWidget(card)
        card.fill(a_community())
        card.grab()
        assert card.map.color_of(0).name().upper() == expected
        assert card.map.color_of(1) != card.map.color_of(0) != card.map.color_of(214_300)


def test_a_map_that_can_t_be_read_leaves_the_table(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    card = MapCard(Theme(qapp), world.load(tmp_path))
    qtbot.addWidget(card)
    card.fill(a_community())
    card.grab()
    assert "The map could not be read; the table has all countries." in texts(card)


# --- news ------------------------------------------------------------------------------------------------------------


def test_only_what_is_new_and_why_there_is_no_work(qtbot: QtBot, window: Window, agent: ApiThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: True)
    agent.show(projects=(a_project(unread=2, no_work_since=time.time() - 600, no_work=("none_available",), held=0, fetching=0),))
    window.show_page("news")
    page = window.page("news")
    qtbot.waitUntil(lambda: texts(page).count("New") == 2)
    assert "Work from the project" in texts(page)
    page._only_new.setChecked(True)  # type: ignore[attr-defined] # of News
    assert len([text for text in texts(page) if text.startswith("A new calculation")]) == 2
    button(page, "Read it on the website").click()
    qtbot.waitUntil(lambda: "read n2" in agent.projects.asked)
    click(page, "Mark all as read")
    qtbot.waitUntil(lambda: "All is read" in texts(page))
