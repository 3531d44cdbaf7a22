"""A picture that the volunteer kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPicture:
    """``name`` is its file's, below ``path``; ``at`` is when it was kept, in seconds since 1970."""

    name: str
    path: str
    at: float
