"""What is done on each event, over all machines and times."""

from __future__ import annotations

import typing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.host_events import (
    AboutToSleep,
    Charge,
    ClockJumped,
    DiskChanged,
    DiskState,
    Ending,
    HostEvent,
    NetworkChanged,
    Power,
    PowerChanged,
    ProgramReplaced,
    Route,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    UserBack,
    Woke,
    ZoneChanged,
)
from t4t.domain.shutdown import MARGIN, Effect, Reaction, VmAct, VmAtRisk, VmStep, before_sleep, before_the_end, budget, react, wants_block
from t4t.domain.vm import VmId, VmState

SECONDS = st.none() | st.floats(0, 120)


@st.composite
def machines(draw: st.DrawFn, *, most: int = 5) -> list[VmAtRisk]:
    count = draw(st.integers(0, most))
    return [
        VmAtRisk(
            vm=VmId(f"vm{number}"),
            state=draw(st.sampled_from(VmState)),
            memory_mib=draw(st.integers(64, 8192)),
            measured_save_s=draw(st.none() | st.floats(0.1, 60)),
            unsaved_s=draw(st.floats(0, 90_000)),
            saves_itself=draw(st.booleans()),
        )
        for number in range(count)
    ]


def acts(steps: tuple[VmStep, ...], act: VmAct) -> list[VmId]:
    return [step.vm for step in steps if step.act is act]


def in_time(vms: list[VmAtRisk], steps: tuple[VmStep, ...], seconds: float | None) -> list[VmAtRisk]:
    """Those whose save is over in time, by the plan's own clock."""
    known = {vm.vm: vm for vm in vms}
    return [known[step.vm] for step in steps if step.act is VmAct.SAVE and step.done_by_s <= budget(seconds)]


many = settings(max_examples=200, deadline=None)


@many
@given(vms=machines(), seconds=SECONDS)
def test_a_plan_for_the_end_names_every_machine_that_is_not_safe(vms: list[VmAtRisk], seconds: float | None) -> None:
    steps = before_the_end(vms, seconds)
    saved, left = acts(steps, VmAct.SAVE), acts(steps, VmAct.LEAVE)
    assert sorted([*saved, *left]) == sorted(vm.vm for vm in vms if vm.unsafe)
    known = {vm.vm: vm for vm in vms}
    for vm in left:
        assert known[vm].saves_itself
        assert known[vm].state is VmState.RUNNING
    for vm in acts(steps, VmAct.PAUSE):
        assert known[vm].state is VmState.RUNNING
        assert not known[vm].saves_itself, "paused, its process would not save it any more"
        assert vm in saved[1:]
    order = [step.act for step in steps]
    assert order == sorted(order, key=[VmAct.LEAVE, VmAct.PAUSE, VmAct.SAVE].index)


@many
@given(vms=machines(), seconds=SECONDS)
def test_a_plan_for_sleep_leaves_no_machine_running(vms: list[VmAtRisk], seconds: float | None) -> None:
    steps = before_sleep(vms, seconds)
    saved, paused = acts(steps, VmAct.SAVE), acts(steps, VmAct.PAUSE)
    assert {vm.vm for vm in vms if vm.state is VmState.RUNNING} <= {*saved, *paused}
    assert all(step.done_by_s <= budget(seconds) for step in steps), "nothing is begun that the sleep would interrupt"
    assert len(set(saved)) == len(saved)
    assert len(set(paused)) == len(paused)
    order = [step.act for step in steps]
    assert order == sorted(order, key=[VmAct.PAUSE, VmAct.SAVE].index)


@many
@given(vms=machines(), seconds=SECONDS, sleep=st.booleans())
def test_what_all_fits_is_all_saved_and_one_after_another(vms: list[VmAtRisk], seconds: float | None, sleep: bool) -> None:  # noqa: FBT001 - drawn
    steps = (before_sleep if sleep else before_the_end)(vms, seconds)
    begun = sum(vm.save_s for vm in vms if vm.state is VmState.SAVING)
    need = begun + sum(vm.save_s for vm in vms if vm.unsafe)
    if need <= budget(seconds) - 1e-6:
        assert len(acts(steps, VmAct.SAVE)) == sum(vm.unsafe for vm in vms)
    known, at = {vm.vm: vm for vm in vms}, begun
    for step in steps:
        if step.act is VmAct.SAVE:
            at += known[step.vm].save_s
            assert step.done_by_s == pytest.approx(at)


@many
@given(vms=machines(), seconds=st.floats(0, 60), more=st.floats(0, 60))
def test_more_time_never_keeps_less_work(vms: list[VmAtRisk], seconds: float, more: float) -> None:
    for plan in (before_the_end, before_sleep):
        little = sum(vm.unsaved_s for vm in in_time(vms, plan(vms, seconds), seconds))
        much = sum(vm.unsaved_s for vm in in_time(vms, plan(vms, seconds + more), seconds + more))
        assert much >= little - 1e-6


@many
@given(vms=machines(most=4), seconds=SECONDS)
def test_no_other_choice_keeps_more_work(vms: list[VmAtRisk], seconds: float | None) -> None:
    begun = sum(vm.save_s for vm in vms if vm.state is VmState.SAVING)
    unsafe = [vm for vm in vms if vm.unsafe]
    kept = sum(vm.unsaved_s for vm in in_time(vms, before_sleep(vms, seconds), seconds))
    for choice in range(1 << len(unsafe)):
        chosen = [vm for bit, vm in enumerate(unsafe) if choice >> bit & 1]
        if begun + sum(vm.save_s for vm in chosen) <= budget(seconds) - 1e-6:
            assert sum(vm.unsaved_s for vm in chosen) <= kept + 1e-6


def test_many_machines() -> None:
    vms = [VmAtRisk(vm=VmId(f"{number:02}"), state=VmState.RUNNING, memory_mib=100, measured_save_s=1, unsaved_s=100 + number) for number in range(25)]
    steps = before_sleep(vms, 1 + 12.5 * MARGIN)
    assert acts(steps, VmAct.SAVE) == [f"{24 - number:02}" for number in range(12)], "the most work first"
    assert len(acts(steps, VmAct.PAUSE)) == 24, "all but the first to be saved"


def test_the_order_at_the_end() -> None:
    common = {"state": VmState.RUNNING, "memory_mib": 1000}
    old = VmAtRisk(vm=VmId("old"), measured_save_s=3, unsaved_s=50_000, **common)  # type: ignore[arg-type] # mypy takes the values' common type
    new = VmAtRisk(vm=VmId("new"), measured_save_s=3, unsaved_s=5, **common)  # type: ignore[arg-type] # as above
    big = VmAtRisk(vm=VmId("big"), measured_save_s=30, unsaved_s=60_000, **common)  # type: ignore[arg-type] # as above
    steps = before_the_end([new, big, old], 6.0)
    assert [(step.vm, step.act) for step in steps] == [
        ("new", VmAct.PAUSE),
        ("big", VmAct.PAUSE),
        ("old", VmAct.SAVE),
        ("new", VmAct.SAVE),
        ("big", VmAct.SAVE),
    ], "too late is still tried, the shortest first"
    alone = replace(big, saves_itself=True)
    assert [(step.vm, step.act) for step in before_the_end([alone, old], 6.0)] == [("big", VmAct.LEAVE), ("old", VmAct.SAVE)]


def test_a_save_under_way_takes_its_time_first() -> None:
    saving = VmAtRisk(vm=VmId("a"), state=VmState.SAVING, memory_mib=1, measured_save_s=3)
    running = VmAtRisk(vm=VmId("b"), state=VmState.RUNNING, memory_mib=1, measured_save_s=1)
    assert acts(before_sleep([saving, running], 1 + 4.01 * MARGIN), VmAct.SAVE) == ["b"]
    assert acts(before_sleep([saving, running], 1 + 3.9 * MARGIN), VmAct.PAUSE) == ["b"]
    assert acts(before_sleep([saving, running], 2), VmAct.SAVE) == []
    assert wants_block([saving])


def test_a_machine_that_was_never_saved() -> None:
    vm = VmAtRisk(vm=VmId("a"), state=VmState.PAUSED, memory_mib=2000)
    assert vm.save_s == pytest.approx(20 * MARGIN)
    assert wants_block([vm])
    assert not wants_block([replace(vm, state=VmState.SAVED)])


ROUTES = frozenset({Route(link="eth0", address="192.0.2.1")})
RUNNING = VmAtRisk(vm=VmId("a"), state=VmState.RUNNING, memory_mib=100, measured_save_s=1)
SAVE = (VmStep(vm=RUNNING.vm, act=VmAct.SAVE, done_by_s=RUNNING.save_s),)
PAUSE = (VmStep(vm=RUNNING.vm, act=VmAct.PAUSE, done_by_s=0.0),)
HOLD, DECIDE, LOOK, REBASE = (Effect.HOLD,), Effect.DECIDE, Effect.LOOK, Effect.REBASE
TABLE: list[tuple[HostEvent, Reaction]] = [
    (SessionEnding(ending=Ending.SHUTDOWN, seconds=5), Reaction(first=HOLD, steps=SAVE, after=(Effect.LET_GO,))),
    (SessionEnding(ending=Ending.LOG_OFF, seconds=None), Reaction(first=HOLD, steps=SAVE, after=(Effect.LET_GO,))),
    (SessionEndCancelled(), Reaction(after=(Effect.GO_ON, DECIDE))),
    (AboutToSleep(seconds=5), Reaction(first=HOLD, steps=SAVE, after=(Effect.LET_GO,))),
    (AboutToSleep(seconds=2), Reaction(first=HOLD, steps=PAUSE, after=(Effect.LET_GO,))),
    (Woke(slept_s=60), Reaction(after=(REBASE, LOOK, Effect.RELINK, Effect.GO_ON, DECIDE))),
    (UserAway(), Reaction(after=(DECIDE,))),
    (UserBack(), Reaction(after=(DECIDE,))),
    (PowerChanged(power=Power(on_battery=True, charge=Charge.LOW)), Reaction(after=(DECIDE,))),
    (PowerChanged(power=Power(on_battery=True, charge=Charge.CRITICAL)), Reaction(steps=SAVE, after=(DECIDE,))),
    (ClockJumped(seconds=-3600), Reaction(after=(REBASE, DECIDE))),
    (ZoneChanged(offset_s=0), Reaction(after=(REBASE, DECIDE))),
    (NetworkChanged(routes=ROUTES), Reaction(after=(Effect.RELINK, DECIDE))),
    (NetworkChanged(routes=frozenset()), Reaction(after=(DECIDE,))),
    (DiskChanged(state=DiskState.FINE, free_mib=9999), Reaction(after=(LOOK, DECIDE))),
    (DiskChanged(state=DiskState.LOW, free_mib=999), Reaction(after=(LOOK, DECIDE))),
    (DiskChanged(state=DiskState.FULL, free_mib=9), Reaction(steps=PAUSE, after=(LOOK, DECIDE))),
    (DiskChanged(state=DiskState.GONE, free_mib=0), Reaction(steps=PAUSE, after=(LOOK, DECIDE))),
    (ProgramReplaced(path="/p", present=True), Reaction(steps=SAVE, after=(Effect.REOPEN, LOOK, DECIDE))),
    (ProgramReplaced(path="/p", present=False), Reaction(after=(LOOK, DECIDE))),
]


@pytest.mark.parametrize(("event", "reaction"), TABLE, ids=[f"{type(event).__name__}-{number}" for number, (event, _) in enumerate(TABLE)])
def test_reactions(event: HostEvent, reaction: Reaction) -> None:
    assert react(event, [RUNNING]) == reaction
    assert react(event, []) == replace(reaction, steps=())


def test_the_table_has_every_event() -> None:
    assert {type(event) for event, _ in TABLE} == set(typing.get_args(HostEvent))
