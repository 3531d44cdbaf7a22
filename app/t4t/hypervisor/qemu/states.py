"""QEMU's words for what a VM does, and what a record says about a VM without a process: total mappings, pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.vm import VmState
from t4t.hypervisor.qemu.record import Intent

if TYPE_CHECKING:
    from t4t.hypervisor.qemu.record import VmRecord

RUNNING: Final = "running"
GUEST_OFF: Final = "shutdown"
"""The guest switched itself off: ``-no-shutdown`` keeps the process until a driver has seen it."""

_STATES: Final = {
    "running": VmState.RUNNING,
    "paused": VmState.PAUSED,
    "debug": VmState.PAUSED,
    "suspended": VmState.PAUSED,
    "io-error": VmState.PAUSED,
    "save-vm": VmState.RUNNING,
    "prelaunch": VmState.STARTING,
    "preconfig": VmState.STARTING,
    "inmigrate": VmState.RESTORING,
    "restore-vm": VmState.RESTORING,
    "postmigrate": VmState.SAVING,
    "finish-migrate": VmState.SAVING,
    "shutdown": VmState.STOPPING,
    "internal-error": VmState.STUCK,
    "guest-panicked": VmState.STUCK,
    "watchdog": VmState.STUCK,
}
"""``save-vm`` is the moment in which a snapshot is taken: the VM goes on by itself. ``io-error``: the host's disk is full; it can go on later."""


def from_status(status: str) -> VmState:
    """The state for a word of ``query-status``; a word that we don't know is a state that we don't know."""
    return _STATES.get(status, VmState.UNKNOWN)


def after_death(record: VmRecord) -> VmState:
    """What is left of a VM whose process is gone, from what its record says was meant."""
    match record.intent:
        case Intent.ENDING:
            return VmState.SAVED if record.state_tag else VmState.POWERED_OFF
        case Intent.LEAVING:
            return VmState.SAVED
        case Intent.RESTORING:
            return VmState.ABORTED_SAVED if record.state_tag else VmState.ABORTED
        case Intent.STARTING:
            return VmState.POWERED_OFF
        case Intent.NONE | Intent.SAVING:
            return VmState.ABORTED
    assert_never(record.intent)
