"""How much of the computer the work may have: the ladder, from all that the volunteer gives down to nothing."""

from __future__ import annotations

import enum
from typing import Final


class Level(enum.Enum):
    """How much the work may have, from all that the volunteer gives to nothing."""

    FULL = "full"
    GENTLE = "gentle"
    ONE_CORE = "one_core"
    PAUSED = "paused"
    """Frozen in memory."""
    SAVED = "saved"
    """Saved to disk."""
    STOPPED = "stopped"
    """Saved to disk, and the program ends."""


_DEPTH: Final = {level: depth for depth, level in enumerate(Level)}


def lower(one: Level, other: Level) -> Level:
    """The level that gives the work less."""
    return max(one, other, key=_DEPTH.__getitem__)


def holds_still(level: Level) -> bool:
    """Whether nothing may run at this level."""
    return _DEPTH[level] >= _DEPTH[Level.PAUSED]
