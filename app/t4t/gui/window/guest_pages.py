"""What the science box computes at this moment, on its own pages; while they are not there a panel of ours, with what was seen last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from t4t.domain.physics import MAX_PLOTS
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.boxes import ChoiceBox
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Empty
from t4t.gui.components.plot_panel import PlotChoice
from t4t.gui.guest.follow import Follower, Stage, jobs
from t4t.gui.guest.view import choose, open_outside
from t4t.gui.session import reader
from t4t.gui.theme.tokens import SPACE
from t4t.wording import physics as physics_words
from t4t.wording import screen
from t4t.wording import window as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.physics import Physics
    from t4t.gui.gallery import Gallery
    from t4t.gui.guest.view import GuestView
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme


_LOOK_MS: Final = 2000


class GuestPages(QWidget):
    """As large as the window lets it be."""

    def __init__(self, session: Session, theme: Theme, gallery: Gallery, choose_view: Callable[[Callable[[], None]], GuestView] = choose) -> None:
        """Nothing is loaded before there is a page to show; ``choose_view`` then chooses what shows it."""
        super().__init__()
        self._session = session
        self._choose = choose_view
        self._view: GuestView | None = None
        self._crashed = False
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(SPACE[2])
        head = QHBoxLayout()
        head.setSpacing(SPACE[2])
        head.addWidget(label("muted", words.word("science_below")), 1)
        self._jobs = ChoiceBox()
        self._jobs.setAccessibleName(words.word("which_job"))
        self._jobs.activated.connect(self._chosen)
        self._outside = button(words.word("in_browser"), self._open_outside)
        head.addWidget(self._jobs, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._outside, 0, Qt.AlignmentFlag.AlignTop)
        box.addLayout(head)
        self._stack = QStackedWidget()
        self._plots = PlotChoice(theme, gallery)
        self._last = Card()
        self._last_title, self._last_below = label("title"), label("muted")
        for part in (self._last_title, self._last_below, self._plots):
            self._last.rows.addWidget(part)
        self._last.hide()
        self._panel = Empty(theme, "nav-science")
        self._again = button(words.word("show_again"), self._show_again)
        self._panel.box.addWidget(self._again, 0, Qt.AlignmentFlag.AlignHCenter)
        self._panel.box.addStretch(1)
        self._scroll = Page(theme, "", inner=True)
        self._scroll.box.addWidget(self._panel)
        self._scroll.box.addWidget(self._last)
        self._scroll.box.addStretch(1)
        self._stack.addWidget(self._scroll)
        box.addWidget(self._stack, 1)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._ask)
        self.follower = Follower(session, self)
        self.follower.changed.connect(self.refresh)
        session.changed.connect(self._list_jobs)
        session.physics_told.connect(self._take)
        self._list_jobs()
        self.refresh()

    @property
    def view(self) -> GuestView | None:
        """What shows the pages, once there were any."""
        return self._view

    def arrive(self) -> None:
        """Somebody looks."""
        self.follower.watch(on=True)
        self.refresh()

    def depart(self) -> None:
        """Nobody looks any more; the page stays as it is."""
        self._clock.stop()
        self.follower.watch(on=False)

    def close_view(self) -> None:
        """Let go of what shows the pages: the window closes."""
        self._clock.stop()
        self.follower.watch(on=False)
        if self._view is not None:
            view, self._view = self._view, None
            view.close()

    def refresh(self) -> None:
        """The guest's page where it is ready, else our panel."""
        self._clock.stop()
        stage = self.follower.stage
        if stage is not Stage.READY:
            self._crashed = False
        self._outside.setVisible(stage is Stage.READY)
        self._again.setVisible(self._crashed)
        if stage is Stage.READY and not self._crashed:
            self._show_page()
        else:
            self._panel.fill(*words.guest("crashed" if self._crashed else stage.value))
            self._show_panel()
            if self._view is not None:
                self._view.leave()

    def _show_panel(self) -> None:
        """In place of the pages; while these are shown elsewhere it fills like them."""
        self._stack.setCurrentWidget(self._scroll)
        self._ask()
        if self.follower.stage is Stage.READY and not self._crashed:
            self._clock.start()

    def _ask(self) -> None:
        if self.isVisible():
            self._session.ask_physics(plots=MAX_PLOTS)

    def _take(self, told: Physics) -> None:
        """What was seen last, for as long as nothing better is there."""
        if not self.isVisible():
            return
        text = physics_words.headline(told, reader())
        say(self._last_title, text.title)
        say(self._last_below, text.below)
        self._plots.fill(told.plots, told.job.spec)
        self._last.setVisible(bool(told.plots))
        self._panel.be_large(large=not told.plots)

    def _show_page(self) -> None:
        if self._view is None:
            self._view = self._choose(self._page_crashed)
            if self._view.widget is not None:
                self._stack.addWidget(self._view.widget)
        self._view.show_port(self.follower.port)
        if self._view.widget is None:
            self._panel.fill(*words.guest("outside"))
            self._show_panel()
        else:
            self._stack.setCurrentWidget(self._view.widget)

    def _page_crashed(self) -> None:
        self._crashed = True
        self.refresh()

    def _show_again(self) -> None:
        self._crashed = False
        self.refresh()

    def _open_outside(self) -> None:
        if self.follower.port:
            open_outside(self.follower.port)

    def _list_jobs(self) -> None:
        """A choice where there is more than one job."""
        found = [(task.key, screen.plain(task.name)) for task in jobs(self._session.view)]
        shown = [(self._jobs.itemData(number), self._jobs.itemText(number)) for number in range(self._jobs.count())]
        if found != shown:
            self._jobs.clear()
            for key, name in found:
                self._jobs.addItem(name, key)
        self._jobs.setCurrentIndex(self._jobs.findData(self.follower.task))
        self._jobs.setVisible(len(found) > 1)

    def _chosen(self, number: int) -> None:
        self.follower.want(str(self._jobs.itemData(number)))
