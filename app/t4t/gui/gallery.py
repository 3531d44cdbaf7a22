"""The volunteer's gallery, for all pages that add to it or show it. Files are read and written beside the event loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

from t4t.gui.background import Background
from t4t.gui.picture import TITLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.gallery import SavedPicture
    from t4t.gui.window.services import WindowServices

_THUMB: Final = QSize(480, 360)
"""Twice the size at which it is shown, for sharp screens."""
_MOST: Final = 60
_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class Thumb:
    """A picture that was kept, small; its own words for what it shows."""

    picture: SavedPicture
    title: str
    image: QImage


class Gallery(QObject):
    """What is kept, and how it changes. One thing is done at a time, in the order in which it was asked for."""

    shown = Signal(object)
    """The list of `Thumb`, newest first."""
    kept = Signal(str)
    """The picture of this title was kept."""
    failed = Signal(object)
    """The `T4TError` why something was not done."""

    def __init__(self, services: WindowServices, parent: QObject | None = None) -> None:
        """Nothing is read before `look`."""
        super().__init__(parent)
        self._services = services
        self._waiting: list[Callable[[], str]] = []
        self._work = Background(self)
        self._work.done.connect(self._done)
        self._work.failed.connect(self._failed)

    def look(self) -> None:
        """Read what is there: `shown` brings it."""
        self._ask(str)

    def keep(self, title: str, png: bytes) -> None:
        """Keep a picture."""

        def keep() -> str:
            self._services.keep_picture(title, png)
            return title

        self._ask(keep)

    def remove(self, name: str) -> None:
        """Remove one."""

        def remove() -> str:
            self._services.remove_picture(name)
            return ""

        self._ask(remove)

    def _ask(self, do: Callable[[], str]) -> None:
        """``do`` returns the title of what it kept."""
        self._waiting.append(do)
        self._next()

    def _next(self) -> None:
        if self._waiting and not self._work.busy:
            do = self._waiting.pop(0)
            self._work.start(lambda _tell: self._carry_out(do))

    def _carry_out(self, do: Callable[[], str]) -> tuple[str, list[Thumb]]:
        return do(), [_thumb(picture) for picture in list(self._services.pictures())[:_MOST]]

    def _done(self, result: tuple[str, list[Thumb]]) -> None:
        kept, thumbs = result
        if kept:
            self.kept.emit(kept)
        self.shown.emit(thumbs)
        self._next()

    def _failed(self, error: object) -> None:
        self.failed.emit(error)
        self._next()


def _thumb(picture: SavedPicture) -> Thumb:
    reader = QImageReader(picture.path)
    size = reader.size()
    if size.isValid():
        reader.setScaledSize(size.scaled(_THUMB, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    title = image.text(TITLE)[:_TITLE]
    return Thumb(picture, "".join(letter if letter.isprintable() else " " for letter in title) or picture.name, image)
