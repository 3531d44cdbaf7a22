"""The page on science: what is simulated now, what its words mean, what has come out, what was kept, who uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from t4t.gui.components.basic import label
from t4t.gui.components.tabs import Tabs
from t4t.gui.guest.view import choose
from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE
from t4t.gui.window.gallery_part import GalleryPart
from t4t.gui.window.guest_pages import GuestPages
from t4t.gui.window.science_parts import ResultsPart, WhoPart, WordsPart
from t4t.wording import physics
from t4t.wording import window as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.gui.components.page import Page
    from t4t.gui.gallery import Gallery
    from t4t.gui.guest.view import GuestView
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme

LIVE = "live"


class Science(QWidget):
    """A page like the others, but as large as the window."""

    def __init__(self, session: Session, theme: Theme, gallery: Gallery, choose_view: Callable[[Callable[[], None]], GuestView] = choose) -> None:
        """Nothing of the guest's is loaded before there is a page of it to show; ``choose_view`` then chooses what shows it."""
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        give_role(self, "page")
        self.setAccessibleName(words.title("science"))
        box = QVBoxLayout(self)
        box.setContentsMargins(SPACE[5], SPACE[4], SPACE[5], SPACE[4])
        box.setSpacing(SPACE[2])
        box.addWidget(label("page", words.title("science")))
        self.live = GuestPages(session, theme, gallery, choose_view)
        self._parts: dict[str, GuestPages | Page] = {
            LIVE: self.live,
            "words": WordsPart(session, theme),
            "results": ResultsPart(session, theme, gallery),
            "gallery": GalleryPart(gallery, theme),
            "who": WhoPart(theme),
        }
        self.tabs = Tabs({key: physics.word(key) for key in self._parts}, name=physics.word("parts"))
        self.tabs.asked.connect(self.show_part)
        box.addWidget(self.tabs)
        self._stack = QStackedWidget()
        for widget in self._parts.values():
            self._stack.addWidget(widget)
        box.addWidget(self._stack, 1)
        self._here = False
        self._current = LIVE
        self.tabs.show_current(LIVE)

    @property
    def current(self) -> str:
        """The part that is shown."""
        return self._current

    def show_part(self, key: str) -> None:
        """Show the part ``key``."""
        before, now = self._parts[self._current], self._parts[key]
        if isinstance(before, GuestPages) and before is not now:
            before.depart()
        self._current = key
        self.tabs.show_current(key)
        self._stack.setCurrentWidget(now)
        if self._here:
            now.arrive()

    def arrive(self) -> None:
        """Somebody looks."""
        self._here = True
        self._parts[self._current].arrive()

    def depart(self) -> None:
        """Nobody looks any more."""
        self._here = False
        self.live.depart()

    def close_view(self) -> None:
        """Let go of what shows the guest's pages: the window closes."""
        self.live.close_view()
