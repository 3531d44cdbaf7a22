"""A histogram with everything around it: what it shows, the value that is read, the scale, the same as a table, a picture to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QAbstractItemView, QCheckBox, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from t4t.gui.components.basic import button, label, say
from t4t.gui.components.boxes import ChoiceBox
from t4t.gui.components.histogram_view import HistogramView
from t4t.gui.components.parts import Across
from t4t.gui.picture import sheet_png
from t4t.gui.theme.style import outline
from t4t.gui.theme.tokens import DARK, SPACE
from t4t.wording import physics as words
from t4t.wording.numbers import figure
from t4t.wording.window import went_wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.errors import T4TError
    from t4t.domain.physics import Plot
    from t4t.domain.runspec import Runspec
    from t4t.gui.gallery import Gallery
    from t4t.gui.theme.style import Theme
    from t4t.wording.physics import Shown

_ROWS_SHOWN: Final = 8
_COLUMNS: Final = ("from", "to", "value", "error")


class PlotPanel(QWidget):
    """One histogram at a time."""

    def __init__(self, theme: Theme, gallery: Gallery) -> None:
        """Empty. ``gallery`` takes the pictures that are kept."""
        super().__init__()
        self._theme = theme
        self._gallery = gallery
        self._named = True
        self._keeping = ""
        """The title of the picture that is on its way to the gallery."""
        self._spec: Runspec | None = None
        self._title = label("name")
        self._about = label("muted")
        self.view = HistogramView(theme)
        self._value = label("small")
        self._value.setMinimumHeight(self._value.fontMetrics().height() + SPACE[0])  # its place is kept, so that nothing jumps
        self._log = QCheckBox(words.word("log"))
        self._log.setToolTip(words.word("log_tip"))
        self._log.toggled.connect(lambda on: self.view.be_logarithmic(on=on))
        self._as_table = button(words.word("table"), self._toggle_table, role="link")
        self._keep = button(words.word("keep"), self._keep_picture, role="link")
        self._table = QTableWidget(0, len(_COLUMNS))
        self._table.setHorizontalHeaderLabels([words.word(column) for column in _COLUMNS])
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setTabKeyNavigation(False)
        self._table.setShowGrid(False)
        self._table.verticalHeader().hide()
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._table.horizontalHeader().setSectionsClickable(False)
        self._table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._table.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(SPACE[0])
        below = Across(self._log, self._as_table, self._keep, space=SPACE[3])
        for part, stretch in ((self._title, 0), (self._about, 0), (self.view, 1), (self._value, 0), (below, 0), (self._table, 0)):
            box.addWidget(part, stretch)
        self.view.pointed.connect(self._read)
        gallery.kept.connect(self._tell_kept)
        gallery.failed.connect(self._tell_failed)
        theme.changed.connect(self._dress)
        self._dress()

    def fill(self, plot: Plot | None, spec: Runspec | None) -> None:
        """Show ``plot`` of a job."""
        self._spec = spec
        found = None if plot is None else words.shown(plot, spec)
        self.view.fill(found)
        say(self._title, "" if found is None or not self._named else found.title)
        say(self._about, "" if found is None else found.about)
        self._table.setAccessibleName("" if found is None else found.title)
        self._keep.setEnabled(found is not None and not found.histogram.is_empty)
        if not self._table.isHidden():
            self._fill_table()

    def name_it(self, *, on: bool) -> None:
        """Whether its title is shown with the next plot, or stands elsewhere."""
        self._named = on

    def _dress(self) -> None:
        self._log.setPalette(outline(self.palette(), self._theme))

    def _read(self, place: int) -> None:
        found = self.view.shown
        if found is None:
            self._value.setText("")
        else:
            self._value.setText(words.entries(found) if place < 0 else words.bin_value(found, place))

    # --- as a table --------------------------------------------------------------------------------------------------

    def _toggle_table(self) -> None:
        shows = self._table.isHidden()
        self._table.setVisible(shows)
        self._as_table.setText(words.word("hide_table" if shows else "table"))
        self._as_table.setAccessibleName(self._as_table.text())
        if shows:
            self._fill_table()

    def _fill_table(self) -> None:
        found = self.view.shown
        rows = [] if found is None else _rows(found)
        self._table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                item = self._table.item(number, column)
                if item is None:
                    item = QTableWidgetItem()
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    self._table.setItem(number, column, item)
                item.setText(text)
        height = self._table.horizontalHeader().sizeHint().height() + 2 * self._table.frameWidth()
        self._table.setFixedHeight(height + min(len(rows), _ROWS_SHOWN) * self._table.verticalHeader().defaultSectionSize())

    # --- as a picture ------------------------------------------------------------------------------------------------

    def _keep_picture(self) -> None:
        found = self.view.shown
        if found is None:
            return
        title, subtitle = words.picture_title(found, self._spec)
        dark = self._theme.colors is DARK
        self._keeping = title
        self._gallery.keep(title, sheet_png([found.histogram], title=title, subtitle=subtitle, dark=dark, log_y=self.view.log, columns=1))

    def _tell_kept(self, title: str) -> None:
        if self._keeping and title == self._keeping:
            self._keeping = ""
            self._tell(words.word("kept"))

    def _tell_failed(self, error: T4TError) -> None:
        if self._keeping:
            self._keeping = ""
            self._tell(went_wrong(error))

    def _tell(self, text: str) -> None:
        self._value.setText(text)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))


def _rows(found: Shown) -> list[tuple[str, str, str, str]]:
    shown = found.histogram
    edges, heights, errors = (tuple(map(figure, values)) for values in (shown.edges, shown.heights, shown.errors))
    return list(zip(edges, edges[1:], heights, errors, strict=False))


class PlotChoice(QWidget):
    """Several histograms of one job, of which one is shown."""

    def __init__(self, theme: Theme, gallery: Gallery) -> None:
        """None."""
        super().__init__()
        self._plots: tuple[Plot, ...] = ()
        self._spec: Runspec | None = None
        self._choice = ChoiceBox()
        self._choice.setAccessibleName(words.word("which_plot"))
        self._choice.currentIndexChanged.connect(self._show)
        self.panel = PlotPanel(theme, gallery)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(SPACE[1])
        box.addWidget(self._choice, 0, Qt.AlignmentFlag.AlignLeft)
        box.addWidget(self.panel, 1)

    def fill(self, plots: Sequence[Plot], spec: Runspec | None) -> None:
        """Show ``plots`` of a job; the one that was chosen stays so if it is still there."""
        before = self._choice.currentData()
        names = [plot.name for plot in plots]
        if names != [plot.name for plot in self._plots] or spec != self._spec:
            self._choice.blockSignals(True)  # noqa: FBT003 - Qt's signature
            self._choice.clear()
            for plot in plots:
                found = words.shown(plot, spec)
                self._choice.addItem(plot.name if found is None else found.title, plot.name)
            self._choice.setCurrentIndex(max(0, self._choice.findData(before)) if names else -1)
            self._choice.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self._plots, self._spec = tuple(plots), spec
        self._choice.setVisible(len(names) > 1)
        self.panel.name_it(on=len(names) <= 1)
        self._show(self._choice.currentIndex())

    def _show(self, number: int) -> None:
        self.panel.fill(self._plots[number] if 0 <= number < len(self._plots) else None, self._spec)
