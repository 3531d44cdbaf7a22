"""Is this computer ready? The doctor's findings, live, each with its fix; VirtualBox is installed here. Nothing is downloaded before somebody says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices

from t4t.domain.changes import Pending
from t4t.domain.diagnosis.findings import Diagnosis, Status
from t4t.domain.setting_up import Step
from t4t.gui.background import Background
from t4t.gui.components.basic import button, say
from t4t.gui.window.computer import Checks
from t4t.gui.wizard.step import StepPage
from t4t.wording import changes, findings
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from t4t.gui.theme.style import Theme
    from t4t.gui.wizard.step import Run

_EVERY_MS: Final = 10_000
"""What is changed outside of us is seen without a click."""
_SITE: Final = "https://lhcathome.cern.ch"


class Checking(StepPage):
    """The second screen."""

    def __init__(self, theme: Theme, run: Run) -> None:
        """Nothing is looked at before it comes into view."""
        super().__init__(theme, run, Step.COMPUTER, words.word("computer_below"))
        self.checks = Checks(theme, run.services, first=True)
        self._science = button(words.word("science_site"), lambda: QDesktopServices.openUrl(QUrl(_SITE)))
        self._science.hide()
        self.note.setProperty("role", "good")
        for part in (self.note, self.checks):
            self.box.addWidget(part)
        self.box.addWidget(self._science, 0, Qt.AlignmentFlag.AlignLeft)
        self.box.addStretch(1)
        self.checks.found.connect(self._found)
        self.checks.busy_changed.connect(self.changed)
        self._pending: Pending | None = None
        self._asking = Background(self)
        self._asking.done.connect(self._resumed)
        self._again = QTimer(self)
        self._again.setInterval(_EVERY_MS)
        self._again.timeout.connect(self._look_again)

    @property
    def next_text(self) -> str:
        """See `StepPage`."""
        found = self.checks.diagnosis
        return words.word("next") if found is None else words.computer_next(found)

    @property
    def may_go(self) -> bool:
        """Once something is known, and not in the middle of a change."""
        return self.checks.diagnosis is not None and not self.checks.changing

    @property
    def may_leave(self) -> bool:
        """See `StepPage`."""
        return not self.checks.changing

    def arrive(self) -> None:
        """Look, and then again as long as something is not well."""
        self._asking.start(lambda _tell: self.run.services.resumed())
        self.checks.arrive()
        self._again.start()

    def depart(self) -> None:
        """See `StepPage`."""
        self._again.stop()

    def go(self) -> None:
        """On, unless nothing can run here: then this is the end, and it was known before any download."""
        found = self.checks.diagnosis
        self.run.only_demo = found is not None and found.hopeless
        if found is not None and found.hopeless and not found.can_demo:
            self.run.change(step=Step.DONE)
            self.ended.emit("science")
        else:
            self.passed.emit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Who comes back from another program has perhaps mended something there."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow():
            self._look_again()

    def _look_again(self) -> None:
        found = self.checks.diagnosis
        if self.isVisible() and found is not None and not found.ready:
            self.checks.look_quietly()

    def _resumed(self, pending: object) -> None:
        if isinstance(pending, Pending):
            self._pending = pending
            self._welcome_back(self.checks.diagnosis)

    def _found(self, found: object) -> None:
        if isinstance(found, Diagnosis):
            self.say_below(words.computer_below(found))
            self._science.setVisible(found.hopeless)
            self._welcome_back(found)
        self.changed.emit()

    def _welcome_back(self, found: Diagnosis | None) -> None:
        if self._pending is None or found is None:
            return
        one = next((each for each in found.findings if each.check.value == self._pending.check), None)
        name = findings.say(one).check if one is not None else ""
        say(self.note, changes.back(name, well=one.status is Status.OK) if one is not None else "")
