"""The gallery on the science page: pictures of histograms that the volunteer kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QPixmap
from PySide6.QtWidgets import QBoxLayout, QLabel, QVBoxLayout

from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Across, Empty
from t4t.gui.session import reader
from t4t.gui.theme.tokens import SPACE
from t4t.wording import physics as words
from t4t.wording import window as pages
from t4t.wording.screen import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent

    from t4t.domain.errors import T4TError
    from t4t.gui.gallery import Gallery, Thumb
    from t4t.gui.theme.style import Theme

_SIZE: Final = QSize(240, 180)
_ROOMY: Final = 460


class _PictureCard(Card):
    """One picture; it is removed by the second click, for nothing brings it back."""

    def __init__(self, theme: Theme, remove: Callable[[str], object]) -> None:
        super().__init__()
        self._theme = theme
        self._remove_it = remove
        self._name, self._path = "", ""
        self._picture = QLabel()
        self._title = label("name")
        self._when = label("muted")
        self._open = button(words.word("open_picture"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(self._path)))
        self._remove = button("", self._remove_asked, role="link")
        texts = QVBoxLayout()
        texts.setSpacing(SPACE[0])
        texts.addWidget(self._title)
        texts.addWidget(self._when)
        texts.addWidget(Across(self._open, self._remove, space=SPACE[2]))
        texts.addStretch(1)
        self._across = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._across.setSpacing(SPACE[3])
        self._across.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._across.addLayout(texts, 1)
        self.rows.addLayout(self._across)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Where it is narrow the words stand below the picture."""
        super().resizeEvent(event)
        wide = event.size().width() >= self._theme.px(_ROOMY)
        self._across.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def fill(self, thumb: Thumb) -> None:
        """Show it."""
        another = self._name != thumb.picture.name
        self._name, self._path = thumb.picture.name, thumb.picture.path
        pixmap = QPixmap.fromImage(thumb.image)
        if not pixmap.isNull():
            ratio = self.devicePixelRatioF()
            pixmap = pixmap.scaled(_SIZE * ratio, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
            pixmap.setDevicePixelRatio(ratio)
        self._picture.setPixmap(pixmap)
        say(self._title, thumb.title)
        say(self._when, moment(thumb.picture.at, reader()))
        self._open.setAccessibleName(words.of_picture(self._open.text(), thumb.title))
        if another:  # not below the pointer of somebody who is about to click again
            self._ask_again(sure=False)
        self.setAccessibleName(thumb.title)

    def _ask_again(self, *, sure: bool) -> None:
        self._sure = sure
        self._remove.setText(words.word("really_remove" if sure else "remove_picture"))
        self._remove.setAccessibleName(words.of_picture(self._remove.text(), self._title.text()))

    def _remove_asked(self) -> None:
        if self._sure:
            self._remove_it(self._name)
        else:
            self._ask_again(sure=True)


class GalleryPart(Page):
    """All pictures, the newest first."""

    def __init__(self, gallery: Gallery, theme: Theme) -> None:
        """Reads nothing before `arrive`."""
        super().__init__(theme, "", inner=True)
        self.setAccessibleName(words.word("gallery"))
        self._gallery = gallery
        self._trouble = Card(role="banner")
        self._trouble_text = label()
        self._trouble.rows.addWidget(self._trouble_text)
        self._trouble.hide()
        self._cards: list[_PictureCard] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE[2])
        self._empty = Empty(theme, "nav-science")
        self._empty.fill(*words.empty("no_pictures"))
        self._empty.hide()
        self.box.addWidget(self._trouble)
        self.box.addLayout(self._list)
        self.box.addWidget(self._empty)
        self.box.addStretch(1)
        gallery.shown.connect(self._show)
        gallery.failed.connect(self._failed)

    def arrive(self) -> None:
        """Look anew."""
        self._trouble.hide()
        self._gallery.look()

    def _show(self, thumbs: list[Thumb]) -> None:
        while len(self._cards) < len(thumbs):
            card = _PictureCard(self.theme, self._gallery.remove)
            self._list.addWidget(card)
            self._cards.append(card)
        for number, card in enumerate(self._cards):
            card.setVisible(number < len(thumbs))
            if number < len(thumbs):
                card.fill(thumbs[number])
        self._empty.setVisible(not thumbs)

    def _failed(self, error: T4TError) -> None:
        say(self._trouble_text, pages.went_wrong(error))
        self._trouble.show()
