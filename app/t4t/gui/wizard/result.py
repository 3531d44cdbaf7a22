"""On the way to the first result, and there: what is done one thing after the other, then a friendly end. The window may be closed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QProgressBar

from t4t.domain.autostart import AutostartState
from t4t.domain.first_result import Way, way_to
from t4t.domain.policy import holds_still
from t4t.domain.setting_up import Step
from t4t.gui.background import Background
from t4t.gui.commands import Command, can_run_anyway
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.choices import Tick
from t4t.gui.components.parts import Across
from t4t.gui.components.stages import Stage, Stages, Stand
from t4t.gui.session import reader
from t4t.gui.wizard.step import StepPage
from t4t.wording import projects, screen
from t4t.wording import window as pages
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from t4t.domain.errors import T4TError
    from t4t.domain.first_result import Progress
    from t4t.domain.session import SessionView
    from t4t.gui.theme.style import Theme
    from t4t.gui.wizard.step import Run

_WAY: Final = (Way.FETCH, Way.BOOT, Way.COMPUTE, Way.COUNT)
_THOUSAND: Final = 1000


class FirstResult(StepPage):
    """The last screen."""

    def __init__(self, theme: Theme, run: Run) -> None:
        """Shows the session."""
        super().__init__(theme, run, Step.FIRST_RESULT, words.word("result_below"))
        self._reached = Way.FETCH
        self._waits = False
        card = Card()
        self._said = label("name")
        self._more = label("muted")
        self.stages = Stages(theme)
        self._bar = QProgressBar()
        self._bar.setRange(0, _THOUSAND)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(words.word("compute"))
        for part in (self._said, self._more, self.stages, self._bar):
            card.rows.addWidget(part)
        self._science = button(words.word("see_science"), lambda: self.ended.emit("science"))
        self._home = button(words.word("see_home"), lambda: self.ended.emit("home"))
        self._join = button(words.word("join_now"), self._join_now)
        self.autostart = Tick(theme, words.word("autostart"))
        self.autostart.clicked.connect(self._switch)
        self._autostart_text = label("muted", words.word("autostart_text"))
        self._login = Card()
        self._login.rows.addWidget(self.autostart)
        self._login.rows.addWidget(self._autostart_text)
        self.box.addWidget(card)
        self.box.addWidget(Across(self._science, self._home, self._join))
        self.box.addWidget(self._login)
        self.box.addWidget(self.note)
        self.box.addStretch(1)
        self._asking = Background(self)
        self._asking.done.connect(self._told)
        self._asking.failed.connect(self._failed)
        run.session.changed.connect(self.refresh)
        theme.changed.connect(self.refresh)

    @property
    def next_text(self) -> str:
        """Who looks on is at the computer, and some rules wait until nobody is: here somebody can say otherwise."""
        return words.word("watch" if self._waits else "done")

    def arrive(self) -> None:
        """Show how far it is, and how the log-in is."""
        self.refresh()
        services = self.run.services
        self._asking.start(lambda _tell: services.autostart(on=None))

    def go(self) -> None:
        """Run while somebody looks on; else it is over, and the work goes on."""
        if self._waits:
            self.run.session.send(Command.RUN_ANYWAY)
            return
        self.run.change(step=Step.DONE)
        self.ended.emit("home")

    def refresh(self) -> None:
        """Show what is now."""
        if self.run.setup.step is not Step.FIRST_RESULT:
            return
        view = self.run.session.view
        now = way_to(view, finished_before=self.run.setup.finished)
        self.stages.fill([_stage(way, now) for way in _WAY])
        self._bar.setValue(round(_THOUSAND * now.fraction))
        self._bar.setVisible(now.way is Way.COMPUTE)
        self._science.setVisible(now.way is Way.COMPUTE)
        there = now.way is Way.THERE
        self._login.setVisible(there)
        self._join.setVisible(there and self.run.setup.demo and not self.run.only_demo)
        self._say(view, there=there)
        waits = not there and view is not None and _waits(view) and self.run.session.pending is None
        if waits is not self._waits:
            self._waits = waits
            self.changed.emit()
        if now.way is not self._reached:
            self._reached = now.way
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self._said.text()))

    def _say(self, view: SessionView | None, *, there: bool) -> None:
        if there:
            say(self._said, words.word("finished_demo" if self.run.setup.demo else "finished"))
            say(self._more, "")
        elif view is None:
            said = screen.gone() if self.run.session.lost is not None else screen.connecting()
            say(self._said, said.sentence)
            say(self._more, said.detail)
        else:
            told = screen.said(view, reader())
            idle = () if view.tasks else view.projects  # as long as there is work, nothing has to be said of more
            trouble = [line.strip() for project in idle for line in projects.no_work(project, reader(), in_window=True)]
            say(self._said, told.sentence)
            watch = words.word("watch_text") if _waits(view) else ""
            say(self._more, "\n".join(part for part in (told.detail, watch, *trouble) if part))

    # --- the end -----------------------------------------------------------------------------------------------------

    def _join_now(self) -> None:
        """Back to the accounts: the demo is left once another project is joined."""
        self.run.change(demo=False, step=Step.ACCOUNT)
        self.passed.emit()

    def _switch(self, on: bool) -> None:  # noqa: FBT001 - Qt's signature
        services = self.run.services
        if not self._asking.start(lambda _tell: services.autostart(on=on)):
            self.autostart.setChecked(not on)

    def _told(self, state: object) -> None:
        if isinstance(state, AutostartState):
            self.autostart.setChecked(state.on)
            say(self._autostart_text, words.word("autostart_refused" if state.refused else "autostart_text"))

    def _failed(self, error: T4TError) -> None:
        self.autostart.setChecked(False)
        say(self.note, pages.went_wrong(error))


def _waits(view: SessionView) -> bool:
    """Whether it stands still by a rule that somebody can overrule."""
    return can_run_anyway(view) and holds_still(view.level)


def _stage(way: Way, now: Progress) -> Stage:
    at, here = _WAY.index(way), len(_WAY) if now.way is Way.THERE else _WAY.index(now.way)
    stand = Stand.DONE if at < here else Stand.NOW if at == here else Stand.WAITING
    return Stage(name=words.word(way.value), stand=stand, detail=words.percent(now.fraction) if way is Way.COMPUTE and stand is Stand.NOW else "")
