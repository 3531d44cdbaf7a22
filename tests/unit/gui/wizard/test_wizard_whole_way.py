"""The first run as a whole, on a real connection and a scripted computer: its way, its place, its controls."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QRadioButton

from support.widgets import buttons, click, nameless, too_small
from support.wizard_pictures import MISSING, scenes
from support.wizard_screens import at, computer, press, says, stands_at, stands_on, until_says
from t4t.domain.errors import FolderUnwritable
from t4t.domain.setting_up import SCREENS, Setup, Step
from t4t.domain.settings.presets import Preset
from t4t.gui.theme.style import Theme
from t4t.gui.window.main import Window
from t4t.gui.wizard.frame import Wizard
from t4t.gui.wizard.joining import Joining

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from support.scenes import Scene
    from support.window_rig import ScriptedServices
    from t4t.gui.session import Session


def test_from_the_welcome_to_the_demos_first_result_by_the_keyboard_alone(qtbot: QtBot, window: Window, services: ScriptedServices, agent: ApiThread) -> None:
    agent.show(finished=3, tasks=(), projects=())
    wizard = at(window, services, Setup())
    window.activateWindow()
    assert says(wizard, "Help physicists understand")
    assert wizard.next.accessibleName() == "Get started, Step 1 of 5"
    qtbot.waitUntil(lambda: QApplication.focusWidget() is wizard.next)
    for step in (Step.COMPUTER, Step.RESOURCES, Step.ACCOUNT):
        qtbot.waitUntil(wizard.next.isEnabled)
        QTest.keyClick(wizard.next, Qt.Key.Key_Return)
        qtbot.waitUntil(functools.partial(stands_at, services, step))
    assert services.preset is Preset.BALANCED
    assert not wizard.next.isEnabled()
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QRadioButton))
    joining = wizard.current
    assert isinstance(joining, Joining)
    for _ in range(3):
        press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Space)
    assert joining.way == "demo"
    QTest.keyClick(wizard.next, Qt.Key.Key_Return)
    assert services.place == Setup(step=Step.PRIVACY, demo=True)
    assert says(wizard, "The demo stays on this computer")
    QTest.keyClick(wizard.next, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: services.place == Setup(step=Step.FIRST_RESULT, demo=True, finished=3))
    assert "demo" in services.asked
    assert not any(one.startswith("offer ") for one in services.asked)  # nobody was asked for an account
    agent.show(finished=4)
    until_says(qtbot, wizard, "Your computer has finished its first job")
    assert "Join LHC@home now" in buttons(wizard)
    QTest.keyClick(wizard.next, Qt.Key.Key_Return)
    assert services.place.done
    assert window.current == "home"
    window.open_at("home")
    assert window.current == "home"


def test_it_goes_on_where_it_was_and_can_be_left_at_any_point(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    assert stands_on(wizard, Step.RESOURCES)
    assert not window.nav.isVisible()
    click(wizard, "Back")
    assert services.place.step is Step.COMPUTER
    click(wizard, "Finish setting up later")
    assert window.current == "home"
    assert window.nav.isVisible()
    click(window.home, "Go on setting up")
    assert window.current == "setup"
    assert stands_on(wizard, Step.COMPUTER)
    window.show_page("settings")
    window.come_forward("home")
    assert window.current == "setup"
    QTest.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: services.place.step is Step.WELCOME)
    assert "Back" not in buttons(wizard)


def test_who_is_through_can_look_once_more(window: Window, services: ScriptedServices) -> None:
    services.place = Setup(step=Step.DONE)
    window.open_at("home")
    assert window.current == "home"
    window.show_page("help")
    click(window.page("help"), "Set up again")
    wizard = window.page("setup")
    assert isinstance(wizard, Wizard)
    assert stands_on(wizard, Step.WELCOME)
    click(wizard, "Get started")
    assert stands_on(wizard, Step.COMPUTER)
    assert services.place.done  # nothing was agreed to
    click(wizard, "Finish setting up later")
    assert services.place.done
    assert "Go on setting up" not in buttons(window.home)
    assert not wizard.changing


def test_without_a_project_the_contribution_leads_to_it(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.show(projects=())
    window.show_page("contribution")
    qtbot.waitUntil(lambda: "Set up again" in buttons(window.page("contribution")))
    click(window.page("contribution"), "Set up again")
    assert window.current == "setup"


def test_a_place_that_can_not_be_written_down_is_said_and_holds_for_now(window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup())
    services.cannot_keep = FolderUnwritable(path="/data", reason="Read-only file system")
    click(wizard, "Get started")
    assert stands_on(wizard, Step.COMPUTER)
    assert says(wizard, "/data")
    services.cannot_keep = None
    click(wizard, "Back")
    assert not says(wizard, "/data")


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.name)
def test_every_control_has_a_name_and_room(qtbot: QtBot, window: Window, services: ScriptedServices, scene: Scene) -> None:
    services.diagnosis = scene.diagnosis
    wizard = at(window, services, scene.place)
    scene.before(window)
    if scene.place.step is Step.COMPUTER:
        qtbot.waitUntil(lambda: computer(wizard).may_go)
    if scene.place.step is Step.RESOURCES:
        until_says(qtbot, wizard, "means here")
    QApplication.processEvents()
    assert nameless(wizard) == []
    assert too_small(wizard, 32) == []
    assert wizard.next.height() >= 44
    assert wizard.next.mapTo(wizard, QPoint(wizard.next.width(), 0)).x() > wizard.width() - 100  # at the right, whatever else is in its line


@pytest.mark.parametrize("points", [10, 20], ids=["usual letters", "twice as large"])
def test_no_screen_is_wider_than_the_window(qtbot: QtBot, session: Session, qapp: QApplication, services: ScriptedServices, points: int) -> None:
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    usual, larger = qapp.font(), QFont(qapp.font())
    larger.setPointSize(points)
    qapp.setFont(larger)
    services.diagnosis = MISSING
    try:
        for step in SCREENS:
            services.place = Setup(step=step, demo=True)
            other = Window(session, Theme(qapp), services)
            qtbot.addWidget(other)
            other.show()
            other.open_at("home")
            for width in (1, 1600):
                other.resize(width, 500)
                qtbot.waitUntil(functools.partial(fits, other))
            other.close()
    finally:
        qapp.setFont(usual)
        qapp.setStyleSheet("")


def fits(window: Window) -> bool:
    """No words begin or end outside of the window."""
    every: list[QLabel | QPushButton] = [*window.findChildren(QLabel), *window.findChildren(QPushButton)]
    shown = [one for one in every if one.isVisibleTo(window) and one.text()]
    return all(one.mapTo(window, QPoint(one.width(), 0)).x() <= window.width() and one.mapTo(window, QPoint(0, 0)).x() >= 0 for one in shown)


def test_how_it_works_is_told_on_the_same_screen(window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup())
    click(wizard, "How does it work?")
    assert says(wizard, "It simulates collision after collision")
    click(wizard, "Show less")
    assert not says(wizard, "It simulates collision after collision")
