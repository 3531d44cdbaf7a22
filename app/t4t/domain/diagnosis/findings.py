"""What a diagnosis consists of: checks, verdicts with their status, remedies. Ids are stable; sentences are in `t4t.wording.findings`."""

from __future__ import annotations

import enum
from dataclasses import field
from typing import TYPE_CHECKING

from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping


class Status(enum.Enum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Check(enum.Enum):
    """The questions, in the order in which they are asked: each makes sense once those before it are answered well."""

    PLATFORM = "platform"
    SURROUNDINGS = "surroundings"
    PROCESSOR = "processor"
    MEMORY = "memory"
    DISK = "disk"
    VIRTUALIZATION = "virtualization"
    SHARING = "sharing"
    VIRTUALBOX = "virtualbox"
    KERNEL = "virtualbox-kernel"
    DRIVER = "virtualbox-driver"
    SERVICE = "virtualbox-service"
    REGISTRY = "virtualbox-registry"
    BOOT = "test-boot"
    QEMU = "qemu"
    QEMU_BOOT = "qemu-test-boot"
    NETWORK = "network"
    HOSTS = "project-hosts"


class Remedy(enum.Enum):
    """What can be done. The ids are what ``t4t doctor --json`` names."""

    CHECK_AGAIN = "check-again"
    OTHER_COMPUTER = "other-computer"
    LOOK_AT_SCIENCE = "look-at-science"
    RUN_OUTSIDE = "run-outside"
    WINDOWS_PROGRAM = "windows-program"
    RUN_ON_THE_REAL_COMPUTER = "run-on-the-real-computer"
    NESTED = "nested-virtualization"
    NORMAL_USER = "normal-user"
    FROM_DESKTOP = "from-desktop"
    CLOSE_PROGRAMS = "close-programs"
    FREE_DISK = "free-disk"
    OTHER_DISK = "other-disk"
    FIRMWARE_SETTING = "firmware-setting"
    RESTART_INTO_FIRMWARE = "restart-into-firmware"
    ASK_OWNER = "ask-owner"
    KEEP_AS_IS = "keep-as-is"
    FULL_SPEED = "full-speed"
    WINDOWS_PLATFORM = "windows-platform"
    KVM_CLOSE = "kvm-close"
    KVM_UNLOAD = "kvm-unload"
    KVM_LEND = "kvm-lend"
    KVM_UNDO_LEND = "kvm-undo-lend"
    KVM_ALLOW = "kvm-allow"
    WITHOUT_XEN = "without-xen"
    INSTALL_VIRTUALBOX = "install-virtualbox"
    UPDATE_VIRTUALBOX = "update-virtualbox"
    REPAIR_VIRTUALBOX = "repair-virtualbox"
    REGISTER_SERVICE = "register-service"
    RESTART_SERVICE = "restart-service"
    INSTALL_HEADERS = "install-headers"
    BUILD_DRIVER = "build-driver"
    LOAD_DRIVER = "load-driver"
    START_DRIVER = "start-driver"
    ENROL_KEY = "enrol-key"
    SELINUX_LABELS = "selinux-labels"
    CLOSE_OTHER_SERVICE = "close-other-service"
    EXCLUDE_FROM_ANTIVIRUS = "exclude-from-antivirus"
    REMOVE_LOST_MACHINES = "remove-lost-machines"
    UPDATE_EXTENSION_PACK = "update-extension-pack"
    INSTALL_QEMU = "install-qemu"
    CONNECT = "connect"
    WAIT_FOR_WIFI = "wait-for-wifi"
    ALLOW_HOSTS = "allow-hosts"
    CHECK_PROXY = "check-proxy"


class Verdict(enum.Enum):
    """What a check can come to: its stable id, which begins with its check, and its status."""

    def __init__(self, name: str, status: Status) -> None:
        """``name`` is the id in tables, documents and links."""
        self.id = name
        self.status = status

    PLATFORM_OK = ("platform.ok", Status.OK)
    PLATFORM_APPLE_CHIP = ("platform.apple-chip", Status.FAIL)
    PLATFORM_ARM = ("platform.arm", Status.FAIL)
    PLATFORM_32_BIT = ("platform.32-bit", Status.FAIL)
    PLATFORM_OTHER = ("platform.other", Status.FAIL)
    PLATFORM_UNKNOWN = ("platform.unknown", Status.UNKNOWN)

    SURROUNDINGS_OK = ("surroundings.ok", Status.OK)
    SURROUNDINGS_GUEST = ("surroundings.guest", Status.FAIL)
    SURROUNDINGS_NESTED = ("surroundings.nested", Status.WARN)
    SURROUNDINGS_CONTAINER = ("surroundings.container", Status.FAIL)
    SURROUNDINGS_SANDBOX = ("surroundings.sandbox", Status.FAIL)
    SURROUNDINGS_WSL = ("surroundings.wsl", Status.FAIL)
    SURROUNDINGS_SERVICE = ("surroundings.service", Status.WARN)
    SURROUNDINGS_ADMINISTRATOR = ("surroundings.administrator", Status.WARN)

    PROCESSOR_OK = ("processor.ok", Status.OK)
    PROCESSOR_ONE_CORE = ("processor.one-core", Status.WARN)
    PROCESSOR_UNKNOWN = ("processor.unknown", Status.UNKNOWN)

    MEMORY_OK = ("memory.ok", Status.OK)
    MEMORY_SMALL = ("memory.small", Status.WARN)
    MEMORY_BUSY = ("memory.busy", Status.WARN)
    MEMORY_PROMISED = ("memory.promised", Status.WARN)
    MEMORY_TOO_SMALL = ("memory.too-small", Status.FAIL)
    MEMORY_UNKNOWN = ("memory.unknown", Status.UNKNOWN)

    DISK_OK = ("disk.ok", Status.OK)
    DISK_FULL = ("disk.full", Status.FAIL)
    DISK_FILE_SYSTEM = ("disk.file-system", Status.FAIL)
    DISK_REMOTE = ("disk.remote", Status.WARN)
    DISK_UNKNOWN = ("disk.unknown", Status.UNKNOWN)

    VIRTUALIZATION_OK = ("virtualization.ok", Status.OK)
    VIRTUALIZATION_OFF = ("virtualization.off", Status.FAIL)
    VIRTUALIZATION_OFF_OR_NONE = ("virtualization.off-or-none", Status.FAIL)
    VIRTUALIZATION_NONE = ("virtualization.none", Status.FAIL)
    VIRTUALIZATION_NO_PAGING = ("virtualization.no-paging", Status.WARN)
    VIRTUALIZATION_UNKNOWN = ("virtualization.unknown", Status.UNKNOWN)

    SHARING_OK = ("sharing.ok", Status.OK)
    SHARING_WINDOWS_SLOW = ("sharing.windows-slow", Status.WARN)
    SHARING_WINDOWS_REFUSED = ("sharing.windows-refused", Status.FAIL)
    SHARING_KVM_BESIDE = ("sharing.kvm-beside", Status.WARN)
    SHARING_KVM_BUSY = ("sharing.kvm-busy", Status.FAIL)
    SHARING_KVM_HOLDS = ("sharing.kvm-holds", Status.FAIL)
    SHARING_KVM_HOLDS_UPDATE = ("sharing.kvm-holds-update", Status.FAIL)
    SHARING_KVM_NOT_LENT = ("sharing.kvm-not-lent", Status.FAIL)
    SHARING_KVM_CLOSED = ("sharing.kvm-closed", Status.FAIL)
    SHARING_XEN = ("sharing.xen", Status.FAIL)
    SHARING_UNKNOWN = ("sharing.unknown", Status.UNKNOWN)

    VIRTUALBOX_OK = ("virtualbox.ok", Status.OK)
    VIRTUALBOX_MISSING = ("virtualbox.missing", Status.FAIL)
    VIRTUALBOX_SILENT = ("virtualbox.silent", Status.FAIL)
    VIRTUALBOX_TOO_OLD = ("virtualbox.too-old", Status.FAIL)
    VIRTUALBOX_TEST_BUILD = ("virtualbox.test-build", Status.WARN)
    VIRTUALBOX_SAVED_STATES = ("virtualbox.saved-states", Status.WARN)
    VIRTUALBOX_DRIVER_STOPS = ("virtualbox.driver-stops", Status.WARN)
    VIRTUALBOX_UNKNOWN = ("virtualbox.unknown", Status.UNKNOWN)

    KERNEL_OK = ("kernel.ok", Status.OK)
    KERNEL_TOO_NEW = ("kernel.too-new", Status.FAIL)
    KERNEL_FREEZES = ("kernel.freezes", Status.FAIL)
    KERNEL_REGRESSION = ("kernel.regression", Status.WARN)

    DRIVER_OK = ("driver.ok", Status.OK)
    DRIVER_NOT_BUILT = ("driver.not-built", Status.FAIL)
    DRIVER_NO_HEADERS = ("driver.no-headers", Status.FAIL)
    DRIVER_NOT_LOADED = ("driver.not-loaded", Status.FAIL)
    DRIVER_REFUSED = ("driver.refused", Status.FAIL)
    DRIVER_STOPPED = ("driver.stopped", Status.FAIL)
    DRIVER_GONE = ("driver.gone", Status.FAIL)
    DRIVER_UNKNOWN = ("driver.unknown", Status.UNKNOWN)

    SERVICE_OK = ("service.ok", Status.OK)
    SERVICE_NOT_REGISTERED = ("service.not-registered", Status.FAIL)
    SERVICE_STUCK = ("service.stuck", Status.FAIL)
    SERVICE_NO_SOCKET = ("service.no-socket", Status.FAIL)
    SERVICE_SELINUX = ("service.selinux", Status.FAIL)
    SERVICE_HARDENING = ("service.hardening", Status.FAIL)
    SERVICE_OTHER = ("service.other", Status.FAIL)
    SERVICE_UNKNOWN = ("service.unknown", Status.UNKNOWN)

    REGISTRY_OK = ("registry.ok", Status.OK)
    REGISTRY_OTHER_HOME = ("registry.other-home", Status.FAIL)
    REGISTRY_LOST_MACHINES = ("registry.lost-machines", Status.WARN)
    REGISTRY_EXTENSION_PACK = ("registry.extension-pack", Status.WARN)
    REGISTRY_UNKNOWN = ("registry.unknown", Status.UNKNOWN)

    BOOT_OK = ("test-boot.ok", Status.OK)
    BOOT_PLATFORM = ("test-boot.platform", Status.WARN)
    BOOT_INTERPRETER = ("test-boot.interpreter", Status.WARN)
    BOOT_UNSEEN = ("test-boot.unseen", Status.UNKNOWN)
    BOOT_OFF = ("test-boot.off", Status.FAIL)
    BOOT_NONE = ("test-boot.none", Status.FAIL)
    BOOT_TAKEN = ("test-boot.taken", Status.FAIL)
    BOOT_NOT_LENT = ("test-boot.not-lent", Status.FAIL)
    BOOT_DRIVER = ("test-boot.driver", Status.FAIL)
    BOOT_UNSIGNED = ("test-boot.unsigned", Status.FAIL)
    BOOT_HARDENING = ("test-boot.hardening", Status.FAIL)
    BOOT_MEMORY = ("test-boot.memory", Status.FAIL)
    BOOT_DISK = ("test-boot.disk", Status.FAIL)
    BOOT_SILENT = ("test-boot.silent", Status.FAIL)
    BOOT_OTHER = ("test-boot.other", Status.FAIL)

    QEMU_OK = ("qemu.ok", Status.OK)
    QEMU_SLOW = ("qemu.slow", Status.OK)
    QEMU_MISSING = ("qemu.missing", Status.WARN)
    QEMU_BROKEN = ("qemu.broken", Status.WARN)

    QEMU_BOOT_OK = ("qemu-test-boot.ok", Status.OK)
    QEMU_BOOT_INTERPRETER = ("qemu-test-boot.interpreter", Status.WARN)
    QEMU_BOOT_FAILED = ("qemu-test-boot.failed", Status.WARN)

    NETWORK_OK = ("network.ok", Status.OK)
    NETWORK_OFFLINE = ("network.offline", Status.WARN)
    NETWORK_METERED = ("network.metered", Status.WARN)
    NETWORK_UNKNOWN = ("network.unknown", Status.UNKNOWN)

    HOSTS_OK = ("hosts.ok", Status.OK)
    HOSTS_BLOCKED = ("hosts.blocked", Status.WARN)
    HOSTS_PROXY = ("hosts.proxy", Status.WARN)


_BY_ID = {verdict.id: verdict for verdict in Verdict}


def verdict(name: str) -> Verdict:
    """The verdict that a table names; ``KeyError`` if there is none."""
    return _BY_ID[name]


@record
class Step:
    """One remedy for this computer; ``command`` is what to type, empty where it is done by hand."""

    remedy: Remedy
    command: str = ""


@record(kw_only=True)
class Finding:
    """One answered question. ``data`` fills in the sentence, ``sources`` say where the answer is from."""

    check: Check
    verdict: Verdict
    data: Mapping[str, str | int] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The verdict's."""
        return self.verdict.status


@record(kw_only=True)
class Diagnosis:
    """All findings in the order of `Check`, and what they come to."""

    ready: bool
    """LHC@home's appliance can run with hardware virtualization."""
    can_demo: bool
    """The reference appliance can run, however slowly."""
    findings: tuple[Finding, ...]
    hopeless: bool = False
    """Nothing that the volunteer could do would change that it can't run here."""

    @property
    def current(self) -> Finding | None:
        """What to do first: the first failure, then what keeps us from knowing that it is ready, then warnings; None if all is well."""
        order = (Status.WARN, Status.UNKNOWN) if self.ready else (Status.FAIL, Status.UNKNOWN, Status.WARN)
        for status in order:
            found = next((one for one in self.findings if one.status is status and one.steps), None)
            if found is not None:
                return found
        return None
