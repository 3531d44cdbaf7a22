"""What a task needs next: one pure decision over everything that is known about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, assert_never

from t4t.domain.duration import TimeUp
from t4t.domain.heartbeat import Pulse
from t4t.domain.vm import VmState

OFF_GRACE_S: Final = 5.0
"""How long after a VM went off its completion file may still arrive."""
MAX_RECOVERIES: Final = 5
"""Recoveries without a checkpoint, a save or new progress between them, until the task counts as failed."""


class Intent(enum.Enum):
    """What the volunteer wants."""

    RUN = "run"
    SAVE = "save"
    """Save the VM and end the program."""


class Step(enum.Enum):
    """The one thing to do now."""

    WAIT = "wait"
    CREATE = "create"
    START = "start"
    """Boot, restore or resume, as the VM's state needs."""
    CHECKPOINT = "checkpoint"
    SAVE = "save"
    QUIT = "quit"
    """Everything is safe: end the program."""
    REST = "rest"
    """The guest asked for a temporary exit."""
    COLLECT = "collect"
    """The guest reported its end."""
    END_OF_TIME = "end_of_time"
    """The job's duration is over: shut down, a success."""
    RECOVER = "recover"
    """Go back to the last checkpoint, or boot anew."""
    FAIL_PREMATURE = "fail_premature"
    FAIL_HEARTBEAT = "fail_heartbeat"
    FAIL_DURATION = "fail_duration"
    FAIL_LOST = "fail_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """All that the decision looks at. Times are seconds of running time unless said otherwise."""

    vm: VmState
    intent: Intent = Intent.RUN
    completed: bool = False
    """The completion file is there."""
    rest_asked: bool = False
    """The temporary exit trigger is there."""
    resting: bool = False
    """A temporary exit is not over yet."""
    pulse: Pulse = Pulse.BEATING
    time_up: TimeUp = TimeUp.NO
    """As seen for a running VM, or for one about to be started."""
    expects_running: bool = False
    """We started it and did not end it."""
    off_for_s: float = 0.0
    """Seconds of real time since it was first seen off."""
    checkpoint_due: bool = False
    recoveries: int = 0


def decide(facts: TaskFacts) -> Step:
    """The next step; total over all facts."""
    if facts.completed:
        return Step.COLLECT
    if facts.intent is Intent.SAVE:
        return _on_the_way_out(facts.vm)
    return _while_running(facts) if facts.vm is VmState.RUNNING else _otherwise(facts)


def _otherwise(facts: TaskFacts) -> Step:
    match facts.vm:
        case VmState.ABSENT:
            return Step.CREATE
        case VmState.STUCK | VmState.INACCESSIBLE | VmState.ABORTED:
            return _recover_or(facts, Step.FAIL_LOST)
        case VmState.PAUSED | VmState.SAVED | VmState.ABORTED_SAVED:
            return _before_start(facts)
        case VmState.POWERED_OFF:
            return _when_off(facts)
        case VmState.STARTING | VmState.SAVING | VmState.RESTORING | VmState.STOPPING | VmState.UNKNOWN | VmState.RUNNING:
            return Step.WAIT
        case _:
            assert_never(facts.vm)


def _when_off(facts: TaskFacts) -> Step:
    if not facts.expects_running:
        return _before_start(facts)
    return Step.WAIT if facts.off_for_s < OFF_GRACE_S else Step.FAIL_PREMATURE


def _on_the_way_out(vm: VmState) -> Step:
    if vm in {VmState.RUNNING, VmState.PAUSED}:
        return Step.SAVE
    return Step.WAIT if vm.alive and vm is not VmState.STUCK else Step.QUIT


def _while_running(facts: TaskFacts) -> Step:
    if facts.rest_asked:
        return Step.REST
    if facts.time_up is not TimeUp.NO:
        return Step.END_OF_TIME
    if facts.pulse is Pulse.LOST:
        return _recover_or(facts, Step.FAIL_HEARTBEAT)
    return Step.CHECKPOINT if facts.checkpoint_due else Step.WAIT


def _before_start(facts: TaskFacts) -> Step:
    if facts.resting:
        return Step.WAIT
    return Step.FAIL_DURATION if facts.time_up is TimeUp.PASSED_BEFORE_START else Step.START


def _recover_or(facts: TaskFacts, failure: Step) -> Step:
    return Step.RECOVER if facts.recoveries < MAX_RECOVERIES else failure
