"""What is new on a project's message boards, on the page Community: asked for by a click, strangers' words as plain text, links into the browser."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtGui import QDesktopServices

from support.scripted_projects import URL, a_project, some_boards
from support.widgets import buttons, click, cut_off, nameless, texts
from support.window_rig import ScriptedServices
from t4t.domain.boards import BoardsView
from t4t.domain.project_errors import Unreachable
from t4t.engine.showing import notice_view
from t4t.gui.theme.style import Theme
from t4t.gui.window.boards_card import ThreadRow
from t4t.gui.window.main import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtCore import QUrl
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session
    from t4t.gui.window.boards_card import BoardsCard
    from t4t.gui.window.community import CommunityPage

FRESH = BoardsView(boards=some_boards(), fresh=True)
OFFLINE = Unreachable(host="lhcathome.example.org", reason="offline")


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication, agent: ApiThread) -> Iterator[Window]:
    agent.show(projects=(a_project(),))
    made = Window(session, Theme(qapp), ScriptedServices())
    qtbot.addWidget(made)
    made.resize(1040, 900)
    made.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    yield made
    qapp.setStyleSheet("")


def _card(window: Window) -> BoardsCard:
    window.show_page("community")
    return cast("CommunityPage", window.page("community")).boards


def _says(card: BoardsCard, text: str) -> bool:
    return text in texts(card)


def test_nobody_is_asked_before_somebody_clicks(qtbot: QtBot, window: Window, agent: ApiThread, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    agent.projects.new_threads = FRESH
    card = _card(window)
    qtbot.waitUntil(lambda: agent.projects.asked_boards == [f"{URL} False"])
    assert not [row for row in card.findChildren(ThreadRow) if row.isVisibleTo(card)]
    click(card, "Show what is new there")
    qtbot.waitUntil(lambda: "How long does a Theory task take here?" in texts(card))
    assert agent.projects.asked_boards[-1] == f"{URL} True"
    assert "Z bosons & jets: which plots are mine?" in texts(card)
    assert not {"Show what is new there", "Look again"} & set(buttons(card))
    assert buttons(card).count("Read it on the website") == 5
    assert "Hello from Kenya" not in texts(card)
    click(card, "Show more")
    assert "Hello from Kenya" in texts(card)
    assert nameless(card) == []
    click(card, "Read it on the website")
    assert [url.toString() for url in opened] == [f"{URL}forum_thread.php?id=1"]


def test_strangers_words_are_text_and_no_wider_than_the_window(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.projects.boards_known = FRESH
    window.resize(420, 900)
    card = _card(window)
    qtbot.waitUntil(lambda: "Show more" in buttons(card))
    click(card, "Show more")
    assert any(text.startswith("<b>x</b>https://") for text in texts(card))
    page = cast("CommunityPage", window.page("community"))
    qtbot.waitUntil(lambda: not cut_off(card, page.viewport()))


def test_what_is_old_stays_and_what_went_wrong_is_said(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.projects.boards_known = BoardsView(boards=some_boards())
    agent.projects.new_threads = BoardsView(boards=some_boards(), trouble=notice_view(OFFLINE))
    card = _card(window)
    qtbot.waitUntil(lambda: "Look again" in buttons(card))
    click(card, "Look again")
    qtbot.waitUntil(lambda: any(text.startswith("No connection.") for text in texts(card)))
    assert "How long does a Theory task take here?" in texts(card)
    assert "Look again" in buttons(card)


def test_where_nothing_is_known_or_nothing_is_there(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.projects.refuse_with = OFFLINE
    card = _card(window)
    qtbot.waitUntil(lambda: any(text.startswith("No connection.") for text in texts(card)))
    agent.projects.refuse_with = None
    for boards, said in (
        (some_boards(boards=0, threads=()), "This project has no message boards."),
        (some_boards(threads=()), "Nobody has written in the last 30 days."),
    ):
        agent.projects.new_threads = agent.projects.boards_known = BoardsView(boards=boards)
        card.show_project(URL)
        qtbot.waitUntil(functools.partial(_says, card, said))


def test_without_an_agent_nobody_waits(qtbot: QtBot, window: Window, agent: ApiThread, session: Session) -> None:
    card = _card(window)
    qtbot.waitUntil(lambda: bool(agent.projects.asked_boards))
    card._ask()
    agent.stop()
    qtbot.waitUntil(lambda: session.lost is not None)
    assert card._asking == set()
    assert not card.isVisible()
