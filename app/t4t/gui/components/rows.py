"""Rows of cards: a rule with its sign, a task with its progress. They are filled again and again, so that nothing flickers or jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from t4t.domain.diagnosis.findings import Status
from t4t.gui.components.basic import button, label, line, say
from t4t.gui.theme.icons import render
from t4t.gui.theme.tokens import SPACE
from t4t.wording import findings, remedies
from t4t.wording import screen as words
from t4t.wording import window as pages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from t4t.domain.diagnosis.findings import Finding
    from t4t.gui.theme.style import Theme
    from t4t.wording.screen import RuleText, TaskText

ContentT = TypeVar("ContentT")
_THOUSAND: Final = 1000
_SIGN: Final = 20
_CHECK: Final = 150
_CHECK_ROOMY: Final = 420
_WHEN: Final = 150
_MANY: Final = 20


class Picture(QLabel):
    """One of our icons at a size, sharp on every screen, in a colour of the theme."""

    def __init__(self, theme: Theme, size: int) -> None:
        """No picture yet. It says nothing to screen readers: words stand beside it."""
        super().__init__()
        self._theme = theme
        self._size = theme.px(size)
        self._shown: tuple[str, str, float] | None = None
        self.setFixedSize(QSize(self._size, self._size))

    def show_icon(self, name: str, color: str) -> None:
        """Show the icon ``name`` in ``color``."""
        wanted = (name, color, self.devicePixelRatioF())
        if wanted == self._shown:
            return
        self._shown = wanted
        pixmap = QPixmap.fromImage(render(name, round(self._size * wanted[2]), color))
        pixmap.setDevicePixelRatio(wanted[2])
        self.setPixmap(pixmap)


class RuleRow(QWidget):
    """One rule: sign, what it watches, what it sees. The sign differs by shape and by colour."""

    def __init__(self, theme: Theme) -> None:
        """Empty."""
        super().__init__()
        self._theme = theme
        self._sign = Picture(theme, _SIGN)
        self._title = label("name")
        self._value = label("muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        row.setSpacing(SPACE[2])
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._title, 3, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._value, 4, Qt.AlignmentFlag.AlignTop)

    def fill(self, rule: RuleText) -> None:
        """Show ``rule``."""
        colors = self._theme.colors
        self._sign.show_icon("sign-holds" if rule.holds else "sign-clear", colors.attention if rule.holds else colors.good)
        say(self._title, rule.title)
        self._value.setText(rule.value)
        self.setAccessibleName(words.spoken_rule(rule))


class TaskRow(QWidget):
    """One task: name, what it does, how far it is."""

    def __init__(self, _theme: Theme) -> None:
        """Empty."""
        super().__init__()
        self._name = label("name")
        self._doing = label("muted", wraps=False)
        self._bar = QProgressBar()
        self._bar.setRange(0, _THOUSAND)
        self._bar.setTextVisible(False)
        self._progress = label("small")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        grid.setVerticalSpacing(SPACE[0] + 2)
        grid.addWidget(self._name, 0, 0)
        grid.addWidget(self._doing, 0, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self._bar, 1, 0, 1, 2)
        grid.addWidget(self._progress, 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)

    def fill(self, task: TaskText) -> None:
        """Show ``task``."""
        say(self._name, task.name)
        say(self._doing, task.doing)
        say(self._progress, task.progress)
        self._bar.setValue(round(task.fraction * _THOUSAND))
        self.setAccessibleName(words.spoken_task(task))
        self._bar.setAccessibleName(words.spoken_task(task))


_STATUS_ICONS: Final = {Status.OK: "check-ok", Status.WARN: "check-warn", Status.FAIL: "check-fail", Status.UNKNOWN: "check-unknown"}


class CheckRow(QWidget):
    """One of the doctor's findings: a sign that differs by shape and colour, the question, the answer, more below it where it is not well."""

    def __init__(self, theme: Theme, fix: Callable[[Finding], object]) -> None:
        """``fix`` is called where its button is clicked."""
        super().__init__()
        self._theme, self._fix = theme, fix
        self._finding: Finding | None = None
        self._sign = Picture(theme, _SIGN)
        self._check = label("name")
        self._check.setFixedWidth(theme.px(_CHECK))
        self._summary = label()
        self._detail = label("muted")
        self._button = button("", self._clicked)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._summary)
        texts.addWidget(self._detail)
        texts.addSpacing(SPACE[0])
        texts.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        row.setSpacing(SPACE[2])
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        self._said = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._said.setSpacing(SPACE[2])
        self._said.addWidget(self._check, 0, Qt.AlignmentFlag.AlignTop)
        self._said.addLayout(texts, 1)
        row.addLayout(self._said, 1)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As narrow as its widest part."""
        widest = max(self._check.width(), self._button.minimumSizeHint().width() if not self._button.isHidden() else 0)
        return QSize(self._sign.width() + SPACE[2] + widest, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Where it is narrow the answer stands below the question."""
        super().resizeEvent(event)
        wide = event.size().width() >= self._theme.px(_CHECK_ROOMY)
        self._said.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def fill(self, finding: Finding) -> None:
        """Show ``finding``, with the first remedy where it is not well."""
        self._finding = finding
        said, colors = findings.say(finding), self._theme.colors
        color = {Status.OK: colors.good, Status.WARN: colors.attention, Status.FAIL: colors.bad, Status.UNKNOWN: colors.muted}[finding.status]
        self._sign.show_icon(_STATUS_ICONS[finding.status], color)
        say(self._check, said.check)
        say(self._summary, said.summary)
        say(self._detail, "" if finding.status is Status.OK else said.detail)
        offered = finding.status is not Status.OK and bool(finding.steps)
        if offered:
            self._button.setText(remedies.say(finding.steps[0], finding).title)
            self._button.setAccessibleName(self._button.text())
        self._button.setVisible(offered)
        self.setAccessibleName(pages.spoken_check(said.check, finding.status, said.summary))

    def _clicked(self) -> None:
        if self._finding is not None:
            self._fix(self._finding)


class HistoryRow(QWidget):
    """When, and what."""

    def __init__(self, theme: Theme) -> None:
        """Empty."""
        super().__init__()
        self._when = label("muted")
        self._when.setFixedWidth(theme.px(_WHEN))
        self._what = label()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(SPACE[2])
        row.addWidget(self._when, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._what, 1)

    def fill(self, when: str, what: str) -> None:
        """Show one line."""
        self._when.setText(when)
        say(self._what, what)
        self.setAccessibleName(f"{when}: {what}")


class Rows(QWidget, Generic[ContentT]):
    """As many rows of one kind as there is content, with lines between them."""

    def __init__(self, make: Callable[[], QWidget], fill: Callable[[QWidget, ContentT], None]) -> None:
        """``make`` makes an empty row, ``fill`` puts content into it."""
        super().__init__()
        self._make = make
        self._fill = fill
        self._made: list[tuple[QWidget, QWidget]] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(SPACE[0])

    def show_all(self, contents: Sequence[ContentT]) -> None:
        """Show a row for each of ``contents``, in their order.

        A row that appears where it can be seen lays out the whole page anew: where there are many, the place is put away meanwhile.
        """
        shown = sum(not row.isHidden() for _, row in self._made)
        aside = not self.isHidden() and abs(len(contents) - shown) > _MANY
        if aside:
            self.hide()
        self._fill_all(contents)
        if aside:
            self.show()

    def _fill_all(self, contents: Sequence[ContentT]) -> None:
        while len(self._made) < len(contents):
            pair = (line(), self._make())
            for widget in pair:
                self._box.addWidget(widget)
            self._made.append(pair)
        for number, (above, row) in enumerate(self._made):
            used = number < len(contents)
            above.setVisible(used and number > 0)
            row.setVisible(used)
            if used:
                self._fill(row, contents[number])
