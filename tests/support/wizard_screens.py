"""How tests look at the first run's screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from support.widgets import texts
from t4t.domain.setting_up import Setup, Step
from t4t.gui.wizard.checking import Checking
from t4t.gui.wizard.frame import Wizard

if TYPE_CHECKING:
    from PySide6.QtCore import Qt
    from pytestqt.qtbot import QtBot

    from support.window_rig import ScriptedServices
    from t4t.domain.settings.presets import Preset
    from t4t.gui.window.main import Window
    from t4t.gui.wizard.giving import Giving


SECRET = "long enough"  # noqa: S105 - a test's
DEMO = Setup(step=Step.FIRST_RESULT, demo=True)


def at(window: Window, services: ScriptedServices, setup: Setup) -> Wizard:
    """The wizard, as whoever comes back to ``setup`` finds it."""
    services.place = setup
    window.open_at("home")
    found = window.page("setup")
    assert isinstance(found, Wizard)
    return found


def press(key: Qt.Key) -> None:
    """Whatever has the keyboard gets it."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key)


def stands_at(services: ScriptedServices, step: Step) -> bool:
    return services.place.step is step


def stands_on(wizard: Wizard, step: Step) -> bool:
    return wizard.current.step is step


def chosen(page: Giving, preset: Preset) -> bool:
    return page.chosen is preset


def says(wizard: Wizard, text: str) -> bool:
    return any(text in one for one in texts(wizard))


def until_says(qtbot: QtBot, wizard: Wizard, text: str) -> None:
    qtbot.waitUntil(lambda: says(wizard, text))


def computer(wizard: Wizard) -> Checking:
    found = wizard.current
    assert isinstance(found, Checking)
    return found
