"""The settings, made of their metadata: presets, sections, search, undo, reset. What is shown is what the agent says is in force."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QLineEdit, QWidget

from t4t.domain.errors import T4TError
from t4t.domain.settings.fields import FIELDS, SECTIONS, Kind
from t4t.domain.settings.presets import CHOICES
from t4t.domain.settings.view import Changed, SettingsView
from t4t.gui.components.basic import Card, button, label, line, say
from t4t.gui.components.fields import FieldRow
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Across, Empty
from t4t.gui.components.week import HoursRow
from t4t.gui.theme.tokens import SPACE
from t4t.wording import costs, screen
from t4t.wording import settings as settings_words
from t4t.wording import settings_page as words
from t4t.wording import window as pages

if TYPE_CHECKING:
    from PySide6.QtWidgets import QFrame

    from t4t.domain.settings.fields import Field
    from t4t.gui.link import Result
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme

_NEEDS: Final = {"when.spans": "when.schedule", "when.otherwise": "when.schedule", "when.outside_cheap_hours": "when.cheap_hours"}
"""What acts only where another setting is on, or has hours."""


class Settings(Page):
    """All of them."""

    def __init__(self, session: Session, theme: Theme) -> None:
        """Asks for the values when the page comes into view."""
        super().__init__(theme, pages.title("settings"), words.word("below"))
        self._session = session
        self._view: SettingsView | None = None
        self._undo = button(words.word("undo"), lambda: self._ask("settings_undo"))
        self._undo.setEnabled(False)
        self.head.addWidget(self._undo, 0, Qt.AlignmentFlag.AlignTop)
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(self._undo.click)
        self._body = QWidget()
        body = Page.column(self._body)
        self._build_presets()
        self.field = QLineEdit()
        self.field.setPlaceholderText(words.word("search"))
        self.field.setAccessibleName(words.word("search"))
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._show)
        self._note = label("muted")
        say(self._note, "")
        self._nothing = label("muted", words.word("nothing_found"))
        for part in (self._presets, self.field, self._note, self._nothing):
            body.addWidget(part)
        self._rows: dict[str, tuple[FieldRow | HoursRow, QFrame]] = {}
        self._cards: dict[str, Card] = {}
        for section in SECTIONS:
            self._cards[section] = self._build_section(section)
            body.addWidget(self._cards[section])
        body.addWidget(button(words.word("reset_all"), lambda: self._ask("settings_reset")), 0, Qt.AlignmentFlag.AlignLeft)
        self._empty = Empty(theme, "nav-settings")
        self.box.addWidget(self._body)
        self.box.addWidget(self._empty)
        self.box.addStretch(1)
        session.changed.connect(self._agent_changed)
        session.settings_told.connect(self._answered)
        self._show()

    def _build_presets(self) -> None:
        self._presets = Card(words.word("presets"))
        group = QButtonGroup(self)
        self._choices = {one: button(words.preset(one), functools.partial(self._ask, "settings_preset", preset=one.value), role="nav") for one in CHOICES}
        for made in self._choices.values():
            made.setCheckable(True)
            group.addButton(made)
        self._group = group
        self._which = label("muted")
        self._presets.rows.addWidget(Across(*self._choices.values()))
        self._presets.rows.addWidget(self._which)

    def _build_section(self, section: str) -> Card:
        card = Card(words.section(section))
        card.rows.setSpacing(SPACE[0])
        for path, field in FIELDS.items():
            if field.section == section:
                row, above = self._row(field), line()
                row.asked.connect(self._change)
                row.reset_asked.connect(lambda asked: self._ask("settings_reset", names=[asked]))
                card.rows.addWidget(above)
                card.rows.addWidget(row)
                self._rows[path] = (row, above)
        return card

    def _row(self, field: Field) -> FieldRow | HoursRow:
        if field.kind is Kind.HOURS:
            return HoursRow(self.theme, field)
        made = FieldRow(self.theme, field)
        made.refused.connect(self._refused)
        return made

    # --- showing -----------------------------------------------------------------------------------------------------

    def arrive(self) -> None:
        """Ask for what is in force."""
        say(self._note, "")
        self._ask("settings")

    def _agent_changed(self) -> None:
        if self._session.view is None:
            if self._view is not None:
                self._view = None
                self._show()
        elif self._view is None and self.isVisible():
            self._ask("settings")
        self._prove()

    def _prove(self) -> None:
        measured = costs.proofs(self._session.view)
        for row, _ in self._rows.values():
            if isinstance(row, FieldRow) and row.field.path in measured:
                row.prove(measured[row.field.path])

    def _show(self) -> None:
        view = self._view
        self._body.setVisible(view is not None)
        self._undo.setVisible(view is not None)
        self._empty.setVisible(view is None)
        if view is None:
            lost = self._session.lost is not None
            self._empty.fill(screen.gone().sentence if lost else screen.connecting().sentence, pages.word("not_running_text"))
            return
        self._prove()
        self._undo.setEnabled(view.can_undo)
        say(self._which, settings_words.preset_line(view))
        self._group.setExclusive(False)  # or none could be without a mark
        for one, made in self._choices.items():
            made.setChecked(one is view.preset)
        self._group.setExclusive(view.preset in self._choices)
        now = {one.path: one for one in view.settings}
        found = 0
        for section, card in self._cards.items():
            first = True
            for path, (row, above) in self._rows.items():
                if row.field.section != section:
                    continue
                needs = _NEEDS.get(path)
                shown = words.matches(row.field, self.field.text()) and (needs is None or bool(now[needs].value))
                row.setVisible(shown)
                above.setVisible(shown and not first)
                row.fill(now[path])
                if path == "when.spans" and isinstance(row, HoursRow):
                    row.show_ground(now["when.otherwise"].value)
                first = first and not shown
                found += shown
            card.setVisible(not first)
        self._nothing.setVisible(not found)

    # --- asking ------------------------------------------------------------------------------------------------------

    def _ask(self, method: str, **params: object) -> None:
        self._session.ask_settings(method, params)

    def _change(self, path: str, value: object) -> None:
        self._ask("settings_set", values={path: value})

    def _answered(self, result: Result) -> None:
        if isinstance(result, T4TError):
            self._refused(result)
            self._show()
            return
        answer = _read(result)
        if isinstance(answer, Changed):
            self._view = answer.settings
            say(self._note, words.changed(answer.effects))
        else:
            self._view = answer
        self._show()

    def _refused(self, error: T4TError) -> None:
        say(self._note, pages.went_wrong(error))


def _read(result: bytes) -> Changed | SettingsView:
    """Changes come with all settings, a question with the settings alone."""
    try:
        return msgspec.json.decode(result, type=Changed)
    except msgspec.ValidationError:
        return msgspec.json.decode(result, type=SettingsView)
