"""The first run's presets: what they come to, ten seconds to try them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QRadioButton

from support.widgets import button, click
from support.wizard_screens import at, chosen, press, says, stands_on, until_says
from t4t.domain.errors import FolderUnwritable
from t4t.domain.setting_up import Setup, Step
from t4t.domain.settings.presets import Preset
from t4t.gui.components.choices import ChoiceCard
from t4t.gui.wizard.giving import Giving

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from support.window_rig import ScriptedServices
    from t4t.gui.window.main import Window
    from t4t.gui.wizard.frame import Wizard


def giving(qtbot: QtBot, wizard: Wizard) -> Giving:
    found = wizard.page(Step.RESOURCES)
    assert isinstance(found, Giving)
    until_says(qtbot, wizard, "means here")
    return found


def test_each_preset_says_what_it_comes_to_here(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.per_kwh = (0.5, "EUR")
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    page = giving(qtbot, wizard)
    assert chosen(page, Preset.BALANCED)
    assert says(wizard, "Balanced means here: 2 of 8 processors, 1.0 GB of memory while it works, up to 20 GB of disk, about 1.9 kWh a month (0.97 EUR).")
    radio = next(one for one in page.findChildren(QRadioButton) if one.text() == "Everything")
    assert radio.accessibleName().startswith("Everything: 6 of 8 processors")
    card = radio.parentWidget()
    assert card is not None
    QTest.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(card.width() - 8, card.height() - 8))  # anywhere on it
    assert chosen(page, Preset.EVERYTHING)
    assert says(wizard, "Everything means here: 6 of 8")
    QTest.mouseClick(card, Qt.MouseButton.RightButton)
    click(wizard, "Continue")
    qtbot.waitUntil(lambda: services.place.step is Step.ACCOUNT)
    assert services.preset is Preset.EVERYTHING
    click(wizard, "Back")
    assert chosen(page, Preset.EVERYTHING)
    assert services.asked.count("offers") == 1


def test_what_holds_already_is_what_is_chosen(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.preset = Preset.GENTLE
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    assert giving(qtbot, wizard).chosen is Preset.GENTLE


def test_the_load_can_be_tried_and_stopped(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    giving(qtbot, wizard)
    click(wizard, "Try it for 10 seconds")
    until_says(qtbot, wizard, "7 seconds left. Measured: 1.9 processors busy.")
    click(wizard, "Stop trying")
    until_says(qtbot, wizard, "That was it. Nothing is running now.")
    click(wizard, "Try it for 10 seconds")
    until_says(qtbot, wizard, "7 seconds left")
    click(wizard, "Back")  # nothing is left running behind anybody's back
    qtbot.waitUntil(lambda: services.asked.count("tried") == 2)


def test_what_can_not_be_asked_or_set_is_said(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    giving(qtbot, wizard)
    services.refuse_with = FolderUnwritable(path="/data", reason="Read-only file system")
    click(wizard, "Continue")
    until_says(qtbot, wizard, "/data")
    assert stands_on(wizard, Step.RESOURCES)
    services.refuse_with = None
    click(wizard, "Continue")
    qtbot.waitUntil(lambda: services.place.step is Step.ACCOUNT)


def test_without_figures_nothing_is_chosen(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.refuse_with = FolderUnwritable(path="/data", reason="Read-only file system")
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    until_says(qtbot, wizard, "/data")
    assert not wizard.next.isEnabled()
    assert not button(wizard, "Try it for 10 seconds").isEnabled()
    card = wizard.current.findChildren(ChoiceCard)[0]
    QTest.mouseClick(card, Qt.MouseButton.LeftButton)
    wizard.current.go()
    assert services.asked == ["offers"]


def test_the_keyboard_goes_through_the_screen_in_the_order_of_reading(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    giving(qtbot, wizard)
    window.activateWindow()
    wizard.later.setFocus()
    seen = []
    for _ in range(4):
        press(Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert isinstance(focus, QAbstractButton)
        seen.append(focus.text())
    assert seen == ["Gentle", "Try it for 10 seconds", "Back", "Continue"]  # arrows go from one preset to the next
