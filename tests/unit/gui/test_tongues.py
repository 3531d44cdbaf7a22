"""The window in longer words, from right to left, and in another language while it is open."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QLocale, QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QWidget

from support.scenes import some_work
from support.scripted_engine import a_notice, a_task
from support.scripted_projects import a_community, a_project, credit, news, some_boards, team_credit
from support.tongues import spoken
from support.widgets import cut_off, texts
from support.window_rig import TROUBLE, ScriptedServices
from t4t.domain.boards import BoardsView
from t4t.domain.community import CommunityView
from t4t.domain.errors import AgentMissing
from t4t.domain.language import NAMES, Language
from t4t.domain.policy import Level
from t4t.domain.project_view import ProjectDetails
from t4t.domain.session import Activity, TrayState
from t4t.domain.setting_up import SCREENS, Setup, Step
from t4t.domain.vm import VmState
from t4t.gui import application
from t4t.gui.components.basic import label
from t4t.gui.components.fields import FieldRow
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Across, Stat
from t4t.gui.theme.style import Theme
from t4t.gui.tray.leaving import QuitDialog
from t4t.gui.tray.panel import MiniPanel
from t4t.gui.window.boards_card import ThreadRow
from t4t.gui.window.computer import Computer
from t4t.gui.window.main import Window
from t4t.gui.window.science import Science
from t4t.gui.wizard.frame import Wizard
from t4t.gui.wizard.welcome import Welcome
from t4t.wording import language
from t4t.wording import screen as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session

PAGES = ("home", "why", "science", "contribution", "community", "news", "computer", "help", "settings")
WIDTHS = (1, 1040)
"""The first is as narrow as can be."""
_SCREENS = (480, 1040)
"""Choices of the first run don't take more lines; all real languages have room for them in the narrowest window."""


@pytest.fixture
def services() -> ScriptedServices:
    made = ScriptedServices()
    made.diagnosis = TROUBLE
    return made


@pytest.fixture(autouse=True)
def _english_again(qapp: QApplication) -> Iterator[None]:
    yield
    language.speak_english()
    qapp.setStyleSheet("")


def _busy(agent: ApiThread) -> None:
    waiting = a_task(key="k2", name="theory_2279-3862", activity=Activity.QUEUED, vm=VmState.ABSENT, fraction=0.0, elapsed_s=0.0, checkpoints=0)
    agent.projects.told = [ProjectDetails(project=a_project(unread=2), news=news(), credit=credit(), team=team_credit())]
    agent.projects.known = CommunityView(community=a_community(), fresh=True)
    agent.projects.boards_known = BoardsView(boards=some_boards())
    agent.work = some_work()
    agent.show(
        state=TrayState.NEEDS_YOU,
        notices=(a_notice(),),
        projects=(a_project(unread=2),),
        tasks=(a_task(last_checkpoint=time.time() - 240), waiting),
        finished=37,
    )


def _fits(page: QWidget) -> None:
    """Pages are scrolled up and down, and never from left to right."""
    assert cut_off(page, page.viewport() if isinstance(page, Page) else page) == []


@pytest.fixture(params=["pseudo", "rtl", "de", "fr", "es", "it"])
def name(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    assert qapp.layoutDirection() is Qt.LayoutDirection.LeftToRight
    with spoken(request.param):
        yield request.param


def test_no_page_cuts_words_off(qtbot: QtBot, session: Session, agent: ApiThread, services: ScriptedServices, name: str) -> None:
    made = QApplication.instance()
    assert isinstance(made, QApplication)
    window = Window(session, Theme(made), services)
    qtbot.addWidget(window)
    window.show()
    _busy(agent)
    session.open()
    qtbot.waitUntil(lambda: session.view is not None and session.view.finished == 37)
    for page in PAGES:
        window.show_page(page)
        if page == "settings":
            qtbot.waitUntil(lambda: any(row.isVisible() for row in window.page("settings").findChildren(FieldRow)))
        elif page == "community":
            qtbot.waitUntil(lambda: any(row.isVisible() for row in window.page("community").findChildren(ThreadRow)))
        for width in WIDTHS:
            window.resize(width, 700)
            qtbot.waitUntil(functools.partial(_fits, window.page(window.current)))  # Qt lays out in several turns
            qtbot.waitUntil(functools.partial(_fits, window.nav))
    assert (window.nav.mapTo(window, QPoint(0, 0)).x() > window.width() / 2) is (name == "rtl")


def test_no_screen_of_the_first_run_cuts_words_off(qtbot: QtBot, session: Session, services: ScriptedServices, name: str) -> None:
    made = QApplication.instance()
    assert isinstance(made, QApplication)
    services.place = Setup(demo=True)
    window = Window(session, Theme(made), services)
    qtbot.addWidget(window)
    window.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    wizard = window.page("setup")
    assert isinstance(wizard, Wizard)
    for step in SCREENS:
        wizard.run.change(step=step)
        window.show_page("setup")
        for width in _SCREENS if name in {"pseudo", "rtl"} else WIDTHS:
            window.resize(width, 700)
            qtbot.waitUntil(functools.partial(_fits, wizard))
    wizard.depart()


@pytest.mark.usefixtures("name")
def test_nothing_that_the_tray_opens_cuts_words_off(qtbot: QtBot, session: Session, agent: ApiThread, qapp: QApplication) -> None:
    panel, leaving = MiniPanel(session, Theme(qapp)), QuitDialog(session, Theme(qapp))
    for made in (panel, leaving):
        qtbot.addWidget(made)
    session.open()
    busy = {"state": TrayState.NEEDS_YOU, "notices": (a_notice(),)}
    paused = {"state": TrayState.PAUSED_BY_YOU, "deciding": "manual_pause", "level": Level.PAUSED, "next_change": time.time() + 3000}
    for number, changes in enumerate((busy, paused, {"state": TrayState.NO_WORK, "tasks": ()}), start=38):
        agent.show(**changes, finished=number)
        qtbot.waitUntil(functools.partial(_counts, session, number))
        panel.toggle(QRect(760, 570, 24, 24))
        qtbot.waitUntil(functools.partial(_fits, panel))
        panel.toggle(QRect())
        leaving.ask()
        qtbot.waitUntil(functools.partial(_fits, leaving))
        leaving.reject()


def _counts(session: Session, finished: int) -> bool:
    return session.view is not None and session.view.finished == finished


def test_numbers_below_each_other_have_room_for_their_words(qtbot: QtBot, qapp: QApplication) -> None:
    theme = Theme(qapp)
    made = Across(*(Stat(f"{number} words on what this number is") for number in ("some", "a few more", "nearly as many")), space=theme.px(8))
    qtbot.addWidget(made)
    made.show()
    for width in range(200, 700, 50):
        made.resize(width, 600)
        qtbot.waitUntil(lambda: cut_off(made, made) == [])


def test_what_has_no_room_is_found(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.resize(400, 100)
    box = QComboBox(holder)
    box.addItem("much too long for such a narrow list")
    box.setFixedWidth(300)
    holder.show()
    assert cut_off(holder, holder) == []
    box.setFixedWidth(40)
    assert len(cut_off(holder, holder)) == 1
    box.hide()
    words = label(text="several words that need some lines", wraps=True)
    words.setParent(holder)
    words.setFixedSize(60, 10)
    words.show()
    assert len(cut_off(holder, holder)) == 1


class TestChoosing:
    @pytest.fixture
    def wizard(self, qtbot: QtBot, session: Session, qapp: QApplication, services: ScriptedServices) -> Wizard:
        services.place = Setup()
        window = Window(session, Theme(qapp), services)
        qtbot.addWidget(window)
        window.show()
        window.open_at("home")
        made = window.page("setup")
        assert isinstance(made, Wizard)
        self._window = window
        return made

    @staticmethod
    def _choose(wizard: Wizard, chosen: Language) -> None:
        page = wizard.page(Step.WELCOME)
        assert isinstance(page, Welcome)
        number = page.languages.findData(chosen)
        page.languages.setCurrentIndex(number)
        page.languages.activated.emit(number)

    def test_each_calls_itself_by_its_own_name(self, wizard: Wizard) -> None:
        page = wizard.page(Step.WELCOME)
        assert isinstance(page, Welcome)
        names = [page.languages.itemText(number) for number in range(page.languages.count())]
        assert names == ["The system’s language", *NAMES.values()]
        assert page.languages.currentData() is Language.SYSTEM

    def test_the_first_run_goes_on_in_it_at_once(self, qtbot: QtBot, wizard: Wizard, services: ScriptedServices) -> None:
        self._choose(wizard, Language.GERMAN)
        assert "Helfen Sie der Physik, die kleinsten Dinge des Universums zu verstehen" in texts(wizard)
        assert (wizard.next.text(), wizard.later.text(), wizard.back.text()) == ("Los geht’s", "Später fertig einrichten", "Zurück")
        page = wizard.page(Step.WELCOME)
        assert isinstance(page, Welcome)
        assert page.languages.currentData() is Language.GERMAN
        qtbot.waitUntil(lambda: services.asked == ["language de"])

    def test_who_changes_their_mind_gets_the_last_one(self, qtbot: QtBot, wizard: Wizard, services: ScriptedServices) -> None:
        for chosen in (Language.GERMAN, Language.FRENCH, Language.ITALIAN):
            self._choose(wizard, chosen)
        qtbot.waitUntil(lambda: services.asked[-1:] == ["language it"])
        assert wizard.next.text() == "Inizia"

    def test_what_cannot_be_kept_is_said(self, qtbot: QtBot, wizard: Wizard, services: ScriptedServices) -> None:
        services.refuse_with = AgentMissing(data_dir="/d")
        self._choose(wizard, Language.SPANISH)
        qtbot.waitUntil(lambda: any("/d" in text for text in texts(wizard)))
        assert wizard.next.text() == "Empezar"


class TestChosenElsewhere:
    """The agent says what the volunteer chose, in whatever way; what is open speaks it at once."""

    @pytest.fixture
    def window(self, qtbot: QtBot, session: Session, qapp: QApplication, agent: ApiThread, services: ScriptedServices) -> Window:
        agent.show(language=Language.SYSTEM, projects=(a_project(unread=2),))
        made = Window(session, Theme(qapp), services)
        qtbot.addWidget(made)
        made.show()
        session.open()
        qtbot.waitUntil(lambda: session.view is not None)
        return made

    @staticmethod
    def _in_german(window: Window) -> bool:
        return "Wissenschaft" in " ".join(one.text() for one in window.nav.findChildren(QPushButton))

    @pytest.mark.parametrize("page", PAGES)
    def test_every_page_is_the_same_in_it(self, qtbot: QtBot, window: Window, agent: ApiThread, page: str) -> None:
        window.resize(700, 500)
        for key in PAGES:
            window.show_page(key)
        window.show_page(page)
        before, old = window.current, window.page(window.current)
        gone: list[str] = []
        old.destroyed.connect(lambda: gone.append(page))
        agent.show(language=Language.GERMAN)
        qtbot.waitUntil(lambda: self._in_german(window))
        assert window.current == before
        assert window.page(before).isVisible()
        assert window.page(before) is not old
        qtbot.waitUntil(lambda: gone == [page])
        agent.show(finished=38)  # nothing that is gone hears of it
        qtbot.waitUntil(lambda: window._session.view is not None and window._session.view.finished == 38)
        assert not {"Science", "Settings", "Contribution"} & {one.text() for one in window.findChildren(QPushButton)}
        agent.show(language=Language.ENGLISH)
        qtbot.waitUntil(lambda: not self._in_german(window))

    def test_the_part_of_a_page_stays_and_what_was_said_of_the_desktop(self, qtbot: QtBot, window: Window, agent: ApiThread) -> None:
        window.tell_of_tray(there=False)
        window.show_page("words")
        agent.show(language=Language.GERMAN)
        qtbot.waitUntil(lambda: self._in_german(window))
        science = window.page("science")
        assert isinstance(science, Science)
        assert science.current == "words"
        window.show_page("home")
        assert words.no_tray_here() in texts(window.home)

    def test_who_chose_it_in_the_settings_stays_at_that_field(self, qtbot: QtBot, window: Window, agent: ApiThread, session: Session) -> None:
        def fields() -> list[FieldRow]:
            return [one for one in window.page("settings").findChildren(FieldRow) if one.field.path == "general.language" and one.isVisible()]

        window.show_page("settings")
        qtbot.waitUntil(lambda: bool(fields()))
        window.activateWindow()
        [row] = fields()
        row.control.setFocus()
        assert isinstance(row.control, QComboBox)
        number = row.control.findData("de")
        row.control.setCurrentIndex(number)
        with qtbot.waitSignal(session.settings_told):
            row.control.activated.emit(number)
        agent.show(language=Language.GERMAN)
        qtbot.waitUntil(lambda: self._in_german(window) and [one.control.hasFocus() for one in fields()] == [True])
        assert [one.control.currentData() for one in fields() if isinstance(one.control, QComboBox)] == ["de"]

    def test_not_while_this_computer_is_being_changed(self, qtbot: QtBot, window: Window, agent: ApiThread, services: ScriptedServices) -> None:
        window.show_page("computer")
        page = window.page("computer")
        assert isinstance(page, Computer)
        services.go_on.clear()
        page.checks._doing.start(lambda _tell: services.go_on.wait(20))
        agent.show(language=Language.GERMAN, finished=39)
        qtbot.waitUntil(lambda: window._session.view is not None and window._session.view.finished == 39)
        assert not self._in_german(window)
        with qtbot.waitSignal(page.checks._doing.done):
            services.go_on.set()
        agent.show(finished=40)
        qtbot.waitUntil(lambda: self._in_german(window))

    def test_the_first_run_goes_on_where_it_is(self, qtbot: QtBot, window: Window, agent: ApiThread, services: ScriptedServices) -> None:
        services.place = Setup(step=Step.PRIVACY)
        window.show_page("setup")
        agent.show(language=Language.FRENCH)
        qtbot.waitUntil(lambda: services.tongue is Language.FRENCH)
        wizard = window.page("setup")
        assert isinstance(wizard, Wizard)
        assert wizard.current.step is Step.PRIVACY
        assert wizard.later.text() == "Finir la mise en route plus tard"
        assert not window.nav.isVisible()
        wizard.later.click()
        assert window.nav.isVisible()

    def test_a_choice_of_the_first_run_is_not_undone_by_what_the_agent_said_before(
        self, qtbot: QtBot, window: Window, agent: ApiThread, services: ScriptedServices
    ) -> None:
        services.place = Setup()
        window.show_page("setup")
        wizard = window.page("setup")
        assert isinstance(wizard, Wizard)
        TestChoosing._choose(wizard, Language.GERMAN)
        assert services.tongue is Language.GERMAN
        qtbot.waitUntil(lambda: not wizard.keeps_language)
        agent.show(finished=41)
        qtbot.waitUntil(lambda: window._session.view is not None and window._session.view.finished == 41)
        assert services.tongue is Language.GERMAN
        agent.show(language=Language.GERMAN)
        agent.show(language=Language.ITALIAN)
        qtbot.waitUntil(lambda: services.tongue is Language.ITALIAN)
        assert wizard.next.text() == "Inizia"


def test_numbers_in_fields_are_written_as_the_language_does() -> None:
    before = QLocale()
    try:
        application.write_numbers_as("de")
        assert QLocale().toString(1234.5, "f", 1) == "1.234,5"
        application.write_numbers_as("en")
        assert QLocale().language() is QLocale.Language.English
    finally:
        QLocale.setDefault(before)
