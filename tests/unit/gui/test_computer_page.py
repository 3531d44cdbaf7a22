"""The window's page on this computer: looked at, mended, seen again without a click, taken along on a phone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import segno
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

from support.widgets import button, buttons, click, nameless, texts
from support.window_rig import TROUBLE, WELL, ScriptedServices
from t4t.domain.changes import Pending
from t4t.domain.diagnosis.findings import Check, Finding, Remedy, Step, Verdict
from t4t.domain.errors import NotEnoughDisk
from t4t.gui.components.parts import TextDialog
from t4t.gui.components.qr import QrDialog, code
from t4t.gui.theme.style import Theme
from t4t.gui.window.main import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session


@pytest.fixture
def services() -> ScriptedServices:
    return ScriptedServices()


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication, agent: ApiThread, services: ScriptedServices) -> Iterator[Window]:
    assert agent.engine.asked == []
    made = Window(session, Theme(qapp), services)
    qtbot.addWidget(made)
    made.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    yield made
    qapp.setStyleSheet("")


def _dialog(window: Window) -> TextDialog:
    return next(dialog for dialog in window.findChildren(TextDialog) if dialog.isVisible())


def test_the_computer_is_looked_at_when_the_page_comes(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    assert services.asked == []
    window.show_page("computer")
    qtbot.waitUntil(lambda: "Everything is ready." in texts(window))
    assert "Debian GNU/Linux 12, 64 bits" in texts(window)
    window.show_page("home")
    window.show_page("computer")
    assert services.asked == ["doctor"]  # that was just now
    services.diagnosis = TROUBLE
    click(window, "Check again")
    qtbot.waitUntil(lambda: "One thing to do." in texts(window))
    assert "Debian GNU/Linux 12, 64 bits" not in texts(window)
    click(window, "Show all")
    assert "Debian GNU/Linux 12, 64 bits" in texts(window)
    click(window, "Show less")
    assert "Debian GNU/Linux 12, 64 bits" not in texts(window)


def test_what_is_the_volunteers_to_do_is_shown_as_steps(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = TROUBLE
    window.show_page("computer")
    qtbot.waitUntil(lambda: "Switch it on in the start-up menu" in buttons(window))
    click(window, "Switch it on in the start-up menu")
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(TextDialog)))
    dialog = _dialog(window)
    assert dialog.text.toPlainText().startswith("1. Restart the computer, and press F1")
    assert buttons(dialog) == ["Close", "Show it on my phone"]
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not any(one.isVisible() for one in window.findChildren(QDialog)))


def test_the_steps_go_to_a_phone_as_a_code(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = TROUBLE
    window.show_page("computer")
    qtbot.waitUntil(lambda: "Switch it on in the start-up menu" in buttons(window))
    click(window, "Switch it on in the start-up menu")
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(TextDialog)))
    click(_dialog(window), "Show it on my phone")
    shown = next(one for one in window.findChildren(QrDialog) if one.isVisible())
    assert nameless(shown) == []
    text = shown.picture.accessibleName()
    assert text.startswith("Virtualization: Switched off")
    assert "1. Restart the computer, and press F1" in text
    expected = [bytes(row) for row in segno.make(text, error="l", micro=False, boost_error=False).matrix_iter(border=4)]
    image, pixmap = code(text), shown.picture.pixmap()
    assert [bytes(image.pixelColor(x, y).value() == 0 for x in range(image.width())) for y in range(image.height())] == expected
    dot = pixmap.width() // image.width()
    assert dot >= 2
    assert (pixmap.width(), pixmap.height()) == (dot * image.width(), dot * image.height()), "each dot is as large as the others"
    assert code("é" * 5000).width() <= 177 + 8, "what no code could hold is cut, between two letters"
    QTest.keyClick(shown, Qt.Key.Key_Escape)


def test_other_ways_are_shown_beside_the_first(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    ways = (Step(Remedy.KEEP_AS_IS), Step(Remedy.FULL_SPEED, "bcdedit /x"))
    slow = Finding(check=Check.SHARING, verdict=Verdict.SHARING_WINDOWS_SLOW, data={"owners": "wsl2"}, steps=ways)
    services.diagnosis = replace(WELL, findings=(*WELL.findings, slow))
    window.show_page("computer")
    qtbot.waitUntil(lambda: "Keep everything as it is" in buttons(window))
    click(window, "Keep everything as it is")
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(TextDialog)))
    click(_dialog(window), "Other ways")
    assert "How to get full speed" in _dialog(window).text.toPlainText()
    assert "bcdedit /x" in _dialog(window).text.toPlainText()


def test_who_comes_back_to_the_window_sees_what_was_mended_elsewhere(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = TROUBLE
    window.activateWindow()
    window.show_page("computer")
    qtbot.waitUntil(lambda: "One thing to do." in texts(window))
    services.diagnosis = WELL
    qtbot.waitUntil(window.isActiveWindow)
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    qtbot.waitUntil(lambda: "Everything is ready." in texts(window))
    assert services.asked == ["doctor", "doctor"]
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    window.show_page("home")
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    assert services.asked == ["doctor", "doctor"], "all is well and was just seen; and on another page nobody asks"


def test_after_a_restart_the_page_says_what_came_of_it(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = TROUBLE
    services.pending = Pending(check="virtualization", remedy="firmware-setting", boot="b")
    window.show_page("computer")
    qtbot.waitUntil(lambda: "Welcome back. Virtualization: not yet." in texts(window))


def test_a_fix_is_shown_agreed_to_and_done(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = TROUBLE
    window.show_page("computer")
    qtbot.waitUntil(lambda: "Install QEMU" in buttons(window))
    click(window, "Install QEMU")
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(TextDialog)))
    assert "apt-get -y install qemu-system-x86 qemu-utils" in _dialog(window).text.toPlainText()
    assert not any(one.startswith("do ") for one in services.asked)
    services.go_on.clear()
    click(_dialog(window), "Do it")
    qtbot.waitUntil(lambda: "Install with the system's package manager" in texts(window))
    assert not window.close()  # not in the middle of it
    assert window.isVisible()
    services.go_on.set()
    qtbot.waitUntil(lambda: "Everything is ready." in texts(window))
    assert services.asked[-2:] == ["do install-qemu", "doctor"]
    assert "Done." in texts(window)
    click(window, "How to undo it")
    assert "apt-get remove qemu-system-x86" in _dialog(window).text.toPlainText()
    _dialog(window).reject()
    assert window.close()


def test_a_fix_that_acts_after_a_restart_says_so(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis, services.restart = TROUBLE, True
    window.show_page("computer")
    qtbot.waitUntil(lambda: "Install QEMU" in buttons(window))
    click(window, "Install QEMU")
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(TextDialog)))
    click(_dialog(window), "Do it")
    qtbot.waitUntil(lambda: any(text.startswith("Done. Restart the computer") for text in texts(window)))


def test_a_look_that_fails_is_told(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.refuse_with = NotEnoughDisk(path="/d", needed_mib=2, free_mib=1)
    window.show_page("computer")
    qtbot.waitUntil(lambda: any(text.startswith("Not enough disk space.") for text in texts(window)))
    assert button(window, "Check again").isEnabled()
