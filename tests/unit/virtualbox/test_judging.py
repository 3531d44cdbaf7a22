"""What the driver concludes from what it sees."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from t4t.domain.vm import VmState
from t4t.hypervisor.virtualbox import judging
from t4t.hypervisor.virtualbox.judging import Sight, Stall
from t4t.hypervisor.virtualbox.record import Intent

STATES = st.sampled_from(VmState)
OFF = (VmState.POWERED_OFF, VmState.ABORTED)
SAVED = (VmState.SAVED, VmState.ABORTED_SAVED)


@given(STATES, st.booleans(), st.none() | STATES)
def test_a_living_process_that_virtualbox_forgot_runs(state: VmState, session: bool, resting: VmState | None) -> None:  # noqa: FBT001 - drawn
    sight = Sight(state=state, session=session, process=True, forgotten=True, resting=resting)
    assert judging.is_orphaned(sight) is not session
    if not session:
        assert judging.judged(sight) is VmState.RUNNING


@given(STATES, st.booleans(), st.booleans(), st.none() | STATES)
def test_without_a_process_nothing_runs(state: VmState, session: bool, forgotten: bool, resting: VmState | None) -> None:  # noqa: FBT001 - drawn
    found = judging.judged(Sight(state=state, session=session, process=False, forgotten=forgotten, resting=resting))
    assert found not in {VmState.RUNNING, VmState.PAUSED, VmState.STUCK}
    if state in {VmState.RUNNING, VmState.PAUSED, VmState.STUCK}:
        assert found is VmState.ABORTED


@given(STATES, st.booleans(), st.sampled_from([None, True, False]))
def test_an_unknown_state_is_waited_for_and_never_an_end(state: VmState, session: bool, process: bool | None) -> None:  # noqa: FBT001 - drawn
    assume(not state.settled)
    assert judging.judged(Sight(state=state, session=session, process=process)) is state


@given(STATES, st.none() | STATES)
def test_our_own_knowledge_counts_only_between_likes(state: VmState, resting: VmState | None) -> None:
    found = judging.rested(state, resting)
    assert found in {state, resting}
    if found is not state:
        assert {found, state} in ({*OFF}, {*SAVED})


@given(STATES, st.sampled_from(["", "Running", "Paused", "Restoring", "PoweredOff", "Saved", "Aborted"]))
def test_an_end_that_virtualbox_did_not_see(state: VmState, last_word: str) -> None:
    found = judging.ended_unseen(state, last_word)
    if last_word in {"Running", "Paused", "Restoring"}:
        assert found is {VmState.POWERED_OFF: VmState.ABORTED, VmState.SAVED: VmState.ABORTED_SAVED}.get(state)
    else:
        assert found is None


def test_a_process_that_broke_off_after_the_end() -> None:
    assert judging.ended_well(VmState.ABORTED, "PoweredOff") is VmState.POWERED_OFF
    assert judging.ended_well(VmState.ABORTED_SAVED, "Saved") is VmState.SAVED
    assert judging.ended_well(VmState.ABORTED, "Running") is None
    assert judging.ended_well(VmState.ABORTED_SAVED, "Restoring") is None


@given(STATES, st.sampled_from(["", "Running", "Paused", "Saving", "PoweredOff", "Saved", "Aborted", "AbortedSaved"]))
def test_a_death_is_told_at_once_only_where_nothing_else_can_be(state: VmState, last_word: str) -> None:
    told = judging.ended_at_once(state, last_word)
    certain = state in {VmState.RUNNING, VmState.PAUSED, VmState.STUCK} and last_word in {"Running", "Paused", "Saving"}
    assert told is (VmState.ABORTED if certain else None)
    for virtualbox in VmState:
        if told is not None and virtualbox in {VmState.RUNNING, VmState.PAUSED, VmState.STUCK, VmState.ABORTED}:
            assert judging.judged(judging.Sight(state=virtualbox, session=False, process=False)) is told, "VirtualBox's word says the same later"


@given(st.sampled_from(Intent))
def test_what_is_meant_is_never_a_state_to_rest_in(intent: Intent) -> None:
    state = judging.meant(intent)
    assert (state is None) is (intent in {Intent.NONE, Intent.CREATING})
    assert state is None or not state.settled


@given(st.none() | STATES, st.floats(0, 1000), st.none() | st.floats(0, 1000), st.booleans(), st.sampled_from([None, True, False]))
def test_old_news_are_told_again_only_while_nothing_speaks_against_them(
    state: VmState | None,
    age: float,
    look_seconds: float | None,
    hinted: bool,  # noqa: FBT001 - drawn
    process: bool | None,  # noqa: FBT001 - drawn
) -> None:
    fresh = judging.is_fresh(state=state, age=age, look_seconds=look_seconds, hinted=hinted, process=process)
    if state is None or not state.settled or hinted or (look_seconds is not None and age >= look_seconds) or (state.alive and not process):
        assert not fresh
    else:
        assert fresh


@given(st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 2)), min_size=1, max_size=30))
def test_the_watchdog_barks_only_after_a_whole_stretch_without_progress(steps: list[tuple[float, float]]) -> None:
    stall = Stall(seconds=10, least=0.5)
    now = progress = 0.0
    moved_at = 0.0
    assert not stall.observe(now, progress)
    mark = 0.0
    for wait, done in steps:
        now += wait
        progress += done
        barked = stall.observe(now, progress)
        if progress - mark >= 0.5:
            moved_at, mark = now, progress
            assert not barked
        else:
            assert barked == (now - moved_at >= 10)


@given(st.none() | st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_a_saved_state_must_be_as_long_as_it_was(size: int | None, recorded: int) -> None:
    assert judging.state_is_whole(size=size, recorded=recorded) == (size is not None and 0 < size >= recorded)
