"""A chart of bars with everything around it: what it shows, the value that is read, the same as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from t4t.gui.components.bar_view import BarView
from t4t.gui.components.basic import button, label, say
from t4t.gui.components.parts import Across
from t4t.gui.components.table import Table
from t4t.gui.theme.tokens import SPACE
from t4t.wording import contribution as words

if TYPE_CHECKING:
    from t4t.gui.theme.style import Theme
    from t4t.wording.contribution import Chart


class ChartPanel(QWidget):
    """One chart."""

    def __init__(self, theme: Theme, *more: QWidget, own: bool = True) -> None:
        """Empty; ``more`` stands beside the button for the table. ``own``: see `BarView`."""
        super().__init__()
        self.view = BarView(theme, own=own)
        self._about = label("muted")
        self._value = label("small")
        self._value.setMinimumHeight(self._value.fontMetrics().height() + SPACE[0])  # its place is kept, so that nothing jumps
        self._as_table = button(words.word("table"), self._toggle_table, role="link")
        self.table = Table(2)
        self.table.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(SPACE[0])
        for part in (self.view, self._value, self._about, Across(self._as_table, *more, space=SPACE[3]), self.table):
            box.addWidget(part)
        self.view.pointed.connect(self._read)

    def fill(self, chart: Chart) -> None:
        """Show ``chart``."""
        self.view.fill(chart)
        say(self._about, chart.about)
        self.table.setAccessibleName(words.spoken_table(chart.title))
        if not self.table.isHidden():
            self._fill_table()

    def tell(self, text: str) -> None:
        """Say something in the place of the value."""
        self._value.setText(text)

    def _read(self, place: int) -> None:
        chart = self.view.chart
        last = -1 if chart is None or chart.is_empty else len(chart.values) - 1
        shown = last if place < 0 else place
        self._value.setText("" if chart is None or shown < 0 else chart.value(shown))

    def _toggle_table(self) -> None:
        shows = self.table.isHidden()
        self.table.setVisible(shows)
        self._as_table.setText(words.word("hide_table" if shows else "table"))
        self._as_table.setAccessibleName(self._as_table.text())
        if shows:
            self._fill_table()

    def _fill_table(self) -> None:
        """The newest first: nobody scrolls through years to today."""
        chart = self.view.chart
        if chart is not None:
            self.table.fill((chart.head, chart.title), list(zip(chart.names, chart.texts, strict=True))[::-1])
