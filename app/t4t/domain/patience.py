"""How long to wait before a failed step is tried again: nothing is postponed by a day, nothing hammers."""

from __future__ import annotations

from typing import Final

from t4t.domain.errors import HostError, Retry, T4TError, VmWrongState

TRANSIENT_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 60.0, 300.0, 900.0)
"""After the first, second … failure in a row; then always the last."""
RESOURCE_S: Final = 60.0
"""Memory, disk, a folder that somebody else has: it comes back when it comes back."""
USER_S: Final = 300.0
DAMAGED_S: Final = 900.0


def is_passing(error: T4TError) -> bool:
    """Whether the same may well work in a moment: also when what we saw was older than what is."""
    return isinstance(error, VmWrongState) or error.retry is Retry.BACKOFF


def wait_s(error: T4TError, failures: int) -> float:
    """Seconds until the next try after ``failures`` in a row (at least 1), the last of them ``error``."""
    if is_passing(error):
        return TRANSIENT_S[min(failures, len(TRANSIENT_S)) - 1]
    if isinstance(error, HostError):
        return RESOURCE_S
    return USER_S if error.retry is Retry.AFTER_USER else DAMAGED_S
