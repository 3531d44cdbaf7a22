"""How much work to ask for: enough that no core is idle, and no more than the volunteer's buffer."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record
from t4t.domain.scheduler_request import WorkRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.preferences import Preferences

_DAY: Final = 86400.0
FIRST: Final = WorkRequest(seconds=1.0)
"""The first contact asks for one task, so that a new computer can show that it works."""


@record(kw_only=True)
class QueuedTask:
    """A task that is held and not finished: seconds of running time that it will still take, on so many cores."""

    remaining: float
    cores: float = 1.0


def lanes(cores: int, queue: Sequence[QueuedTask]) -> list[float]:
    """For each core the seconds until it runs dry, when the longest tasks are begun first; ascending."""
    busy = [0.0] * cores
    for task in sorted(queue, key=lambda task: -task.remaining):
        width = max(1, min(cores, round(task.cores)))
        taken = [heapq.heappop(busy) for _ in range(width)]
        end = max(taken) + max(0.0, task.remaining)
        for _ in range(width):
            heapq.heappush(busy, end)
    return sorted(busy)


def work_wanted(preferences: Preferences, cores: int, queue: Sequence[QueuedTask], *, uploading: bool, paused: bool) -> WorkRequest:
    """What to ask for now; nothing while results are being uploaded (they may fail, and the disk is full of them) or computing is paused for long.

    Work is asked for when a core would run dry within ``work_buf_min_days``, and then for all that is missing up to both buffers together.
    """
    ahead = lanes(cores, queue)
    soonest = ahead[0]
    least = preferences.work_buf_min_days * _DAY
    most = least + preferences.work_buf_additional_days * _DAY
    idle = sum(1 for lane in ahead if lane <= 0)
    if uploading or paused or (soonest >= least and not idle):
        return WorkRequest(estimated_delay=soonest)
    missing = sum(max(0.0, most - lane) for lane in ahead)
    return WorkRequest(seconds=max(1.0, missing), instances=float(idle), estimated_delay=soonest)
