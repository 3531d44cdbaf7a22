"""What is known of this computer: typed facts, each with where it comes from and how sure it is; not knowing is a value too.

The probes of `t4t.host.probe` and the hypervisors' own (`t4t.hypervisor`) fill them in, `t4t.domain.diagnosis` judges them. Sizes are MiB.
"""

from __future__ import annotations

import enum
from dataclasses import field
from typing import Any, Generic, TypeVar

from t4t.domain.record import record
from t4t.domain.vm import Accelerator  # noqa: TC001 - msgspec reads it at run time

T = TypeVar("T")


class Confidence(enum.Enum):
    """How sure a fact is."""

    CERTAIN = "certain"
    """The system or the processor says exactly this."""
    LIKELY = "likely"
    """It follows from something else that nearly always goes with it."""
    NONE = "none"
    """It could not be found out."""


@record
class Fact(Generic[T]):
    """One answer; ``value`` None says that it could not be found out. ``source`` is a path, a key or a call, for the details of a report."""

    value: T | None = None
    source: str = ""
    confidence: Confidence = Confidence.NONE


def certain(value: T, source: str) -> Fact[T]:
    """A fact that the system itself states."""
    return Fact(value, source, Confidence.CERTAIN)


def likely(value: T, source: str) -> Fact[T]:
    """A fact that was inferred."""
    return Fact(value, source, Confidence.LIKELY)


def unknown(source: str = "") -> Fact[T]:
    """It could not be found out; ``source`` is what was asked."""
    return Fact(None, source)


def trace(*facts: Fact[Any]) -> tuple[str, ...]:
    """Where answers are from, each once, with a word where they were inferred or could not be had."""
    words = {Confidence.CERTAIN: "", Confidence.LIKELY: " (likely)", Confidence.NONE: " (no answer)"}
    return tuple(dict.fromkeys(f"{fact.source}{words[fact.confidence]}" for fact in facts if fact.source))


class System(enum.Enum):
    """The operating system's family."""

    LINUX = "linux"
    WINDOWS = "windows"
    MACOS = "macos"
    OTHER = "other"


class Architecture(enum.Enum):
    """The machine's own kind of processor, whatever our process is made for."""

    X86_64 = "x86_64"
    X86 = "x86"
    ARM64 = "arm64"
    OTHER = "other"


class Vendor(enum.Enum):
    """Who made the processor: it decides what the switch in the firmware is called."""

    INTEL = "intel"
    AMD = "amd"
    OTHER = "other"


class Translation(enum.Enum):
    """Whether our own process runs as what it was made for."""

    NONE = "none"
    ROSETTA = "rosetta"
    WOW64 = "wow64"
    EMULATED = "emulated"


class Confinement(enum.Enum):
    """What keeps our process from the computer's devices."""

    NONE = "none"
    CONTAINER = "container"
    FLATPAK = "flatpak"
    SNAP = "snap"
    WSL = "wsl"


class Owner(enum.Enum):
    """Who uses hardware virtualization, or may want it."""

    HYPER_V = "hyper-v"
    WSL2 = "wsl2"
    VIRTUAL_MACHINE_PLATFORM = "virtual-machine-platform"
    MEMORY_INTEGRITY = "memory-integrity"
    CREDENTIAL_GUARD = "credential-guard"
    VBS = "vbs"
    KVM = "kvm"
    XEN = "xen"
    VMWARE = "vmware"
    OTHER = "other"


class Driver(enum.Enum):
    """VirtualBox's kernel driver."""

    READY = "ready"
    NOT_LOADED = "not-loaded"
    """It is there for this kernel and not at work."""
    REFUSED = "refused"
    """It is there, and the kernel takes only signed drivers (Secure Boot)."""
    NOT_BUILT = "not-built"
    """Nothing of it is there for this kernel."""
    NOT_NEEDED = "not-needed"


@record(kw_only=True)
class Board:
    """What the firmware says of the computer (SMBIOS); empty where it says nothing."""

    vendor: str = ""
    product: str = ""
    firmware: str = ""


@record(kw_only=True)
class Virtualization:
    """Three questions that are too often taken for one, and second-level paging."""

    can: Fact[bool] = field(default_factory=unknown)
    """The processor has VT-x or AMD-V."""
    on: Fact[bool] = field(default_factory=unknown)
    """The firmware has it switched on."""
    free: Fact[bool] = field(default_factory=unknown)
    """Nobody else holds it now."""
    second_level: Fact[bool] = field(default_factory=unknown)
    owners: Fact[tuple[Owner, ...]] = field(default_factory=unknown)
    windows_platform: Fact[bool] = field(default_factory=unknown)
    """The Windows Hypervisor Platform is installed, which VirtualBox can use when Windows holds the processor."""


@record(kw_only=True)
class Kvm:
    """Linux's own hypervisor."""

    loaded: bool = False
    """Its part for this processor (kvm_intel, kvm_amd): kvm alone holds nothing."""
    module: str = ""
    machines: int = 0
    """How many users the module has, 0 if no virtual machine runs on it."""
    programs: tuple[str, ...] = ()
    """Names of programs at work that use it as a rule."""
    at_load: bool | None = None
    """``kvm.enable_virt_at_load``; None where the kernel (before 6.12) has no such switch."""
    override: str = ""
    """Where the switch was set to 0: a file, or the kernel's command line."""
    usable: bool = False
    """``/dev/kvm`` can be opened by us."""


@record(kw_only=True)
class Memory:
    """Memory in MiB; ``commit`` is what may still be promised to programs, 0 where the system sets no limit."""

    total: int
    available: int
    commit: int = 0


@record(kw_only=True)
class Disk:
    """The file system that will hold our data."""

    path: str
    free: int
    file_system: str = ""


@record(kw_only=True)
class Building:
    """What a Linux computer has for building a kernel driver."""

    headers: bool = False
    compiler: bool = False
    signing_key: bool = False
    """A machine owner key that drivers can be signed with."""
    log: str = ""
    """The last lines that VirtualBox's set-up wrote."""
    dkms: bool = False
    """A distribution's package: DKMS builds the driver, and Oracle's own set-up is not there."""


@record(kw_only=True)
class Computer:
    """The computer under us."""

    system: System
    release: Fact[str] = field(default_factory=unknown)
    """The kernel's release (Linux), the build (Windows), the version (macOS)."""
    distribution: Fact[tuple[str, ...]] = field(default_factory=unknown)
    """Linux: its id and those that it is like, in order."""
    name: Fact[str] = field(default_factory=unknown)
    """The system as people call it."""
    processor: Fact[str] = field(default_factory=unknown)
    vendor: Fact[Vendor] = field(default_factory=unknown)
    cores: Fact[int] = field(default_factory=unknown)
    architecture: Fact[Architecture] = field(default_factory=unknown)
    translation: Fact[Translation] = field(default_factory=unknown)
    confinement: Fact[Confinement] = field(default_factory=unknown)
    service: Fact[bool] = field(default_factory=unknown)
    """Our process was started by the system, not from a desktop or a terminal."""
    elevated: Fact[bool] = field(default_factory=unknown)
    guest_of: Fact[str] = field(default_factory=unknown)
    """The hypervisor that this computer is a virtual machine of; empty: it is a real one."""
    board: Fact[Board] = field(default_factory=unknown)
    uefi: Fact[bool] = field(default_factory=unknown)
    secure_boot: Fact[bool] = field(default_factory=unknown)
    virtualization: Virtualization = field(default_factory=Virtualization)
    kvm: Fact[Kvm] = field(default_factory=unknown)
    memory: Fact[Memory] = field(default_factory=unknown)
    disk: Fact[Disk] = field(default_factory=unknown)
    driver: Fact[Driver] = field(default_factory=unknown)
    building: Fact[Building] = field(default_factory=unknown)
    selinux: Fact[bool] = field(default_factory=unknown)
    """Linux: SELinux refuses what its rules do not allow."""


@record(kw_only=True)
class VirtualBox:
    """VirtualBox, rung by rung; what was not reached is unknown."""

    found: Fact[bool] = field(default_factory=unknown)
    version: Fact[tuple[int, int, int]] = field(default_factory=unknown)
    edition: str = ""
    """The packager's word in the version (``BETA1``, ``Ubuntu``)."""
    answers: Fact[bool] = field(default_factory=unknown)
    """Its service answered (COM or XPCOM); the version alone proves nothing about it."""
    trouble: str = ""
    """What it said instead, in its own words."""
    trouble_code: str = ""
    """The name of the code in it (``REGDB_E_CLASSNOTREG``, ``VERR_SUP_VP_…``, ``timeout``)."""
    inaccessible: Fact[int] = field(default_factory=unknown)
    """Machines in its registry that it can't read."""
    extension_packs: Fact[tuple[str, ...]] = field(default_factory=unknown)
    """Their versions."""
    other_home: Fact[str] = field(default_factory=unknown)
    """Where its service keeps its list of machines, if that is not where this user's is; empty: it is."""


@record(kw_only=True)
class Qemu:
    """QEMU, for the demo."""

    found: Fact[bool] = field(default_factory=unknown)
    version: Fact[str] = field(default_factory=unknown)
    accelerator: Fact[str] = field(default_factory=unknown)
    """The best one that a machine really started with."""
    hardware: Fact[bool] = field(default_factory=unknown)
    trouble: str = ""


class Obstacle(enum.Enum):
    """What kept a test machine from starting, as its hypervisor tells it."""

    OFF = "off"
    """Virtualization is switched off in the firmware (VirtualBox says so too where Windows holds it)."""
    NONE = "none"
    TAKEN = "taken"
    NOT_LENT = "not-lent"
    DRIVER = "driver"
    UNSIGNED = "unsigned"
    HARDENING = "hardening"
    """Another program was loaded into VirtualBox."""
    MEMORY = "memory"
    DISK = "disk"
    SILENT = "silent"
    """It started, and its guest never said a word."""
    OTHER = "other"


@record(kw_only=True)
class Trial:
    """A tiny machine that was really started (the test boot): it ran only if its guest's own word arrived."""

    engine: Accelerator | None = None
    """What executed it; None if that could not be seen, or it did not run."""
    obstacle: Obstacle | None = None
    """None: it ran."""
    code: str = ""
    """The name of the code that the hypervisor gave (``VERR_SVM_IN_USE``)."""
    trouble: str = ""
    """What it said, in its own words."""
    culprit: str = ""
    """The file that another program put into VirtualBox."""
    seconds: float = 0.0

    @property
    def ran(self) -> bool:
        """Whether the guest was executed."""
        return self.obstacle is None


@record
class Reach:
    """Whether one of the project's servers could be reached."""

    host: str
    port: int
    reached: bool


@record(kw_only=True)
class Network:
    """The way to the project."""

    online: Fact[bool] = field(default_factory=unknown)
    proxy: Fact[str] = field(default_factory=unknown)
    """Empty: none. Never with a password in it."""
    metered: Fact[bool] = field(default_factory=unknown)
    hosts: Fact[tuple[Reach, ...]] = field(default_factory=unknown)


@record(kw_only=True)
class Facts:
    """Everything that the doctor knows."""

    computer: Computer
    virtualbox: VirtualBox = field(default_factory=VirtualBox)
    qemu: Qemu = field(default_factory=Qemu)
    network: Network = field(default_factory=Network)
    virtualbox_trial: Fact[Trial] = field(default_factory=unknown)
    """Unknown where no test boot was asked for."""
    qemu_trial: Fact[Trial] = field(default_factory=unknown)
