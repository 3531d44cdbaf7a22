"""What VirtualBox knows of a VM and of a medium, as both roads see it: frozen values."""

from __future__ import annotations

from typing import Final

from t4t.domain.record import record
from t4t.domain.vm import PortForward, Share, VmId, VmState

LOOPBACK: Final = "127.0.0.1"


@record(kw_only=True)
class Rule:
    """One NAT rule of the first network card. An empty ``host_ip`` means all addresses of this computer."""

    name: str
    protocol: str
    host_ip: str
    host_port: int
    guest_ip: str
    guest_port: int

    @property
    def forward(self) -> PortForward:
        """The same as the domain says it."""
        return PortForward(name=self.name, guest_port=self.guest_port, host_port=self.host_port, remote=self.host_ip != LOOPBACK)


@record(kw_only=True)
class Attachment:
    """A medium in a slot of a storage controller."""

    controller: str
    port: int
    device: int
    path: str


@record(kw_only=True)
class SnapshotNode:
    """One snapshot; ``node`` is its place in the tree (empty for the root, "-1-2" below)."""

    name: str
    uuid: str
    node: str
    current: bool


@record(kw_only=True)
class BandwidthGroup:
    """A bandwidth group of the VM; 0 bytes a second: no limit."""

    name: str
    kind: str
    bytes_per_second: int


@record(kw_only=True)
class Machine:
    """A VM as ``showvminfo`` describes it.

    ``session`` names the kind of process that holds the VM, empty if there is none: after a power-off or a save the state is there at once, and the lock stays
    some seconds longer. Wait for the empty session, not for the state. ``changed`` is VirtualBox's own time of the last change of state (UTC, ISO 8601).
    """

    vm_id: VmId
    name: str
    state: VmState
    raw_state: str
    changed: str
    memory_mib: int
    cores: int
    cap_percent: int
    config_file: str
    snapshot_folder: str
    log_folder: str
    state_file: str
    """The file of the saved state, empty if there is none."""
    session: str
    network: str
    link_up: bool
    description: str
    rules: tuple[Rule, ...]
    attachments: tuple[Attachment, ...]
    snapshots: tuple[SnapshotNode, ...]
    groups: tuple[BandwidthGroup, ...]
    shares: tuple[Share, ...]
    """The permanent ones."""
    fields: dict[str, str]
    """All fields, for what has none here."""


@record(kw_only=True)
class Registered:
    """One line of ``list vms``. An inaccessible VM (its settings can't be read) has lost its name; it is addressed by its id."""

    vm_id: VmId
    name: str
    accessible: bool


@record(kw_only=True)
class Medium:
    """A disk, ISO or floppy image that VirtualBox knows. Sizes in MiB, 0 where VirtualBox does not say."""

    uuid: str
    parent: str
    """The parent's UUID, empty for a base image."""
    state: str
    access_error: str
    kind: str
    """As VirtualBox writes it: "normal (base)", "normal (differencing)", "multiattach", "readonly"."""
    path: str
    format: str
    capacity_mib: int
    size_mib: int
    children: tuple[str, ...]
    used_by: tuple[VmId, ...]

    @property
    def accessible(self) -> bool:
        """Whether VirtualBox could open it."""
        return self.state != "inaccessible"

    @property
    def multiattach(self) -> bool:
        """Whether each VM gets a layer of its own."""
        return self.kind.startswith("multiattach")
