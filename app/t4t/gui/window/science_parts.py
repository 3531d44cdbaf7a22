"""Parts of the science page that need no guest: each word of a job explained, results, who uses all this."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QSizePolicy, QVBoxLayout, QWidget

from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.boxes import ChoiceBox
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Empty
from t4t.gui.components.plot_panel import PlotChoice
from t4t.gui.components.rows import Rows
from t4t.gui.session import reader
from t4t.gui.theme.tokens import SPACE
from t4t.wording import physics as words

if TYPE_CHECKING:
    from t4t.domain.physics import Physics, Result, ResultDetails
    from t4t.gui.gallery import Gallery
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme


_CHOICE: Final = 640


class WordRow(QWidget):
    """One word of a job: what it is, what it says, what that means."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self._name, self._value, self._about, self._source = label("muted"), label("name"), label(), label("small")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        box.setSpacing(2)
        for part in (self._name, self._value, self._about, self._source):
            box.addWidget(part)

    def fill(self, row: words.Row) -> None:
        """Show it."""
        say(self._name, row.name)
        say(self._value, row.value)
        say(self._about, row.about)
        say(self._source, words.source(row))
        self.setAccessibleName(f"{row.name}: {row.value}. {row.about}")


def _fill_word(widget: QWidget, row: words.Row) -> None:
    if isinstance(widget, WordRow):
        widget.fill(row)


class WordsPart(Page):
    """What is simulated, word by word."""

    def __init__(self, session: Session, theme: Theme) -> None:
        """Asks nothing before `arrive`."""
        super().__init__(theme, "", inner=True)
        self.setAccessibleName(words.word("words"))
        self._session = session
        self._card = Card()
        self._title, self._below = label("title"), label("muted")
        self._rows: Rows[words.Row] = Rows(WordRow, _fill_word)
        for part in (self._title, self._below, self._rows):
            self._card.rows.addWidget(part)
        self._card.hide()
        self._empty = Empty(theme, "nav-science")
        self._empty.fill(*words.empty("no_words"))
        self.box.addWidget(self._card)
        self.box.addWidget(self._empty)
        self.box.addStretch(1)
        session.changed.connect(self._ask)
        session.physics_told.connect(self._take)

    def arrive(self) -> None:
        """Ask what is simulated now."""
        self._session.ask_physics(plots=0)

    def _ask(self) -> None:
        if self.isVisible():
            self.arrive()

    def _take(self, told: Physics) -> None:
        if not self.isVisible():
            return
        spec = told.job.spec
        self._card.setVisible(spec is not None)
        self._empty.setVisible(spec is None)
        if spec is not None:
            text = words.headline(told, reader())
            say(self._title, text.title)
            say(self._below, text.below)
            self._rows.show_all(words.rows(spec))


class ResultsPart(Page):
    """The results that are kept, one at a time."""

    def __init__(self, session: Session, theme: Theme, gallery: Gallery) -> None:
        """Asks nothing before `arrive`."""
        super().__init__(theme, "", inner=True)
        self.setAccessibleName(words.word("results"))
        self._session = session
        self._listed: list[Result] = []
        self._finished = -1
        self._choice = ChoiceBox()
        self._choice.setAccessibleName(words.word("which_result"))
        self._choice.activated.connect(self._chosen)
        self._choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._choice.setMinimumContentsLength(20)
        self._choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._choice.setMaximumWidth(theme.px(_CHOICE))
        self._card = Card()
        self._title, self._facts, self._none = label("title"), label("muted"), label("muted", words.empty("no_plots_kept")[1])
        self._plots = PlotChoice(theme, gallery)
        for part in (self._title, self._facts, self._none, self._plots):
            self._card.rows.addWidget(part)
        self._empty = Empty(theme, "nav-contribution")
        self._empty.fill(*words.empty("no_results"))
        for hidden in (self._choice, self._card):
            hidden.hide()
        self.box.addWidget(self._choice)
        self.box.addWidget(self._card)
        self.box.addWidget(self._empty)
        self.box.addStretch(1)
        session.changed.connect(self._look)
        session.results_told.connect(self._take)
        session.result_told.connect(self._show)

    def arrive(self) -> None:
        """Ask for the list."""
        self._session.ask_results()

    def _look(self) -> None:
        """Ask again where one more has ended."""
        view = self._session.view
        if view is not None and view.finished != self._finished:
            self._finished = view.finished
            if self.isVisible():
                self.arrive()

    def _take(self, told: list[Result]) -> None:
        before = self._choice.currentData()
        if told != self._listed:
            self._listed = told
            self._choice.clear()
            for one in told:
                self._choice.addItem(words.result_line(one, reader()), one.id)
            self._choice.setCurrentIndex(max(0, self._choice.findData(before)) if told else -1)
        self._choice.setVisible(len(told) > 1)
        self._empty.setVisible(not told)
        if told:
            self._chosen(self._choice.currentIndex())
        else:
            self._card.hide()

    def _chosen(self, number: int) -> None:
        if 0 <= number < len(self._listed):
            self._session.ask_result(self._listed[number].id)

    def _show(self, told: ResultDetails) -> None:
        if told.result.id != self._choice.currentData():
            return
        say(self._title, words.result_title(told.result))
        say(self._facts, words.result_facts(told.result, reader()))
        self._plots.fill(told.plots, told.result.spec)
        self._plots.setVisible(bool(told.plots))
        self._none.setVisible(not told.plots)
        self._card.show()


class WhoPart(Page):
    """Who uses what volunteers compute, with sources."""

    def __init__(self, theme: Theme) -> None:
        """Words alone."""
        super().__init__(theme, "", inner=True)
        self.setAccessibleName(words.word("who"))
        for title, text in words.who():
            card = Card(title)
            card.rows.addWidget(label("", text))
            self.box.addWidget(card)
        sources = Card(words.word("sources"))
        for title, address in words.SOURCES:
            sources.rows.addWidget(label("", title))
            link = button(address, functools.partial(QDesktopServices.openUrl, QUrl(address)), role="link")
            link.setAccessibleName(f"{title}, {address}")
            sources.rows.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        self.box.addWidget(sources)
        self.box.addStretch(1)
