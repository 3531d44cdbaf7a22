"""What the tray opens: the small panel, the question before the end, and messages by its own means; on a scripted agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QLocale, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu

from support.scripted_engine import a_notice, a_task
from support.tongues import spoken
from support.widgets import button, buttons, click, nameless, texts
from t4t.domain.language import Language
from t4t.domain.notification_policy import Event
from t4t.domain.policy import Level
from t4t.domain.session import MessageView, TrayState
from t4t.gui.commands import Command
from t4t.gui.theme.style import Theme
from t4t.gui.theme.tokens import DARK
from t4t.gui.tray.app import Tray
from t4t.gui.tray.icon import TrayIcon
from t4t.gui.tray.leaving import QuitDialog
from t4t.gui.tray.messages import Messages
from t4t.gui.tray.panel import MiniPanel, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session

CORNER = QRect(760, 570, 24, 24)
DISK = MessageView(key="needs_you:T4T-DISK-01", event=Event.NEEDS_YOU, at=0.0, notice=a_notice())
FIRST = MessageView(key="first_result:", event=Event.FIRST_RESULT, at=0.0)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    yield Theme(qapp)
    qapp.setStyleSheet("")


@pytest.fixture
def told(session: Session, qtbot: QtBot) -> Session:
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    return session


@pytest.fixture
def panel(told: Session, theme: Theme, qtbot: QtBot) -> MiniPanel:
    made = MiniPanel(told, theme)
    qtbot.addWidget(made)
    made.toggle(CORNER)
    return made


# --- the panel ---------------------------------------------------------------------------------------------------------


def test_it_says_what_is_going_on_beside_the_icon(panel: MiniPanel) -> None:
    shown = texts(panel)
    assert {"Working: 62\N{NO-BREAK SPACE}% done, 2 cores", "theory_2279-3861", "62\N{NO-BREAK SPACE}% · 1 h 13 min of work"} <= set(shown)
    assert shown.count("theory_2279-3861") == 1
    room = QGuiApplication.primaryScreen().availableGeometry()
    assert room.contains(panel.geometry())
    assert panel.geometry().bottom() < CORNER.top()
    assert nameless(panel) == []


def test_less_for_now_and_back(panel: MiniPanel, agent: ApiThread, qtbot: QtBot) -> None:
    menu = button(panel, "Pause").menu()
    assert isinstance(menu, QMenu)
    less = next(action.menu() for action in menu.actions() if action.text() == "Use less for now")
    assert isinstance(less, QMenu)

    def offered() -> list[str]:
        return [action.text() for action in less.actions() if action.isVisible()]

    assert offered() == ["Reduced power for 1 hour", "One processor only"]
    less.actions()[0].trigger()
    qtbot.waitUntil(lambda: offered() == ["One processor only", "Back to normal"])
    less.actions()[-1].trigger()
    qtbot.waitUntil(lambda: agent.engine.asked == ["use_less gentle", "use_less off"])
    agent.show(deciding="manual_pause", level=Level.SAVED, state=TrayState.PAUSED_BY_YOU)
    qtbot.waitUntil(lambda: not less.menuAction().isVisible())


def test_a_pause_and_on_again(panel: MiniPanel, agent: ApiThread, qtbot: QtBot) -> None:
    menu = button(panel, "Pause").menu()
    next(action for action in menu.actions() if action.text() == "For 1 hour").trigger()
    assert "Pausing…" in texts(panel), "the click is seen at once"
    qtbot.waitUntil(lambda: any(text.startswith("Paused by you until") for text in texts(panel)))
    assert "1 h left" in texts(panel)
    assert button(panel, "Change").isVisible()
    click(panel, "Continue now")
    qtbot.waitUntil(lambda: "Continue now" not in buttons(panel))
    assert agent.engine.asked == ["pause 1h", "resume"]


def test_many_tasks_and_none_and_no_agent(panel: MiniPanel, agent: ApiThread, qtbot: QtBot) -> None:
    high = panel.height()
    agent.show(tasks=tuple(a_task(key=f"k{number}", name=f"theory_{number}") for number in range(9)))
    qtbot.waitUntil(lambda: "theory_2" in texts(panel))
    assert "theory_3" not in texts(panel)
    assert panel.height() > high
    agent.show(tasks=(), state=TrayState.NO_WORK)
    qtbot.waitUntil(lambda: "No work right now" in texts(panel))
    agent.show(state=TrayState.NEEDS_YOU, notices=(a_notice(),))
    qtbot.waitUntil(lambda: any("Not enough disk space" in text for text in texts(panel)))
    agent.stop()
    qtbot.waitUntil(lambda: "Starting…" in texts(panel))
    assert not button(panel, "Pause").isEnabled()


def test_it_closes_by_escape_by_its_icon_and_when_somebody_turns_away(panel: MiniPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(panel.isActiveWindow)
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert not panel.isVisible()
    panel.toggle(QRect())
    assert panel.isVisible()
    panel.toggle(QRect())
    assert not panel.isVisible()
    panel.toggle(CORNER)
    other = QLabel("something else")
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not panel.isVisible())
    panel.toggle(CORNER)
    assert not panel.isVisible(), "this was the click that closed it"
    panel.toggle(CORNER)
    assert panel.isVisible()


def test_the_way_to_the_window(panel: MiniPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.page_asked) as asked:
        click(panel, "Open")
    assert asked.args == ["home"]
    assert not panel.isVisible()


def test_it_is_drawn_anew_in_other_colours(told: Session, qapp: QApplication, qtbot: QtBot) -> None:
    chosen = [DARK]
    theme = Theme(qapp, choose=lambda _: chosen[0])
    panel = MiniPanel(told, theme)
    qtbot.addWidget(panel)
    panel.toggle(CORNER)
    assert panel.grab().toImage().pixelColor(60, 4).name().upper() == DARK.surface
    qapp.setStyleSheet("")


@given(
    st.builds(QRect, st.integers(-2000, 4000), st.integers(-2000, 4000), st.integers(0, 64), st.integers(0, 64)),
    st.builds(QSize, st.integers(1, 500), st.integers(1, 400)),
    st.builds(QRect, st.integers(-1920, 1920), st.integers(-100, 100), st.integers(540, 3840), st.integers(440, 2160)),
)
def test_wherever_the_icon_is_the_panel_is_wholly_on_the_screen(anchor: QRect, size: QSize, room: QRect) -> None:
    assert room.contains(QRect(place(anchor, size, room), size))


# --- the question before the end -------------------------------------------------------------------------------------------


@pytest.fixture
def leaving(told: Session, theme: Theme, qtbot: QtBot) -> QuitDialog:
    made = QuitDialog(told, theme)
    qtbot.addWidget(made)
    made.ask()
    return made


def test_it_says_what_is_saved_and_how_long_that_takes(leaving: QuitDialog, agent: ApiThread, qtbot: QtBot) -> None:
    assert any("takes about 6 seconds" in text for text in texts(leaving))
    assert nameless(leaving) == []
    agent.show(save_s=1.2)
    qtbot.waitUntil(lambda: any("takes about 1 second." in text for text in texts(leaving)))
    agent.show(save_s=1e9)
    qtbot.waitUntil(lambda: any(text.startswith("Your work is saved first. ") for text in texts(leaving)))


@pytest.mark.parametrize(("words", "asked"), [("Save and quit", ["quit"]), ("Pause instead", ["pause forever"]), ("Cancel", [])])
def test_each_answer(leaving: QuitDialog, agent: ApiThread, qtbot: QtBot, words: str, asked: list[str]) -> None:
    click(leaving, words)
    assert not leaving.isVisible()
    qtbot.waitUntil(lambda: agent.engine.asked == asked)


def test_return_quits_and_escape_does_nothing(leaving: QuitDialog, agent: ApiThread, qtbot: QtBot) -> None:
    QTest.keyClick(leaving, Qt.Key.Key_Escape)
    assert not leaving.isVisible()
    assert agent.engine.asked == []
    leaving.ask()
    QTest.keyClick(leaving, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: agent.engine.asked == ["quit"])


def test_an_agent_that_ends_by_itself_needs_no_question(leaving: QuitDialog, agent: ApiThread, qtbot: QtBot) -> None:
    agent.show(state=TrayState.SAVING, level=Level.STOPPED, deciding="quitting")
    qtbot.waitUntil(lambda: not leaving.isVisible())
    assert agent.engine.asked == []


def test_the_tray_asks_only_where_there_is_something_to_save(told: Session, agent: ApiThread, qtbot: QtBot, qapp: QApplication) -> None:
    tray = Tray(told, open_window=lambda _page: None, no_tray=lambda: None)
    try:
        icon = tray.findChildren(TrayIcon)[0]
        icon.asked.emit(Command.QUIT)
        [dialog] = [widget for widget in qapp.topLevelWidgets() if isinstance(widget, QuitDialog) and widget.isVisible()]
        icon.clicked.emit()
        assert [widget for widget in qapp.topLevelWidgets() if isinstance(widget, MiniPanel) and widget.isVisible()]
        click(dialog, "Cancel")
        agent.show(save_s=0.0)
        qtbot.waitUntil(lambda: told.view is not None and told.view.save_s == 0.0)
        icon.asked.emit(Command.QUIT)
        qtbot.waitUntil(lambda: agent.engine.asked == ["quit"])
        assert not icon.tell("nobody", "sees it"), "there is no tray here"
        assert icon.place.isEmpty()
    finally:
        tray.take_down()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qapp.setStyleSheet("")
    assert not [widget for widget in qapp.topLevelWidgets() if isinstance(widget, QuitDialog | MiniPanel)]


def test_another_language_at_once_in_all_that_the_tray_shows(told: Session, agent: ApiThread, qtbot: QtBot, qapp: QApplication) -> None:
    """The agent, in whose process the tray is, speaks it already when its view says so."""
    before = QLocale()
    tray = Tray(told, open_window=lambda _page: None, no_tray=lambda: None)
    icon = tray.findChildren(TrayIcon)[0]
    icon.rebuild()
    try:
        agent.show(language=Language.ENGLISH)
        qtbot.waitUntil(lambda: told.view is not None and told.view.language is Language.ENGLISH)
        icon.clicked.emit()
        assert icon._menu is not None
        with spoken("de"):
            agent.show(language=Language.GERMAN)
            qtbot.waitUntil(lambda: told.view is not None and told.view.language is Language.GERMAN)
            menu = {action.text() for action in (*icon._menu.actions(), *icon._menu._below.values())}
            assert {"Test4Theory öffnen", "Anhalten", "Warum?", "Für 1 Stunde", "Beenden …"} <= menu
            qtbot.waitUntil(lambda: not [one for one in qapp.topLevelWidgets() if isinstance(one, MiniPanel)])
            icon.clicked.emit()
            [panel] = [one for one in qapp.topLevelWidgets() if isinstance(one, MiniPanel) and one.isVisible()]
            assert {"Anhalten", "Öffnen"} <= set(buttons(panel))
            assert QLocale().language() is QLocale.Language.German
    finally:
        tray.take_down()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qapp.setStyleSheet("")
        QLocale.setDefault(before)


# --- messages ------------------------------------------------------------------------------------------------------------


class Loud:
    """A `Speaker` that keeps what it said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.can = True

    def tell(self, title: str, body: str) -> bool:
        if self.can:
            self.said.append(f"{title}: {body}")
        return self.can


def test_a_message_is_shown_once_and_its_click_opens_its_page(told: Session, agent: ApiThread, qtbot: QtBot) -> None:
    loud, opened = Loud(), list[str]()
    messages = Messages(told, loud, opened.append)
    messages.clicked()
    assert opened == [], "there was none"
    loud.can = False
    agent.show(messages=(DISK,))
    qtbot.waitUntil(lambda: told.view is not None and bool(told.view.messages))
    assert agent.engine.asked == []
    loud.can = True
    messages.look()
    messages.look()
    assert loud.said == ["Not enough disk space: 2048 MiB are needed in /data, and 900 MiB are free."]
    qtbot.waitUntil(lambda: agent.engine.asked == [f"react {DISK.key} shown"])
    messages.clicked()
    assert opened == ["computer"]
    qtbot.waitUntil(lambda: agent.engine.asked[1:] == [f"react {DISK.key} answered"])
    qtbot.waitUntil(lambda: told.view is not None and not told.view.messages)


def test_one_after_the_other_and_what_is_over_is_told(told: Session, agent: ApiThread, qtbot: QtBot) -> None:
    loud = Loud()
    messages = Messages(told, loud, lambda _page: None)
    agent.show(messages=(DISK, FIRST))
    qtbot.waitUntil(lambda: len(loud.said) == 1)
    messages._over.setInterval(0)
    messages._over.start()
    qtbot.waitUntil(lambda: len(loud.said) == 2)
    assert loud.said[1].startswith("Your first result: ")
    qtbot.waitUntil(lambda: agent.engine.asked[-1] == f"react {FIRST.key} closed")
    assert sorted(agent.engine.asked) == sorted(f"react {key} {what}" for key in (DISK.key, FIRST.key) for what in ("shown", "closed"))
