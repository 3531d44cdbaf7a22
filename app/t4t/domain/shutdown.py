"""What to do when the computer under us ends the session, sleeps, wakes or changes: pure, the engine carries it out.

Saving is done one VM after another (they share a disk), so time decides which of them can be saved. Saved is safe; paused is safe only over a sleep.
"""

from __future__ import annotations

import enum
import itertools
from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.host_events import (
    AboutToSleep,
    Charge,
    ClockJumped,
    DiskChanged,
    DiskState,
    NetworkChanged,
    PowerChanged,
    ProgramReplaced,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    UserBack,
    Woke,
    ZoneChanged,
)
from t4t.domain.record import record
from t4t.domain.vm import VmId, VmState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.host_events import HostEvent

UNKNOWN_SECONDS: Final = 5.0
"""What we count on when nobody promised a time: the default of logind, and of Windows for a program without a visible window."""
RESERVE_S: Final = 1.0
"""Kept back for our own journal and for letting the system go on."""
CRITICAL_SECONDS: Final = 60.0
"""What a battery that is nearly empty is trusted to last."""
MARGIN: Final = 1.3
"""A save may take longer than the last one did: more of the guest's memory is in use, the disk is busy with everybody's end."""
UNMEASURED_MIB_PER_S: Final = 100.0
"""A slow disk, for VMs that were never saved."""
_EXACT: Final = 10
"""Up to so many VMs the best choice is searched for among all; those with the least work for their time come after them."""


@record(kw_only=True)
class VmAtRisk:
    """A VM as far as its saving goes. Times in seconds."""

    vm: VmId
    state: VmState
    memory_mib: int
    measured_save_s: float | None = None
    """The last save took so long; None if there was none."""
    unsaved_s: float = 0.0
    """Work that would be lost: running time since the last save or checkpoint."""
    saves_itself: bool = False
    """Its process saves it when the system ends it, as long as it *runs* (VirtualBox's does, and never if the VM is paused)."""

    @property
    def save_s(self) -> float:
        """How long saving will take, with a margin."""
        return (self.memory_mib / UNMEASURED_MIB_PER_S if self.measured_save_s is None else self.measured_save_s) * MARGIN

    @property
    def unsafe(self) -> bool:
        """It has to be saved before its process ends."""
        return self.state in {VmState.RUNNING, VmState.PAUSED}


class VmAct(enum.Enum):
    """One command to one VM."""

    PAUSE = "pause"
    SAVE = "save"
    LEAVE = "leave"
    """Nothing: its own process has the better chance."""


@record(kw_only=True)
class VmStep:
    """A command, and when it should be over, in seconds from the event; the steps of a plan are done in their order."""

    vm: VmId
    act: VmAct
    done_by_s: float


class Effect(enum.Enum):
    """What the engine does apart from commands to VMs."""

    HOLD = "hold"
    """Begin nothing new: no boot, no checkpoint, no download, until `GO_ON`."""
    GO_ON = "go_on"
    LET_GO = "let_go"
    """`HostEvents.release`: the system may go on; also when the time is over and not all steps are done."""
    LOOK = "look"
    """Look at every VM anew: believe nothing from before."""
    REBASE = "rebase"
    """Compute everything anew that depends on the time of day; durations on the monotonic clock stay as they are."""
    RELINK = "relink"
    """Take the guests' network link away and give it back, so that they ask for addresses and name servers anew."""
    REOPEN = "reopen"
    """Start the VM host anew, with the hypervisor that is there now."""
    DECIDE = "decide"
    """The policy has new facts."""


@record(kw_only=True)
class Reaction:
    """``first``, then ``steps`` in their order, then ``after``."""

    first: tuple[Effect, ...] = ()
    steps: tuple[VmStep, ...] = ()
    after: tuple[Effect, ...] = ()


def wants_block(vms: Sequence[VmAtRisk]) -> bool:
    """Whether the end of the session and sleep are to wait for us (`HostEvents.block_shutdown`)."""
    return any(vm.unsafe or vm.state is VmState.SAVING for vm in vms)


def react(event: HostEvent, vms: Sequence[VmAtRisk]) -> Reaction:
    """What an event asks for; total over all events."""
    match event:
        case SessionEnding():
            return Reaction(first=(Effect.HOLD,), steps=before_the_end(vms, event.seconds), after=(Effect.LET_GO,))
        case AboutToSleep():
            return Reaction(first=(Effect.HOLD,), steps=before_sleep(vms, event.seconds), after=(Effect.LET_GO,))
        case SessionEndCancelled():
            return Reaction(after=(Effect.GO_ON, Effect.DECIDE))
        case Woke():
            return Reaction(after=(Effect.REBASE, Effect.LOOK, Effect.RELINK, Effect.GO_ON, Effect.DECIDE))
        case ClockJumped() | ZoneChanged():
            return Reaction(after=(Effect.REBASE, Effect.DECIDE))
        case PowerChanged():
            critical = event.power.charge is Charge.CRITICAL
            return Reaction(steps=before_the_end(vms, CRITICAL_SECONDS) if critical else (), after=(Effect.DECIDE,))
        case NetworkChanged():
            return Reaction(after=(Effect.RELINK, Effect.DECIDE) if event.online else (Effect.DECIDE,))
        case _:
            return _about_things(event, vms)


def _about_things(event: UserAway | UserBack | DiskChanged | ProgramReplaced, vms: Sequence[VmAtRisk]) -> Reaction:
    match event:
        case UserAway() | UserBack():
            return Reaction(after=(Effect.DECIDE,))
        case DiskChanged():
            # The guest's next write would fail; where nothing can be written, nothing can be saved either.
            stop = event.state in {DiskState.FULL, DiskState.GONE}
            return Reaction(steps=_pause(vms) if stop else (), after=(Effect.LOOK, Effect.DECIDE))
        case ProgramReplaced():
            # A VM that runs has the old program and can be saved by it; the new one reads the old one's states, not its running processes.
            # One that is only gone, as in the middle of an upgrade, leaves the old one's service in memory, by which VMs can still be saved.
            if not event.present:
                return Reaction(after=(Effect.LOOK, Effect.DECIDE))
            return Reaction(steps=tuple(_saving(_by_time(vms), 0.0)), after=(Effect.REOPEN, Effect.LOOK, Effect.DECIDE))
        case _:
            assert_never(event)


def before_the_end(vms: Sequence[VmAtRisk], seconds: float | None) -> tuple[VmStep, ...]:
    """The plan when processes will be ended: what can be saved in time is, with the most work first; the others are tried as long as we live.

    Those that wait for their turn are paused, so that the disk and the processors are for the one that is being saved. A VM whose own process would save it
    is never paused (it would not any more), and if it does not fit it is left alone: the system tells its process when it tells us that time is over.
    """
    begun, left = _begun(vms), [vm for vm in vms if vm.unsafe]
    fitting = _best(left, budget(seconds) - begun)
    others = [vm for vm in _by_time(left) if vm not in fitting]
    alone = [vm for vm in others if vm.saves_itself and vm.state is VmState.RUNNING]
    queue = [*fitting, *(vm for vm in others if vm not in alone)]
    return (
        *(VmStep(vm=vm.vm, act=VmAct.LEAVE, done_by_s=0.0) for vm in alone),
        *_pause([vm for vm in queue[1:] if not vm.saves_itself]),
        *_saving(queue, begun),
    )


def before_sleep(vms: Sequence[VmAtRisk], seconds: float | None) -> tuple[VmStep, ...]:
    """The plan before sleep: save what fits; pause the others, which survive in memory if the battery lasts. Pausing comes first, for it is quick."""
    begun, left = _begun(vms), [vm for vm in vms if vm.unsafe]
    fitting = _best(left, budget(seconds) - begun)
    others = [vm for vm in left if vm not in fitting]
    return (*_pause(others), *_pause(fitting[1:]), *_saving(fitting, begun))


def budget(seconds: float | None) -> float:
    """Seconds that saving may take."""
    return max(0.0, (UNKNOWN_SECONDS if seconds is None else seconds) - RESERVE_S)


def _begun(vms: Sequence[VmAtRisk]) -> float:
    """Saves that are under way come first, whatever they are worth."""
    return sum(vm.save_s for vm in vms if vm.state is VmState.SAVING)


def _by_time(vms: Sequence[VmAtRisk]) -> list[VmAtRisk]:
    return sorted((vm for vm in vms if vm.unsafe), key=lambda vm: (vm.save_s, -vm.unsaved_s, vm.vm))


def _best(vms: Sequence[VmAtRisk], seconds: float) -> list[VmAtRisk]:
    """Those whose saves fit into ``seconds`` and keep the most work, the one with the most work a second first."""
    ranked = sorted(vms, key=lambda vm: (-vm.unsaved_s / (vm.save_s + 1e-3), vm.save_s, vm.vm))
    choices = (choice for count in range(min(len(ranked), _EXACT) + 1) for choice in itertools.combinations(ranked[:_EXACT], count))
    best = max((choice for choice in choices if _time(choice) <= seconds), key=lambda choice: (_work(choice), len(choice), -_time(choice)), default=())
    chosen, used = list(best), _time(best)
    for vm in ranked[_EXACT:]:
        if used + vm.save_s <= seconds:
            chosen.append(vm)
            used += vm.save_s
    return chosen


def _time(vms: Sequence[VmAtRisk]) -> float:
    return sum(vm.save_s for vm in vms)


def _work(vms: Sequence[VmAtRisk]) -> float:
    return sum(vm.unsaved_s for vm in vms)


def _pause(vms: Sequence[VmAtRisk]) -> tuple[VmStep, ...]:
    return tuple(VmStep(vm=vm.vm, act=VmAct.PAUSE, done_by_s=0.0) for vm in vms if vm.state is VmState.RUNNING)


def _saving(vms: Sequence[VmAtRisk], begun_s: float) -> tuple[VmStep, ...]:
    ends = itertools.accumulate((vm.save_s for vm in vms), initial=begun_s)
    return tuple(VmStep(vm=vm.vm, act=VmAct.SAVE, done_by_s=end) for vm, end in zip(vms, itertools.islice(ends, 1, None), strict=True))
