"""VirtualBox's words for what a VM does: a total mapping, pure.

The words are those that ``showvminfo --machinereadable`` gives for each value of the API's MachineState enumeration.
"""

from __future__ import annotations

from typing import Final

from t4t.domain.vm import VmState

WORDS: Final[dict[str, VmState]] = {
    "poweroff": VmState.POWERED_OFF,
    "teleported": VmState.POWERED_OFF,
    "saved": VmState.SAVED,
    "aborted": VmState.ABORTED,
    "aborted-saved": VmState.ABORTED_SAVED,
    "running": VmState.RUNNING,
    "paused": VmState.PAUSED,
    "gurumeditation": VmState.STUCK,
    "starting": VmState.STARTING,
    "stopping": VmState.STOPPING,
    "saving": VmState.SAVING,
    "restoring": VmState.RESTORING,
    "livesnapshotting": VmState.RUNNING,
    "deletingsnapshotlive": VmState.RUNNING,
    "deletingsnapshotlivepaused": VmState.PAUSED,
    "onlinesnapshotting": VmState.UNKNOWN,
    "snapshotting": VmState.UNKNOWN,
    "restoringsnapshot": VmState.UNKNOWN,
    "deletingsnapshot": VmState.UNKNOWN,
    "settingup": VmState.UNKNOWN,
    "teleporting": VmState.UNKNOWN,
    "teleportingpausedvm": VmState.UNKNOWN,
    "teleportingin": VmState.UNKNOWN,
    "faulttolerantsyncing": VmState.UNKNOWN,
}
"""UNKNOWN where the next state depends on the one before, which the word does not tell: wait. A guest is stopped in ``onlinesnapshotting`` (also one
that was paused before), goes on in ``livesnapshotting``, and a VM that was teleported away is off here."""


def from_word(word: str) -> VmState:
    """The state for a word of VirtualBox; a word that we don't know is a state that we don't know."""
    return WORDS.get(word, VmState.UNKNOWN)


def is_known(word: str) -> bool:
    """Whether the word stands in the table (one that does not is worth a line in the log)."""
    return word in WORDS
