"""What the driver concludes from what it sees: pure functions, each a decision."""

from __future__ import annotations

from typing import Final

from t4t.domain.record import record
from t4t.domain.vm import VmState
from t4t.hypervisor.virtualbox.record import Intent

_WITH_PROCESS: Final = frozenset({VmState.RUNNING, VmState.PAUSED, VmState.STUCK})
_PAIRS: Final = (frozenset({VmState.POWERED_OFF, VmState.ABORTED}), frozenset({VmState.SAVED, VmState.ABORTED_SAVED}))
_MEANT: Final = {
    Intent.STARTING: VmState.STARTING,
    Intent.RESTORING: VmState.RESTORING,
    Intent.SAVING: VmState.SAVING,
    Intent.ENDING: VmState.STOPPING,
    Intent.DELETING: VmState.STOPPING,
}
_LOST: Final = {VmState.POWERED_OFF: VmState.ABORTED, VmState.SAVED: VmState.ABORTED_SAVED}
_ENDED_WELL: Final = {(VmState.ABORTED, "PoweredOff"): VmState.POWERED_OFF, (VmState.ABORTED_SAVED, "Saved"): VmState.SAVED}
_ENDS: Final = frozenset({"PoweredOff", "Saved", "Aborted", "AbortedSaved"})
ORPHANED: Final = "orphaned"
"""The word for a VM whose process lives and of which VirtualBox knows no more, since VBoxSVC was killed."""


@record(kw_only=True)
class Sight:
    """One look: VirtualBox's state and whether a session holds the VM, and whether the VM's process lives (None: none was ever seen).

    ``forgotten``: the process is older than this VBoxSVC, which therefore knows nothing of it.
    """

    state: VmState
    session: bool
    process: bool | None
    forgotten: bool = False
    resting: VmState | None = None


def judged(sight: Sight) -> VmState:
    """The VM's state.

    A living process that VBoxSVC forgot runs, whatever VirtualBox stored last. A process that is gone does not run, although VirtualBox needs a moment
    to see it. Otherwise VirtualBox's word counts.
    """
    if sight.process and is_orphaned(sight):
        return VmState.RUNNING
    if sight.process is False and sight.state in _WITH_PROCESS:
        return VmState.ABORTED
    return rested(sight.state, sight.resting)


def is_orphaned(sight: Sight) -> bool:
    """Whether the VM's process lives without VirtualBox: no command reaches it, and a second one on the same disk would ruin it."""
    return bool(sight.process) and sight.forgotten and not sight.session


def rested(state: VmState, resting: VmState | None) -> VmState:
    """VirtualBox's word, or ours where we know better: that a process died unseen, or that somebody has taken note of it."""
    if resting is not None and any({state, resting} <= pair for pair in _PAIRS):
        return resting
    return state


def ended_unseen(state: VmState, last_word: str) -> VmState | None:
    """What holds instead of ``state`` when VirtualBox saw nothing of a process that ended, as VBoxSVC was ended before: the log breaks off while the VM ran.

    None if the log ends as it should, or says nothing.
    """
    return None if not last_word or last_word in _ENDS else _LOST.get(state)


def ended_at_once(state: VmState, last_word: str) -> VmState | None:
    """What may be told of a VM in ``state`` as soon as its process is gone, by itself and with a log that breaks off; None where VirtualBox must be asked."""
    return VmState.ABORTED if state in _WITH_PROCESS and last_word and last_word not in _ENDS else None


def ended_well(state: VmState, last_word: str) -> VmState | None:
    """What holds instead of ``state`` when the VM had ended properly, as the last word of its log says, and only its process broke off afterwards.

    VirtualBox calls that aborted. None if the log does not say so.
    """
    return _ENDED_WELL.get((state, last_word))


def meant(intent: Intent) -> VmState | None:
    """The state while a command is under way that another one must not disturb; None if there is none."""
    return _MEANT.get(intent)


def is_fresh(*, state: VmState | None, age: float, look_seconds: float | None, hinted: bool, process: bool | None) -> bool:
    """Whether what was seen ``age`` seconds ago may be told again without another look.

    Only states that stay by themselves, with their process as it was, as long as nothing hints at a change; a road that is told of changes needs no age.
    """
    if state is None or hinted or not state.settled:
        return False
    if state.alive and not process:
        return False
    return look_seconds is None or age < look_seconds


class Stall:
    """A watchdog: whether something has stood still for too long. Times in seconds of any clock that goes on."""

    def __init__(self, *, seconds: float, least: float) -> None:
        """It stands still when its ``progress`` grew by less than ``least`` in ``seconds``."""
        self._seconds = seconds
        self._least = least
        self._since: float | None = None
        self._progress = 0.0

    def observe(self, now: float, progress: float) -> bool:
        """Take note of the progress so far; true once it has stood still for too long."""
        if self._since is None or progress - self._progress >= self._least:
            self._since, self._progress = now, progress
            return False
        return now - self._since >= self._seconds


def state_is_whole(*, size: int | None, recorded: int) -> bool:
    """Whether a saved state's file can be what was written: it is there, not empty, and not shorter than it was. VirtualBox hangs on a shorter one."""
    return size is not None and size > 0 and size >= recorded
