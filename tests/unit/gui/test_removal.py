"""Removing everything, in the window: seen first, with sizes; kept in parts; done, stopped, refused; and the window goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox

from support.widgets import button, buttons, click, nameless, texts, too_small
from support.window_rig import MADE, ScriptedServices
from t4t.domain.errors import FolderBusy
from t4t.domain.removal import Part, Removal, Removed, Stayed
from t4t.gui.components.stages import Stages, Stand
from t4t.gui.theme.style import Theme
from t4t.gui.theme.tokens import TARGET
from t4t.gui.window.main import Window
from t4t.gui.window.removal import RemovalDialog
from t4t.wording import removal as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from t4t.gui.session import Session


@pytest.fixture
def services() -> ScriptedServices:
    return ScriptedServices()


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication, services: ScriptedServices) -> Iterator[Window]:
    made = Window(session, Theme(qapp), services)
    qtbot.addWidget(made)
    made.show()
    made.show_page("help")
    yield made
    qapp.setStyleSheet("")


def _opened(qtbot: QtBot, window: Window) -> RemovalDialog:
    click(window.page("help"), words.word("show"))
    qtbot.waitUntil(lambda: bool(window.findChildren(RemovalDialog)))
    return window.findChildren(RemovalDialog)[0]


def _ticks(dialog: RemovalDialog) -> dict[str, QCheckBox]:
    return {box.accessibleName(): box for box in dialog.findChildren(QCheckBox)}


def test_all_is_listed_with_its_size_and_what_is_kept_is_not_counted(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    dialog = _opened(qtbot, window)
    shown = texts(dialog)
    for part in Part:
        assert words.name(part) in shown
    assert "6.0 GB" in shown
    assert nameless(dialog) == []
    assert too_small(dialog, TARGET) == []
    assert words.freed(MADE.size()) in shown
    ticks = _ticks(dialog)
    assert list(ticks) == [f"Keep it: {words.name(part)}" for part in (Part.RESULTS, Part.PICTURES, Part.SETTINGS, Part.LOGS)]
    ticks[f"Keep it: {words.name(Part.RESULTS)}"].setChecked(True)
    assert words.freed(MADE.size({Part.RESULTS})) in texts(dialog)
    assert services.asked == ["removal"]


def test_return_and_escape_remove_nothing(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        dialog = _opened(qtbot, window)
        QTest.keyClick(dialog, key)
        qtbot.waitUntil(lambda: not window.findChildren(RemovalDialog))
    assert services.asked == ["removal", "removal"]
    assert window.isVisible()


def test_it_is_done_part_by_part_and_the_window_goes(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    dialog = _opened(qtbot, window)
    _ticks(dialog)[f"Keep it: {words.name(Part.PICTURES)}"].setChecked(True)
    services.go_on.clear()
    click(dialog, words.word("do_it"))
    qtbot.waitUntil(lambda: words.doing(Part.PROJECTS) in texts(dialog))
    assert dialog.busy
    assert not window.close(), "not in the middle of it"
    services.removes = Removed(freed=6 << 30, untold=("LHC@home",))
    services.go_on.set()
    qtbot.waitUntil(lambda: any("LHC@home" in text for text in texts(dialog)))
    stages = dialog.findChildren(Stages)[0].shown
    assert {stage.stand for stage in stages} == {Stand.DONE}
    assert words.name(Part.PICTURES) not in {stage.name for stage in stages}
    assert services.asked[-1] == "remove but pictures"
    assert words.word("do_it") not in buttons(dialog)
    click(dialog, words.word("close"))
    qtbot.waitUntil(lambda: not window.isVisible())


def test_it_can_be_stopped_between_two_parts_and_gone_on_with(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    dialog = _opened(qtbot, window)
    services.go_on.clear()
    click(dialog, words.word("do_it"))
    qtbot.waitUntil(lambda: words.doing(Part.PROJECTS) in texts(dialog))
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert words.word("stopping") in texts(dialog)
    services.go_on.set()
    qtbot.waitUntil(lambda: words.word("stopped") in texts(dialog))
    assert button(dialog, words.word("do_it")).isEnabled()
    click(dialog, words.word("do_it"))
    qtbot.waitUntil(lambda: words.word("close") in buttons(dialog))


@pytest.mark.parametrize("removes", [FolderBusy(path="/data", pid=7), Removed(freed=0, stayed=(Stayed(place="/data/vms", reason="it is busy"),))])
def test_what_is_in_the_way_is_told_and_it_can_be_tried_again(qtbot: QtBot, window: Window, services: ScriptedServices, removes: Removed | Exception) -> None:
    services.removes = removes
    dialog = _opened(qtbot, window)
    click(dialog, words.word("do_it"))
    qtbot.waitUntil(lambda: any("/data" in text for text in texts(dialog)) and not dialog.busy)
    assert button(dialog, words.word("do_it")).isEnabled()
    assert window.isVisible()


@pytest.mark.parametrize("strange", [(), ("letters", "photos")])
def test_nothing_there_or_files_of_somebody_else(qtbot: QtBot, window: Window, services: ScriptedServices, strange: tuple[str, ...]) -> None:
    services.made = Removal(folder="/home/ada", pieces=(), strange=strange)
    dialog = _opened(qtbot, window)
    assert not button(dialog, words.word("do_it")).isEnabled()
    assert any("letters, photos" in text for text in texts(dialog)) == bool(strange)


def test_a_look_that_fails_is_told(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.made = FolderBusy(path="/data", pid=7)
    click(window.page("help"), words.word("show"))
    qtbot.waitUntil(lambda: any("/data" in text for text in texts(window.page("help"))))
    assert not window.findChildren(RemovalDialog)


def test_its_own_close_button_stops_it_first(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    dialog = _opened(qtbot, window)
    services.go_on.clear()
    click(dialog, words.word("do_it"))
    qtbot.waitUntil(lambda: words.doing(Part.PROJECTS) in texts(dialog))
    assert not dialog.close()
    services.go_on.set()
    qtbot.waitUntil(lambda: words.word("stopped") in texts(dialog))
    assert dialog.close()
