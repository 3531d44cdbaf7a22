"""How a plan goes on: one save at a time, nobody forgotten, nobody waited for in vain."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.rescue import Standing, is_done, orders
from t4t.domain.shutdown import VmAct, VmAtRisk, VmStep, before_sleep, before_the_end
from t4t.domain.task import Order
from t4t.domain.vm import VmId, VmState

many = settings(max_examples=500, deadline=None)
STANDINGS = st.lists(
    st.builds(
        Standing,
        vm=st.sampled_from([VmId(f"vm{number}") for number in range(4)]),
        state=st.sampled_from(VmState),
        busy=st.booleans(),
        failed=st.frozensets(st.sampled_from([VmAct.SAVE, VmAct.PAUSE])),
    ),
    unique_by=lambda standing: standing.vm,
    max_size=4,
)


@st.composite
def plans(draw: st.DrawFn) -> tuple[VmStep, ...]:
    machines = [
        VmAtRisk(
            vm=VmId(f"vm{number}"),
            state=draw(st.sampled_from(VmState)),
            memory_mib=512,
            unsaved_s=draw(st.floats(0, 9000)),
            saves_itself=draw(st.booleans()),
        )
        for number in range(4)
    ]
    plan = draw(st.sampled_from([before_the_end, before_sleep]))
    return plan(machines, draw(st.floats(0, 60)))


@many
@given(steps=plans(), standings=STANDINGS)
def test_one_is_saved_at_a_time_and_only_machines_of_the_plan_get_orders(steps: tuple[VmStep, ...], standings: list[Standing]) -> None:
    found = orders(steps, standings)
    there = {standing.vm: standing for standing in standings}
    assert found.keys() == {step.vm for step in steps} & there.keys()
    assert set(found.values()) <= {Order.SAVE, Order.HOLD, Order.STAY}
    assert sum(order is Order.SAVE and there[vm].waits_for_saving for vm, order in found.items()) <= 1
    left_alone = {step.vm for step in steps if step.act is VmAct.LEAVE}
    assert all(found[vm] is Order.STAY for vm in left_alone & there.keys())


@many
@given(steps=plans(), standings=STANDINGS)
def test_it_comes_to_its_end(steps: tuple[VmStep, ...], standings: list[Standing]) -> None:
    """Whoever obeys at once, or fails, is done; at most one turn for each machine."""
    for _ in range(len(standings) + 1):
        if is_done(steps, standings):
            return
        found = orders(steps, standings)
        standings = [_obeyed(standing, found.get(standing.vm)) for standing in standings]
    assert is_done(steps, standings)


def _obeyed(standing: Standing, order: Order | None) -> Standing:
    if order is Order.SAVE and standing.waits_for_saving:
        return replace(standing, state=VmState.SAVED, busy=False)
    if order is Order.HOLD and standing.state is VmState.RUNNING:
        return replace(standing, state=VmState.PAUSED)
    return standing


def test_what_waits_and_what_does_not() -> None:
    one, two = VmId("one"), VmId("two")
    steps = (VmStep(vm=two, act=VmAct.PAUSE, done_by_s=0), VmStep(vm=one, act=VmAct.SAVE, done_by_s=1), VmStep(vm=two, act=VmAct.SAVE, done_by_s=2))
    begin = [Standing(vm=one, state=VmState.RUNNING), Standing(vm=two, state=VmState.RUNNING)]
    assert orders(steps, begin) == {one: Order.SAVE, two: Order.HOLD}
    written = [Standing(vm=one, state=VmState.SAVED, busy=True), Standing(vm=two, state=VmState.PAUSED)]
    assert orders(steps, written) == {one: Order.SAVE, two: Order.HOLD}, "its end is not written down yet"
    assert not is_done(steps, written)
    failed = [Standing(vm=one, state=VmState.RUNNING, failed=frozenset({VmAct.SAVE})), Standing(vm=two, state=VmState.PAUSED)]
    assert orders(steps, failed) == {one: Order.SAVE, two: Order.SAVE}
    assert not is_done(steps, failed)
    assert is_done(steps, [failed[0], Standing(vm=two, state=VmState.SAVED)])
    assert is_done(steps, [])
    frozen = (VmStep(vm=one, act=VmAct.PAUSE, done_by_s=0),)
    assert not is_done(frozen, begin)
    assert is_done(frozen, [Standing(vm=one, state=VmState.RUNNING, failed=frozenset({VmAct.PAUSE}))])
    assert orders((VmStep(vm=one, act=VmAct.SAVE, done_by_s=1), VmStep(vm=two, act=VmAct.SAVE, done_by_s=2)), begin)[two] is Order.STAY


def test_what_can_not_be_saved_is_at_least_frozen() -> None:
    vm = VmId("vm1")
    steps = (VmStep(vm=vm, act=VmAct.PAUSE, done_by_s=0.0), VmStep(vm=vm, act=VmAct.SAVE, done_by_s=9.0))
    running = Standing(vm=vm, state=VmState.RUNNING, failed=frozenset({VmAct.SAVE}))
    assert orders(steps, [running]) == {vm: Order.HOLD}
    assert not is_done(steps, [running])
    frozen = Standing(vm=vm, state=VmState.PAUSED, failed=frozenset({VmAct.SAVE}))
    assert orders(steps, [frozen]) == {vm: Order.SAVE}
    assert is_done(steps, [frozen])
