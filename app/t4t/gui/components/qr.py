"""A text as a QR code: what a phone can take along to a computer whose screen is about to show something else. No server is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from t4t.gui.components.basic import button, label
from t4t.gui.theme.tokens import SPACE
from t4t.wording import window as words

if TYPE_CHECKING:
    from t4t.gui.theme.style import Theme

_SIZE: Final = 340
_LEAST_DOT: Final = 2
_MOST_BYTES: Final = 2900
"""What the largest code takes, nearly."""
_QUIET: Final = 4
"""Dots of white around it, as its standard wants."""


def code(text: str) -> QImage:
    """``text`` as a picture with one pixel a dot; black on white whatever the colours of the window, for cameras expect that."""
    import segno  # noqa: PLC0415 - 0.1 s that only this needs

    cut = text.encode()[:_MOST_BYTES].decode(errors="ignore")
    dots = [list(row) for row in segno.make(cut, error="l", micro=False, boost_error=False).matrix_iter(border=_QUIET)]
    made = QImage(len(dots), len(dots), QImage.Format.Format_Grayscale8)
    made.fill(Qt.GlobalColor.white)
    for y, row in enumerate(dots):
        for x, dark in enumerate(row):
            if dark:
                made.setPixelColor(x, y, Qt.GlobalColor.black)
    return made


class QrDialog(QDialog):
    """The code, and how it is used. Escape closes it."""

    def __init__(self, parent: QWidget, theme: Theme, title: str, text: str) -> None:
        """``text`` is what the phone shows; who does not see the picture hears it."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[4])
        box.setSpacing(SPACE[2])
        box.addWidget(label("title", title))
        box.addWidget(label("muted", words.word("phone_above")))
        self.picture = QLabel()
        self.picture.setAccessibleName(text)
        ratio, dots = self.devicePixelRatioF(), code(text)
        dot = max(_LEAST_DOT, round(theme.px(_SIZE) * ratio / dots.width()))
        pixmap = QPixmap.fromImage(dots).scaled(dots.width() * dot, dots.height() * dot)
        pixmap.setDevicePixelRatio(ratio)
        self.picture.setPixmap(pixmap)
        box.addWidget(self.picture, 1, Qt.AlignmentFlag.AlignCenter)
        box.addWidget(button(words.word("close"), self.reject), 0, Qt.AlignmentFlag.AlignRight)
