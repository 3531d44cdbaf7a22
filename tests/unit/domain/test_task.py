"""The decision, over all that can be known."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.duration import TimeUp
from t4t.domain.heartbeat import Pulse
from t4t.domain.policy import Level
from t4t.domain.task import MAX_RECOVERIES, OFF_GRACE_S, Order, Step, TaskFacts, order_of, superseded, transition
from t4t.domain.vm import VmState


def decide(facts: TaskFacts) -> Step:
    return transition(facts, Order.RUN)


ENDS = {Step.QUIT, Step.COLLECT, Step.END_OF_TIME, Step.FAIL_PREMATURE, Step.FAIL_HEARTBEAT, Step.FAIL_DURATION, Step.FAIL_LOST}
FACTS = st.builds(
    TaskFacts,
    vm=st.sampled_from(VmState),
    can_save=st.booleans(),
    may_start=st.booleans(),
    completed=st.booleans(),
    rest_asked=st.booleans(),
    resting=st.booleans(),
    pulse=st.sampled_from(Pulse),
    time_up=st.sampled_from(TimeUp),
    expects_running=st.booleans(),
    off_for_s=st.floats(0, 3 * OFF_GRACE_S),
    unfit=st.booleans(),
    checkpoint_due=st.booleans(),
    recoveries=st.integers(0, MAX_RECOVERIES + 1),
)
many = settings(max_examples=2000, deadline=None)


@many
@given(facts=FACTS)
def test_it_is_total_and_the_same_for_the_same(facts: TaskFacts) -> None:
    for order in Order:
        assert isinstance(transition(facts, order), Step)
        assert transition(facts, order) is transition(replace(facts), order)


@many
@given(facts=FACTS)
def test_a_completed_task_is_collected_before_anything_else(facts: TaskFacts) -> None:
    for order in Order:
        assert transition(replace(facts, completed=True), order) is Step.COLLECT
        ended = transition(replace(facts, ended=True), order)
        assert ended is (Step.REPORT if facts.vm is VmState.ABSENT else Step.CLEAR_AWAY)


@many
@given(facts=FACTS)
def test_nothing_is_started_that_has_a_process(facts: TaskFacts) -> None:
    step = decide(facts)
    if facts.vm.alive and facts.vm is not VmState.PAUSED:
        assert step is not Step.START
    if step is Step.CREATE:
        assert facts.vm is VmState.ABSENT
    if step in {Step.SAVE, Step.CHECKPOINT, Step.REST}:
        assert facts.vm in {VmState.RUNNING, VmState.PAUSED}


@many
@given(facts=FACTS)
def test_on_the_way_out_nothing_is_made_started_or_thrown_away(facts: TaskFacts) -> None:
    step = transition(replace(facts, completed=False), Order.QUIT)
    assert step in {Step.SAVE, Step.PAUSE, Step.WAIT, Step.QUIT}
    if facts.vm in {VmState.RUNNING, VmState.PAUSED} and facts.can_save:
        assert step is Step.SAVE
    if step is Step.QUIT:
        assert facts.vm is not VmState.RUNNING
    if step is Step.WAIT:
        assert not facts.vm.settled


@many
@given(facts=FACTS, order=st.sampled_from([Order.HOLD, Order.SAVE]))
def test_what_is_to_stand_still_is_never_set_going_or_thrown_away(facts: TaskFacts, order: Order) -> None:
    step = transition(replace(facts, completed=False), order)
    assert step in {Step.PAUSE, Step.WAIT} | ({Step.SAVE} if order is Order.SAVE else set())
    if facts.vm is VmState.RUNNING:
        assert step is not Step.WAIT
    if step is Step.SAVE:
        assert facts.can_save


def test_a_step_that_no_longer_fits_is_cancelled() -> None:
    for step in Step:
        assert superseded(step, Order.RUN) is (step is Step.SAVE)
        assert superseded(step, Order.HOLD) is (step is Step.START)
        for order in (Order.SAVE, Order.QUIT):
            assert superseded(step, order) is (step in {Step.START, Step.CHECKPOINT})


def test_orders() -> None:
    assert [order_of(level) for level in Level] == [Order.RUN, Order.RUN, Order.RUN, Order.HOLD, Order.SAVE, Order.QUIT]


def test_nothing_begins_out_of_turn() -> None:
    for state in (VmState.ABSENT, VmState.POWERED_OFF, VmState.SAVED, VmState.PAUSED, VmState.ABORTED_SAVED):
        assert transition(TaskFacts(vm=state, may_start=False), Order.RUN) is Step.WAIT


@many
@given(facts=FACTS)
def test_while_it_changes_by_itself_it_is_left_alone(facts: TaskFacts) -> None:
    if not facts.vm.settled and not facts.completed:
        assert decide(facts) is Step.WAIT


@many
@given(facts=FACTS)
def test_work_is_never_given_up_while_another_try_is_left(facts: TaskFacts) -> None:
    if facts.recoveries < MAX_RECOVERIES:
        assert decide(facts) not in {Step.FAIL_LOST, Step.FAIL_HEARTBEAT}
    assert decide(replace(facts, recoveries=MAX_RECOVERIES)) is not Step.RECOVER


def test_precedence_while_it_runs() -> None:
    facts = TaskFacts(vm=VmState.RUNNING, rest_asked=True, time_up=TimeUp.FINISHED, pulse=Pulse.LOST, checkpoint_due=True)
    assert decide(facts) is Step.REST
    assert decide(facts := replace(facts, rest_asked=False)) is Step.END_OF_TIME
    assert decide(facts := replace(facts, time_up=TimeUp.NO)) is Step.RECOVER
    assert decide(replace(facts, recoveries=MAX_RECOVERIES)) is Step.FAIL_HEARTBEAT
    assert decide(facts := replace(facts, pulse=Pulse.BEATING)) is Step.CHECKPOINT
    assert decide(replace(facts, checkpoint_due=False)) is Step.WAIT


def test_a_machine_that_is_off() -> None:
    facts = TaskFacts(vm=VmState.POWERED_OFF)
    assert decide(facts) is Step.START
    assert decide(replace(facts, time_up=TimeUp.PASSED_BEFORE_START)) is Step.FAIL_DURATION
    assert decide(replace(facts, resting=True, time_up=TimeUp.PASSED_BEFORE_START)) is Step.WAIT
    facts = replace(facts, expects_running=True)
    assert decide(facts) is Step.WAIT  # its completion file may still come
    assert decide(replace(facts, off_for_s=OFF_GRACE_S)) is Step.FAIL_PREMATURE


def test_a_machine_that_is_lost() -> None:
    for state in (VmState.STUCK, VmState.INACCESSIBLE, VmState.ABORTED):
        assert decide(TaskFacts(vm=state)) is Step.RECOVER
        assert decide(TaskFacts(vm=state, recoveries=MAX_RECOVERIES)) is Step.FAIL_LOST
    assert transition(TaskFacts(vm=VmState.STUCK), Order.QUIT) is Step.QUIT


_NEXT = {
    Step.CREATE: VmState.POWERED_OFF,
    Step.START: VmState.RUNNING,
    Step.SAVE: VmState.SAVED,
    Step.REST: VmState.SAVED,
    Step.RECOVER: VmState.POWERED_OFF,
}


def _settle(facts: TaskFacts, step: Step) -> TaskFacts:
    """What an obedient world looks like after ``step``; what changes by itself does, rests end, and a running guest finishes."""
    if step in _NEXT:
        counted = facts.recoveries + (step is Step.RECOVER)
        started = facts.expects_running if step in {Step.SAVE, Step.REST} else step is Step.START
        time_up = TimeUp.NO if step is Step.RECOVER else facts.time_up
        pulse = Pulse.BEATING if step in {Step.START, Step.RECOVER} else facts.pulse
        return replace(facts, vm=_NEXT[step], recoveries=counted, expects_running=started, rest_asked=False, time_up=time_up, pulse=pulse)
    if step is Step.CHECKPOINT:
        return replace(facts, checkpoint_due=False)
    if not facts.vm.settled:
        return replace(facts, vm=VmState.POWERED_OFF)
    if facts.vm is VmState.RUNNING:
        return replace(facts, completed=True)
    return replace(facts, resting=False, off_for_s=facts.off_for_s + 1)


@many
@given(facts=FACTS)
def test_from_everywhere_there_is_an_end(facts: TaskFacts) -> None:
    facts = replace(facts, may_start=True)
    for _ in range(40):
        step = decide(facts)
        if step in ENDS:
            return
        facts = _settle(facts, step)
    raise AssertionError(facts)


@many
@given(facts=FACTS)
def test_who_is_to_stay_is_left_as_it_is(facts: TaskFacts) -> None:
    assert transition(replace(facts, completed=False, ended=False), Order.STAY) is Step.WAIT
    assert superseded(Step.START, Order.STAY)
    assert not superseded(Step.SAVE, Order.STAY)


@many
@given(facts=FACTS)
def test_limits_are_mended_while_it_runs_and_before_a_checkpoint(facts: TaskFacts) -> None:
    step = transition(replace(facts, unfit=False), Order.RUN)
    unfit = transition(replace(facts, unfit=True), Order.RUN)
    assert unfit is (Step.ADJUST if facts.vm is VmState.RUNNING and step in {Step.WAIT, Step.CHECKPOINT} else step)
    for order in (Order.HOLD, Order.SAVE, Order.QUIT, Order.STAY):
        assert transition(replace(facts, completed=False), order) is not Step.ADJUST


@many
@given(facts=FACTS)
def test_what_can_be_neither_saved_nor_frozen_is_given_up_on_the_way_out_only(facts: TaskFacts) -> None:
    lost = replace(facts, vm=VmState.RUNNING, completed=False, can_save=False, can_pause=False)
    assert transition(lost, Order.QUIT) is Step.RECOVER
    assert transition(lost, Order.SAVE) is Step.PAUSE
    assert transition(replace(lost, can_pause=True), Order.QUIT) is Step.PAUSE
