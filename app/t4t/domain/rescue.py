"""How a plan of `t4t.domain.shutdown` goes on: which order each VM has now, and when all is done. Pure and level-triggered, like everything that is ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.record import record
from t4t.domain.shutdown import VmAct
from t4t.domain.task import Order
from t4t.domain.vm import VmState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from t4t.domain.shutdown import VmStep
    from t4t.domain.vm import VmId


@record(kw_only=True)
class Standing:
    """One VM of a plan as it is now."""

    vm: VmId
    state: VmState
    busy: bool = False
    """A command to it is under way, or its end is not written down yet."""
    failed: frozenset[VmAct] = frozenset()
    """What was tried and failed: it is tried again in its time, and nobody waits for it."""

    @property
    def waits_for_saving(self) -> bool:
        """Whether its turn to be saved is not over."""
        return VmAct.SAVE not in self.failed and (self.busy or self.state in {VmState.RUNNING, VmState.PAUSED, VmState.SAVING})

    @property
    def waits_for_pausing(self) -> bool:
        """Whether it still runs and should not."""
        return VmAct.PAUSE not in self.failed and self.state is VmState.RUNNING


def orders(steps: Sequence[VmStep], standings: Sequence[Standing]) -> Mapping[VmId, Order]:
    """The orders of the VMs of a plan. Saving goes one by one; who waits for its turn is frozen if the plan says so, else goes on."""
    there = {standing.vm: standing for standing in standings}
    found = {step.vm: Order.HOLD if step.act is VmAct.PAUSE else Order.STAY for step in steps if step.act is not VmAct.SAVE and step.vm in there}
    free = True
    for step in steps:
        if step.act is not VmAct.SAVE or step.vm not in there:
            continue
        standing = there[step.vm]
        waits = standing.waits_for_saving
        if not waits and found.get(step.vm) is Order.HOLD and standing.waits_for_pausing:
            continue  # it could not be saved: at least it is to stand still
        if free or not waits:
            found[step.vm] = Order.SAVE
        else:
            found.setdefault(step.vm, Order.STAY)
        free = free and not waits
    return found


def is_done(steps: Sequence[VmStep], standings: Sequence[Standing]) -> bool:
    """Whether nothing of the plan is left to wait for; a VM that is gone has nothing to save."""
    there = {standing.vm: standing for standing in standings}
    for step in steps:
        standing = there.get(step.vm)
        if standing is None:
            continue
        if step.act is VmAct.SAVE and standing.waits_for_saving:
            return False
        if step.act is VmAct.PAUSE and standing.waits_for_pausing:
            return False
    return True
