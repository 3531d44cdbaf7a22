"""What the volunteer can ask of the agent with one click, and how each is said in the local API."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from t4t.domain.policy import Level, PauseKind, holds_still
from t4t.wording import commands

if TYPE_CHECKING:
    from t4t.domain.session import SessionView


class Command(enum.Enum):
    """The value is the request's method, with the kind of a pause behind a colon."""

    PAUSE_HALF_HOUR = "pause:30m"
    PAUSE_HOUR = "pause:1h"
    PAUSE_THREE_HOURS = "pause:3h"
    PAUSE_TOMORROW = "pause:tomorrow"
    PAUSE_RESTART = "pause:restart"
    PAUSE_FOREVER = "pause:forever"
    FINISH = "finish"
    PROLONG = "prolong"
    RESUME = "resume"
    QUIT = "quit"

    @property
    def method(self) -> str:
        """The method of the local API."""
        return self.value.partition(":")[0]

    @property
    def pause(self) -> PauseKind | None:
        """For how long, if it pauses."""
        kind = self.value.partition(":")[2]
        return PauseKind(kind) if kind else None

    @property
    def params(self) -> dict[str, object]:
        """The parameters of the request."""
        return {} if self.pause is None else {"kind": self.pause.value}

    @property
    def label(self) -> str:
        """Its words in a menu."""
        return commands.label(self.method) if self.pause is None else commands.pause_label(self.pause)

    @property
    def at_once(self) -> str:
        """What is shown from the click on until the agent has done it."""
        return commands.at_once(self.method)


PAUSES: Final = tuple(command for command in Command if command.method == "pause")

MANUAL_PAUSE: Final = "manual_pause"
"""The rule that a pause by hand is."""


def is_paused(view: SessionView) -> bool:
    """Whether a pause by hand holds, whatever the icon shows."""
    return view.deciding == MANUAL_PAUSE


def is_ending(view: SessionView) -> bool:
    """Whether the agent saves everything and ends."""
    return view.level is Level.STOPPED


def is_done(command: Command, view: SessionView) -> bool:
    """Whether ``view`` shows what ``command`` asked for."""
    match command.method:
        case "pause":
            return is_paused(view) and holds_still(view.level)
        case "prolong":
            return is_paused(view)
        case "resume":
            return not is_paused(view) and not view.finishing
        case "finish":
            return view.finishing or is_paused(view)
        case _:
            return is_ending(view)
