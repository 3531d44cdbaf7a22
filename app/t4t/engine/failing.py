"""Why a task has failed, by the step that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.errors import DurationPassed, HeartbeatLost, PrematureShutdown, T4TError, VmLost
from t4t.domain.task import Step

if TYPE_CHECKING:
    from t4t.domain.vbox_job import VboxJob
    from t4t.engine.observer import TaskObserver
    from t4t.engine.record import TaskRecord


def failure(step: Step, seen: TaskObserver, record: TaskRecord, job: VboxJob) -> T4TError:
    """The error of a step that fails the task."""
    match step:
        case Step.FAIL_HEARTBEAT:
            return HeartbeatLost(seconds=seen.silent_s)
        case Step.FAIL_DURATION:
            return DurationPassed(elapsed=record.elapsed_s, duration=job.job_duration)
        case Step.FAIL_LOST:
            return VmLost(vm=record.vm_id, detail=seen.state.value)
        case _:
            return PrematureShutdown(detail=seen.state.value)
