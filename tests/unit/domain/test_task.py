"""The decision, over all that can be known."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.duration import TimeUp
from t4t.domain.heartbeat import Pulse
from t4t.domain.task import MAX_RECOVERIES, OFF_GRACE_S, Order, Step, TaskFacts, transition
from t4t.domain.vm import VmState

ENDS = {Step.QUIT, Step.COLLECT, Step.END_OF_TIME, Step.FAIL_PREMATURE, Step.FAIL_HEARTBEAT, Step.FAIL_DURATION, Step.FAIL_LOST}
FACTS = st.builds(
    TaskFacts,
    vm=st.sampled_from(VmState),
    intent=st.sampled_from(Intent),
    completed=st.booleans(),
    rest_asked=st.booleans(),
    resting=st.booleans(),
    pulse=st.sampled_from(Pulse),
    time_up=st.sampled_from(TimeUp),
    expects_running=st.booleans(),
    off_for_s=st.floats(0, 3 * OFF_GRACE_S),
    checkpoint_due=st.booleans(),
    recoveries=st.integers(0, MAX_RECOVERIES + 1),
)
many = settings(max_examples=2000, deadline=None)


@many
@given(facts=FACTS)
def test_it_is_total_and_the_same_for_the_same(facts: TaskFacts) -> None:
    assert isinstance(decide(facts), Step)
    assert decide(facts) is decide(replace(facts))


@many
@given(facts=FACTS)
def test_a_completed_task_is_collected_before_anything_else(facts: TaskFacts) -> None:
    assert decide(replace(facts, completed=True)) is Step.COLLECT


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
    step = decide(replace(facts, intent=Intent.SAVE, completed=False))
    assert step in {Step.SAVE, Step.WAIT, Step.QUIT}
    if facts.vm in {VmState.RUNNING, VmState.PAUSED}:
        assert step is Step.SAVE
    if step is Step.WAIT:
        assert facts.vm.alive


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
    assert decide(TaskFacts(vm=VmState.STUCK, intent=Intent.SAVE)) is Step.QUIT


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
    for _ in range(40):
        step = decide(facts)
        if step in ENDS:
            return
        facts = _settle(facts, step)
    raise AssertionError(facts)
