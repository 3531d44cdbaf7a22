"""What a task needs next: one pure transition over everything that is known about it."""

from __future__ import annotations

import enum
from typing import Final, assert_never

from t4t.domain.duration import TimeUp
from t4t.domain.heartbeat import Pulse
from t4t.domain.policy import Level
from t4t.domain.record import record
from t4t.domain.vm import VmState

OFF_GRACE_S: Final = 5.0
"""How long after a VM went off its completion file may still arrive."""
MAX_RECOVERIES: Final = 5
"""Recoveries without a checkpoint, a save or new progress between them, until the task counts as failed."""


class Order(enum.Enum):
    """What the decision asks of every task."""

    RUN = "run"
    STAY = "stay"
    """As it is: what runs goes on, nothing is begun."""
    HOLD = "hold"
    """Frozen in memory."""
    SAVE = "save"
    """Saved to disk, no process."""
    QUIT = "quit"
    """Saved to disk, and the program ends."""


def order_of(level: Level) -> Order:
    """What a level means for a VM that is there; how much of the computer it gets is another matter."""
    match level:
        case Level.FULL | Level.GENTLE | Level.ONE_CORE:
            return Order.RUN
        case Level.PAUSED:
            return Order.HOLD
        case Level.SAVED:
            return Order.SAVE
        case Level.STOPPED:
            return Order.QUIT
        case _:
            assert_never(level)


class Step(enum.Enum):
    """The one thing to do now."""

    WAIT = "wait"
    CREATE = "create"
    START = "start"
    """Boot, restore or resume, as the VM's state needs."""
    PAUSE = "pause"
    ADJUST = "adjust"
    """Its limits or its network link are not what they should be: mend them while it runs."""
    CHECKPOINT = "checkpoint"
    SAVE = "save"
    QUIT = "quit"
    """Everything is safe: the program may end."""
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
    CLEAR_AWAY = "clear_away"
    """The task has ended and that is written down: its VM goes."""
    REPORT = "report"
    """Nothing is left but to tell the result."""


@record(kw_only=True)
class TaskFacts:
    """All that the transition looks at. Times are seconds of running time unless said otherwise."""

    vm: VmState
    ended: bool = False
    """How the task ended is written down."""
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
    """It was seen running and we did not end it."""
    off_for_s: float = 0.0
    """Seconds of real time since it was first seen off."""
    unfit: bool = False
    """Something of it is to be changed while it runs (see `Step.ADJUST`), and the last try did not just fail."""
    checkpoint_due: bool = False
    recoveries: int = 0
    can_save: bool = True
    """The driver can, and the last try did not just fail."""
    can_pause: bool = True
    """The last tries did not just fail, one after the other."""
    may_start: bool = True
    """Its turn has come: only one VM boots at a time, and no more run than the volunteer gives room for."""


def transition(facts: TaskFacts, order: Order) -> Step:
    """The next step, at most one; total over all facts and orders."""
    if facts.ended:
        return Step.REPORT if facts.vm is VmState.ABSENT else Step.CLEAR_AWAY
    if facts.completed:
        return Step.COLLECT
    match order:
        case Order.RUN:
            return _while_running(facts) if facts.vm is VmState.RUNNING else _otherwise(facts)
        case Order.STAY:
            return Step.WAIT
        case Order.HOLD:
            return Step.PAUSE if facts.vm is VmState.RUNNING else Step.WAIT
        case Order.SAVE:
            return _to_disk(facts)
        case Order.QUIT:
            return _on_the_way_out(facts)
        case _:
            assert_never(order)


def superseded(step: Step, order: Order) -> bool:
    """Whether a step that is under way no longer fits the order and is to be cancelled; what can't be taken back goes on to its end."""
    match step:
        case Step.START:
            return order is not Order.RUN
        case Step.CHECKPOINT:
            return order in {Order.SAVE, Order.QUIT}
        case Step.SAVE:
            return order is Order.RUN
        case _:
            return False


def _otherwise(facts: TaskFacts) -> Step:
    match facts.vm:
        case VmState.ABSENT:
            return Step.CREATE if facts.may_start else Step.WAIT
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


def _to_disk(facts: TaskFacts) -> Step:
    if facts.vm in {VmState.RUNNING, VmState.PAUSED} and facts.can_save:
        return Step.SAVE
    return Step.PAUSE if facts.vm is VmState.RUNNING else Step.WAIT


def _on_the_way_out(facts: TaskFacts) -> Step:
    """As to disk; what can't be saved is left frozen, never running: what can't be frozen either goes back to its last checkpoint."""
    if facts.vm is VmState.RUNNING and not facts.can_save and not facts.can_pause:
        return Step.RECOVER
    if (step := _to_disk(facts)) is not Step.WAIT:
        return step
    return Step.WAIT if not facts.vm.settled else Step.QUIT


def _while_running(facts: TaskFacts) -> Step:
    if facts.rest_asked:
        return Step.REST
    if facts.time_up is not TimeUp.NO:
        return Step.END_OF_TIME
    if facts.pulse is Pulse.LOST:
        return _recover_or(facts, Step.FAIL_HEARTBEAT)
    if facts.unfit:
        return Step.ADJUST
    return Step.CHECKPOINT if facts.checkpoint_due else Step.WAIT


def _before_start(facts: TaskFacts) -> Step:
    if facts.resting:
        return Step.WAIT
    if facts.time_up is TimeUp.PASSED_BEFORE_START:
        return Step.FAIL_DURATION
    return Step.START if facts.may_start else Step.WAIT


def _recover_or(facts: TaskFacts, failure: Step) -> Step:
    return Step.RECOVER if facts.recoveries < MAX_RECOVERIES else failure
