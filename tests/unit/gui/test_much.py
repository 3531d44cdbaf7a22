"""Much of everything: ten thousand notices and five years of history are shown a page at a time, and the window stays as quick as with few."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from support.scripted_projects import a_project, news
from support.widgets import button, buttons, texts
from support.window_rig import ScriptedServices
from t4t.domain.project_view import ProjectDetails
from t4t.gui.components.rows import HistoryRow
from t4t.gui.theme.style import Theme
from t4t.gui.window.main import Window
from t4t.gui.window.news import NewsCard
from t4t.storage.state import Happening
from t4t.wording import window as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication, QWidget
    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session

NOTICES = 10_000
YEARS = 5
MOST_AT_ONCE = 50
MOST = 1000


@pytest.fixture
def window(qtbot: QtBot, session: Session, agent: ApiThread, qapp: QApplication) -> Iterator[Window]:
    now = time.time()
    agent.projects.told = [ProjectDetails(project=a_project(unread=NOTICES), news=news(NOTICES))]
    agent.engine.happened = [Happening(now - YEARS * 365 * 86_400 + 86_400 * day, "started", "k1", "") for day in range(YEARS * 365)]
    agent.show(projects=(a_project(unread=NOTICES),))
    made = Window(session, Theme(qapp), ScriptedServices())
    qtbot.addWidget(made)
    made.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    yield made
    qapp.setStyleSheet("")


def _shown(page: QWidget, kind: type[QWidget]) -> int:
    return sum(one.isVisibleTo(page) for one in page.findChildren(kind))


def test_ten_thousand_notices(qtbot: QtBot, window: Window) -> None:
    window.show_page("news")
    page = window.page("news")
    qtbot.waitUntil(lambda: _shown(page, NewsCard) > 0)
    few = _shown(page, NewsCard)
    assert few <= MOST_AT_ONCE
    assert f"A new calculation begins ({NOTICES - 1})" in texts(page), "the newest first"
    button(page, words.word("show_more")).click()
    assert few < _shown(page, NewsCard) <= 2 * MOST_AT_ONCE
    assert words.news_with(NOTICES) in buttons(window)


def test_five_years_of_history(qtbot: QtBot, window: Window) -> None:
    window.show_page("computer")
    page = window.page("computer")
    qtbot.waitUntil(lambda: _shown(page, HistoryRow) > 0)
    assert _shown(page, HistoryRow) <= MOST_AT_ONCE
    while words.word("show_more") in buttons(page):
        before = _shown(page, HistoryRow)
        button(page, words.word("show_more")).click()
        qtbot.waitUntil(lambda before=before: _shown(page, HistoryRow) > before)  # type: ignore[misc]  # mypy does not know what is bound here
    assert _shown(page, HistoryRow) <= MOST
