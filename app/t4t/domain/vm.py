"""What a virtual machine is to us: specification, observation, changes and capabilities, as plain frozen values."""

from __future__ import annotations

import enum
from dataclasses import field
from typing import Final, NewType

import msgspec

from t4t.domain.record import record

VmId = NewType("VmId", str)
"""A VM's UUID in its canonical lower-case form; the key everywhere (names are for people)."""

MIB: Final = 1024 * 1024


class VmState(enum.Enum):
    """What was observed; the mapping from a hypervisor's own words is total (an unknown word is `UNKNOWN`)."""

    ABSENT = "absent"
    POWERED_OFF = "powered_off"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    SAVING = "saving"
    SAVED = "saved"
    RESTORING = "restoring"
    STOPPING = "stopping"
    ABORTED = "aborted"
    """The process ended without saving: only the disk and snapshots remain."""
    ABORTED_SAVED = "aborted_saved"
    """The process ended while restoring; the saved state may still be good."""
    STUCK = "stuck"
    """The guest's processor can't go on (guru meditation, KVM internal error)."""
    INACCESSIBLE = "inaccessible"
    """The hypervisor knows the VM and can't read its settings or disks."""
    UNKNOWN = "unknown"
    """A state that we have no word for: the VM is still there, wait."""

    @property
    def alive(self) -> bool:
        """A process of the hypervisor exists for the VM (also when we can't name what it does)."""
        return self in _ALIVE

    @property
    def settled(self) -> bool:
        """The state does not change by itself."""
        return self in _SETTLED


_ALIVE: Final = frozenset(
    {
        VmState.STARTING,
        VmState.RUNNING,
        VmState.PAUSED,
        VmState.SAVING,
        VmState.RESTORING,
        VmState.STOPPING,
        VmState.STUCK,
        VmState.UNKNOWN,
    }
)
_SETTLED: Final = frozenset(set(VmState) - {VmState.STARTING, VmState.SAVING, VmState.RESTORING, VmState.STOPPING, VmState.UNKNOWN})


class DiskFormat(enum.Enum):
    """Formats of disk images that both hypervisors read."""

    RAW = "raw"
    VDI = "vdi"
    VMDK = "vmdk"
    QCOW2 = "qcow2"


class BootDisk(msgspec.Struct, frozen=True, tag="disk"):
    """A hard disk image to boot from; the base file is never written: the VM writes into a layer of its own."""

    path: str
    format: DiskFormat


class BootIso(msgspec.Struct, frozen=True, tag="iso"):
    """An ISO image to boot from (as micro-CernVM does)."""

    path: str


@record
class Share:
    """A folder of the host that the guest sees under ``name``."""

    name: str
    host_path: str


@record(kw_only=True)
class PortForward:
    """One forwarded TCP port.

    ``host_port`` 0 lets the driver choose a free one, and choose again whenever it is taken; the chosen one is in `VmInfo.ports`.
    Bound to 127.0.0.1 unless ``remote``.
    """

    name: str
    guest_port: int
    host_port: int = 0
    remote: bool = False


@record(kw_only=True)
class VmSpec:
    """All that a VM is created from.

    Units: memory and disk in MiB, ``cap_percent`` 1–100 of each virtual core, ``bandwidth_kib_s`` in KiB/s for each direction (None: no limit).
    """

    vm_id: VmId
    name: str
    boot: BootDisk | BootIso
    memory_mib: int = 512
    cores: int = 1
    cap_percent: int = 100
    os_type: str = "Linux26_64"
    vram_mib: int = 16
    disk_controller: str = "sata"
    disk_controller_model: str = "IntelAHCI"
    nic_type: str = ""
    network: bool = True
    link_up: bool = True
    bridged: bool = False
    nat_dns_host_resolver: bool = False
    bandwidth_kib_s: int | None = None
    ports: tuple[PortForward, ...] = ()
    shares: tuple[Share, ...] = ()
    config_iso: str | None = None
    cache_disk_mib: int | None = None
    floppy: str | None = None
    """A 28 672-byte protocol image on the host; read and written by the guest."""
    remote_desktop: bool = False


@record(kw_only=True)
class VmChange:
    """A change to a VM; None leaves a setting as it is.

    ``cap_percent``, ``link_up``, ``bandwidth_kib_s`` (0: no limit), ``ports`` act at once, also on a running VM. ``memory_mib``, ``cores`` and ``shares`` need
    a VM that is powered off (`VmWrongState` otherwise).
    """

    cap_percent: int | None = None
    link_up: bool | None = None
    bandwidth_kib_s: int | None = None
    ports: tuple[PortForward, ...] | None = None
    shares: tuple[Share, ...] | None = None
    cores: int | None = None
    memory_mib: int | None = None

    @property
    def needs_power_off(self) -> bool:
        """Whether the VM must be powered off for it."""
        return not (self.shares is None and self.cores is None and self.memory_mib is None)


@record(kw_only=True)
class Snapshot:
    """A checkpoint that survives a power cut. ``size_bytes`` is what it occupies, as far as the driver can say."""

    name: str
    size_bytes: int


@record(kw_only=True)
class VmInfo:
    """One observation of a VM.

    ``pid`` and ``pid_started`` (the OS's own start-time value) identify its process together; a kill needs both to match. ``cpu_seconds`` is what
    that process has used. ``ports`` holds the host ports really in force.
    """

    vm_id: VmId
    name: str
    state: VmState
    raw_state: str = ""
    """The hypervisor's own word, for logs."""
    pid: int | None = None
    pid_started: str | None = None
    cpu_seconds: float = 0.0
    cores: int = 0
    memory_mib: int = 0
    cap_percent: int = 100
    link_up: bool = True
    bandwidth_kib_s: int | None = None
    ports: tuple[PortForward, ...] = ()
    saved_state_bytes: int = 0
    console_log: str | None = None
    """Path of the guest's console log on the host, once the VM was started."""


class Feature(enum.Enum):
    """What a driver may be unable to do."""

    SAVE = "save"
    SNAPSHOTS = "snapshots"
    SCREENSHOT = "screenshot"
    CAP = "cap"
    LINK = "link"
    BANDWIDTH = "bandwidth"
    SHARES = "shares"
    FLOPPY = "floppy"
    CONFIG_ISO = "config_iso"
    BOOT_ISO = "boot_iso"
    CACHE_DISK = "cache_disk"
    MULTI_CORE = "multi_core"
    CONSOLE_LOG = "console_log"
    BRIDGED = "bridged"
    REMOTE_DESKTOP = "remote_desktop"
    REMOTE_PORTS = "remote_ports"


class Accelerator(enum.Enum):
    """What executes the guest's instructions."""

    HARDWARE = "hardware"
    """VT-x or AMD-V, through KVM, HVF, WHPX or VirtualBox's own driver."""
    PLATFORM = "platform"
    """Another hypervisor lends it (Windows Hypervisor Platform under VirtualBox): slow."""
    INTERPRETER = "interpreter"
    """No hardware at all (TCG, IEM): very slow."""


@record(kw_only=True)
class Capabilities:
    """What `Hypervisor.probe` found. ``max_cores`` and ``max_memory_mib`` are limits of the driver, not of this computer's free resources."""

    hypervisor: str
    version: str
    accelerator: Accelerator
    accelerator_name: str
    features: frozenset[Feature]
    max_cores: int
    max_memory_mib: int
    architecture: str = "x86_64"
    notes: tuple[str, ...] = field(default=())

    def has(self, feature: Feature) -> bool:
        """Whether the driver can do ``feature``."""
        return feature in self.features


@record(kw_only=True)
class VmEvent:
    """One observation pushed by `Hypervisor.watch`: the VM's state changed (also when the process just vanished)."""

    vm_id: VmId
    state: VmState
