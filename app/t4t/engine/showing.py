"""From what the engine knows to the one value that is shown."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import LimitNotHeld, Retry, T4TError
from t4t.domain.session import VERSION, Activity, NoticeView, PortView, SessionView, TaskView, sentence, tray_state
from t4t.domain.task import Step
from t4t.domain.vm import VmState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t.domain.clock import WallClock
    from t4t.domain.policy import Decision, Intent
    from t4t.engine.reconciler import Charge

_NO_HURRY: Final = frozenset({LimitNotHeld.code})
"""Notices that are shown and need nobody: the work goes on all the same."""
_PASSING_FAILURES: Final = 3
"""A failure that passes is the volunteer's business when it does not pass."""
_SAVE_BASE_S: Final = 3.0
_SAVE_MIB_PER_S: Final = 100.0
"""What a slow disk does; used until a save was measured."""


def activity(charge: Charge) -> Activity:
    """What the task is doing: the step under way, else what its VM is."""
    match charge.step:
        case Step.START | Step.CREATE:
            return Activity.SETTING_UP
        case Step.SAVE | Step.REST:
            return Activity.SAVING
        case Step.RECOVER:
            return Activity.RECOVERING
        case Step.COLLECT | Step.END_OF_TIME | Step.CLEAR_AWAY | Step.FAIL_DURATION | Step.FAIL_HEARTBEAT | Step.FAIL_LOST | Step.FAIL_PREMATURE:
            return Activity.FINISHING
        case _:
            return _resting_activity(charge)


_BY_STATE: Final = {
    VmState.RUNNING: Activity.RUNNING,
    VmState.PAUSED: Activity.PAUSED,
    VmState.STARTING: Activity.SETTING_UP,
    VmState.RESTORING: Activity.SETTING_UP,
    VmState.SAVING: Activity.SAVING,
    VmState.STOPPING: Activity.FINISHING,
    VmState.ABORTED: Activity.RECOVERING,
    VmState.STUCK: Activity.RECOVERING,
    VmState.INACCESSIBLE: Activity.RECOVERING,
    VmState.UNKNOWN: Activity.RECOVERING,
}


def _resting_activity(charge: Charge) -> Activity:
    work = charge.work
    state = work.seen.state
    if charge.troubles and state is not VmState.RUNNING:
        return Activity.TROUBLE
    if state in {VmState.SAVED, VmState.ABORTED_SAVED}:
        return Activity.RESTING if work.resting else Activity.SAVED
    if state in {VmState.ABSENT, VmState.POWERED_OFF}:
        return Activity.FINISHING if work.record.outcome or work.record.expects_running else Activity.QUEUED
    return _BY_STATE[state]


def task_view(charge: Charge, clock: WallClock) -> TaskView:
    """One task."""
    work, record = charge.work, charge.work.record
    progress = work.seen.progress()
    info = work.seen.info
    doing = activity(charge)
    return TaskView(
        key=charge.key,
        name=work.folder.path.name,
        path=str(work.folder.path),
        activity=doing,
        vm=work.seen.state,
        fraction=round(progress.fraction, 6),
        elapsed_s=round(record.elapsed_s, 3),
        cpu_s=round(record.cpu_s, 3),
        lost_s=round(record.lost_s, 3),
        cores=work.wishes.cores if info is None else info.cores,
        memory_mib=work.folder.spec(work.vm, work.wishes).memory_mib if info is None else info.memory_mib,
        cap_percent=work.wishes.cap_percent if info is None else info.cap_percent,
        bandwidth_kib_s=work.wishes.bandwidth_kib_s if info is None else info.bandwidth_kib_s,
        ports=() if info is None else tuple(PortView(name=port.name, host_port=port.host_port) for port in info.ports),
        checkpoints=record.checkpoints,
        restarts=record.restarts,
        last_checkpoint=record.checkpoint_wall,
        save_s=record.save_s,
        retry_at=None if charge.trouble is None else _wall(clock, charge.trouble.retry_at),
        sentence=f"task.{doing.value}",
        measured_percent=None if work.seen.share.percent is None else round(work.seen.share.percent),
    )


def _wall(clock: WallClock, monotonic: float) -> float:
    return round(clock.wall() + monotonic - clock.monotonic(), 0)


def notice_view(error: T4TError, *, task: str = "", retry_at: float | None = None) -> NoticeView:
    """An error as data."""
    return NoticeView(code=error.code, data=dataclasses.asdict(error), task=task, retry_at=retry_at)


def needs_nobody(notice: NoticeView) -> bool:
    """Whether it is shown and asks for nothing."""
    return notice.code in _NO_HURRY


def matters(error: T4TError, failures: int) -> bool:
    """Whether the volunteer should know: not of what passes by itself."""
    return error.retry is not Retry.BACKOFF or failures > _PASSING_FAILURES


def notices(charges: Iterable[Charge], clock: WallClock) -> list[NoticeView]:
    """What is wrong with tasks."""
    return [
        notice_view(trouble.error, task=charge.key, retry_at=_wall(clock, trouble.retry_at))
        for charge in charges
        for trouble in charge.troubles.values()
        if matters(trouble.error, trouble.failures)
    ]


def save_estimate_s(charges: Iterable[Charge]) -> float:
    """How long saving all VMs one after the other will take."""
    total = 0.0
    for charge in charges:
        if charge.work.seen.state.alive:
            memory = 0 if charge.work.seen.info is None else charge.work.seen.info.memory_mib
            total += charge.work.record.save_s or _SAVE_BASE_S + memory / _SAVE_MIB_PER_S
    return round(total, 1)


def session_view(
    decision: Decision, intent: Intent, charges: list[Charge], *, clock: WallClock, hypervisor: str, finished: int, general: list[NoticeView]
) -> SessionView:
    """Everything at this moment; the serial is the engine's."""
    tasks = tuple(task_view(charge, clock) for charge in charges)
    told = (*general, *notices(charges, clock))
    attention = not all(map(needs_nobody, told))
    state = tray_state(decision, [task.activity for task in tasks], attention=attention)
    return SessionView(
        version=VERSION,
        serial=0,
        pid=os.getpid(),
        state=state,
        sentence=sentence(state, decision),
        level=decision.level,
        deciding=decision.deciding,
        since=decision.since,
        next_change=decision.next_change,
        finishing=intent.finishing,
        anyway_until=None if intent.anyway is None else intent.anyway.until,
        using_less=None if intent.less is None else intent.less.kind,
        hypervisor=hypervisor,
        save_s=save_estimate_s(charges),
        finished=finished,
        tasks=tasks,
        notices=told,
    )
