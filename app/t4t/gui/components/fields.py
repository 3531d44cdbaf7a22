"""A setting as a row: what it does, and the control that its kind wants. Made of its metadata alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QBoxLayout, QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from t4t.domain.errors import T4TError
from t4t.domain.settings.fields import Field, Kind, read
from t4t.domain.settings.layers import Origin
from t4t.gui.components.basic import button, label, say
from t4t.gui.components.boxes import ChoiceBox, NumberBox, WholeBox
from t4t.gui.theme.style import outline
from t4t.gui.theme.tokens import SPACE, TARGET
from t4t.wording import settings as setting
from t4t.wording import settings_page as words

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from t4t.domain.settings.view import SettingView
    from t4t.gui.theme.style import Theme

_CONTROL: Final = 220
_ROOMY: Final = 420
_SETTLED_MS: Final = 400
"""A number that is stepped through is sent when it has come to rest."""
_DECIMALS: Final = 2
_MOST: Final = 2_000_000_000


class _NoWheel(QObject):
    """A wheel over a page scrolls the page: values are changed by who means it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Let the page have the wheel."""
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


class _Number(NumberBox):
    """A number with as many decimals as it has."""

    def textFromValue(self, value: float) -> str:  # noqa: N802 - Qt's name
        """As it is written here."""
        return self.locale().toString(value, "g", 10)


class FieldRow(QWidget):
    """One setting."""

    asked = Signal(str, object)
    """Set the setting at this path to this value, as plain data."""
    reset_asked = Signal(str)
    """As if the setting at this path had never been set."""
    refused = Signal(object)
    """The `T4TError` of what can't be right."""

    def __init__(self, theme: Theme, field: Field) -> None:
        """Without a value."""
        super().__init__()
        self.field = field
        self._value: Any = None
        self._filling = False
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLED_MS)
        self._settle.timeout.connect(self._ask_number)
        self._no_wheel = _NoWheel(self)
        name = label(text=setting.name(field))
        self._origin = label("small")
        self._proof = label("small")
        say(self._proof, "")
        self._reset = button(words.word("reset"), lambda: self.reset_asked.emit(field.path), role="link")
        self._reset.setAccessibleName(f"{words.word('reset')}: {setting.name(field)}")
        self._texts = texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(name)
        texts.addWidget(self._origin)
        texts.addWidget(self._proof)
        texts.addWidget(self._reset, 0, Qt.AlignmentFlag.AlignLeft)
        self.control = self._make()
        self.control.setAccessibleName(setting.name(field))
        self.control.setMinimumHeight(theme.px(TARGET))
        self._theme = theme
        theme.changed.connect(self._dress)
        self._dress()
        self._row = row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        row.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        row.setSpacing(SPACE[3])
        row.addLayout(texts, 1)
        row.addWidget(self.control, 0, Qt.AlignmentFlag.AlignTop)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As narrow as its widest part."""
        return QSize(max(self._wide(), self._texts.minimumSize().width()), super().minimumSizeHint().height())

    def _wide(self) -> int:
        """The control's width: the same for all, but for one with very long words."""
        return max(self._theme.px(_CONTROL), self.control.minimumSizeHint().width() if isinstance(self.control, QComboBox) else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """The control is beside the words if there is room, else below them."""
        super().resizeEvent(event)
        self.control.setFixedWidth(self._wide())
        roomy = event.size().width() >= self._theme.px(_ROOMY)
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if roomy else QBoxLayout.Direction.TopToBottom)

    def fill(self, view: SettingView) -> None:
        """Show the value in force; a locked one can't be changed."""
        self._settle.stop()
        self._value = view.value
        self._filling = True
        self._put(view.value)
        self._filling = False
        self.control.setEnabled(view.origin is not Origin.LOCKED)
        say(self._origin, words.origin(view))
        self._reset.setVisible(view.origin in {Origin.HERE, Origin.ACCOUNT})

    def prove(self, text: str) -> None:
        """Beside what is wanted, what was measured."""
        say(self._proof, text)

    def put_back(self) -> None:
        """Show again what is in force: what was typed was refused."""
        self._filling = True
        self._put(self._value)
        self._filling = False

    def _dress(self) -> None:
        self.control.setPalette(outline(self.control.palette(), self._theme))

    # --- controls by kind --------------------------------------------------------------------------------------------

    def _make(self) -> QWidget:
        match self.field.kind:
            case Kind.YES_NO:
                box = QCheckBox()
                box.toggled.connect(self._ask)
                return box
            case Kind.CHOICE:
                choices = ChoiceBox()
                for value in self.field.choices:
                    choices.addItem(words.choice(value), value)
                choices.activated.connect(lambda number: self._ask(choices.itemData(number)))
                choices.installEventFilter(self._no_wheel)
                return choices
            case Kind.WHOLE:
                whole = WholeBox()
                whole.setRange(math.ceil(self.field.low or 0), min(_MOST, math.floor(self.field.high or _MOST)))
                whole.valueChanged.connect(self._stepped)
                return self._as_number(whole)
            case Kind.NUMBER:
                number = _Number()
                number.setDecimals(_DECIMALS)
                number.setRange(self.field.low or 0.0, self.field.high or float(_MOST))
                number.valueChanged.connect(self._stepped)
                return self._as_number(number)
            case _:
                line = QLineEdit()
                line.editingFinished.connect(lambda: self._ask_text(line.text()))
                return line

    def _as_number(self, box: QSpinBox | QDoubleSpinBox) -> QAbstractSpinBox:
        box.setKeyboardTracking(False)
        box.setSuffix(setting.suffix(self.field))
        if self.field.zero:
            box.setSpecialValueText(setting.told(self.field, 0))
        box.installEventFilter(self._no_wheel)
        return box

    def _put(self, value: Any) -> None:  # noqa: ANN401 - as the field's kind
        match self.control:
            case QCheckBox() as box:
                box.setChecked(bool(value))
            case QComboBox() as choices:
                choices.setCurrentIndex(choices.findData(value))
            case QSpinBox() as whole:
                whole.setValue(int(value))
            case QDoubleSpinBox() as number:
                number.setValue(float(value))
            case QLineEdit() as line:
                line.setText(", ".join(map(str, value)) if isinstance(value, list) else str(value))
            case _:
                pass

    # --- asking ------------------------------------------------------------------------------------------------------

    def _ask(self, value: object) -> None:
        if not self._filling and value != self._value:
            self.asked.emit(self.field.path, value)

    def _stepped(self, _value: float) -> None:
        if not self._filling:
            self._settle.start()

    def _ask_number(self) -> None:
        if isinstance(self.control, QSpinBox | QDoubleSpinBox):
            self._ask(self.control.value())

    def _ask_text(self, text: str) -> None:
        try:
            value = read(self.field.path, text)
        except T4TError as error:
            self.put_back()
            self.refused.emit(error)
        else:
            self._ask(value)
