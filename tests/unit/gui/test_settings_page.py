"""The settings in the window, on the agent's real settings: shown, searched, changed, undone, reset, locked, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox

from support.scripted_engine import a_task
from support.widgets import button, buttons, click, nameless, texts, too_small
from support.window_rig import ScriptedServices
from t4t.domain.energy import Day, Spent
from t4t.domain.settings.fields import FIELDS, Kind
from t4t.domain.settings.meta import Effect
from t4t.gui.components.fields import FieldRow
from t4t.gui.components.week import HoursRow, WeekGrid
from t4t.gui.theme.style import Theme
from t4t.gui.theme.tokens import TARGET
from t4t.gui.window.main import Window
from t4t.gui.window.settings import Settings
from t4t.wording import hours
from t4t.wording import settings_page as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication) -> Iterator[Window]:
    made = Window(session, Theme(qapp), ScriptedServices())
    qtbot.addWidget(made)
    made.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    made.show_page("settings")
    qtbot.waitUntil(lambda: any(row.isVisibleTo(made) for row in made.findChildren(FieldRow)))
    yield made
    qapp.setStyleSheet("")


@pytest.fixture
def page(window: Window) -> Settings:
    found = window.page("settings")
    assert isinstance(found, Settings)
    return found


def _row(page: Settings, path: str) -> FieldRow:
    return next(row for row in page.findChildren(FieldRow) if row.field.path == path)


def _shown(page: Settings) -> set[str]:
    rows: list[FieldRow | HoursRow] = [*page.findChildren(FieldRow), *page.findChildren(HoursRow)]
    return {row.field.path for row in rows if row.isVisibleTo(page)}


def test_all_that_acts_is_shown_with_a_control_of_its_kind(page: Settings) -> None:
    asleep = {"when.spans", "when.otherwise", "when.outside_cheap_hours"}  # no schedule is followed, and there are no hours
    assert _shown(page) == set(FIELDS) - asleep
    kinds = {Kind.YES_NO: QCheckBox, Kind.CHOICE: QComboBox, Kind.WHOLE: QSpinBox, Kind.NUMBER: QDoubleSpinBox, Kind.TEXT: QLineEdit, Kind.NAMES: QLineEdit}
    for row in page.findChildren(FieldRow):
        assert isinstance(row.control, kinds[row.field.kind])
        assert row.control.accessibleName() == row.field.text
        if isinstance(row.control, QSpinBox | QDoubleSpinBox):
            assert row.control.minimum() == row.field.low
            assert row.control.maximum() == row.field.high
    assert "Balanced, as suggested for this computer." in texts(page)


def test_beside_a_limit_stands_what_was_measured(qtbot: QtBot, page: Settings, agent: ApiThread) -> None:
    agent.show(tasks=(a_task(cap_percent=50, measured_percent=48.2),), spent=Spent(day=Day(day="d"), month=Day(day="m", received=7 << 20)))
    qtbot.waitUntil(lambda: "now measured: 48\N{NO-BREAK SPACE}%" in texts(_row(page, "resources.cap_percent")))
    assert "this month: 7.0 MB received, 0.0 MB sent" in texts(_row(page, "transfers.data_gib"))
    agent.show(tasks=())
    qtbot.waitUntil(lambda: not any(text.startswith("now measured") for text in texts(page)))


def test_search_leaves_what_has_the_words(qtbot: QtBot, page: Settings) -> None:
    page.field.setText("battery")
    assert _shown(page) == {"when.on_battery", "when.battery_min_percent"}
    page.field.setText("unheard of")
    assert _shown(page) == set()
    assert "No setting has these words." in texts(page)
    page.field.clear()
    qtbot.waitUntil(lambda: len(_shown(page)) > 40)


def test_a_choice_acts_at_once_and_can_be_undone(qtbot: QtBot, page: Settings, agent: ApiThread) -> None:
    row = _row(page, "when.on_battery")
    assert isinstance(row.control, QComboBox)
    assert row.control.currentText() == "pauses"
    assert not button(page, "Undo the last change").isEnabled()
    row.control.setCurrentIndex(row.control.findData("gentle"))
    row.control.activated.emit(row.control.currentIndex())
    qtbot.waitUntil(lambda: "set here; default: pauses" in texts(row))
    assert "Changed. It acts at once." in texts(page)
    QTest.keyClick(page.field, Qt.Key.Key_Tab)
    click(page, "Undo the last change")
    qtbot.waitUntil(lambda: texts(row) == ["What the work does on battery."])
    assert row.control.currentData() == "pause"
    assert agent.engine.asked == []


def test_the_usual_keys_undo_and_in_a_text_they_undo_the_typing(qtbot: QtBot, window: Window, page: Settings) -> None:
    row = _row(page, "transfers.metered")
    tick = row.control
    assert isinstance(tick, QCheckBox)
    window.activateWindow()
    tick.setFocus()
    tick.click()
    qtbot.waitUntil(lambda: "set here; default: no" in texts(row))
    qtbot.waitUntil(tick.hasFocus)
    page.field.setFocus()
    QTest.keyClicks(page.field, "metered")
    qtbot.waitUntil(lambda: _shown(page) == {"transfers.metered"})
    QTest.keyClick(page.field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert page.field.text() == ""
    assert tick.isChecked(), "the setting is as it was"
    tick.setFocus()
    QTest.keyClick(tick, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not tick.isChecked())
    qtbot.waitUntil(lambda: not button(page, "Undo the last change").isEnabled())
    QTest.keyClick(tick, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not tick.isChecked(), "nothing is left to be undone"


def test_each_kind_is_sent_and_put_back_to_its_default(qtbot: QtBot, page: Settings) -> None:
    tick, whole, number, names = (_row(page, path) for path in ("transfers.metered", "when.busy_slow_percent", "when.away_after_min", "when.programs"))
    assert isinstance(tick.control, QCheckBox)
    assert isinstance(whole.control, QSpinBox)
    assert isinstance(number.control, QDoubleSpinBox)
    assert isinstance(names.control, QLineEdit)
    tick.control.click()
    qtbot.waitUntil(lambda: "set here; default: no" in texts(tick))
    whole.control.setValue(0)
    qtbot.waitUntil(lambda: "set here; default: 40 %" in texts(whole))
    assert whole.control.text() == "never"
    number.control.setValue(7.5)
    qtbot.waitUntil(lambda: "set here; default: 5 min" in texts(number))
    names.control.setText("game, film")
    names.control.editingFinished.emit()
    qtbot.waitUntil(lambda: "set here; default: none" in texts(names))
    click(number, "Back to the default")
    qtbot.waitUntil(lambda: texts(number) == texts(number)[:1])
    assert number.control.value() == 5
    click(page, "Reset everything")
    qtbot.waitUntil(lambda: texts(names) == texts(names)[:1] and texts(tick) == texts(tick)[:1])
    assert (names.control.text(), tick.control.isChecked(), whole.control.value()) == ("", False, 40)
    assert "Back to the default" not in buttons(page)


def test_a_preset_is_taken(qtbot: QtBot, page: Settings) -> None:
    assert button(page, "Balanced").isChecked()
    click(page, "Everything")
    qtbot.waitUntil(lambda: "Everything. Suggested for this computer: Balanced." in texts(page))
    assert button(page, "Everything").isChecked()
    _row(page, "resources.tasks").control.setFocus()
    spin = _row(page, "resources.tasks").control
    assert isinstance(spin, QSpinBox)
    spin.setValue(spin.value() + 1)
    qtbot.waitUntil(lambda: not any(button(page, name).isChecked() for name in ("Gentle", "Balanced", "Everything")))


def test_what_can_not_be_right_is_refused_and_put_back(qtbot: QtBot, page: Settings) -> None:
    row = _row(page, "energy.currency")
    assert isinstance(row.control, QLineEdit)
    row.control.setText("\x07")
    row.control.editingFinished.emit()
    assert row.control.text() == "EUR"
    assert any(text.startswith("This value can't be right.") for text in texts(page))
    hot = _row(page, "when.hot_slow_c")
    assert isinstance(hot.control, QSpinBox)
    hot.control.setValue(5)  # between 0 and 40 there is nothing
    control = hot.control
    qtbot.waitUntil(lambda: control.value() == 85)


def test_the_wheel_scrolls_and_changes_nothing(page: Settings) -> None:
    for path in ("when.on_battery", "when.busy_slow_percent"):
        control = _row(page, path).control
        wheel = QWheelEvent(
            QPointF(5, 5),
            QPointF(5, 5),
            QPoint(0, -120),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,  # noqa: FBT003 - Qt's signature
        )
        QApplication.sendEvent(control, wheel)
        assert not wheel.isAccepted()
    assert not button(page, "Undo the last change").isEnabled()


def test_what_is_locked_can_not_be_changed(qtbot: QtBot, window: Window, page: Settings, agent: ApiThread, session: Session) -> None:
    agent.deployment.write_text("version = 1\n[locked.when]\non_battery = 'pause'\n[default.when]\naway_after_min = 9.0\n", encoding="utf-8")
    agent.stop()
    qtbot.waitUntil(lambda: "Test4Theory is not running" in texts(page))
    agent.start()
    qtbot.waitUntil(lambda: session.view is not None)
    locked = _row(page, "when.on_battery")
    qtbot.waitUntil(lambda: "locked by whoever looks after this computer; default: pauses" in texts(locked))
    assert not locked.control.isEnabled()
    assert buttons(locked) == []
    assert "set by whoever looks after this computer; default: 5 min" in texts(_row(page, "when.away_after_min"))
    assert window.current == "settings"


# --- hours of the week -----------------------------------------------------------------------------------------------


def _hours(page: Settings, path: str) -> HoursRow:
    return next(row for row in page.findChildren(HoursRow) if row.field.path == path)


def _in_force(page: Settings, path: str) -> object:
    """As the agent said last."""
    assert page._view is not None
    return next(one.value for one in page._view.settings if one.path == path)


def _open(qtbot: QtBot, page: Settings, path: str) -> WeekGrid:
    row = _hours(page, path)
    qtbot.waitUntil(lambda: row.isVisibleTo(page))
    click(row, hours.word("edit"))
    row.grid.setFocus()
    return row.grid


def test_a_schedule_by_keyboard(qtbot: QtBot, page: Settings) -> None:
    _row(page, "when.schedule").control.setChecked(True)  # type: ignore[attr-defined]  # a box to tick, as the first test knows
    grid = _open(qtbot, page, "when.spans")
    for key, times, shift in ((Qt.Key.Key_Right, 16, False), (Qt.Key.Key_Right, 19, True), (Qt.Key.Key_Down, 4, True)):
        for _ in range(times):
            QTest.keyClick(grid, key, Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier)
    assert grid.selected == (range(5), range(16, 36))
    assert nameless(page) == []
    assert too_small(_hours(page, "when.spans"), TARGET) == []
    QTest.keyClick(grid, Qt.Key.Key_2)
    weekdays = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:00", "end": "18:00", "does": "gentle"}
    qtbot.waitUntil(lambda: _in_force(page, "when.spans") == [weekdays])
    qtbot.waitUntil(lambda: "Mon–Fri, 08:00 to 18:00: runs gently" in texts(page))
    QTest.keyClick(grid, Qt.Key.Key_Home)
    QTest.keyClick(grid, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(grid, Qt.Key.Key_4)
    QTest.keyClick(grid, Qt.Key.Key_Up)
    QTest.keyClick(grid, Qt.Key.Key_Space)  # before the agent has answered
    qtbot.waitUntil(lambda: any("Fri, all day: pauses" in text for text in texts(page)))
    qtbot.waitUntil(lambda: any("Thu, 23:30 to 24:00: pauses" in text for text in texts(page)))
    QTest.keyClick(grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(grid, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: _in_force(page, "when.spans") == [])
    QTest.keyClick(grid, Qt.Key.Key_9)  # no level has this number
    assert grid.accessibleDescription() == "No hours yet."


def test_cheap_hours_by_mouse(qtbot: QtBot, page: Settings) -> None:
    grid = _open(qtbot, page, "when.cheap_hours")
    start, end = (grid.cell(day, slot).center().toPoint() for day, slot in ((5, 0), (6, 11)))
    QTest.mousePress(grid, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(grid, end)
    QTest.mouseRelease(grid, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: _in_force(page, "when.cheap_hours") == [{"days": ["sat", "sun"], "start": "00:00", "end": "06:00"}])
    qtbot.waitUntil(lambda: "when.outside_cheap_hours" in _shown(page))
    QTest.mouseClick(grid, Qt.MouseButton.RightButton, pos=start)
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=QPoint(4, round(grid.cell(0, 0).center().y())))  # a day's name
    qtbot.waitUntil(lambda: any("Mon, all day: cheap" in text for text in texts(page)))
    click(_hours(page, "when.cheap_hours"), words.word("reset"))
    qtbot.waitUntil(lambda: "when.outside_cheap_hours" not in _shown(page))


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_what_is_cheap_is_filled(qtbot: QtBot, page: Settings, session: Session, direction: Qt.LayoutDirection) -> None:
    session.ask_settings("settings_set", {"values": {"when.cheap_hours": [{"days": ["tue"], "start": "22:00", "end": "06:00"}]}})
    grid = _open(qtbot, page, "when.cheap_hours")
    grid.setLayoutDirection(direction)
    qtbot.waitUntil(lambda: "Tue" in grid.accessibleDescription())
    qtbot.waitUntil(lambda: grid.height() == grid.sizeHint().height())
    image = grid.grab().toImage()

    def color(day: int, slot: int) -> QColor:
        return image.pixelColor(grid.cell(day, slot).center().toPoint())

    filled = color(1, 47)
    assert color(2, 0) == color(2, 11) == filled, "past midnight, into the day after"
    assert filled not in [color(1, 40), color(2, 12), color(3, 0)]
    grid.setEnabled(False)
    assert grid.grab().toImage().pixelColor(grid.cell(1, 47).center().toPoint()) != filled


def test_all_keys_stay_in_the_week(qtbot: QtBot, page: Settings) -> None:
    grid = _open(qtbot, page, "when.cheap_hours")
    for key, at in ((Qt.Key.Key_Up, (0, 0)), (Qt.Key.Key_Left, (0, 0)), (Qt.Key.Key_End, (0, 47)), (Qt.Key.Key_Right, (0, 47)), (Qt.Key.Key_Home, (0, 0))):
        QTest.keyClick(grid, key)
        days, slots = grid.selected
        assert (days[0], slots[0]) == at
    grid.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    QTest.keyClick(grid, Qt.Key.Key_Left)
    assert grid.selected == (range(1), range(1, 2)), "time goes where the writing goes"
    QTest.keyClick(grid, Qt.Key.Key_Tab)
    assert not grid.hasFocus()


def test_times_between_half_hours_are_kept_until_somebody_draws(qtbot: QtBot, page: Settings, session: Session) -> None:
    session.ask_settings("settings_set", {"values": {"when.cheap_hours": [{"start": "01:10", "end": "04:50"}]}})
    row = _hours(page, "when.cheap_hours")
    qtbot.waitUntil(lambda: "Every day, 01:10 to 04:50: cheap" in texts(row))
    click(row, hours.word("edit"))
    assert hours.word("rounded") in texts(row)
    row.grid.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert row.grid.cell(0, 0).left() > row.grid.cell(0, 47).left()
    QTest.mouseClick(row.grid, Qt.MouseButton.LeftButton, pos=row.grid.cell(0, 47).center().toPoint())
    qtbot.waitUntil(lambda: any("Mon, 23:30 to 24:00: cheap" in text for text in texts(row)))
    assert hours.word("rounded") not in texts(row)


def test_words() -> None:
    assert words.choice("a later choice") == "a later choice"
    assert words.changed({}) == "Nothing is different now."
    assert words.changed({"a": Effect.RESTART, "b": Effect.NOW}) == "Changed. It acts at once, when the program starts next."
