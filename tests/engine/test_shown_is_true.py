"""What is shown is what is: at every step of the clock of a chaotic schedule (`support.chaos`), each claim of the view is compared with the driver's world.

A claim may be false for 2 s, which is what news need to come; while VirtualBox's service is down and while there is no agent, nobody claims anything.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from support import chaos
from support.scratch import scratch
from t4t.domain.policy import holds_still
from t4t.domain.session import Activity, TrayState
from t4t.domain.vm import VmState
from t4t.hypervisor.fake import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from t4t.domain.session import SessionView, TaskView
    from t4t.domain.vm import VmInfo

_NEWS_S: Final = 2.0
_IS: Final = {
    Activity.RUNNING: {VmState.RUNNING},
    Activity.PAUSED: {VmState.PAUSED},
    Activity.SAVED: {VmState.SAVED, VmState.ABORTED_SAVED},
    Activity.RESTING: {VmState.SAVED, VmState.ABORTED_SAVED},
    Activity.QUEUED: {VmState.ABSENT, VmState.POWERED_OFF},
}
"""Activities that are claims about the machine as it is; the others tell of a change under way."""
_NOTHING_RUNS: Final = {TrayState.PAUSED_BY_YOU, TrayState.WAITING, TrayState.NO_WORK}
_ASK_FOR_MORE: Final = {"session_end", "battery_low", "quitting"}
"""Rules that want the work saved: they decide also while it is paused by hand."""


class StepClock(VirtualClock):
    """Says so before time moves on."""

    step: Callable[[], None] | None = None
    _time = 0.0

    @property
    def _now(self) -> float:  # a variable there: every change of it is to be seen
        return self._time

    @_now.setter
    def _now(self, value: float) -> None:
        if self.step is not None and value > self._time:
            self.step()
        self._time = value


class Witness(chaos.Chaos):
    """A schedule at which each claim is looked at, at each step."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, seed)
        assert isinstance(self.clock, StepClock)
        self.clock.step = self._compare
        self.claims: Counter[str] = Counter()
        self._false_since: dict[str, float] = {}

    def _compare(self) -> None:
        """At the end of a moment: nobody has anything to do before time moves on."""
        engine = self.engine
        if engine is None or engine._view is None or self.agent is None or self.agent.done() or self.doom.dead or self.world.faults.service_down:
            self._false_since.clear()  # nobody shows anything, or nobody can know
            return
        now = self.clock.monotonic()
        found = {}
        for claim, true in self._claims(engine.view):
            self.claims[claim.partition(" of ")[0]] += 1
            if not true:
                found[claim] = self._false_since.get(claim, now)
        self._false_since = found
        for claim, since in found.items():
            if now - since > _NEWS_S:
                self.violations.append(f"{claim}: false for {now - since:.0f} s: {engine.view}")

    def _claims(self, view: SessionView) -> Iterator[tuple[str, bool]]:
        """Everything that the view says about the world, and whether that is so."""
        ours = [vm for vm in self.world.vms.values() if vm.owner == "fake"]
        running = sum(vm.state is VmState.RUNNING for vm in ours)
        if view.state in {TrayState.WORKING, TrayState.GENTLE}:
            yield "the icon says that it works", running > 0
        if view.state in _NOTHING_RUNS:
            yield "the icon says that nothing runs", not running
        if holds_still(view.level) and view.state is not TrayState.SAVING:
            yield "the level says that nothing runs", not running
        if view.deciding not in _ASK_FOR_MORE:
            yield "a pause by hand is shown while it holds, and only then", (view.deciding == "manual_pause") == self.paused()
        yield "how many have ended", view.finished == sum(1 for shelf in ("done", "failed") for _ in (self.data / shelf).glob("*"))
        assert self.engine is not None
        charges = self.engine._reconciler.charges
        for task in view.tasks:
            if task.key in charges:
                vm = self.world.vms.get(charges[task.key].work.vm)
                yield from self._of_task(task, None if vm is None else vm.info())

    @staticmethod
    def _of_task(task: TaskView, real: VmInfo | None) -> Iterator[tuple[str, bool]]:
        state = VmState.ABSENT if real is None else real.state
        yield f"the machine of {task.key} is {task.vm.value}", task.vm is state
        if task.activity in _IS:
            yield f"the activity of {task.key} is {task.activity.value}", state in _IS[task.activity]
        if real is not None and task.vm is state:
            yield f"the processors and memory of {task.key}", (task.cores, task.memory_mib) == (real.cores, real.memory_mib)
            if state is VmState.RUNNING:
                yield f"the ports of {task.key}", {port.host_port for port in task.ports} == {port.host_port for port in real.ports}


@pytest.mark.parametrize("seed", range(70_000, 70_012))
async def test_at_every_step_of_a_chaotic_schedule(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaos, "VirtualClock", StepClock)
    with tempfile.TemporaryDirectory(dir=scratch(), prefix="t4t-truth-") as folder:
        witness = Witness(Path(folder), seed)
        try:
            await witness.play()
        except BaseException as error:
            error.add_note(f"seed {seed}: {witness.log}")
            raise
    assert witness.violations == []
    for claim in ("the machine", "the activity", "a pause by hand is shown while it holds, and only then", "how many have ended"):
        assert witness.claims[claim] > 100, witness.claims
