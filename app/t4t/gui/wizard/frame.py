"""The first run as a whole: one screen after the other, a place that survives the window and the computer's restart, and a way out at any point."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from t4t.domain.errors import T4TError
from t4t.domain.setting_up import COUNTED, Setup, Step, after, before
from t4t.gui.background import Background
from t4t.gui.components.basic import button, label, say
from t4t.gui.components.choices import Dots
from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE, TARGET
from t4t.gui.wizard.checking import Checking
from t4t.gui.wizard.giving import Giving
from t4t.gui.wizard.joining import Joining
from t4t.gui.wizard.privacy import Privacy
from t4t.gui.wizard.result import FirstResult
from t4t.gui.wizard.step import Run
from t4t.gui.wizard.welcome import Welcome
from t4t.wording import window as pages
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.language import Language
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme
    from t4t.gui.window.services import WindowServices
    from t4t.gui.wizard.step import StepPage

_WIDEST: Final = 920
_MUCH: Final = 100
_MAKERS: Final[dict[Step, Callable[[Theme, Run], StepPage]]] = {
    Step.WELCOME: Welcome,
    Step.COMPUTER: Checking,
    Step.RESOURCES: Giving,
    Step.ACCOUNT: Joining,
    Step.PRIVACY: Privacy,
    Step.FIRST_RESULT: FirstResult,
}


class Wizard(QWidget):
    """All screens; made when first wanted."""

    ended = Signal(str)
    """Somebody leaves, for now or for good: show this page of the window."""
    chose = Signal(object)
    """This `Language` is spoken from now on; the screens are made anew already."""

    def __init__(self, session: Session, theme: Theme, services: WindowServices) -> None:
        """Where somebody was the last time."""
        super().__init__()
        give_role(self, "page")
        self.setAccessibleName(words.word("steps"))
        self._theme = theme
        self.run = Run(services=services, session=session, setup=services.setup())
        self._pages: dict[Step, StepPage] = {}
        self._stack = QStackedWidget()
        self._dots = Dots(theme, len(COUNTED))
        self.later = button(words.word("later"), self._leave_for_now, role="link")
        self.back = button(words.word("back"), self._go_back)
        self.next = button("", self._go, role="primary")
        self.next.setAutoDefault(True)
        self._trouble = label("attention")
        say(self._trouble, "")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, SPACE[4], 0, SPACE[4])
        box.setSpacing(SPACE[1])
        box.addWidget(self._line(self._dots, None, self.later))
        box.addWidget(self._stack, 1)
        box.addWidget(self._line(self._trouble, self.back, self.next))
        self._keeping = Background(self)
        self._keeping.done.connect(self._kept_language)
        self._keeping.failed.connect(lambda error: say(self._trouble, pages.went_wrong(error)))
        self._announced: Step | None = None
        self._waits_for_next = False
        self._again = False
        """Whether somebody who was through looks at it once more."""
        QShortcut(QKeySequence(QKeySequence.StandardKey.Back), self).activated.connect(self.back.click)

    def _line(self, left: QWidget, *right: QWidget | None) -> QWidget:
        """A line as wide as the content of the pages."""
        outer, inner = QWidget(), QWidget()
        give_role(outer, "steps" if self.next in right else "page")
        inner.setMaximumWidth(self._theme.px(_WIDEST))
        across = QHBoxLayout(outer)
        across.setContentsMargins(SPACE[5], 0, SPACE[5], 0)
        across.addWidget(inner)
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 0, SPACE[0], 0)  # or the last one's ring would be cut
        row.setSpacing(SPACE[1])
        inner.setMinimumHeight(self._theme.px(TARGET) + 2)  # nothing jumps when a button has no use here
        row.addWidget(left, _MUCH if isinstance(left, QLabel) else 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)  # also where there is nothing to say
        for part in right:
            if part is not None:
                row.addWidget(part)
        return outer

    # --- where somebody is -------------------------------------------------------------------------------------------

    @property
    def current(self) -> StepPage:
        """The screen that is shown."""
        return self.page(self.run.setup.step)

    @property
    def changing(self) -> bool:
        """Whether something is under way in this process that must not end with it."""
        return not self.run.setup.done and not self.current.may_leave

    def page(self, step: Step) -> StepPage:
        """A screen; made when somebody first wants it. The end has none of its own: who comes back begins anew."""
        wanted = Step.WELCOME if step is Step.DONE else step
        if wanted not in self._pages:
            made = self._pages[wanted] = _MAKERS[wanted](self._theme, self.run)
            made.changed.connect(self._show_buttons)
            made.passed.connect(lambda: self._passed(made))
            made.ended.connect(self._leave)
            if isinstance(made, Welcome):
                made.language_asked.connect(self._speak)
            self._stack.addWidget(made)
        return self._pages[wanted]

    def arrive(self) -> None:
        """Go on where it was; who was through begins anew."""
        if self.run.setup.done:
            self.run.setup, self._again = Setup(), True
        self._show()

    def depart(self) -> None:
        """Another page of the window is shown."""
        if not self.run.setup.done:
            self.current.depart()

    def _show(self) -> None:
        page = self.current
        step = self.run.setup.step
        self._stack.setCurrentWidget(page)
        self._dots.show_place(COUNTED.index(step) if step in COUNTED else len(COUNTED), words.spoken_place(step))
        page.arrive()
        self._show_buttons()
        QTimer.singleShot(0, self._focus)
        if self._announced is not step:
            self._announced = step
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, f"{words.title(step)}. {words.spoken_place(step)}"))

    def _focus(self) -> None:
        """On the button that goes on; where it can't yet, on the screen's first control."""
        if self.run.setup.done:
            return
        shown = [self.next, *(one for one in self._controls(self.current) if one.isVisibleTo(self))]
        first = next((one for one in shown if one.isEnabled()), self)
        first.setFocus(Qt.FocusReason.OtherFocusReason)
        self._waits_for_next = first is self

    def _order(self, page: StepPage) -> None:
        """The keyboard goes as eyes do: what is on the screen, also what came later, then what leads on."""
        for one, following in itertools.pairwise((self.later, *self._controls(page), self.back, self.next)):
            self.setTabOrder(one, following)

    def _controls(self, page: StepPage) -> list[QWidget]:
        """What can have the keyboard; lists that open are windows of their own."""
        return [one for one in page.findChildren(QWidget) if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.window() is self.window()]

    def _show_buttons(self) -> None:
        if self.run.setup.done:
            return
        page, step = self.current, self.run.setup.step
        self._order(page)
        self.next.setText(page.next_text)
        self.next.setAccessibleName(words.spoken_next(page.next_text, step))
        self.next.setEnabled(page.may_go)
        if page.may_go and self._waits_for_next:  # nothing else could have the keyboard
            self._focus()
        self.back.setVisible(before(step) is not step)
        self.back.setEnabled(page.may_leave)
        self.later.setVisible(step is not Step.FIRST_RESULT)
        self.later.setEnabled(page.may_leave)

    # --- its language ------------------------------------------------------------------------------------------------

    def _speak(self, language: Language) -> None:
        """Somebody chose ``language`` here."""
        self.run.services.speak(language)
        self._keeping.start(lambda _tell: self._keep_language(language))
        self.speak_anew(language)
        self.chose.emit(language)

    @property
    def keeps_language(self) -> bool:
        """Whether a choice made here is on its way to the settings."""
        return self._keeping.busy

    def speak_anew(self, language: Language) -> None:
        """All screens are made again, in ``language``, which is spoken already."""
        self.run.language = language
        for page in self._pages.values():
            self._stack.removeWidget(page)
            page.deleteLater()
        self._pages.clear()
        self._announced = None
        self.setAccessibleName(words.word("steps"))
        for made, text in ((self.later, words.word("later")), (self.back, words.word("back"))):
            made.setText(text)
            made.setAccessibleName(text)
        if self.isVisibleTo(self.window()):
            self._show()

    def _keep_language(self, language: Language) -> Language:
        self.run.services.keep_language(language)
        return language

    def _kept_language(self, kept: object) -> None:
        """Somebody may have chosen another one meanwhile."""
        chosen = self.run.language
        if chosen is not None and kept is not chosen:
            self._keeping.start(lambda _tell: self._keep_language(chosen))

    # --- going -------------------------------------------------------------------------------------------------------

    def _go(self) -> None:
        self.current.go()

    def _go_back(self) -> None:
        self.current.depart()
        self._stand_at(before(self.run.setup.step))

    def _passed(self, here: StepPage) -> None:
        """``here`` is behind; it may have chosen another screen than the next. One that is not shown any more has nothing to say."""
        if self._stack.currentWidget() is not here:
            return
        here.depart()
        chosen = self.run.setup.step
        self._stand_at(chosen if chosen is not here.step else after(chosen))

    def _stand_at(self, step: Step) -> None:
        self.run.change(step=step)
        self._keep()
        self._show()

    def _keep(self) -> None:
        """What can't be written down holds for this window. Who looks once more stays through until something else is agreed to."""
        if self._again and self.run.setup.step in COUNTED:
            return
        try:
            self.run.services.keep_setup(self.run.setup)
        except T4TError as error:
            say(self._trouble, pages.went_wrong(error))
        else:
            say(self._trouble, "")

    def _leave_for_now(self) -> None:
        self.current.depart()
        if self._again:
            self.run.change(step=Step.DONE)
        self.ended.emit("home")

    def _leave(self, page: str) -> None:
        self._keep()
        self.ended.emit(page)
