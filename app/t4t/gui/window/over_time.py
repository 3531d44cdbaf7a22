"""What was done day by day: one chart of what is chosen, its table, and all of it as a file for a spreadsheet."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QComboBox, QFileDialog

from t4t.domain.contribution import Contribution, Span, as_csv
from t4t.durable import write_atomic
from t4t.gui.background import Background
from t4t.gui.components.basic import Card, button
from t4t.gui.components.boxes import ChoiceBox
from t4t.gui.components.chart_panel import ChartPanel
from t4t.gui.components.tabs import Tabs
from t4t.wording import contribution as words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from t4t.domain.credit import CreditDay, TeamDay
    from t4t.domain.project_view import ProjectDetails
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme

_OLD_S: Final = 60.0
_LETTERS: Final = 23


def today() -> date:
    """On the clock on the wall."""
    return datetime.now(UTC).astimezone().date()


class OverTime(Card):
    """Asks for what it shows when it is told to."""

    def __init__(self, session: Session, theme: Theme) -> None:
        """Empty."""
        super().__init__(words.word("over_time"))
        self._session = session
        self._work = Contribution()
        self._credit: Sequence[Sequence[CreditDay]] = ()
        self._teams: Sequence[Sequence[TeamDay]] = ()
        self._span = Span.DAY
        self._asked = -math.inf
        self._which = ChoiceBox()
        self._which.setAccessibleName(words.word("which"))
        self._which.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._which.setMinimumContentsLength(_LETTERS)  # the narrowest window has room for it
        for one in words.Quantity:
            self._which.addItem(words.quantity(one), one.value)
        self._which.currentIndexChanged.connect(self._show)
        self._spans = Tabs({one.value: words.span(one) for one in Span}, name=words.word("span"))
        self._spans.asked.connect(self._sum_up)
        self._spans.show_current(self._span.value)
        self._export = button(words.word("export"), self._ask_where, role="link")
        self._export.setToolTip(words.word("export_tip"))
        self._export.setAccessibleDescription(words.word("export_tip"))
        self.panel = ChartPanel(theme, self._export)
        self.rows.addWidget(self._which, 0, Qt.AlignmentFlag.AlignLeft)
        self.rows.addWidget(self._spans)
        self.rows.addWidget(self.panel)
        self._writing = Background(self)
        self._writing.done.connect(lambda _nothing: self.panel.tell(words.word("saved")))
        self._writing.failed.connect(lambda _error: self.panel.tell(words.word("not_saved")))
        session.contribution_told.connect(self._take_work)
        session.projects_told.connect(self._take_projects)
        self._show()

    @property
    def is_old(self) -> bool:
        """Whether it was asked for so long ago that there may be more: the agent hears of collisions once a minute."""
        return time.monotonic() - self._asked >= _OLD_S

    def ask(self) -> None:
        """Look anew."""
        self._asked = time.monotonic()
        self._session.ask_contribution()
        self._session.ask_projects()

    def _take_work(self, told: Contribution) -> None:
        self._work = told
        self._show()

    def _take_projects(self, told: list[ProjectDetails]) -> None:
        self._credit, self._teams = [one.credit for one in told], [one.team for one in told]
        self._show()

    def _sum_up(self, key: str) -> None:
        self._span = Span(key)
        self._spans.show_current(key)
        self._show()

    def _show(self) -> None:
        self.panel.fill(words.chart(words.Quantity(self._which.currentData()), self._span, self._work, self._credit, today(), teams=self._teams))

    def _ask_where(self) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        found, _ = QFileDialog.getSaveFileName(self, words.word("export"), str(Path(folder) / words.file_name(today())), words.word("csv_files"))
        if found:
            self.save(Path(found))

    def save(self, path: Path) -> None:
        """Write all days to ``path``; said where the value is read."""
        text = as_csv(self._work, self._credit, self._teams).encode()
        self._writing.start(lambda _tell: write_atomic(path, text))
