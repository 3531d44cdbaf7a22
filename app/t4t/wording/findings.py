"""The doctor's findings in words that a twelve-year-old can follow: one line, and one or two sentences behind it.

"The science box" is the virtual machine: a small computer inside the computer, in which the physics is computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.diagnosis.findings import Check, Finding, Verdict
from t4t.domain.record import record
from t4t.wording.language import Marked, gettext

if TYPE_CHECKING:
    from collections.abc import Mapping


@record
class Sentence:
    """What is said of a verdict. ``known_as`` are the codes by which other programs report it, for those who search for them."""

    summary: Marked
    detail: Marked
    known_as: tuple[str, ...] = ()


CHECKS: Final[dict[Check, Marked]] = {
    Check.PLATFORM: "Kind of computer",
    Check.SURROUNDINGS: "Where we run",
    Check.PROCESSOR: "Processor",
    Check.MEMORY: "Memory",
    Check.DISK: "Disk space",
    Check.VIRTUALIZATION: "Virtualization",
    Check.SHARING: "Who else uses it",
    Check.VIRTUALBOX: "VirtualBox",
    Check.KERNEL: "VirtualBox and Linux",
    Check.DRIVER: "VirtualBox's driver",
    Check.SERVICE: "VirtualBox's service",
    Check.REGISTRY: "VirtualBox's list",
    Check.BOOT: "Test boot",
    Check.QEMU: "QEMU (for the demo)",
    Check.QEMU_BOOT: "Test boot with QEMU",
    Check.NETWORK: "Internet",
    Check.HOSTS: "CERN's servers",
}
"""What each question is called in a list."""

OWNERS: Final[dict[str, Marked]] = {
    "hyper-v": "Hyper-V",
    "wsl2": "Linux for Windows (WSL 2)",
    "virtual-machine-platform": "Virtual Machine Platform",
    "memory-integrity": "Memory integrity",
    "credential-guard": "Credential Guard",
    "vbs": "Virtualization-based security",
    "kvm": "KVM",
    "xen": "Xen",
    "vmware": "VMware",
    "other": "another program",
}

_ARM: Final[Marked] = (
    "The physics program is made for Intel and AMD chips, so it cannot run here yet. You can still follow the science. Nothing was downloaded."
)

_INSTEAD: Final[dict[str, Marked]] = {
    "programs": "a program",
    "name": "This system",
    "processor": "Processor",
    "hypervisor": "another program",
    "place": "its settings",
    "culprit": "which one it does not say",
    "code": "without a code",
    "trouble": "nothing",
}
"""What stands for data that could not be found out."""

SENTENCES: Final[dict[Verdict, Sentence]] = {
    Verdict.PLATFORM_OK: Sentence("{name}, 64 bits", "The physics program is made for this kind of computer."),
    Verdict.PLATFORM_APPLE_CHIP: Sentence("This Mac has an Apple chip", _ARM, ("VBOX_E_PLATFORM_ARCH_NOT_SUPPORTED (0x80bb0012)",)),
    Verdict.PLATFORM_ARM: Sentence("This computer has an ARM chip", _ARM, ("VBOX_E_PLATFORM_ARCH_NOT_SUPPORTED (0x80bb0012)",)),
    Verdict.PLATFORM_32_BIT: Sentence(
        "This computer works with 32 bits", "The physics program needs a 64-bit computer and system, so it cannot run here. You can still follow the science."
    ),
    Verdict.PLATFORM_OTHER: Sentence(
        "This kind of computer is not supported",
        "We know Windows, macOS and Linux on Intel and AMD chips. It cannot run here. You can still follow the science.",
    ),
    Verdict.PLATFORM_UNKNOWN: Sentence("The kind of processor could not be found out", "The system did not say what it is made for."),
    Verdict.SURROUNDINGS_OK: Sentence("Nothing in the way", "We run as a normal program on a real computer."),
    Verdict.SURROUNDINGS_GUEST: Sentence(
        "This computer is itself a virtual machine",
        "It is a small computer inside another one ({hypervisor}), and that one does not lend it what a science box needs. It cannot run here.",
        ("VERR_VMX_NO_VMX", "VERR_SVM_NO_SVM"),
    ),
    Verdict.SURROUNDINGS_NESTED: Sentence(
        "A virtual machine, with virtualization", "This is a small computer inside another one ({hypervisor}). A science box in it works, but slowly."
    ),
    Verdict.SURROUNDINGS_CONTAINER: Sentence(
        "We run inside a container", "A container is a walled-off corner of a computer. VirtualBox's driver cannot be reached from inside it."
    ),
    Verdict.SURROUNDINGS_SANDBOX: Sentence(
        "We run inside a sandbox ({sandbox})",
        "A {sandbox} package is walled off from the rest of the computer. VirtualBox's driver cannot be reached from inside it.",
    ),
    Verdict.SURROUNDINGS_WSL: Sentence(
        "This is Linux inside Windows", "Linux for Windows is a small computer inside Windows. VirtualBox has to run in Windows itself."
    ),
    Verdict.SURROUNDINGS_SERVICE: Sentence(
        "Started by the system, not by you",
        "VirtualBox keeps its things for each person. Started by the system it may not find yours, or may not be allowed to talk to its own service.",
        ("NS_ERROR_SOCKET_FAIL (0xc1f30200)",),
    ),
    Verdict.SURROUNDINGS_ADMINISTRATOR: Sentence(
        "Started as administrator",
        "VirtualBox keeps its things for each person. Started as administrator it does not see yours, and you do not see what it does.",
        ("CO_E_SERVER_EXEC_FAILURE (0x80080005)",),
    ),
    Verdict.PROCESSOR_OK: Sentence("{processor}, {cores} processors", "Enough to give some to science and keep the rest."),
    Verdict.PROCESSOR_ONE_CORE: Sentence(
        "{processor}, one processor", "The science box will share it with everything else you do. It works when the computer is idle."
    ),
    Verdict.PROCESSOR_UNKNOWN: Sentence("The number of processors could not be found out", "The system did not say."),
    Verdict.MEMORY_OK: Sentence("{total} GB, {available} GB free", "The science box takes about {needed} GB of it while it works."),
    Verdict.MEMORY_SMALL: Sentence("{total} GB, {available} GB free", "That is little. We will use the small science box, which takes about {needed} GB."),
    Verdict.MEMORY_BUSY: Sentence(
        "Only {available} of {total} GB are free", "The science box needs about {needed} GB while it works.", ("VERR_NO_MEMORY", "VERR_EM_NO_MEMORY")
    ),
    Verdict.MEMORY_PROMISED: Sentence(
        "{available} GB are free, but promised to other programs",
        "The system can promise only {commit} GB more, and the science box needs about {needed} GB.",
        ("VERR_NO_MEMORY",),
    ),
    Verdict.MEMORY_TOO_SMALL: Sentence(
        "This computer has only {total} GB", "That is too little for the system and a science box together. It cannot run here."
    ),
    Verdict.MEMORY_UNKNOWN: Sentence("The amount of memory could not be found out", "The system did not say."),
    Verdict.DISK_OK: Sentence("{free} GB free (we need about {needed} GB)", "Our files go to {path}."),
    Verdict.DISK_FULL: Sentence("Only {free} GB free (we need about {needed} GB)", "Our files go to {path}.", ("VERR_DISK_FULL",)),
    Verdict.DISK_FILE_SYSTEM: Sentence("The disk cannot hold big files", "{path} is on a disk of the kind {file_system}, where a file may have at most 4 GB."),
    Verdict.DISK_REMOTE: Sentence(
        "The disk is on another computer", "{path} is reached over the network ({file_system}). A science box on it is slow and may lose work."
    ),
    Verdict.DISK_UNKNOWN: Sentence("The free disk space could not be found out", "The system did not say."),
    Verdict.VIRTUALIZATION_OK: Sentence("{feature} is there and switched on", "With it a science box can run at full speed."),
    Verdict.VIRTUALIZATION_OFF: Sentence(
        "Switched off in your computer's start-up menu",
        "Your processor can do this ({feature}), but the feature is switched off. It is safe to switch on, and you only do it once. This computer: {board}.",
        ("VERR_VMX_MSR_LOCKED_OR_DISABLED", "VERR_VMX_MSR_ALL_VMX_DISABLED", "VERR_SVM_DISABLED"),
    ),
    Verdict.VIRTUALIZATION_OFF_OR_NONE: Sentence(
        "Switched off, or not there",
        "Your processor does not show {feature}. Most processors have it and it is only switched off in the computer's start-up menu.",
        ("VERR_VMX_NO_VMX", "VERR_SVM_NO_SVM"),
    ),
    Verdict.VIRTUALIZATION_NONE: Sentence(
        "This computer does not have it",
        "A science box needs a processor with hardware virtualization. It cannot run here.",
        ("VERR_VMX_NO_VMX", "VERR_SVM_NO_SVM"),
    ),
    Verdict.VIRTUALIZATION_NO_PAGING: Sentence(
        "There, but of an early kind", "{feature} is switched on, but the processor cannot look after a science box's memory by itself. It works, more slowly."
    ),
    Verdict.VIRTUALIZATION_UNKNOWN: Sentence("Could not be found out", "The system does not say whether the feature ({feature}) is switched on."),
    Verdict.SHARING_OK: Sentence("Nobody else holds it", "VirtualBox can use the processor's feature."),
    Verdict.SHARING_WINDOWS_SLOW: Sentence(
        "It will work, but may be slower",
        "Windows is using the same processor feature ({owners}). VirtualBox then works through Windows. Please do not switch off security features for us.",
        ("Snail execution mode", "green turtle"),
    ),
    Verdict.SHARING_WINDOWS_REFUSED: Sentence(
        "Windows holds it and does not share it",
        "Windows is using the processor feature itself ({owners}). It is switched on; a part of Windows is missing through which VirtualBox could share it.",
        ("VERR_NEM_NOT_AVAILABLE", "VERR_VMX_MSR_ALL_VMX_DISABLED"),
    ),
    Verdict.SHARING_KVM_BESIDE: Sentence("Another virtual machine is running", "Both work at the same time; they share memory and speed. Running: {programs}."),
    Verdict.SHARING_KVM_BUSY: Sentence(
        "Another virtual machine holds it now",
        "Linux's own KVM is running a virtual machine, and VirtualBox has to wait until it ends. Running: {programs}.",
        ("VERR_VMX_IN_VMX_ROOT_MODE", "VERR_SVM_IN_USE"),
    ),
    Verdict.SHARING_KVM_HOLDS: Sentence(
        "Linux's own KVM holds it",
        "Linux {kernel} takes the processor's feature for KVM as soon as KVM is loaded, and VirtualBox then cannot have it.",
        ("VERR_VMX_IN_VMX_ROOT_MODE", "VERR_SVM_IN_USE"),
    ),
    Verdict.SHARING_KVM_HOLDS_UPDATE: Sentence(
        "Linux's own KVM holds it",
        "Linux {kernel} takes the processor's feature for KVM as soon as KVM is loaded. VirtualBox {recommended} can share it; the one you have cannot.",
        ("VERR_VMX_IN_VMX_ROOT_MODE", "VERR_SVM_IN_USE"),
    ),
    Verdict.SHARING_KVM_NOT_LENT: Sentence(
        "An old setting keeps it from VirtualBox",
        "Somebody told KVM not to switch the feature on (in {place}). That helped older versions. Your VirtualBox asks KVM for it, so the setting has to go.",
        ("VERR_SVM_HOST_SVME_NOT_ENABLED",),
    ),
    Verdict.SHARING_KVM_CLOSED: Sentence(
        "This VirtualBox needs KVM and may not use it", "It is a test build that works through Linux's own KVM, and your user may not open it."
    ),
    Verdict.SHARING_XEN: Sentence("Xen holds it", "Linux was started under Xen, and VirtualBox's driver refuses to work there."),
    Verdict.SHARING_UNKNOWN: Sentence("Could not be found out", "The system does not say whether another program holds the processor's feature."),
    Verdict.VIRTUALBOX_OK: Sentence("Version {version}", "A free program made by Oracle, which keeps the science box apart from the rest of your computer."),
    Verdict.VIRTUALBOX_MISSING: Sentence(
        "Not installed", "VirtualBox is a free program made by Oracle. It keeps the science box apart from the rest of your computer."
    ),
    Verdict.VIRTUALBOX_SILENT: Sentence("Installed, but it does not answer", "Not even its version could be asked. The installation is damaged."),
    Verdict.VIRTUALBOX_TOO_OLD: Sentence("Version {version} is too old", "We need {oldest} or newer, and recommend {recommended}."),
    Verdict.VIRTUALBOX_TEST_BUILD: Sentence(
        "Version {version} is a test build", "Oracle made it to try things out. Work may be lost. We recommend {recommended}."
    ),
    Verdict.VIRTUALBOX_SAVED_STATES: Sentence(
        "Version {version} has a known fault",
        "Science boxes that were saved may not come back after an update. We recommend {recommended}.",
        ("VERR_SSM_", "VERR_CPUM_INVALID_XCR0"),
    ),
    Verdict.VIRTUALBOX_DRIVER_STOPS: Sentence(
        "Version {version} has a known fault", "Its driver is sometimes found stopped on Windows. We recommend {recommended}."
    ),
    Verdict.VIRTUALBOX_UNKNOWN: Sentence("Could not be found out", "We could not look for it."),
    Verdict.KERNEL_OK: Sentence("They fit together", "VirtualBox {version} works with Linux {kernel}, as far as is known."),
    Verdict.KERNEL_TOO_NEW: Sentence(
        "VirtualBox {version} is too old for this Linux", "Its driver cannot be built for Linux {kernel}. We recommend {recommended}.", ("rc=-1908",)
    ),
    Verdict.KERNEL_FREEZES: Sentence(
        "VirtualBox {version} can freeze this computer", "It has a fault on kernels like Linux {kernel}. Don't start it. We recommend {recommended}."
    ),
    Verdict.KERNEL_REGRESSION: Sentence(
        "VirtualBox {version} has a fault on this Linux", "It may not start on Linux {kernel}. We recommend {recommended}.", ("VERR_NOT_AVAILABLE",)
    ),
    Verdict.DRIVER_OK: Sentence("At work", "The part of VirtualBox that lives in the system is there."),
    Verdict.DRIVER_NOT_BUILT: Sentence(
        "Not built for this Linux",
        "After an update of Linux {kernel} VirtualBox's driver has to be built again, and that did not happen. {log}",
        ("rc=-1908", "VERR_VM_DRIVER_NOT_INSTALLED", "Kernel driver not installed"),
    ),
    Verdict.DRIVER_NO_HEADERS: Sentence(
        "Can't be built: parts are missing",
        "VirtualBox's driver is built on your computer, and for Linux {kernel} the parts to build it with are not installed.",
        ("rc=-1908", "VERR_VM_DRIVER_NOT_INSTALLED", "Kernel driver not installed"),
    ),
    Verdict.DRIVER_NOT_LOADED: Sentence(
        "There, but not started", "VirtualBox's driver is built for this Linux and was not started.", ("rc=-1908", "VERR_VM_DRIVER_NOT_INSTALLED")
    ),
    Verdict.DRIVER_REFUSED: Sentence(
        "Linux does not trust it yet",
        "Your computer starts with Secure Boot, which takes only drivers with a signature that it knows. VirtualBox's driver has none yet.",
        ("Key was rejected by service", "Required key not available"),
    ),
    Verdict.DRIVER_STOPPED: Sentence(
        "Stopped",
        "VirtualBox's driver is installed and does not run. Often an antivirus program has stopped it.",
        ("VERR_SUPDRV_", "VERR_VM_DRIVER_NOT_INSTALLED", "STOP_PENDING"),
    ),
    Verdict.DRIVER_GONE: Sentence("Gone", "VirtualBox is installed, but Windows does not know its driver.", ("VERR_VM_DRIVER_NOT_INSTALLED",)),
    Verdict.DRIVER_UNKNOWN: Sentence("Could not be found out", "The system did not say whether the driver runs."),
    Verdict.SERVICE_OK: Sentence("Answers", "We can talk to VirtualBox."),
    Verdict.SERVICE_NOT_REGISTERED: Sentence(
        "Not known to Windows", "VirtualBox is installed, but its service is not in Windows' list. It said: {trouble}", ("REGDB_E_CLASSNOTREG (0x80040154)",)
    ),
    Verdict.SERVICE_STUCK: Sentence(
        "Stuck",
        "VirtualBox's service does not answer. An older copy of it may hang, or one was started as administrator. It said: {trouble}",
        ("CO_E_SERVER_EXEC_FAILURE (0x80080005)", "RPC_S_SERVER_UNAVAILABLE (0x800706ba)"),
    ),
    Verdict.SERVICE_NO_SOCKET: Sentence(
        "May not talk to us", "VirtualBox talks through a file in /tmp and was not allowed to make it here.", ("NS_ERROR_SOCKET_FAIL (0xc1f30200)",)
    ),
    Verdict.SERVICE_SELINUX: Sentence(
        "Refused by SELinux",
        "The system's guard, SELinux, does not let VirtualBox's service work here. Its files may carry the wrong labels. It said: {trouble}",
        ("NS_ERROR_SOCKET_FAIL (0xc1f30200)", "avc: denied"),
    ),
    Verdict.SERVICE_HARDENING: Sentence(
        "Another program got into VirtualBox",
        "VirtualBox stops when another program puts itself inside it, as antivirus and overlay programs do. It said: {trouble}",
        ("VERR_SUP_VP_", "supR3HardenedWinReSpawn"),
    ),
    Verdict.SERVICE_OTHER: Sentence("Does not work", "VirtualBox said: {trouble}", ("failed to create the VirtualBox object",)),
    Verdict.SERVICE_UNKNOWN: Sentence("Could not be asked", "VirtualBox's service was not reached."),
    Verdict.REGISTRY_OK: Sentence("In order", "VirtualBox can read all the virtual machines that it knows."),
    Verdict.REGISTRY_OTHER_HOME: Sentence(
        "VirtualBox works for another home",
        "The first program that starts VirtualBox decides where its list of machines is, and it is in {home} now. Yours, and ours, are not in it.",
        ("VBOX_USER_HOME", "Could not find a registered machine"),
    ),
    Verdict.REGISTRY_LOST_MACHINES: Sentence(
        "{lost} machines can't be read", "VirtualBox has virtual machines in its list whose files are gone. It works in spite of them."
    ),
    Verdict.REGISTRY_EXTENSION_PACK: Sentence(
        "The extension pack is of another version", "Extension pack {pack} does not fit VirtualBox {version}. Machines that were saved may not come back."
    ),
    Verdict.REGISTRY_UNKNOWN: Sentence("Could not be read", "VirtualBox did not tell which virtual machines it knows."),
    Verdict.BOOT_OK: Sentence("Started at full speed, in {seconds} s", "A tiny science box really started, with the processor's help, and was removed again."),
    Verdict.BOOT_PLATFORM: Sentence(
        "Started, but through another hypervisor",
        "A tiny science box really started. Another hypervisor (as a rule Windows' own) has the feature and lends it to VirtualBox: slower, but it works.",
        ("Snail execution mode", "green turtle"),
    ),
    Verdict.BOOT_INTERPRETER: Sentence(
        "Started, but only step by step",
        "A tiny science box really started, without the processor's help: a hundred times slower. That is too slow for real work.",
        ("Falling back on IEM", "VERR_SUP_DRIVERLESS"),
    ),
    Verdict.BOOT_UNSEEN: Sentence(
        "Started, but how is not known", "A tiny science box really started. VirtualBox did not say whether it had the processor's help."
    ),
    Verdict.BOOT_OFF: Sentence(
        "Refused: virtualization is switched off",
        "VirtualBox could not start a tiny science box, because {feature} is switched off in this computer's start-up menu ({code}).",
        ("VERR_VMX_MSR_ALL_VMX_DISABLED", "VERR_VMX_MSR_LOCKED_OR_DISABLED", "VERR_SVM_DISABLED"),
    ),
    Verdict.BOOT_NONE: Sentence(
        "Refused: no virtualization to be seen",
        "VirtualBox could not start a tiny science box, because the processor does not show it {feature} ({code}).",
        ("VERR_VMX_NO_VMX", "VERR_SVM_NO_SVM", "VERR_NEM_NOT_AVAILABLE"),
    ),
    Verdict.BOOT_TAKEN: Sentence(
        "Refused: somebody else holds virtualization",
        "It is switched on, but another hypervisor had it when VirtualBox wanted to start a tiny science box ({code}).",
        ("VERR_VMX_IN_VMX_ROOT_MODE", "VERR_SVM_IN_USE", "VERR_NEM_NOT_AVAILABLE"),
    ),
    Verdict.BOOT_NOT_LENT: Sentence(
        "Refused: an old setting keeps it away",
        "VirtualBox asked KVM for the processor's feature, and KVM was told (in {place}) not to switch it on ({code}).",
        ("VERR_SVM_HOST_SVME_NOT_ENABLED",),
    ),
    Verdict.BOOT_DRIVER: Sentence(
        "Refused: VirtualBox's driver is missing",
        "VirtualBox could not start a tiny science box, because the part of it that lives in the system does not run ({code}).",
        ("rc=-1908", "VERR_VM_DRIVER_NOT_INSTALLED", "VERR_SUPDRV_", "VERR_SUPLIB_"),
    ),
    Verdict.BOOT_UNSIGNED: Sentence(
        "Refused: the driver is not trusted",
        "The part of VirtualBox that lives in the system is there, but the system takes only drivers with a signature that it knows ({code}).",
        ("Key was rejected by service", "Required key not available"),
    ),
    Verdict.BOOT_HARDENING: Sentence(
        "Refused: another program got into VirtualBox",
        "VirtualBox protects itself and stops when an antivirus or overlay program puts itself inside it: {culprit} ({code}).",
        ("VERR_SUP_VP_", "supR3HardenedWinReSpawn"),
    ),
    Verdict.BOOT_MEMORY: Sentence(
        "Refused: not enough memory", "There was no memory left even for a tiny science box ({code}).", ("VERR_NO_MEMORY", "VERR_EM_NO_MEMORY")
    ),
    Verdict.BOOT_DISK: Sentence("Refused: no space on the disk", "Not even a tiny science box found space ({code}).", ("VERR_DISK_FULL",)),
    Verdict.BOOT_SILENT: Sentence("Started, but did nothing", "VirtualBox said that a tiny science box runs, and nothing came out of it in {seconds} s."),
    Verdict.BOOT_OTHER: Sentence("Refused", "VirtualBox could not start a tiny science box. It said: {trouble}"),
    Verdict.QEMU_BOOT_OK: Sentence("Started at full speed, in {seconds} s", "A tiny machine really started with QEMU, with the processor's help."),
    Verdict.QEMU_BOOT_INTERPRETER: Sentence(
        "Started, but step by step", "A tiny machine really started with QEMU, without the processor's help. That is good enough for the demo, only slow."
    ),
    Verdict.QEMU_BOOT_FAILED: Sentence("Did not start", "QEMU could not start a tiny machine. It said: {trouble}"),
    Verdict.QEMU_OK: Sentence("Version {version}, at full speed", "The demo can run, with {accelerator}."),
    Verdict.QEMU_SLOW: Sentence("Version {version}, step by step", "The demo can run. Without the processor's help ({accelerator}) it is slower."),
    Verdict.QEMU_MISSING: Sentence("Not installed", "QEMU is a free program that the demo can run with."),
    Verdict.QEMU_BROKEN: Sentence("Installed, but it does not work", "QEMU said: {trouble}"),
    Verdict.NETWORK_OK: Sentence("Connected", "Work and results go through it."),
    Verdict.NETWORK_OFFLINE: Sentence("Not connected", "Work comes from CERN over the internet, and results go back there."),
    Verdict.NETWORK_METERED: Sentence(
        "Connected, but it may cost money", "The system says that this connection is paid by volume. The first download is large."
    ),
    Verdict.NETWORK_UNKNOWN: Sentence("Could not be found out", "The system did not say whether it is connected."),
    Verdict.HOSTS_OK: Sentence("Reached", "We reached {reached}."),
    Verdict.HOSTS_BLOCKED: Sentence(
        "Some could not be reached",
        "No connection to {blocked}. A firewall may be in the way, or the servers are down. The science box needs them.",
        ("exit 206",),
    ),
    Verdict.HOSTS_PROXY: Sentence(
        "The proxy could not be reached", "Your computer goes to the internet through {proxy}, and that one does not answer.", ("exit 206",)
    ),
}


@record
class Said:
    """A finding in words."""

    check: str
    summary: str
    detail: str


def _filled(data: Mapping[str, str | int]) -> dict[str, str | int]:
    """Data as people read it: names instead of ids, and a word where a name could not be found out."""
    words: dict[str, str | int] = dict(data)
    owners = [OWNERS[name] for name in str(data.get("owners", "")).split(", ") if name]
    words["owners"] = ", ".join(gettext(name) for name in owners) or gettext("a part of Windows")
    for name, instead in _INSTEAD.items():
        words[name] = words.get(name) or gettext(instead)
    return words


def check_name(check: str) -> str:
    """What the question with this id is called; the id itself of one that an older version asked."""
    return next((gettext(name) for one, name in CHECKS.items() if one.value == check), check)


def say(finding: Finding) -> Said:
    """``finding`` in words."""
    sentence = SENTENCES[finding.verdict]
    data = _filled(finding.data)
    return Said(
        check=gettext(CHECKS[finding.check]),
        summary=gettext(sentence.summary).format(**data),
        detail=gettext(sentence.detail).format(**data).strip(),
    )
