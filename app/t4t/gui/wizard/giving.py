"""How much to give: presets with what they come to on this computer, and ten seconds to hear it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout

from t4t.domain.setting_up import Step
from t4t.domain.settings.presets import CHOICES, Preset
from t4t.domain.trial_load import Trying
from t4t.gui.background import Background
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.choices import ChoiceCard, Columns
from t4t.gui.theme.tokens import SPACE
from t4t.gui.wizard.step import StepPage
from t4t.wording import window as pages
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from t4t.domain.errors import T4TError
    from t4t.domain.offers import Offer
    from t4t.gui.theme.style import Theme
    from t4t.gui.wizard.step import Run

_NARROW: Final = 560
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is to choose from, what holds, and what a kilowatt-hour costs."""

    offers: Sequence[Offer]
    chosen: Preset
    price: tuple[float, str]


class Giving(StepPage):
    """The third screen."""

    def __init__(self, theme: Theme, run: Run) -> None:
        """Figures are worked out when it comes into view."""
        super().__init__(theme, run, Step.RESOURCES, words.word("resources_below"))
        self._offers: dict[Preset, Offer] = {}
        self._price: tuple[float, str] = (0.0, "")
        self._group = QButtonGroup(self)
        self.columns = Columns(theme, _NARROW)
        self._cards = {preset: ChoiceCard(words.preset(preset), _LINES) for preset in CHOICES}
        for card in self._cards.values():
            self._group.addButton(card.radio)
            card.chosen.connect(self._show)
            self.columns.add(card)
        self._whole = Card()
        self._sum = label()
        for part in (self._sum, label("muted", words.word("by_itself")), label("muted", words.word("data")), label("muted", words.estimate())):
            self._whole.rows.addWidget(part)
        self._whole.hide()
        self._try = button(words.word("try"), self._start_or_stop)
        self._try.setEnabled(False)
        self._tried = label("muted", words.word("try_below"))
        self._stop = threading.Event()
        self.box.addWidget(self.columns)
        self.box.addWidget(self._whole)
        trying = QHBoxLayout()
        trying.setSpacing(SPACE[2])
        trying.addWidget(self._try)
        trying.addWidget(self._tried, 1)
        self.box.addLayout(trying)
        self.box.addWidget(self.note)
        self.box.addStretch(1)
        self._asking = Background(self)
        self._asking.done.connect(self._told)
        self._asking.failed.connect(self._failed)
        self._choosing = Background(self)
        self._choosing.done.connect(lambda _done: self.passed.emit())
        self._choosing.failed.connect(self._failed)
        self._trying = Background(self)
        self._trying.told.connect(self._progress)
        self._trying.done.connect(self._over)
        self._trying.failed.connect(self._failed)

    @property
    def chosen(self) -> Preset | None:
        """Which card is chosen."""
        return next((preset for preset, card in self._cards.items() if card.radio.isChecked()), None)

    @property
    def may_go(self) -> bool:
        """Once something is chosen."""
        return self.chosen is not None and not self._choosing.busy

    def arrive(self) -> None:
        """Ask what there is to choose from."""
        say(self.note, "")
        services = self.run.services
        if not self._offers:
            self._asking.start(lambda _tell: _Known(services.offers(), services.chosen(), services.price()))

    def depart(self) -> None:
        """No load is left running."""
        self._stop.set()

    def go(self) -> None:
        """Let what is chosen hold, then go on."""
        preset, services = self.chosen, self.run.services
        if preset is not None and self._choosing.start(lambda _tell: services.choose(preset)):
            self._stop.set()
            self.changed.emit()

    def _told(self, told: object) -> None:
        if not isinstance(told, _Known):
            return
        self._price = told.price
        for one in told.offers:
            self._offers[one.preset] = one
            mark = words.word("suggested") if one.suggested else ""
            self._cards[one.preset].fill(words.offer_lines(one), mark=mark, spoken=words.spoken_offer(one))
        best = next((one.preset for one in told.offers if one.suggested), None)
        for preset in (best, told.chosen):  # what holds is one of them, or nobody's
            if preset in self._cards:
                self._cards[preset].radio.setChecked(True)
        self.changed.emit()

    def _show(self) -> None:
        preset = self.chosen
        self._stop.set()
        if preset is not None:
            price, currency = self._price
            say(self._sum, words.offer_whole(self._offers[preset], price=price, currency=currency))
        self._whole.setVisible(preset is not None)
        self._try.setEnabled(preset is not None)
        self.changed.emit()

    def _failed(self, error: T4TError) -> None:
        say(self.note, pages.went_wrong(error))
        self._show_try(running=False)
        self.changed.emit()

    # --- trying ------------------------------------------------------------------------------------------------------

    def _start_or_stop(self) -> None:
        preset, services = self.chosen, self.run.services
        if self._trying.busy:
            self._stop.set()
            return
        if preset is None:
            return
        stop = self._stop = threading.Event()

        def work(tell: Callable[[object], None]) -> None:
            services.try_load(self._offers[preset].cores, tell, stop)

        self._trying.start(work)
        self._show_try(running=True)

    def _show_try(self, *, running: bool) -> None:
        self._try.setText(words.word("try_stop" if running else "try"))
        self._try.setAccessibleName(self._try.text())

    def _progress(self, told: object) -> None:
        if isinstance(told, Trying):
            say(self._tried, words.trying(told))

    def _over(self, _nothing: object) -> None:
        say(self._tried, words.word("try_over"))
        self._show_try(running=False)
