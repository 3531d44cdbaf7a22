"""Design tokens: colours by role, distances, type. Plain values; contrast is held by a test (text 4.5 : 1, controls and graphics 3 : 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Colors:
    """Colours by role, as ``#RRGGBB``."""

    window: str
    surface: str
    line: str
    """Decoration only: nothing is told by it."""
    control: str
    """The border of what can be acted on."""
    text: str
    muted: str
    accent: str
    """What can be acted on, or the volunteer's own data; nothing else."""
    on_accent: str
    accent_soft: str
    good: str
    attention: str
    bad: str


LIGHT: Final = Colors(
    window="#F6F7F9",
    surface="#FFFFFF",
    line="#D9DEE5",
    control="#7A8594",
    text="#161B22",
    muted="#55606E",
    accent="#1F5FBF",
    on_accent="#FFFFFF",
    accent_soft="#E6EEFA",
    good="#1B7A43",
    attention="#8F5400",
    bad="#B3261E",
)
DARK: Final = Colors(
    window="#12161C",
    surface="#1A2028",
    line="#2E3743",
    control="#8793A3",
    text="#EDF1F6",
    muted="#A5B0BE",
    accent="#7FB2FF",
    on_accent="#0B1220",
    accent_soft="#1D2B40",
    good="#62D08F",
    attention="#F2B55C",
    bad="#FF8F86",
)

SPACE: Final = (4, 8, 12, 16, 20, 28)
"""Distances in pixels of the layout, from hair to between cards."""
RADIUS_CONTROL: Final = 8
RADIUS_CARD: Final = 12
TARGET: Final = 32
"""The least height of what can be clicked."""
LARGE_TARGET: Final = 44
"""The same where somebody is for the first time."""
NAV: Final = 38
"""The height of an entry of the navigation."""
FOCUS: Final = 2
"""Width of the ring around what has the keyboard."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One size of type: in pixels at the system's ordinary size, and its weight."""

    pixels: float
    bold: bool = False


SMALL: Final = Letter(12.5)
BODY: Final = Letter(14)
TITLE: Final = Letter(15, bold=True)
HEADLINE: Final = Letter(22, bold=True)
BIG: Final = Letter(26, bold=True)

ORDINARY_POINTS: Final = 10.0
"""The size of the system's font to which `Letter.pixels` belong; a volunteer's larger font makes everything larger by the same factor."""
