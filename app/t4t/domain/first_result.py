"""How far the way to the first result is, out of what everybody who looks on is shown. Pure."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record
from t4t.domain.session import Activity
from t4t.domain.vm import VmState

if TYPE_CHECKING:
    from t4t.domain.session import SessionView


class Way(enum.Enum):
    """Its stages in their order; the value is the key of the words."""

    FETCH = "fetch"
    BOOT = "boot"
    COMPUTE = "compute"
    COUNT = "count"
    THERE = "there"


@record(kw_only=True)
class Progress:
    """Where it is, and how far the job is that is computed, from 0 to 1."""

    way: Way
    fraction: float = 0.0


_BOOTED: Final = frozenset({VmState.RUNNING, VmState.PAUSED, VmState.SAVING, VmState.SAVED, VmState.RESTORING})


def way_to(view: SessionView | None, *, finished_before: int) -> Progress:
    """``finished_before``: tasks that were done before anything was asked for. Somebody is there once no result waits here for its project any more."""
    if view is None:
        return Progress(way=Way.FETCH)
    if view.finished > finished_before:
        return Progress(way=Way.COUNT if any(project.sending or project.reporting for project in view.projects) else Way.THERE)
    computed = [task for task in view.tasks if task.activity is not Activity.QUEUED]
    begun = [_share(task.fraction) for task in computed if task.vm in _BOOTED and task.fraction > 0]
    if begun:
        return Progress(way=Way.COMPUTE, fraction=max(begun))
    return Progress(way=Way.BOOT if computed else Way.FETCH)


def _share(fraction: float) -> float:
    """What a guest says of itself may be anything."""
    return fraction if 0.0 <= fraction <= 1.0 else 1.0
