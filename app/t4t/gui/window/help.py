"""Help: what can go wrong, a report for whoever helps, the keyboard, what this program is made of."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from t4t import __version__
from t4t.gui.background import Background
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Across, Facts, TextDialog
from t4t.gui.components.rows import Rows
from t4t.gui.theme.tokens import SPACE
from t4t.gui.window.removal import RemovalCard
from t4t.wording import problems, updates, wizard
from t4t.wording import window as words

if TYPE_CHECKING:
    from t4t.domain.errors import T4TError
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme
    from t4t.gui.window.services import WindowServices
    from t4t.wording.problems import Problem

_MOST: Final = 12
_OURS: Final = "t4t-desktop"
_LICENCE: Final = ("licenses/LICENSE", "LICENSE")


class ProblemRow(QWidget):
    """One thing that can go wrong."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self._title, self._body, self._remedies, self._code = label("name"), label(), label("muted"), label("small", wraps=False)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        box.setSpacing(2)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._code, 0, Qt.AlignmentFlag.AlignTop)
        box.addLayout(head)
        for part in (self._body, self._remedies):
            box.addWidget(part)

    def fill(self, problem: Problem) -> None:
        """Show it."""
        say(self._title, problem.title)
        say(self._code, problem.code)
        say(self._body, problem.body)
        say(self._remedies, "\n".join(f"→ {one}" for one in problem.remedies))
        self.setAccessibleName(". ".join((problem.title, problem.body, *problem.remedies)))


def _fill(row: QWidget, problem: Problem) -> None:
    if isinstance(row, ProblemRow):
        row.fill(problem)


def licence() -> str:
    """The text of our licence, as far as it came with the installation."""
    try:
        ours = importlib.metadata.distribution(_OURS)
    except importlib.metadata.PackageNotFoundError:
        return ""
    return next((text for name in _LICENCE if (text := ours.read_text(name))), "")


def libraries() -> list[str]:
    """The libraries that are used here, with their versions and licences as they themselves say."""
    try:
        required = importlib.metadata.requires(_OURS) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = [f"Python {platform.python_version()}: PSF-2.0"]
    for name in sorted({_name(requirement) for requirement in required}, key=str.casefold):
        try:
            said = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        terms = _first(said, "License-Expression") or _classified(said.get_all("Classifier", [])) or _first(said, "License")
        found.append(f"{said['Name']} {said['Version']}: {terms}")
    return found


def _name(requirement: str) -> str:
    """The name at the beginning of a requirement."""
    end = next((at for at, letter in enumerate(requirement) if not (letter.isalnum() or letter in "-_.")), len(requirement))
    return requirement[:end]


def _first(said: importlib.metadata.PackageMetadata, field: str) -> str:
    """The first line of a field; empty where there is none."""
    return next(iter(str(next(iter(said.get_all(field, [])), "")).splitlines()), "")


def _classified(classifiers: list[str]) -> str:
    named = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: ") and not one.endswith(":: OSI Approved")]
    return ", ".join(named)


class Help(Page):
    """All of it."""

    page_asked = Signal(str)
    """Another page would help."""

    def __init__(self, theme: Theme, services: WindowServices, session: Session) -> None:
        """Nothing is gathered before somebody asks."""
        super().__init__(theme, words.title("help"))
        self._services = services
        self._session = session
        self._build_problems()
        self._build_report()
        self._build_setup()
        self._build_keyboard()
        self._build_about()
        self.removal = RemovalCard(theme, services)
        self.box.addWidget(self.removal)
        self.box.addStretch(1)
        self._search("")
        session.changed.connect(self._tell_of_updates)
        self._tell_of_updates()

    # --- what can go wrong -------------------------------------------------------------------------------------------

    def _build_problems(self) -> None:
        card = Card(words.word("problems"))
        self.field = QLineEdit()
        self.field.setPlaceholderText(words.word("search"))
        self.field.setAccessibleName(words.word("search"))
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._search)
        self._nothing = label("muted", words.word("nothing_found"))
        self._problems: Rows[Problem] = Rows(ProblemRow, _fill)
        for part in (self.field, self._nothing, self._problems):
            card.rows.addWidget(part)
        self.box.addWidget(card)

    def _search(self, text: str) -> None:
        found = problems.search(text) if text.strip() else problems.common()
        self._problems.show_all(found[:_MOST])
        self._nothing.setVisible(not found)

    # --- the report --------------------------------------------------------------------------------------------------

    def _build_report(self) -> None:
        card = Card(words.word("report"))
        card.rows.addWidget(label("muted", words.word("report_text")))
        self._make = button(words.word("make_report"), self._gather)
        self._said = label("muted")
        say(self._said, "")
        self._look = button(words.word("show_logs"), self._read_logs, role="link")
        card.rows.addWidget(Across(self._make, self._look))
        card.rows.addWidget(self._said)
        self.box.addWidget(card)
        self._gathering = Background(self)
        self._gathering.done.connect(self._preview)
        self._gathering.failed.connect(self._failed)
        self._reading = Background(self)
        self._reading.done.connect(self._show_logs)
        self._reading.failed.connect(self._failed)
        self._writing = Background(self)
        self._writing.done.connect(lambda path: say(self._said, words.report_saved(str(path))))
        self._writing.failed.connect(self._failed)

    def _gather(self) -> None:
        if self._gathering.start(lambda _tell: self._services.report()):
            self._make.setEnabled(False)
            say(self._said, words.word("making_report"))

    def _preview(self, text: object) -> None:
        self._make.setEnabled(True)
        say(self._said, "")
        report = str(text)
        actions = ((words.word("copy_report"), lambda: self._copy(report)), (words.word("save_report"), lambda: self._ask_where(report)))
        dialog = TextDialog(self, words.word("report"), report, above=words.word("report_text"), actions=actions)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _read_logs(self) -> None:
        if self._reading.start(lambda _tell: self._services.logs()):
            self._look.setEnabled(False)

    def _show_logs(self, text: object) -> None:
        self._look.setEnabled(True)
        self._read(words.word("logs"), str(text))

    def _copy(self, report: str) -> None:
        QGuiApplication.clipboard().setText(report)
        say(self._said, words.word("copied"))

    def _ask_where(self, report: str) -> None:
        dialog = QFileDialog(self, words.word("save_report"), str(Path.home() / words.report_name()))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # what is there is never overwritten
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.save(report, Path(chosen)))
        dialog.open()

    def save(self, report: str, path: Path) -> None:
        """Write the report into the new file ``path``; what came of it is said on the page."""

        def work(_tell: object) -> Path:
            self._services.write_report(path, report)
            return path

        self._writing.start(work)

    def _failed(self, error: T4TError) -> None:
        self._make.setEnabled(True)
        self._look.setEnabled(True)
        say(self._said, words.went_wrong(error))

    # --- the first run, once more --------------------------------------------------------------------------------------

    def _build_setup(self) -> None:
        card = Card(wizard.word("again"))
        card.rows.addWidget(label("muted", wizard.word("again_text")))
        card.rows.addWidget(button(wizard.word("again"), lambda: self.page_asked.emit("setup")), 0, Qt.AlignmentFlag.AlignLeft)
        self.box.addWidget(card)

    # --- keyboard and about ------------------------------------------------------------------------------------------

    def _build_keyboard(self) -> None:
        card = Card(words.word("keyboard"))
        facts = Facts()
        facts.fill(words.keyboard())
        card.rows.addWidget(facts)
        self.box.addWidget(card)

    def _build_about(self) -> None:
        card = Card(words.word("about"))
        card.rows.addWidget(label("name", words.version(__version__)))
        self._update = label("muted")
        card.rows.addWidget(self._update)
        card.rows.addWidget(label("muted", words.word("licence_text")))
        texts = {"licence": licence(), "libraries": "\n".join(libraries())}
        card.rows.addWidget(Across(*(button(words.word(key), functools.partial(self._read, words.word(key), text)) for key, text in texts.items() if text)))
        self.box.addWidget(card)

    def _tell_of_updates(self) -> None:
        """Whether there is a newer version, in a copy that has to do with them."""
        view = self._session.view
        update = None if view is None else view.update
        say(self._update, "" if update is None else "\n".join(filter(None, (updates.sentence(update), updates.trouble(update)))))

    def _read(self, title: str, text: str) -> None:
        dialog = TextDialog(self, title, text)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
