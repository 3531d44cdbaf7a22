"""What is known of a setting beside its type: said once, at the field, in `msgspec.Meta`.

`msgspec.Meta` rather than dataclass metadata, because msgspec then checks the range itself wherever a tree is read, and the settings travel through msgspec
anyway: file, local API, window.
"""

from __future__ import annotations

import enum
from typing import Final

from msgspec import Meta


class Effect(enum.Enum):
    """When a change acts."""

    NOW = "now"
    SAFE_POINT = "safe-point"
    """When a machine starts next without a state of its own: a saved state knows its cores and its memory."""
    RESTART = "restart"
    """When the program starts next."""


TIME_OF_DAY: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"


def number(text: str, low: float, high: float, unit: str = "", *, zero: str = "", least: float | None = None, effect: Effect = Effect.NOW) -> Meta:
    """A number from ``low`` to ``high``; ``zero``: what 0 means where it is not just a number, and then ``least`` is the smallest other one."""
    return Meta(ge=low, le=high, description=text, extra={"unit": unit, "zero": zero, "least": least, "effect": effect})


def plain(text: str, unit: str = "", *, effect: Effect = Effect.NOW) -> Meta:
    """A choice, yes or no, a list, or text."""
    return Meta(description=text, extra={"unit": unit, "zero": "", "least": None, "effect": effect})
