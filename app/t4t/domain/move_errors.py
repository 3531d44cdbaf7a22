"""Errors of moving the virtual machines to another disk. Branches of the tree in `t4t.domain.errors`.

T4TError
├─ UsageError: PlaceRefused                                                                             exit 2
└─ HostError: MoveFailed, MachinesAway                                                                  exit 3
"""

from __future__ import annotations

from dataclasses import dataclass

from t4t.domain.errors import HostError, UsageError


@dataclass(eq=False)
class PlaceRefused(UsageError):
    """The machines can't be moved to ``path``."""

    path: str
    reason: str
    code = "T4T-MOVE-01"


@dataclass(eq=False)
class MoveFailed(HostError):
    """A copy could not be made, or is not the same; the machines stay where they were."""

    path: str
    reason: str
    code = "T4T-MOVE-02"


@dataclass(eq=False)
class MachinesAway(HostError):
    """The machines were moved to ``path``, which is not there now."""

    path: str
    code = "T4T-MOVE-03"
