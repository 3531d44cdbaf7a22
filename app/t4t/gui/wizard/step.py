"""What all screens of the first run share: a headline, its content, what the button that goes on is called, and whether it may."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Signal

from t4t.domain.setting_up import Setup, Step
from t4t.gui.components.basic import label, say
from t4t.gui.components.page import Page
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from t4t.domain.language import Language
    from t4t.domain.project_view import Keep
    from t4t.domain.signup import ProjectOffer
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme
    from t4t.gui.window.services import WindowServices


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account that was found, and is joined at the end. Its key is nowhere but here."""

    found: ProjectOffer
    key: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Run:
    """What the screens know together, in memory; `setup` alone is durable."""

    services: WindowServices
    session: Session
    setup: Setup = field(default_factory=Setup)
    account: Account | None = None
    keep: Keep | None = None
    """Where its key is to be kept; None: where the system keeps keys."""
    language: Language | None = None
    """Chosen while this window was open; it may not be written down yet."""
    only_demo: bool = False
    """LHC@home's program can't run here, whatever somebody does."""

    def change(self, **changes: object) -> None:
        """Other durable values, in memory for now."""
        self.setup = msgspec.structs.replace(self.setup, **changes)


class StepPage(Page):
    """One screen."""

    changed = Signal()
    """The button that goes on has other words, or another answer to whether it may."""
    passed = Signal()
    """Go on to the next screen."""
    ended = Signal(str)
    """It is over: show this page of the window."""

    def __init__(self, theme: Theme, run: Run, step: Step, below: str = "") -> None:
        """Empty."""
        super().__init__(theme, words.title(step), below)
        self.run = run
        self.step = step
        self.note = label("attention")
        say(self.note, "")

    @property
    def next_text(self) -> str:
        """The words of the button that goes on; empty: there is none."""
        return words.word("next")

    @property
    def may_go(self) -> bool:
        """Whether it can be clicked."""
        return True

    @property
    def may_leave(self) -> bool:
        """Whether another screen may be shown now."""
        return True

    def go(self) -> None:
        """It was clicked."""
        self.passed.emit()

    def depart(self) -> None:
        """Another screen is shown."""
