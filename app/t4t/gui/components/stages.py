"""What is done one thing after the other: each with a sign that differs by shape and colour, and how far it is. Nothing of it moves by itself."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from t4t.gui.components.basic import label, say
from t4t.gui.components.rows import Picture, Rows
from t4t.gui.theme.tokens import SPACE
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.gui.theme.style import Theme

_SIGN: Final = 20


class Stand(enum.Enum):
    """How a stage stands; the value is the key of its word."""

    WAITING = "state_waiting"
    NOW = "state_now"
    DONE = "state_done"
    FAILED = "state_failed"


_ICONS: Final = {Stand.WAITING: "check-waiting", Stand.NOW: "check-now", Stand.DONE: "check-ok", Stand.FAILED: "check-fail"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One of them."""

    name: str
    stand: Stand
    detail: str = ""


class StageRow(QWidget):
    """One stage."""

    def __init__(self, theme: Theme) -> None:
        """Empty."""
        super().__init__()
        self._theme = theme
        self._sign = Picture(theme, _SIGN)
        self._name = label()
        self._detail = label("muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        row.setSpacing(SPACE[2])
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._name, 1)
        row.addWidget(self._detail, 0, Qt.AlignmentFlag.AlignTop)

    def fill(self, stage: Stage) -> None:
        """Show it."""
        colors = self._theme.colors
        color = {Stand.WAITING: colors.control, Stand.NOW: colors.accent, Stand.DONE: colors.good, Stand.FAILED: colors.bad}[stage.stand]
        self._sign.show_icon(_ICONS[stage.stand], color)
        say(self._name, stage.name)
        say(self._detail, stage.detail)
        self.setAccessibleName(words.stage_line(stage.name, words.word(stage.stand.value), stage.detail))


def _fill(row: QWidget, stage: Stage) -> None:
    if isinstance(row, StageRow):
        row.fill(stage)


class Stages(QWidget):
    """All of them."""

    def __init__(self, theme: Theme) -> None:
        """None yet."""
        super().__init__()
        self._shown: tuple[Stage, ...] = ()
        self._rows: Rows[Stage] = Rows(lambda: StageRow(theme), _fill)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._rows)
        theme.changed.connect(self._recolour)

    def _recolour(self) -> None:
        self.fill(self._shown)

    @property
    def shown(self) -> tuple[Stage, ...]:
        """What was filled in last."""
        return self._shown

    def fill(self, stages: Sequence[Stage]) -> None:
        """Show them in their order."""
        self._shown = tuple(stages)
        self._rows.show_all(self._shown)
        self.setVisible(bool(self._shown))
