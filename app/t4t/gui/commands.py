"""What the volunteer can ask of the agent with one click, and how each is said in the local API."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Final

from t4t.domain.policy import RULES, AnywayKind, LessKind, Level, PauseKind, holds_still
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
    RUN_ANYWAY = "run_anyway:1h"
    OBEY_RULES = "run_anyway:off"
    USE_LESS_GENTLE = "use_less:gentle"
    USE_LESS_ONE_CORE = "use_less:one-core"
    USE_MORE = "use_less:off"
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
        method, _, kind = self.value.partition(":")
        return PauseKind(kind) if method == "pause" else None

    @property
    def less(self) -> LessKind | None:
        """How much less, if it is to use less."""
        method, _, kind = self.value.partition(":")
        return LessKind(kind) if method == "use_less" and self is not Command.USE_MORE else None

    @property
    def params(self) -> dict[str, object]:
        """The parameters of the request."""
        match self:
            case Command.RUN_ANYWAY:
                return {"kind": AnywayKind.HOUR.value}
            case Command.OBEY_RULES | Command.USE_MORE:
                return {"kind": None}
            case Command.USE_LESS_GENTLE | Command.USE_LESS_ONE_CORE:
                return {"kind": None if self.less is None else self.less.value}
            case _:
                return {} if self.pause is None else {"kind": self.pause.value}

    @property
    def label(self) -> str:
        """Its words in a menu."""
        if self.less is not None:
            return commands.less_label(self.less)
        return commands.label(self._key) if self.pause is None else commands.pause_label(self.pause)

    @property
    def at_once(self) -> str:
        """What is shown from the click on until the agent has done it."""
        return commands.at_once(self._key)

    @property
    def _key(self) -> str:
        return {Command.OBEY_RULES: "obey_rules", Command.USE_MORE: "use_more"}.get(self, self.method)


PAUSES: Final = tuple(command for command in Command if command.method == "pause")
LESSES: Final = tuple(command for command in Command if command.less is not None)

MANUAL_PAUSE: Final = "manual_pause"
"""The rule that a pause by hand is."""


def is_paused(view: SessionView) -> bool:
    """Whether a pause by hand holds, whatever the icon shows."""
    return view.deciding == MANUAL_PAUSE


_YIELDING: Final = frozenset(rule.id for rule in RULES if rule.yields)


def can_run_anyway(view: SessionView) -> bool:
    """Whether it is held back by a rule that the volunteer can overrule."""
    return view.deciding in _YIELDING


def lesses(view: SessionView) -> tuple[Command, ...]:
    """How it can use less, and the way back where it does; nothing while it stands still by hand."""
    if is_paused(view) or is_ending(view):
        return ()
    return LESSES if view.using_less is None else (*(one for one in LESSES if one.less is not view.using_less), Command.USE_MORE)


def is_ending(view: SessionView) -> bool:
    """Whether the agent saves everything and ends."""
    return view.level is Level.STOPPED


_WORTH_ASKING_S: Final = 1.0


def asks_first(view: SessionView) -> bool:
    """Whether there is work whose saving takes a moment, so that the end is asked for; else the program just ends."""
    return not is_ending(view) and _WORTH_ASKING_S <= view.save_s < math.inf


def is_done(command: Command, view: SessionView) -> bool:
    """Whether ``view`` shows what ``command`` asked for."""
    match command.method:
        case "run_anyway":
            return (view.anyway_until is not None) is (command is Command.RUN_ANYWAY)
        case "use_less":
            return view.using_less is command.less
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
