"""The look of widgets out of the tokens: one style sheet, by the property ``role``. The only place with style strings."""

from __future__ import annotations

import sys
from string import Template
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette

from t4t.gui.theme import tokens
from t4t.gui.theme.scheme import current

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication, QWidget

    from t4t.gui.theme.tokens import Colors

_SHEET: Final = Template("""
QWidget { color: $text; font-size: ${body}px; }
QWidget[role="window"], QScrollArea, QWidget[role="page"] { background: $window; border: none; }
QWidget[role="panel"] { background: $surface; border: 1px solid $line; }
QLabel { background: transparent; }
QLabel[role="headline"] { font-size: ${headline}px; font-weight: 600; }
QLabel[role="title"] { font-size: ${title}px; font-weight: 600; }
QLabel[role="name"] { font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="small"] { color: $muted; font-size: ${small}px; }
QFrame[role="card"] { background: $surface; border: 1px solid $line; border-radius: ${card}px; }
QFrame[role="banner"] { background: $accent_soft; border: 1px solid $line; border-radius: ${card}px; }
QFrame[role="line"] { background: $line; border: none; max-height: 1px; min-height: 1px; }
QPushButton { background: $surface; border: 1px solid $control; border-radius: ${control_radius}px; font-weight: 600; }
QPushButton { padding: 0 ${pad}px; min-height: ${target}px; }
QPushButton:hover { background: $accent_soft; }
QPushButton:focus { border: ${focus}px solid $accent; padding: 0 ${inner_pad}px; min-height: ${inner_target}px; }
QPushButton:disabled { color: $muted; border-color: $line; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton[role="primary"]:focus { border: ${focus}px solid $text; }
QPushButton[role="primary"]:disabled { background: $surface; color: $muted; border-color: $line; }
QPushButton[role="link"] { background: transparent; border: 1px solid transparent; color: $accent; padding: 0 ${hair}px; margin-left: -${hair}px; }
QPushButton[role="link"]:hover { background: $accent_soft; }
QPushButton[role="link"]:focus { border: ${focus}px solid $accent; padding: 0 2px; }
QPushButton[role="link"]:disabled { color: $muted; }
QFrame[role="rail"] { background: $surface; border: none; border-right: 1px solid $line; }
QFrame[role="bar"] { background: $surface; border: none; border-bottom: 1px solid $line; }
QPushButton[role="nav"] { background: transparent; border: 1px solid transparent; color: $muted; text-align: left; }
QPushButton[role="nav"] { padding: 0 ${nav_pad}px; min-height: ${nav}px; }
QPushButton[role="nav"]:hover { background: $window; color: $text; }
QPushButton[role="nav"]:checked { background: $accent_soft; color: $accent; }
QPushButton[role="nav"]:focus { border: ${focus}px solid $accent; padding: 0 ${nav_inner_pad}px; min-height: ${nav_inner}px; }
QPushButton[role="tab"] { background: transparent; border: none; border-bottom: 3px solid transparent; border-radius: 0; color: $muted; }
QPushButton[role="tab"] { padding: 0 ${nav_pad}px; min-height: ${target}px; }
QPushButton[role="tab"]:hover { color: $text; border-bottom-color: $line; }
QPushButton[role="tab"]:checked { color: $accent; border-bottom-color: $accent; }
QPushButton[role="tab"]:focus { border: ${focus}px solid $accent; border-radius: ${control_radius}px; }
QPushButton[role="tab"]:focus { padding: 0 ${tab_inner_pad}px; min-height: ${inner_target}px; }
QTableView { background: $surface; border: 1px solid $line; }
QTableView { selection-background-color: $chosen; selection-color: $on_chosen; }
QTableView:focus { border: ${focus}px solid $accent; }
QHeaderView::section { background: $surface; color: $muted; border: none; border-bottom: 1px solid $line; padding: ${hair}px; }
QPushButton::menu-indicator { subcontrol-origin: padding; subcontrol-position: center right; width: 14px; }
QLabel[role="big"] { font-size: ${big}px; font-weight: 600; }
QLabel[role="page"] { font-size: ${headline}px; font-weight: 600; }
QLabel[role="brand"] { font-weight: 700; }
QLabel[role="attention"] { color: $attention; font-weight: 600; }
QLabel[role="new"] { color: $accent; font-weight: 600; }
QLineEdit, QPlainTextEdit { background: $surface; border: 1px solid $control; border-radius: ${control_radius}px; padding: ${hair}px 8px; }
QLineEdit, QPlainTextEdit { selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit { min-height: ${field}px; }
QAbstractSpinBox QLineEdit { border: none; padding: 0; min-height: 0; background: transparent; }
QComboBox { background: $surface; color: $text; border: 1px solid $control; border-radius: ${control_radius}px; padding: 0 8px; min-height: ${field}px; }
QComboBox:focus { border: ${focus}px solid $accent; padding: 0 7px; min-height: ${inner_field}px; }
QComboBox { combobox-popup: 0; }
QComboBox::drop-down { border: none; width: ${arrow}px; }
QAbstractSpinBox::up-button { border: none; subcontrol-position: top right; width: ${arrow}px; }
QAbstractSpinBox::down-button { border: none; subcontrol-position: bottom right; width: ${arrow}px; }
QAbstractSpinBox { background: $surface; border: 1px solid $control; border-radius: ${control_radius}px; min-height: ${field}px; }
QAbstractSpinBox:focus { border: ${focus}px solid $accent; min-height: ${inner_field}px; }
QComboBox:disabled, QAbstractSpinBox:disabled { color: $muted; border-color: $line; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $line; padding: ${hair}px; outline: none; }
QComboBox QAbstractItemView::item { min-height: ${field}px; padding: 0 6px; color: $text; }
QComboBox QAbstractItemView::item:selected { background: $chosen; color: $on_chosen; border-radius: ${control_radius}px; }
QLineEdit:focus, QPlainTextEdit:focus { border: ${focus}px solid $accent; }
QAbstractSpinBox QLineEdit:focus { border: none; }
QLineEdit:disabled { color: $muted; border-color: $line; }
QCheckBox { spacing: 8px; min-height: ${target}px; }
QCheckBox:focus { color: $accent; }
QCheckBox::indicator { width: ${dot}px; height: ${dot}px; }
QWidget[role="steps"] QPushButton { min-height: ${large}px; }
QWidget[role="steps"] QPushButton:focus { min-height: ${inner_large}px; }
QFrame[role="chosen"] { background: $accent_soft; border: 2px solid $accent; border-radius: ${card}px; }
QFrame[role="choice"] { background: $surface; border: 1px solid $line; border-radius: ${card}px; padding: 1px; }
QLabel[role="good"] { color: $good; font-weight: 600; }
QRadioButton { spacing: 8px; min-height: ${target}px; font-weight: 600; }
QRadioButton:focus { color: $accent; }
QRadioButton::indicator { width: ${dot}px; height: ${dot}px; border: 1px solid $control; border-radius: ${round}px; background: $surface; }
QRadioButton::indicator:checked { width: ${inner_dot}px; height: ${inner_dot}px; border: ${rim}px solid $accent; background: $surface; }
QRadioButton::indicator:focus { border-color: $accent; }
QDialog { background: $window; }
QProgressBar { background: $line; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QMenu { background: $surface; border: 1px solid $line; padding: ${hair}px; }
QMenu::item { padding: 6px ${pad}px; }
QMenu::item:selected { background: $chosen; color: $on_chosen; }
QMenu::separator { height: 1px; background: $line; margin: ${hair}px 0; }
QScrollBar:vertical { background: transparent; width: 10px; }
QScrollBar::handle:vertical { background: $control; border-radius: 4px; min-height: 24px; margin: 1px; }
QScrollBar::add-line, QScrollBar::sub-line { height: 0; }
""")
_ARROW: Final = 20
_DOT: Final = 16
_RIM: Final = 5
"""A radio button: a ring, and a thick one where it is chosen."""
_ORDINARY_POINTS: Final = {"win32": 9.0, "darwin": 13.0}
"""The size of the system's own font where nobody changed it, else `tokens.ORDINARY_POINTS`."""


def factor(points: float) -> float:
    """By how much letters are larger than usual, as the volunteer set their system's font; never smaller."""
    return max(1.0, points / _ORDINARY_POINTS.get(sys.platform, tokens.ORDINARY_POINTS))


def sheet(colors: Colors, larger: float) -> str:
    """The style sheet."""
    letters = {"small": tokens.SMALL, "body": tokens.BODY, "title": tokens.TITLE, "headline": tokens.HEADLINE, "big": tokens.BIG}
    soft = colors.accent_soft != colors.window  # in high contrast nothing is
    dot, rim = round(_DOT * larger), round(_RIM * larger)
    sizes = {name: f"{letter.pixels * larger:.1f}" for name, letter in letters.items()}
    return _SHEET.substitute(
        sizes,
        window=colors.window,
        surface=colors.surface,
        line=colors.line,
        control=colors.control,
        text=colors.text,
        muted=colors.muted,
        accent=colors.accent,
        on_accent=colors.on_accent,
        accent_soft=colors.accent_soft,
        chosen=colors.accent_soft if soft else colors.accent,
        on_chosen=colors.text if soft else colors.on_accent,
        attention=colors.attention,
        good=colors.good,
        card=tokens.RADIUS_CARD,
        control_radius=tokens.RADIUS_CONTROL,
        target=round(tokens.TARGET * larger),
        focus=tokens.FOCUS,
        hair=tokens.SPACE[0],
        pad=tokens.SPACE[3],
        inner_target=round(tokens.TARGET * larger) - 2 * (tokens.FOCUS - 1),  # the ring must not make the button grow
        large=round(tokens.LARGE_TARGET * larger),
        inner_large=round(tokens.LARGE_TARGET * larger) - 2 * (tokens.FOCUS - 1),
        dot=dot,
        inner_dot=dot + 2 - 2 * rim,
        rim=rim,
        round=dot // 2 + 1,
        field=round((tokens.TARGET - 4) * larger),
        inner_field=round((tokens.TARGET - 4) * larger) - 2 * (tokens.FOCUS - 1),
        arrow=round(_ARROW * larger),
        nav=round(tokens.NAV * larger),
        nav_inner=round(tokens.NAV * larger) - 2 * (tokens.FOCUS - 1),
        nav_pad=tokens.SPACE[2],
        tab_inner_pad=tokens.SPACE[2] - tokens.FOCUS,
        nav_inner_pad=tokens.SPACE[2] - (tokens.FOCUS - 1),
        inner_pad=tokens.SPACE[3] - (tokens.FOCUS - 1),
    )


def palette(colors: Colors) -> QPalette:
    """The palette, for what a style sheet does not reach."""
    made = QPalette()
    for role, color in (
        (QPalette.ColorRole.Window, colors.window),
        (QPalette.ColorRole.Base, colors.surface),
        (QPalette.ColorRole.Button, colors.surface),
        (QPalette.ColorRole.WindowText, colors.text),
        (QPalette.ColorRole.Text, colors.text),
        (QPalette.ColorRole.ButtonText, colors.text),
        (QPalette.ColorRole.PlaceholderText, colors.muted),
        (QPalette.ColorRole.Highlight, colors.accent),
        (QPalette.ColorRole.HighlightedText, colors.on_accent),
        (QPalette.ColorRole.Link, colors.accent),
    ):
        made.setColor(role, QColor(color))
    return made


_LIGHTER: Final = 140
"""By how many percent."""


def outline(of: QPalette, theme: Theme) -> QPalette:
    """For a control whose outline the style draws in a darker shade of the window's colour, which on a dark window nobody would see."""
    made = QPalette(of)
    made.setColor(QPalette.ColorRole.Window, QColor(theme.colors.control).lighter(_LIGHTER))
    return made


class Theme(QObject):
    """The colours that hold now, kept in line with the system for as long as the application runs."""

    changed = Signal()
    """The colours are others."""

    def __init__(self, application: QApplication, *, choose: Callable[[QPalette], Colors] = current) -> None:
        """Dresses the application at once and at each change of the system's scheme; ``choose`` has the colours for the system's palette."""
        super().__init__()
        self._application = application
        self._choose = choose
        self._larger = factor(application.font().pointSizeF())
        application.setStyle("Fusion")
        for effect in (Qt.UIEffect.UI_AnimateMenu, Qt.UIEffect.UI_AnimateCombo, Qt.UIEffect.UI_FadeMenu):
            application.setEffectEnabled(effect, False)  # noqa: FBT003 - nothing of ours moves by itself, so nothing has to be asked about motion
        QGuiApplication.styleHints().colorSchemeChanged.connect(self.dress)
        self.dress()

    def dress(self) -> None:
        """Take the colours that hold now."""
        self.colors = self._choose(self._application.style().standardPalette())
        self._application.setPalette(palette(self.colors))
        self._application.setStyleSheet(sheet(self.colors, self._larger))
        self.changed.emit()

    @property
    def larger(self) -> float:
        """By how much letters are larger than usual."""
        return self._larger

    def px(self, pixels: float) -> int:
        """A size that grows with the letters."""
        return round(pixels * self._larger)


def give_role(widget: QWidget, role: str) -> None:
    """Give ``widget`` its look, also when it has another already."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
