"""This computer: what the doctor finds and what can be done about it, the virtual machines, what happened."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from t4t.domain.changes import Change, Fetch, Fix, Pending, Plan
from t4t.domain.diagnosis.findings import Diagnosis, Status
from t4t.domain.vm import VmState
from t4t.gui.background import Background
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Across, Facts
from t4t.gui.components.rows import CheckRow, HistoryRow, Rows
from t4t.gui.components.stages import Stage, Stages, Stand
from t4t.gui.session import reader
from t4t.gui.theme.tokens import SPACE
from t4t.gui.window import fixing
from t4t.wording import changes, doctor, findings, timeline
from t4t.wording import window as words
from t4t.wording import wizard as first_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.diagnosis.findings import Finding
    from t4t.domain.errors import T4TError
    from t4t.gui.session import Line, Session
    from t4t.gui.theme.style import Theme
    from t4t.gui.window.services import WindowServices

_STALE_S: Final = 20.0
"""Coming back to the page or to the window, the computer is looked at again if the last look is older."""
_EVERY_MS: Final = 10_000
"""What is changed outside of us is seen without a click: as long as something is not well, and somebody looks."""
_AT_ONCE: Final = 15
_MOST: Final = 1000


def _fill_check(row: QWidget, finding: Finding) -> None:
    if isinstance(row, CheckRow):
        row.fill(finding)


def _fill_line(row: QWidget, line: tuple[str, str]) -> None:
    if isinstance(row, HistoryRow):
        row.fill(*line)


def _differ(one: Diagnosis, other: Diagnosis) -> bool:
    """Whether a check that both have came to something else: a test boot, which takes seconds, is not made anew each few of them."""
    before = {finding.check: finding.verdict for finding in one.findings}
    return any(before.get(finding.check, finding.verdict) is not finding.verdict for finding in other.findings)


class Checks(Card):
    """The doctor: a verdict, the findings, their fixes. Looks in a thread."""

    found = Signal(object)
    """What a look came to: a `Diagnosis`."""
    busy_changed = Signal()
    """Whether something is looked at or done is another answer than before."""

    def __init__(self, theme: Theme, services: WindowServices, *, first: bool = False) -> None:
        """Has not looked yet. ``first``: for who sees this computer's checks for the first time: all rows, a test boot once all seems well, no headline."""
        super().__init__("" if first else words.word("ready_question"))
        self._services, self._theme = services, theme
        self._first = first
        self._boots = False
        """Whether a look is one with a test boot."""
        self._booted = False
        """Whether the last one was."""
        self._diagnosis: Diagnosis | None = None
        self._steps: tuple[Change | Fetch, ...] = ()
        self._looked = 0.0
        self._all = first
        self._verdict = label("name")
        self._note = label("muted")
        self._rows: Rows[Finding] = Rows(lambda: CheckRow(theme, self._ask_fix), _fill_check)
        self._again = button(words.word("check_again"), self.look)
        self._more = button(words.word("details"), self._toggle, role="link")
        self._stages = Stages(theme)
        self._stages.hide()
        self._back = label("good")
        say(self._back, "")
        self._pending: Pending | None = None
        self._plan: Plan | None = None
        self._undo = button(words.word("undo"), self._show_undo, role="link")
        self._undo.hide()
        for part in (self._back, self._verdict, self._rows, self._stages, self._note, self._undo):
            self.rows.addWidget(part)
        self.rows.addWidget(Across(self._again, self._more))
        self._looking = Background(self)
        self._looking.done.connect(self._found)
        self._looking.failed.connect(self._failed)
        self._planning = Background(self)
        self._planning.done.connect(self._offer)
        self._planning.failed.connect(self._failed)
        self._doing = Background(self)
        self._doing.done.connect(self._done)
        self._doing.failed.connect(self._failed)
        self._doing.told.connect(self._progress)
        self._asking = Background(self)
        self._asking.done.connect(self._resumed)
        self._clock = QTimer(self)
        self._clock.setInterval(_EVERY_MS)
        self._clock.timeout.connect(self._look_again)
        theme.changed.connect(self._show)
        self._show()

    @property
    def changing(self) -> bool:
        """Whether this computer is being changed at this moment."""
        return self._doing.busy

    def arrive(self) -> None:
        """Look, unless that was just done; say what a restart of the computer came to; and from now on look again by itself."""
        self._asking.start(lambda _tell: self._services.resumed())
        self._clock.start()
        if time.monotonic() - self._looked > _STALE_S or self._diagnosis is None:
            self.look()

    def depart(self) -> None:
        """Nobody looks any more."""
        self._clock.stop()

    def event(self, event: QEvent) -> bool:
        """Who comes back from another program has perhaps mended something there, or broken it. Of a change of activation Qt tells windows only."""
        if event.type() is QEvent.Type.WindowActivate and self._clock.isActive():
            self._look_again(also_well=time.monotonic() - self._looked > _STALE_S)
        return super().event(event)

    def _look_again(self, *, also_well: bool = False) -> None:
        """Behind other windows only for who waits for it, in the first run: a look takes a moment of the processor."""
        found = self._diagnosis
        if self.isVisible() and (self._first or self.isActiveWindow()) and found is not None and (also_well or not found.ready):
            self._start(boot=False, seen=False)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """What the last look came to; None before the first one, and after a change."""
        return self._diagnosis

    def look(self) -> None:
        """Look at this computer now."""
        if self.look_quietly():
            say(self._note, "")
            self._undo.hide()
            self._stages.fill(())

    def look_quietly(self) -> bool:
        """Look without a word of it, if nothing else is going on."""
        return self._start(boot=self._boots)

    def _start(self, *, boot: bool, seen: bool = True) -> bool:
        """``seen``: the button says so. It does not flicker each few seconds for a look that nobody asked for."""
        if self._planning.busy or self._doing.busy or not self._looking.start(lambda _tell: self._services.doctor(boot=boot)):
            return False
        self._booted = boot
        if seen:
            self._show()
        return True

    # --- showing -----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        found = self._diagnosis
        busy = self._looking.busy or self._planning.busy or self._doing.busy
        self.busy_changed.emit()
        say(self._verdict, words.word("looking") if found is None else doctor.verdict(found))
        self._again.setEnabled(not busy)
        self._again.setText(words.word("looking") if self._looking.busy and found is not None else words.word("check_again"))
        findings = () if found is None else found.findings
        well = [one for one in findings if one.status is Status.OK]
        self._more.setVisible(bool(well) and len(well) < len(findings))
        self._more.setText(words.word("fewer") if self._all else words.word("details"))
        self._more.setAccessibleName(self._more.text())
        shown = findings if self._all or len(well) == len(findings) else [one for one in findings if one.status is not Status.OK]
        self._rows.show_all(list(shown))

    def _toggle(self) -> None:
        self._all = not self._all
        self._show()

    def _found(self, diagnosis: object) -> None:
        if isinstance(diagnosis, Diagnosis) and self._boots and not self._booted and self._diagnosis is not None:
            self._looked = time.monotonic()
            if _differ(self._diagnosis, diagnosis):
                self.look_quietly()  # what has changed may let a machine start now
        elif isinstance(diagnosis, Diagnosis):
            self._diagnosis = diagnosis
            self._looked = time.monotonic()
            if self._first and not self._boots and (diagnosis.ready or diagnosis.can_demo):
                self._boots = True  # all seems well: now the real thing
                self.look_quietly()
                say(self._note, first_words.word("test_boot"))
            elif self._note.text() == first_words.word("test_boot"):
                say(self._note, "")
        self._welcome_back()
        self._show()
        self.found.emit(self._diagnosis)

    def _resumed(self, pending: object) -> None:
        if isinstance(pending, Pending):
            self._pending = pending
            self._welcome_back()

    def _welcome_back(self) -> None:
        """What became of what the computer was restarted for."""
        if self._pending is None or self._diagnosis is None:
            return
        one = next((each for each in self._diagnosis.findings if each.check.value == self._pending.check), None)
        say(self._back, changes.back(findings.say(one).check, well=one.status in {Status.OK, Status.WARN}) if one is not None else "")

    def _failed(self, error: T4TError) -> None:
        say(self._note, words.went_wrong(error))
        self._stages.fill([replace(one, stand=Stand.FAILED) if one.stand is Stand.NOW else one for one in self._stages.shown])
        self._show()

    # --- mending -----------------------------------------------------------------------------------------------------

    def _ask_fix(self, finding: Finding) -> None:
        remedy = finding.steps[0].remedy.value
        if self._doing.busy or not self._planning.start(lambda _tell: self._services.fix_plan(remedy)):
            return
        self._show()

    def _offer(self, found: object) -> None:
        """Show what would be done, word by word; what only the volunteer can do, as steps."""
        self._show()
        if isinstance(found, Fix):
            fixing.offer(self, self._theme, found, self._do)

    def _do(self, fix: Fix) -> None:
        def work(tell: Callable[[object], None]) -> object:
            return self._services.carry_out(fix, lambda one, received: tell((one, received)))

        if self._doing.start(work):
            self._plan = plan = fix.plan
            self._steps = () if plan is None else (*plan.fetch, *plan.changes)
            self._stages.fill([Stage(name=changes.step(one), stand=Stand.WAITING) for one in self._steps])
            say(self._note, words.word("changing"))
            self._show()

    def _show_undo(self) -> None:
        if self._plan is not None:
            fixing.show_undo(self, self._plan)

    def _progress(self, told: object) -> None:
        match told:
            case (Change() | Fetch() as one, int(received)) if one in self._steps:
                at = self._steps.index(one)
                stands = [Stand.DONE] * at + [Stand.NOW] + [Stand.WAITING] * (len(self._steps) - at - 1)
                made = [Stage(name=changes.step(each), stand=stand) for each, stand in zip(self._steps, stands, strict=True)]
                made[at] = replace(made[at], detail=first_words.megabytes(received))
                self._stages.fill(made)
            case _:
                pass

    def _done(self, restart: object) -> None:
        say(self._note, changes.restart_due() if restart is True else words.word("changed"))
        self._stages.fill([replace(one, stand=Stand.DONE, detail="") for one in self._stages.shown])
        self._undo.setVisible(self._plan is not None and bool(self._plan.undo))
        self._diagnosis = None
        self._boots = False
        self.look_quietly()
        self._show()


class Boxes(Card):
    """The virtual machines of all tasks, as facts."""

    def __init__(self, session: Session) -> None:
        """Shows ``session`` from its first `refresh` on: shown before it stands in a page it would be a window of its own for a moment."""
        super().__init__(words.word("box"))
        self._session = session
        self._text = label("muted")
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE[2])
        self._shown: list[tuple[QLabel, Facts]] = []
        self._checkpoint = button(words.word("checkpoint"), session.take_checkpoint)
        self.rows.addWidget(self._text)
        self.rows.addLayout(self._list)
        self.rows.addWidget(self._checkpoint, 0, Qt.AlignmentFlag.AlignLeft)
        session.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show what is now."""
        view = self._session.view
        tasks = () if view is None else tuple(task for task in view.tasks if task.vm is not VmState.ABSENT)
        self.setVisible(view is not None)
        say(self._text, words.word("box_text") if tasks else f"{words.word('box_text')} {words.word('no_box')}")
        while len(self._shown) < len(tasks):
            name, facts = label("name"), Facts()
            self._list.addWidget(name)
            self._list.addWidget(facts)
            self._shown.append((name, facts))
        at = reader()
        for number, (name, facts) in enumerate(self._shown):
            used = number < len(tasks)
            name.setVisible(used)
            facts.setVisible(used)
            if used and view is not None:
                say(name, words.box_title(tasks[number]))
                facts.fill(words.box_facts(tasks[number], view.hypervisor, at))
        self._checkpoint.setVisible(any(task.vm is VmState.RUNNING for task in tasks))


class History(Card):
    """What happened, newest first."""

    def __init__(self, session: Session, theme: Theme) -> None:
        """Asks when the page comes into view, and then at each change of the session."""
        super().__init__(words.word("history"))
        self._session = session
        self._most = _AT_ONCE
        self._empty = label("muted", words.word("no_history"))
        self._rows: Rows[tuple[str, str]] = Rows(lambda: HistoryRow(theme), _fill_line)
        self._more = button(words.word("show_more"), self._show_more, role="link")
        for part in (self._empty, self._rows):
            self.rows.addWidget(part)
        self.rows.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._more.hide()
        session.changed.connect(self.refresh)
        session.history_told.connect(self._take)

    def refresh(self) -> None:
        """Ask anew if somebody looks."""
        self.setVisible(self._session.view is not None)
        if self._session.view is not None and self.isVisible():
            self._session.ask_history(self._most)

    def _take(self, lines: list[Line]) -> None:
        at = reader()
        told = [(words.day_and_time(line.at, at), timeline.sentence(line.what, line.detail, line.lost_s)) for line in reversed(lines)]
        told = [line for line in told if line[1]]
        self._rows.show_all(told)
        self._empty.setVisible(not told)
        self._more.setVisible(len(lines) >= self._most and self._most < _MOST)

    def _show_more(self) -> None:
        self._most = min(_MOST, 4 * self._most)
        self.refresh()


class Computer(Page):
    """All of it."""

    def __init__(self, session: Session, theme: Theme, services: WindowServices) -> None:
        """Nothing is looked at before the page comes into view."""
        super().__init__(theme, words.title("computer"))
        self.checks = Checks(theme, services)
        self._trouble = Card(role="banner")
        self._trouble_text = label()
        self._trouble.rows.addWidget(self._trouble_text)
        self._trouble.hide()
        self._history = History(session, theme)
        boxes = Boxes(session)
        for part in (self._trouble, self.checks, boxes, self._history):
            self.box.addWidget(part)
        boxes.refresh()
        self.box.addStretch(1)
        session.refused.connect(self._refused)

    def arrive(self) -> None:
        """Look at the computer and at what happened."""
        self._trouble.hide()
        self.checks.arrive()
        self._history.refresh()

    def depart(self) -> None:
        """See `Page`."""
        self.checks.depart()

    def _refused(self, error: T4TError) -> None:
        say(self._trouble_text, words.went_wrong(error))
        self._trouble.setVisible(self.isVisible())
