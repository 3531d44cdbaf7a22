"""The fields of an account, of which each way in shows those that it needs. What is typed as a password leaves them only once, and is cleared then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from t4t.domain import invitation
from t4t.domain.signup import Signup, Way
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.choices import Tick
from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from t4t.domain.project import ProjectConfig
    from t4t.gui.theme.style import Theme

LHC: Final = "https://lhcathome.cern.ch/lhcathome/"
_SHOWN: Final = {
    Way.CREATE: ("project", "email", "name", "password", "code", "team"),
    Way.LOG_IN: ("project", "email", "password", "team"),
    Way.KEY: ("project", "account_key", "team"),
    Way.OTHER_CLIENT: ("project", "team"),
}
_NEEDED: Final = {Way.CREATE: ("email", "name", "password"), Way.LOG_IN: ("email", "password"), Way.KEY: ("account_key",), Way.OTHER_CLIENT: ()}
_SECRET: Final = frozenset({"password", "account_key"})
_FIELDS: Final = ("project", "email", "name", "password", "account_key", "code", "team")
_ROOMY: Final = 560
"""From this width on there are two columns."""
_TERMS: Final = 120


class Form(Card):
    """All of them."""

    changed = Signal()
    """What is typed is another."""
    project_changed = Signal()
    """Another project is meant."""
    submitted = Signal()
    """Enter, in a field."""
    team_asked = Signal(str)
    """Look this team up."""

    def __init__(self, theme: Theme) -> None:
        """Empty but for LHC@home's address."""
        super().__init__()
        self._way = Way.CREATE
        self._config: ProjectConfig | None = None
        self._columns = 0
        self.fields: dict[str, QLineEdit] = {}
        self._rows: dict[str, QWidget] = {}
        self._theme = theme
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(SPACE[3])
        self._grid.setVerticalSpacing(SPACE[1])
        self.rows.addLayout(self._grid)
        for key in _FIELDS:
            self._rows[key] = self._row(key)
            self._rows[key].setParent(self)
        self.fields["project"].setText(LHC)
        self.fields["project"].editingFinished.connect(self.project_changed)
        self.fields["code"].editingFinished.connect(self._invited)
        self.fields["team"].textChanged.connect(self._offer_to_find)
        self._find = button(words.word("look_up_team"), lambda: self.team_asked.emit(self.fields["team"].text().strip()), role="link")
        self._find.hide()
        self.team = label("muted")
        say(self.team, "")
        self._terms_title = label("name", words.word("terms"))
        self._terms = QPlainTextEdit()
        self._terms.setReadOnly(True)
        self._terms.setTabChangesFocus(True)
        self._terms.setAccessibleName(words.word("terms"))
        self._terms.setFixedHeight(theme.px(_TERMS))
        give_role(self._terms, "text")
        self.accept = Tick(theme, words.word("accept"))
        self.accept.toggled.connect(self.changed)
        self.rows.addWidget(self._find, 0, Qt.AlignmentFlag.AlignLeft)
        for part in (self.team, self._terms_title, self._terms, self.accept):
            self.rows.addWidget(part)
        self.show_way(Way.CREATE)

    def _row(self, key: str) -> QWidget:
        made = QWidget()
        box = QVBoxLayout(made)
        box.setContentsMargins(0, 0, 0, SPACE[0])
        box.setSpacing(2)
        name, field = label("muted", words.word(key)), QLineEdit()
        name.setObjectName("caption")
        name.setBuddy(field)
        field.setAccessibleName(words.word(key))
        field.textChanged.connect(self.changed)
        field.returnPressed.connect(self.submitted)
        if key in _SECRET:
            field.setEchoMode(QLineEdit.EchoMode.Password)
        self.fields[key] = field
        box.addWidget(name)
        box.addWidget(field)
        return made

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Fields shrink where it is narrow."""
        return QSize(0, super().minimumSizeHint().height())

    def _offer_to_find(self, text: str) -> None:
        """By its name; a number says enough."""
        say(self.team, "")
        self._find.setVisible(bool(text.strip()) and not text.strip().isdecimal())

    # --- showing -----------------------------------------------------------------------------------------------------

    def show_way(self, way: Way) -> None:
        """Show what this way needs."""
        self._way = way
        for key, row in self._rows.items():
            row.setVisible(key in _SHOWN[way])
        self._columns = 0
        self._arrange()
        self._caption()
        self.changed.emit()

    def _arrange(self) -> None:
        """In the order of reading, which is that of the keyboard, without holes."""
        columns = 2 if self.width() >= self._theme.px(_ROOMY) else 1
        if columns == self._columns:
            return
        self._columns = columns
        for row in self._rows.values():
            self._grid.removeWidget(row)
        for number, key in enumerate(_SHOWN[self._way]):
            self._grid.addWidget(self._rows[key], number // columns, number % columns)
        for column in (0, 1):
            self._grid.setColumnStretch(column, int(column < columns))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Two columns where there is room."""
        super().resizeEvent(event)
        self._arrange()

    def show_config(self, config: ProjectConfig | None) -> None:
        """What the project says of new accounts; None: not known yet."""
        self._config = config
        self._terms.setPlainText("" if config is None else config.terms_of_use)
        self.accept.setChecked(False)
        self._caption()
        self.changed.emit()

    def _caption(self) -> None:
        new = self._way is Way.CREATE
        text = words.new_password(self._config) if new else words.word("password")
        caption = self._rows["password"].findChild(type(self.team), "caption")
        if caption is not None:
            caption.setText(text)
        self.fields["password"].setAccessibleName(text)
        has_terms = new and self._config is not None and bool(self._config.terms_of_use)
        for part in (self._terms_title, self._terms, self.accept):
            part.setVisible(has_terms)

    # --- reading -----------------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """The project that is meant."""
        return self.fields["project"].text().strip() or LHC

    @property
    def complete(self) -> bool:
        """Whether all that is needed is there; what is right the project says."""
        consents = self.accept.isHidden() or self.accept.isChecked()
        return consents and all(self.fields[key].text().strip() for key in _NEEDED[self._way])

    def signup(self) -> Signup:
        """What was typed, for the project alone."""
        shown = {key: field.text().strip() if key in _SHOWN[self._way] else "" for key, field in self.fields.items()}
        return Signup(
            way=self._way,
            email=shown["email"],
            name=shown["name"],
            password=self.fields["password"].text() if shown["password"] else "",
            key=shown["account_key"],
            invite_code=shown["code"],
            team=shown["team"],
            consent=self.accept.isChecked() and not self.accept.isHidden(),
        )

    def forget(self) -> None:
        """Nothing secret stays in a field, nor in what Ctrl+Z could bring back."""
        for key in _SECRET:
            self.fields[key].setText("")

    def _invited(self) -> None:
        """A link says more than a code."""
        found = invitation.read(self.fields["code"].text())
        if found.team:
            self.fields["team"].setText(found.team)
        if found.project or found.team:
            self.fields["code"].setText(found.code)
        if found.project and found.project != self.address:
            self.fields["project"].setText(found.project)
            self.project_changed.emit()
