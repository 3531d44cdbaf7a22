"""The durable record of one VM, ``vm.json`` in its folder: what it is made of, what was meant and what was seen."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.vm import PortForward, VmSpec, VmState
from t4t.hypervisor import records
from t4t.hypervisor.process import ProcessId
from t4t.hypervisor.qemu.command import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

VERSION: Final = 1
MONITORS: Final = 3
"""One for the driver that serves the VM, and others for those that only look."""
SHARE: Final = MONITORS


class Intent(enum.Enum):
    """What is being done to a VM with a process; written before it is done, cleared after it was seen."""

    NONE = "none"
    STARTING = "starting"
    RESTORING = "restoring"
    SAVING = "saving"
    LEAVING = "leaving"
    """The state is on disk, complete; the process is being ended."""
    ENDING = "ending"


class SnapshotMark(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot: people's name, and the tag that it has in the images. ``live``: with memory."""

    name: str
    tag: str
    live: bool
    size_bytes: int
    cores: int
    memory_mib: int


class VmRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All that a driver must know to go on where another one died.

    ``created`` is what was asked for at first, ``settings`` what holds now; ``resting`` is the state while there is no process. ``state_tag`` names
    the saved state that the next start loads. ``stale_tags`` are to be deleted from the images when there is time.
    """

    version: int = VERSION
    owner: str
    created: VmSpec
    settings: VmSpec
    resting: VmState = VmState.POWERED_OFF
    intent: Intent = Intent.NONE
    pid: int | None = None
    started: str | None = None
    runtime: str = ""
    """Folder of the VM's sockets."""
    tcp_ports: tuple[int, ...] = ()
    """Instead of sockets, where there are none (Windows)."""
    ports: tuple[PortForward, ...] = ()
    machine: str = ""
    program: str = ""
    accelerator: str = ""
    state_tag: str = ""
    state_bytes: int = 0
    pending_tag: str = ""
    stale_tags: tuple[str, ...] = ()
    serial: int = 0
    go_on: bool = False
    """Whether the VM ran before the save that is under way."""
    snapshots: tuple[SnapshotMark, ...] = ()
    was_started: bool = False

    @property
    def process(self) -> ProcessId | None:
        """The process that was started for the VM, dead or alive."""
        return ProcessId(self.pid, self.started) if self.pid is not None and self.started is not None else None

    @property
    def stem(self) -> str:
        """The beginning of the names of the VM's sockets."""
        vm_id = self.created.vm_id
        return f"{self.runtime}/{vm_id[:8]}{vm_id[-4:]}"

    def endpoint(self, index: int) -> Endpoint:
        """The socket of monitor ``index``, or of the share (the last)."""
        if self.tcp_ports:
            return Endpoint(port=self.tcp_ports[index])
        return Endpoint(path=f"{self.stem}.{index}")

    @property
    def pins_machine(self) -> bool:
        """Something on disk can only be loaded into the same machine."""
        return bool(self.state_tag) or any(mark.live for mark in self.snapshots)

    @property
    def state_is_snapshot(self) -> bool:
        """The state that the next start loads is a snapshot, which stays afterwards."""
        return any(mark.tag == self.state_tag for mark in self.snapshots)

    def with_stale(self, tag: str) -> VmRecord:
        """``tag`` is not needed any more, unless a snapshot has it."""
        if not tag or tag in self.stale_tags or any(mark.tag == tag for mark in self.snapshots):
            return self
        return msgspec.structs.replace(self, stale_tags=(*self.stale_tags, tag))

    def running(self) -> VmRecord:
        """It was seen running: the state that it came from has been used up (unless it is a snapshot)."""
        return msgspec.structs.replace(self, intent=Intent.NONE, state_tag="", state_bytes=0).with_stale(self.state_tag)

    def ended(self, resting: VmState) -> VmRecord:
        """The record after the process has gone."""
        settled = msgspec.structs.replace(self, resting=resting, intent=Intent.NONE, pid=None, started=None, pending_tag="", go_on=False)
        return settled.with_stale(self.pending_tag)


class Records(records.Records[VmRecord]):
    """The folders of all VMs of one data folder that QEMU runs."""

    def __init__(self, folder: Path, owner: str) -> None:
        """``owner`` is the mark; what has another one is not ours."""
        super().__init__(folder, owner, VmRecord, VERSION)
