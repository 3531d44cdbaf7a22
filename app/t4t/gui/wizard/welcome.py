"""What this is, why, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from t4t.domain.language import NAMES, Language
from t4t.domain.setting_up import Step
from t4t.gui.components.basic import Card, button, label
from t4t.gui.components.boxes import ChoiceBox
from t4t.gui.components.rows import Picture
from t4t.gui.theme.tokens import SPACE, TARGET
from t4t.gui.wizard.step import StepPage
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from t4t.gui.theme.style import Theme
    from t4t.gui.wizard.step import Run

_SIGN: Final = 20
_MARK: Final = 56


class Welcome(StepPage):
    """The first screen."""

    language_asked = Signal(object)
    """Speak this `Language`."""

    def __init__(self, theme: Theme, run: Run) -> None:
        """Three promises, and how it works for who wants to know."""
        super().__init__(theme, run, Step.WELCOME)
        self._mark = Picture(theme, _MARK)
        self.head.insertWidget(0, self._mark, 0, Qt.AlignmentFlag.AlignTop)
        self.languages = self._choice()
        self.box.insertWidget(0, self.languages, 0, Qt.AlignmentFlag.AlignRight)
        self.box.addWidget(label(text=words.word("what")))
        card = Card()
        self._signs: list[Picture] = []
        for key in ("sealed", "you_decide", "cost"):
            card.rows.addWidget(self._promise(words.word(key)))
        self.box.addWidget(card)
        self._how = button(words.word("how"), self._toggle, role="link")
        self._explained = QWidget()
        column = QVBoxLayout(self._explained)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        for key in ("how_1", "how_2", "how_3"):
            column.addWidget(label("muted", words.word(key)))
        self._explained.hide()
        self.box.addWidget(self._how, 0, Qt.AlignmentFlag.AlignLeft)
        self.box.addWidget(self._explained)
        self.box.addStretch(1)
        theme.changed.connect(self._paint)
        self._paint()

    def _choice(self) -> QComboBox:
        """Of languages, each by what it calls itself."""
        made = ChoiceBox()
        for one in Language:
            made.addItem(words.word("language_system") if one is Language.SYSTEM else NAMES[one], one)
        made.setCurrentIndex(list(Language).index(self.run.language or self.run.services.language()))
        made.setAccessibleName(words.word("language"))
        made.setMinimumHeight(self.theme.px(TARGET))
        made.activated.connect(lambda number: self.language_asked.emit(list(Language)[number]))
        return made

    def _promise(self, text: str) -> QWidget:
        made, sign = QWidget(), Picture(self.theme, _SIGN)
        self._signs.append(sign)
        row = QHBoxLayout(made)
        row.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        row.setSpacing(SPACE[2])
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label(text=text), 1)
        return made

    def _paint(self) -> None:
        self._mark.show_icon("mark", self.theme.colors.accent)
        for sign in self._signs:
            sign.show_icon("check-ok", self.theme.colors.good)

    def _toggle(self) -> None:
        shown = self._explained.isHidden()
        self._explained.setVisible(shown)
        self._how.setText(words.word("how_less" if shown else "how"))
        self._how.setAccessibleName(self._how.text())

    @property
    def next_text(self) -> str:
        """See `StepPage`."""
        return words.word("start")
