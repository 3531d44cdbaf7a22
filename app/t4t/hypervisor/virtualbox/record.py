"""The durable record of one VM: what VirtualBox does not know or could forget."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.vm import PortForward, VmSpec, VmState  # noqa: TC001 - msgspec reads the annotations
from t4t.hypervisor import records
from t4t.hypervisor.process import ProcessId

if TYPE_CHECKING:
    from pathlib import Path

VERSION: Final = 1
replace = msgspec.structs.replace


class Intent(enum.Enum):
    """What is being done; written before it is done, cleared after it was seen."""

    NONE = "none"
    CREATING = "creating"
    STARTING = "starting"
    RESTORING = "restoring"
    SAVING = "saving"
    ENDING = "ending"
    DELETING = "deleting"


class SnapshotMark(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot: people's name, its name and id in VirtualBox, and what its memory takes on disk (0: it has none)."""

    name: str
    tag: str
    uuid: str
    size_bytes: int
    state_bytes: int


class VmRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All that a driver must know to go on where another one died.

    ``created`` is what was asked for at first, ``settings`` what holds now.
    """

    version: int = VERSION
    hypervisor: str = "virtualbox"
    owner: str
    created: VmSpec
    settings: VmSpec
    intent: Intent = Intent.CREATING
    pid: int | None = None
    started: str | None = None
    resting: VmState | None = None
    """What holds instead of VirtualBox's word while the VM has no process (`judging.rested`)."""
    ports: tuple[PortForward, ...] = ()
    """As they are in VirtualBox, with the host ports that we chose."""
    base: str = ""
    """The disk image that the VM's own layer lies upon; empty for a VM that boots from an ISO."""
    shaped: bool = False
    """Whether it has a bandwidth group."""
    due_cap: bool = False
    """The limit of processor time must still be told to VirtualBox, which takes none while a VM is paused or saved."""
    state_file: str = ""
    state_bytes: int = 0
    snapshots: tuple[SnapshotMark, ...] = ()
    pending_tag: str = ""
    """A snapshot that is being taken: found later without a mark, it is to be deleted."""
    serial: int = 0
    was_started: bool = False

    @property
    def process(self) -> ProcessId | None:
        """The VM's process, dead or alive, as far as it was seen."""
        return ProcessId(self.pid, self.started) if self.pid is not None and self.started is not None else None

    def with_process(self, owned: ProcessId | None) -> VmRecord:
        """The VM's process was seen, or is gone."""
        return replace(self, pid=None if owned is None else owned.pid, started=None if owned is None else owned.started)

    def mark(self, name: str) -> SnapshotMark | None:
        """The snapshot of this name."""
        return next((one for one in self.snapshots if one.name == name), None)

    def without_snapshot(self, name: str) -> VmRecord:
        """The record without the snapshot."""
        return replace(self, snapshots=tuple(one for one in self.snapshots if one.name != name))


class Records(records.Records[VmRecord]):
    """The folders of all VMs of one data folder that VirtualBox runs."""

    def __init__(self, folder: Path, owner: str) -> None:
        """``owner`` is the mark; what has another one is not ours."""
        super().__init__(folder, owner, VmRecord, VERSION)
