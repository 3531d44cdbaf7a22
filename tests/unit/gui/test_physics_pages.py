"""Home and the page on science on a real connection: what is simulated, what it means, what has come out, what was kept."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QComboBox, QProgressBar

from support.scripted_engine import a_task
from support.scripted_physics import a_job, silent, some_results
from support.widgets import buttons, click, texts
from support.window_rig import ScriptedServices
from t4t.domain.errors import FolderUnwritable
from t4t.domain.physics import JobState, Physics
from t4t.domain.session import Activity
from t4t.domain.vm import VmState
from t4t.gui.components.collision_view import CollisionView
from t4t.gui.theme.style import Theme
from t4t.gui.window.main import Window
from t4t.gui.window.science import Science

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtCore import QUrl
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session

NB = "\N{NO-BREAK SPACE}"
NOW = f"Right now: proton–proton collisions at 13{NB}TeV"
LAST = f"Last: proton–proton collisions at 13{NB}TeV"


@pytest.fixture
def services(tmp_path: Path) -> ScriptedServices:
    made = ScriptedServices()
    made.data = tmp_path
    return made


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication, services: ScriptedServices) -> Iterator[Window]:
    made = Window(session, Theme(qapp), services)
    qtbot.addWidget(made)
    made.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    yield made
    made.let_go()
    qapp.setStyleSheet("")


def _says(of: QWidget, text: str) -> bool:
    return any(text in one for one in texts(of))


def _until_says(qtbot: QtBot, of: QWidget, text: str) -> None:
    qtbot.waitUntil(functools.partial(_says, of, text))


# --- home ------------------------------------------------------------------------------------------------------------


def test_home_shows_the_job_in_words_and_its_first_histogram_as_it_fills(qtbot: QtBot, window: Window, agent: ApiThread, session: Session) -> None:
    agent.physics.told = a_job()
    agent.show(tasks=(a_task(),))
    _until_says(qtbot, window.home, NOW)
    assert {"Pythia 8.317 · jets · tune Monash 2013", "Jets: push sideways", "14,400 of 20,000 collisions"} <= set(texts(window.home))
    assert "118 a second · less than a minute left" in texts(window.home)
    assert "Jets" in texts(window.home.physics.about)
    assert any("Blue and green: around the hardest particle" in text for text in texts(window.home.physics.collision))
    (picture,) = window.home.physics.collision.findChildren(CollisionView)
    assert picture.accessibleName().startswith("One of your collisions: 532 particles would leave a signal; of the hardest 500, ")
    (bar,) = window.home.physics.findChildren(QProgressBar)
    assert (bar.value(), bar.accessibleName()) == (720, "Part of the collisions computed: 14,400 of 20,000 collisions")
    assert agent.physics.asked[0] == "physics  1"
    agent.physics.told = msgspec.structs.replace(a_job(), job=msgspec.structs.replace(a_job().job, done=20_000, state=JobState.DONE))
    qtbot.waitUntil(lambda: bar.value() == 1000)  # by its own clock: nothing else tells of it
    click(window.home, "Everything that is measured")
    assert window.current == "science"
    asked = len(agent.physics.asked)
    window.home.physics._clock.timeout.emit()
    window.show_page("home")
    click(window.home, "Every word explained")
    assert window.current == "science"
    science = window.page("science")
    _until_says(qtbot, science, "protons on protons")
    assert len(agent.physics.asked) > asked
    agent.stop()
    qtbot.waitUntil(lambda: session.lost is not None)
    window.show_page("home")
    for card in (window.home.physics, window.home.physics.about, window.home.physics.collision):
        assert card.isHidden()


def test_nothing_is_asked_while_nobody_looks(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    qtbot.waitUntil(lambda: bool(agent.physics.asked))
    card = window.home.physics
    assert card._clock.isActive(), "a task runs"
    window.show_page("help")
    assert not card._clock.isActive()
    asked = len(agent.physics.asked)
    agent.show(finished=9)
    qtbot.waitUntil(lambda: window.home._finished.accessibleName().startswith("9"))
    assert len(agent.physics.asked) == asked
    window.show_page("home")
    qtbot.waitUntil(lambda: len(agent.physics.asked) > asked)
    agent.show(tasks=(a_task(vm=VmState.PAUSED, activity=Activity.PAUSED),))
    qtbot.waitUntil(lambda: not card._clock.isActive())


def test_what_was_seen_last_stays_with_its_time(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.physics.told = a_job(live=False)
    agent.show(tasks=(a_task(vm=VmState.SAVED, activity=Activity.SAVED),))
    _until_says(qtbot, window.home, LAST)
    assert _says(window.home, "as of ")
    assert "14,400 of 20,000 collisions" in texts(window.home)
    assert not _says(window.home, "a second")


@pytest.mark.parametrize(
    ("told", "task", "said"),
    [
        (Physics(), None, "No collisions yet"),
        (Physics(), a_task(vm=VmState.STARTING, activity=Activity.SETTING_UP), "The first collisions are on their way"),
        (silent(), a_task(), "This job draws no histograms while it runs"),
        (msgspec.structs.replace(silent(), live=False), a_task(), "The first collisions are on their way"),
    ],
    ids=["no work", "starting", "another kind", "not yet"],
)
def test_where_there_is_no_histogram_it_says_why(qtbot: QtBot, window: Window, agent: ApiThread, *, told: Physics, task: object, said: str) -> None:
    agent.physics.told = told
    agent.show(tasks=() if task is None else (task,))
    _until_says(qtbot, window.home, said)
    if told.job.spec is not None:
        _until_says(qtbot, window.home, "Pythia 8.317 · jets")
    assert "Everything that is measured" not in buttons(window.home)
    assert window.home.physics.collision.isHidden()


# --- science ---------------------------------------------------------------------------------------------------------


def _science(window: Window, part: str) -> Science:
    window.show_page("science")
    science = window.page("science")
    assert isinstance(science, Science)
    science.show_part(part)
    return science


def test_while_the_guest_stands_still_its_last_histograms_are_there(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.physics.told = a_job(live=False)
    agent.show(tasks=(a_task(vm=VmState.PAUSED, activity=Activity.PAUSED),))
    science = _science(window, "live")
    _until_says(qtbot, science, "The science box stands still")
    _until_says(qtbot, science, LAST)
    (choice,) = (one for one in science.live.findChildren(QComboBox) if one.accessibleName() == "Which histogram")
    assert choice.count() == 8
    assert "physics  60" in agent.physics.asked


def test_each_word_of_the_job(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    science = _science(window, "words")
    _until_says(qtbot, science, "Nothing to explain right now")
    agent.physics.told = a_job()
    agent.show(finished=7)
    _until_says(qtbot, science, NOW)
    assert {"Beams", "protons on protons", "Tune", "Monash 2013", "Source: arXiv:1404.5630"} <= set(texts(science))
    assert not _says(science, "Nothing to explain")


def test_results_are_listed_and_drawn(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    science = _science(window, "results")
    _until_says(qtbot, science, "No results yet")
    agent.physics.kept = some_results()
    agent.show(finished=8)
    _until_says(qtbot, science, "Jets, proton–proton")
    (choice,) = (one for one in science.findChildren(QComboBox) if one.accessibleName() == "Which result")
    assert choice.count() == 3
    choice.setCurrentIndex(1)
    choice.activated.emit(1)
    _until_says(qtbot, science, "Z bosons into quarks, electron–positron")
    choice.setCurrentIndex(2)
    choice.activated.emit(2)
    _until_says(qtbot, science, "has no histograms that could be drawn here")
    agent.physics.kept = agent.physics.kept[2:]
    agent.show(finished=9)
    qtbot.waitUntil(lambda: choice.count() == 1)
    assert not choice.isVisibleTo(science)
    agent.physics.kept = []
    agent.show(finished=10)
    _until_says(qtbot, science, "No results yet")


def test_the_gallery(qtbot: QtBot, window: Window, agent: ApiThread, services: ScriptedServices, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    agent.physics.kept = some_results()
    science = _science(window, "gallery")
    _until_says(qtbot, science, "Your gallery is empty")
    science.show_part("results")
    qtbot.waitUntil(lambda: "Keep the picture" in buttons(science))
    click(science, "Keep the picture")
    _until_says(qtbot, science, "It is in your gallery now.")
    science.show_part("gallery")
    _until_says(qtbot, science, "Jets: push sideways")
    click(science, "Open")
    assert [url.fileName().endswith("-jets-push-sideways.png") for url in opened] == [True]
    window.resize(420, 700)
    qtbot.waitUntil(lambda: "Remove" in buttons(science))
    click(science, "Remove")
    assert "Really remove it?" in buttons(science)
    services.refuse_with = FolderUnwritable(path="/data/gallery", reason="a read-only disk")
    click(science, "Really remove it?")
    _until_says(qtbot, science, "/data/gallery")
    services.refuse_with = None
    click(science, "Really remove it?")
    _until_says(qtbot, science, "Your gallery is empty")


def test_who_uses_it_has_sources(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    science = _science(window, "who")
    assert _says(science, "MCPlots")
    click(science, "https://arxiv.org/abs/1306.3436")
    assert [url.toString() for url in opened] == ["https://arxiv.org/abs/1306.3436"]


def test_parts_are_reached_by_click_and_where_it_is_narrow_by_a_menu(qtbot: QtBot, window: Window) -> None:
    science = _science(window, "live")
    window.resize(1000, 700)
    qtbot.waitUntil(lambda: "Who uses it" in buttons(science.tabs))
    click(science.tabs, "Who uses it")
    assert _says(science, "Scientists compare")
    window.resize(420, 700)
    qtbot.waitUntil(lambda: buttons(science.tabs) == ["Who uses it"])
    opener = next(one for one in science.tabs.findChildren(type(window.home._pause)) if one.isVisibleTo(science.tabs))
    assert opener.accessibleName() == "Parts of this page, opens a menu. Now: Who uses it"
    menu = opener.menu()
    assert menu is not None
    menu.actions()[1].trigger()
    assert buttons(science.tabs) == ["What is it?"]
