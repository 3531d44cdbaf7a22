"""What a person would see of widgets."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QPushButton, QWidget


def texts(of: QWidget) -> list[str]:
    """The words that are shown in ``of``, which itself is shown."""
    return [label.text() for label in of.findChildren(QLabel) if label.isVisibleTo(of) and label.text()]


def buttons(of: QWidget) -> list[str]:
    """The words of the buttons that are shown."""
    return [button.text() for button in of.findChildren(QPushButton) if button.isVisibleTo(of)]


def button(of: QWidget, text: str) -> QPushButton:
    """The button with these words."""
    return next(one for one in of.findChildren(QPushButton) if one.text() == text and one.isVisibleTo(of))


def click(of: QWidget, text: str) -> None:
    """Click the button with these words."""
    QTest.mouseClick(button(of, text), Qt.MouseButton.LeftButton)


def nameless(of: QWidget) -> list[str]:
    """What can have the keyboard and has no name for who listens."""
    found = []
    for widget in of.findChildren(QWidget):
        if widget.focusPolicy() is not Qt.FocusPolicy.NoFocus and widget.isVisibleTo(of) and not widget.objectName().startswith("qt_"):
            interface = QAccessible.queryAccessibleInterface(widget)
            if not (widget.accessibleName() or interface.text(QAccessible.Text.Name)):
                found.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    return found


def cut_off(of: QWidget, view: QWidget) -> list[str]:
    """Words that lie beside ``view``, or have less room than they take: what is shown of ``of``, most of which is in ``view``."""
    found = []
    widgets: list[QAbstractButton | QLabel | QComboBox] = [*of.findChildren(QAbstractButton), *of.findChildren(QLabel), *of.findChildren(QComboBox)]
    for widget in widgets:
        words = widget.currentText() if isinstance(widget, QComboBox) else widget.text()
        if not words or not widget.isVisibleTo(of):
            continue
        least = widget.minimumSizeHint()
        high = widget.heightForWidth(widget.width()) if widget.hasHeightForWidth() else least.height()
        wide = (
            QFontMetrics(widget.font()).horizontalAdvance(max(words.split("\n"), key=len))
            if isinstance(widget, QLabel) and not widget.wordWrap()
            else least.width()
        )
        left, right = widget.mapTo(view, widget.rect().topLeft()).x(), widget.mapTo(view, widget.rect().topRight()).x()
        if left < 0 or right > view.rect().right() or widget.height() < high or widget.width() < wide:
            found.append(f"{words}: {widget.width()}x{widget.height()} from {left} to {right}, wants {wide}x{high}")
    return found


def too_small(of: QWidget, least: int) -> list[str]:
    """Buttons that are less high than ``least`` pixels."""
    return [one.text() for one in of.findChildren(QAbstractButton) if one.isVisibleTo(of) and one.text() and one.height() < least]
