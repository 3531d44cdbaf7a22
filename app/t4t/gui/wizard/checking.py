"""Is this computer ready? The doctor's findings, live, each with its fix; VirtualBox is installed here. Nothing is downloaded before somebody says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices

from t4t.domain.diagnosis.findings import Diagnosis
from t4t.domain.setting_up import Step
from t4t.gui.components.basic import button
from t4t.gui.window.computer import Checks
from t4t.gui.wizard.step import StepPage
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from t4t.gui.theme.style import Theme
    from t4t.gui.wizard.step import Run

_SITE: Final = "https://lhcathome.cern.ch"


class Checking(StepPage):
    """The second screen."""

    def __init__(self, theme: Theme, run: Run) -> None:
        """Nothing is looked at before it comes into view."""
        super().__init__(theme, run, Step.COMPUTER, words.word("computer_below"))
        self.checks = Checks(theme, run.services, first=True)
        self._science = button(words.word("science_site"), lambda: QDesktopServices.openUrl(QUrl(_SITE)))
        self._science.hide()
        self.box.addWidget(self.checks)
        self.box.addWidget(self._science, 0, Qt.AlignmentFlag.AlignLeft)
        self.box.addStretch(1)
        self.checks.found.connect(self._found)
        self.checks.busy_changed.connect(self.changed)

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
        self.checks.arrive()

    def depart(self) -> None:
        """See `StepPage`."""
        self.checks.depart()

    def go(self) -> None:
        """On, unless nothing can run here: then this is the end, and it was known before any download."""
        found = self.checks.diagnosis
        self.run.only_demo = found is not None and found.hopeless
        if found is not None and found.hopeless and not found.can_demo:
            self.run.change(step=Step.DONE)
            self.ended.emit("science")
        else:
            self.passed.emit()

    def _found(self, found: object) -> None:
        if isinstance(found, Diagnosis):
            self.say_below(words.computer_below(found))
            self._science.setVisible(found.hopeless)
        self.changed.emit()
