"""A window in which nothing is set up yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.window_rig import ScriptedServices
from t4t.domain.setting_up import Setup
from t4t.gui.theme.style import Theme
from t4t.gui.window.main import Window
from t4t.gui.wizard.frame import Wizard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from t4t.gui.session import Session


@pytest.fixture
def services() -> ScriptedServices:
    made = ScriptedServices()
    made.place = Setup()
    return made


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication, services: ScriptedServices) -> Iterator[Window]:
    made = Window(session, Theme(qapp), services)
    qtbot.addWidget(made)
    made.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    yield made
    services.go_on.set()
    wizard = made.page("setup")
    assert isinstance(wizard, Wizard)
    wizard.depart()  # no load of a test goes on
    qapp.setStyleSheet("")
