"""Within what the account allows: how much work to ask one project for, and which of its tasks may have a VM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain import project_task
from t4t.domain.policy import holds_still
from t4t.domain.project_task import Stage
from t4t.domain.scheduler_request import WorkRequest
from t4t.domain.work_fetch import QueuedTask, work_wanted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from t4t.boinc.care import Care
    from t4t.boinc.surroundings import Surroundings
    from t4t.domain.preferences import Preferences
    from t4t.domain.project_limits import ProjectLimits
    from t4t.domain.project_task import ProjectTask


def wanted(around: Surroundings, held: Sequence[ProjectTask], preferences: Preferences, limits: ProjectLimits) -> WorkRequest:
    """What `t4t.domain.work_fetch` says of the tasks that are held; nothing while nobody computes, or while its files could not come."""
    view = around.workshop.view
    if around.workshop.capabilities is None or view is None or view.finishing or not around.gate.is_open:
        return WorkRequest()
    if around.once:
        return WorkRequest() if held else WorkRequest(seconds=1.0, instances=1.0)
    if limits.is_full(sum(task.stage is not Stage.FINISHED for task in held)):
        return WorkRequest()
    seen = {one.key: one for one in view.tasks}
    queue = []
    for task in held:
        shown = seen.get(task.slot)
        rest = project_task.remaining_s(task, fraction=shown.fraction if shown else 0.0, elapsed_s=shown.elapsed_s if shown else 0.0)
        if task.stage in {Stage.FETCHING, Stage.READY}:
            queue.append(QueuedTask(remaining=max(1.0, rest)))
    uploading = any(task.stage is Stage.SENDING for task in held)
    return work_wanted(preferences, limits.lanes(around.tasks), queue, uploading=uploading, paused=holds_still(view.level))


def handed_out(care: Care, limits: ProjectLimits) -> list[Path]:
    """The folders of the tasks that may have a VM, those due first."""
    ready = {task.slot: task for task in care.tasks if task.stage is Stage.READY}
    begun = {slot: care.begun(task) for slot, task in ready.items()} if limits.max_jobs else {}
    return [care.slot(ready[slot]) for slot in limits.handed_out(ready, begun)]
