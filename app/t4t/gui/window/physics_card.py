"""Home's largest part: the physics that is being simulated at this moment, or was last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from t4t.domain.physics import Physics
from t4t.domain.session import Activity
from t4t.domain.vm import VmState
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.collision_view import CollisionView
from t4t.gui.components.parts import Empty
from t4t.gui.components.plot_panel import PlotPanel
from t4t.gui.session import reader
from t4t.gui.theme.tokens import SPACE
from t4t.wording import physics as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QHideEvent, QShowEvent

    from t4t.domain.collision import Collision
    from t4t.domain.runspec import Runspec
    from t4t.domain.session import SessionView
    from t4t.gui.gallery import Gallery
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme

_LOOK_MS: Final = 2000
"""A guest writes its histograms each two seconds."""
_THOUSAND: Final = 1000


class AboutCard(Card):
    """What kind of collisions these are, in a sentence or two."""

    def __init__(self, more: Callable[[], object]) -> None:
        """``more`` leads to where every word is explained."""
        super().__init__()
        self._title, self._text = label("title"), label("muted")
        self.rows.addWidget(self._title)
        self.rows.addWidget(self._text)
        self.rows.addWidget(button(words.word("every_word"), more, role="link"), 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def fill(self, spec: Runspec | None) -> None:
        """Explain the job ``spec``; not seen where we have no words for it."""
        title, text = ("", "") if spec is None else words.in_short(spec)
        say(self._title, title)
        say(self._text, text)
        self.setAccessibleName(title)
        self.setVisible(bool(text))


class CollisionCard(Card):
    """One of the collisions that this computer has made."""

    def __init__(self, theme: Theme) -> None:
        """None yet."""
        super().__init__(words.word("collision"))
        self._theme = theme
        self._view = CollisionView(theme)
        self._caption = label("small")
        self.rows.addWidget(self._view)
        self.rows.addWidget(self._caption)
        self.hide()

    def fill(self, collision: Collision | None) -> None:
        """Show it; not seen where there is none."""
        self._view.fill(collision)
        say(self._caption, "" if collision is None else words.collision_caption(collision, colored=self._theme.colors.accent != self._theme.colors.good))
        self.setVisible(collision is not None)


class PhysicsCard(Card):
    """Asks the agent while somebody looks, and only then."""

    page_asked = Signal(str)
    """The page with everything that is measured, or with every word explained."""

    def __init__(self, session: Session, theme: Theme, gallery: Gallery) -> None:
        """Shows ``session``."""
        super().__init__()
        self._session = session
        self._physics = Physics()
        self._title = label("title")
        self._below = label("muted")
        self.panel = PlotPanel(theme, gallery)
        self.about = AboutCard(lambda: self.page_asked.emit("words"))
        self.collision = CollisionCard(theme)
        """These two are for whoever lays out the page."""
        for beside in (self.about, self.collision):
            beside.setParent(self)  # until then: shown without a parent they would be windows of their own
        self._empty = Empty(theme, "nav-science")
        self._bar = QProgressBar()
        self._bar.setRange(0, _THOUSAND)
        self._bar.setTextVisible(False)
        self._done, self._left = label("small"), label("small")
        self._left.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._progress = QWidget()
        numbers = QHBoxLayout()
        numbers.addWidget(self._done, 1)
        numbers.addWidget(self._left, 1)
        progress = QVBoxLayout(self._progress)
        progress.setContentsMargins(0, SPACE[0], 0, 0)
        progress.setSpacing(SPACE[0])
        progress.addLayout(numbers)
        progress.addWidget(self._bar)
        self._more = button(words.word("full_view"), lambda: self.page_asked.emit("science"), role="link")
        self.rows.addWidget(self._title)
        self.rows.addWidget(self._below)
        self.rows.addWidget(self.panel, 1)
        self.rows.addWidget(self._empty, 1)
        self.rows.addWidget(self._progress)
        self.rows.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._ask)
        session.changed.connect(self._follow)
        session.physics_told.connect(self._take)
        self._show()

    # --- asking ------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Somebody looks."""
        super().showEvent(event)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Nobody looks: nothing is asked."""
        super().hideEvent(event)
        self._clock.stop()

    def _follow(self) -> None:
        """Ask at once when the session is another, and again and again while something fills."""
        if self._session.view is None:
            self._show()  # also what stands beside us goes
        if not self.isVisible():
            return
        fills = _is_computing(self._session.view)
        if fills != self._clock.isActive():
            self._clock.start() if fills else self._clock.stop()
        self._ask()
        self._show()

    def _ask(self) -> None:
        if self._session.view is not None and not self.window().isMinimized():
            self._session.ask_physics(collision=True)

    def _take(self, told: Physics) -> None:
        if self.isVisible():
            self._physics = told
            self._show()

    # --- showing -----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        told = self._physics
        plot = next(iter(told.plots), None)
        if told.job.spec is None and plot is None:
            say(self._title, "")
            say(self._below, "")
        else:
            text = words.headline(told, reader())
            say(self._title, text.title)
            say(self._below, text.below)
            self.setAccessibleName(text.title)
        there = self._session.view is not None
        self.about.fill(told.job.spec if there else None)
        self.collision.fill(told.collision if there else None)
        self.panel.setVisible(plot is not None)
        self._more.setVisible(plot is not None)
        if plot is not None:
            self.panel.fill(plot, told.job.spec)
        self._empty.setVisible(plot is None)
        self._empty.fill(*words.empty(_emptiness(told, self._session.view)))
        done, left = words.progress(told.job)
        fraction = told.job.fraction
        self._progress.setVisible(bool(done) and fraction is not None)
        if fraction is not None:
            self._done.setText(done)
            self._left.setText(left if told.live else "")
            self._bar.setValue(round(fraction * _THOUSAND))
            self._bar.setAccessibleName(f"{words.word('progress')}: {done}")


def _is_computing(view: SessionView | None) -> bool:
    return view is not None and any(task.vm is VmState.RUNNING for task in view.tasks)


def _emptiness(told: Physics, view: SessionView | None) -> str:
    """Why there is no histogram."""
    if view is None or not any(task.activity is not Activity.QUEUED for task in view.tasks):
        return "nothing"
    return "no_plots" if told.live and told.job.is_silent else "coming"
