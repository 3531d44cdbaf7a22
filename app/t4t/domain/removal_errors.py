"""Errors of removing everything that this program made. Branches of the tree in `t4t.domain.errors`.

T4TError
├─ UsageError: FolderShared                                                                             exit 2
└─ HostError: NotAllRemoved                                                                             exit 3
"""

from __future__ import annotations

from dataclasses import dataclass

from t4t.domain.errors import HostError, UsageError


@dataclass(eq=False)
class FolderShared(UsageError):
    """Files that are not ours lie in the data folder ``path``: ``names`` are the first of them."""

    path: str
    names: str
    code = "T4T-REMOVE-01"


@dataclass(eq=False)
class NotAllRemoved(HostError):
    """``count`` things are still there, ``path`` among them."""

    path: str
    reason: str
    count: int
    code = "T4T-REMOVE-02"
