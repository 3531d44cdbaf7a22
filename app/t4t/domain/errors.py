"""The one tree of errors: each leaf has a stable code, an exit status and data; sentences live in ``t4t.wording``.

T4TError
├─ InternalFault       a bug of ours                                                   exit 1
├─ UsageError          the command line is wrong                                       exit 2
├─ HostError           this computer needs attention                                   exit 3
├─ HypervisorError     the hypervisor or a VM of ours                                  exit 5
├─ TaskError           the task folder, its image or the guest's own result            exit 6
└─ ProjectError, AccountError: in `t4t.domain.project_errors`                          exit 4, 3
   HostError has further branches in `t4t.domain.install_errors` and `t4t.domain.update_errors`

Errors carry data, never sentences, so that a notice can be chosen by error, system and language.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass
from typing import Any, ClassVar


class Retry(enum.Enum):
    """Whether trying the same again can help."""

    NEVER = "never"
    AFTER_USER = "after_user"
    BACKOFF = "backoff"


@dataclass(eq=False)
class T4TError(Exception):
    """Root of all expected failures.

    Class attributes: ``code`` is stable across releases (docs/failures.md has one anchor a code), ``exit_code`` is the process's exit
    status, ``retry`` says whether trying again can help.
    """

    code: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1
    retry: ClassVar[Retry] = Retry.NEVER

    def __str__(self) -> str:
        """The code and the data, for logs; people read the wording."""
        data = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self))
        return f"{self.code}({data})"


class UsageError(T4TError):
    """The command line asks for something that does not exist."""

    exit_code = 2
    retry = Retry.AFTER_USER


class HostError(T4TError):
    """This computer needs the volunteer's attention."""

    exit_code = 3
    retry = Retry.AFTER_USER


class HypervisorError(T4TError):
    """The hypervisor, its programs or one of our VMs."""

    exit_code = 5
    retry = Retry.BACKOFF


class TaskError(T4TError):
    """The task folder, its image, or what the guest reported."""

    exit_code = 6


# --- usage ---------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class FolderMissing(UsageError):
    """The folder named on the command line is not there."""

    path: str
    code = "T4T-USE-01"


@dataclass(eq=False)
class RunspecInvalid(UsageError):
    """A runspec on the command line does not parse."""

    runspec: str
    reason: str
    code = "T4T-USE-02"


@dataclass(eq=False)
class ApplianceUnknown(UsageError):
    """No descriptor of this name is known."""

    name: str
    known: str
    code = "T4T-APP-03"


@dataclass(eq=False)
class FileExists(UsageError):
    """A file is to be written where there is one already; it stays as it is."""

    path: str
    code = "T4T-USE-03"


# --- host ----------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class NotEnoughDisk(HostError):
    """Too little space in the file system that holds ``path``; sizes in MiB."""

    path: str
    needed_mib: int
    free_mib: int
    code = "T4T-DISK-01"


@dataclass(eq=False)
class NotEnoughMemory(HostError):
    """Too little free memory for the VM; sizes in MiB."""

    needed_mib: int
    free_mib: int
    code = "T4T-MEM-01"


@dataclass(eq=False)
class FolderBusy(HostError):
    """Another t4t process is at work in this folder."""

    path: str
    pid: int
    code = "T4T-RUN-01"


@dataclass(eq=False)
class TaskElsewhere(HostError):
    """The task in this folder was begun with another data folder, which still has its VM."""

    path: str
    data_dir: str
    code = "T4T-RUN-02"


@dataclass(eq=False)
class AgentMissing(HostError):
    """The verb needs the agent of this data folder, and none answers."""

    data_dir: str
    code = "T4T-RUN-03"


@dataclass(eq=False)
class AgentRunning(HostError):
    """The agent of this data folder runs already; ``pid`` is 0 if it did not say."""

    data_dir: str
    pid: int
    code = "T4T-RUN-04"


@dataclass(eq=False)
class AgentNotUnderstood(HostError):
    """The agent is of another version."""

    detail: str
    code = "T4T-RUN-05"


@dataclass(eq=False)
class NoScreen(HostError):
    """A window was asked for where none can be shown; ``detail`` is the system's word, if there is one."""

    detail: str
    code = "T4T-GUI-01"


@dataclass(eq=False)
class StateSetAside(HostError):
    """A file of the agent's own state could not be read; it was put aside under the name ``file`` and begun anew."""

    file: str
    code = "T4T-RUN-06"


@dataclass(eq=False)
class InternalFault(T4TError):
    """A bug of ours in the care of one task; the others go on."""

    detail: str
    code = "T4T-BUG-01"


@dataclass(eq=False)
class FolderUnwritable(HostError):
    """A folder that must be written can't be."""

    path: str
    reason: str
    code = "T4T-DISK-02"


@dataclass(eq=False)
class ReportUnwritable(HostError):
    """The report can't be written to its place; nothing is left there."""

    path: str
    reason: str
    code = "T4T-DISK-03"


@dataclass(eq=False)
class ApplianceMissing(HostError):
    """The reference appliance is not on this computer yet."""

    path: str
    code = "T4T-APP-01"


@dataclass(eq=False)
class ApplianceDamaged(HostError):
    """A file of the reference appliance differs from its manifest."""

    path: str
    code = "T4T-APP-02"


@dataclass(eq=False)
class DescriptorsMissing(HostError):
    """The installation lacks the descriptors of the appliances."""

    path: str
    code = "T4T-APP-04"


# --- hypervisor ----------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class HypervisorMissing(HypervisorError):
    """No usable hypervisor of this kind on this computer."""

    hypervisor: str
    code = "T4T-HV-01"
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class HypervisorBroken(HypervisorError):
    """The hypervisor is there and does not answer as it must."""

    hypervisor: str
    detail: str
    code = "T4T-HV-02"


@dataclass(eq=False)
class VmNotFound(HypervisorError):
    """No VM of ours has this id."""

    vm: str
    code = "T4T-VM-01"
    retry = Retry.NEVER


@dataclass(eq=False)
class VmNotOurs(HypervisorError):
    """The VM or file exists and does not carry our mark: it is never touched."""

    vm: str
    code = "T4T-VM-02"
    retry = Retry.NEVER


@dataclass(eq=False)
class VmWrongState(HypervisorError):
    """The command does not fit the state that was observed."""

    vm: str
    state: str
    command: str
    code = "T4T-VM-03"
    retry = Retry.NEVER


@dataclass(eq=False)
class VmExists(HypervisorError):
    """A VM with this id was created before with another specification."""

    vm: str
    code = "T4T-VM-04"
    retry = Retry.NEVER


@dataclass(eq=False)
class VmLost(HypervisorError):
    """The VM's process ended by itself while it was needed."""

    vm: str
    detail: str
    code = "T4T-VM-05"


@dataclass(eq=False)
class StateUnreadable(HypervisorError):
    """A saved state or snapshot can't be loaded."""

    vm: str
    detail: str
    code = "T4T-VM-06"
    retry = Retry.NEVER


@dataclass(eq=False)
class SnapshotNotFound(HypervisorError):
    """The VM has no snapshot of this name."""

    vm: str
    snapshot: str
    code = "T4T-VM-07"
    retry = Retry.NEVER


@dataclass(eq=False)
class VmBusy(HypervisorError):
    """Another program holds the VM (or VirtualBox has not let go of it yet); ``detail`` is the hypervisor's own text."""

    vm: str
    command: str
    detail: str
    code = "T4T-VM-08"


@dataclass(eq=False)
class NotSupported(HypervisorError):
    """The driver declared in its capabilities that it can't do this."""

    hypervisor: str
    feature: str
    code = "T4T-HV-03"
    retry = Retry.NEVER


@dataclass(eq=False)
class CommandTimeout(HypervisorError):
    """The hypervisor did not reach the state that was asked for in time; seconds."""

    vm: str
    command: str
    seconds: float
    code = "T4T-HV-04"


@dataclass(eq=False)
class CommandFailed(HypervisorError):
    """A command of the hypervisor was refused; ``detail`` is its own text."""

    vm: str
    command: str
    detail: str
    code = "T4T-HV-05"


@dataclass(eq=False)
class PortUnavailable(HypervisorError):
    """No free loopback port could be forwarded to the guest."""

    vm: str
    port: int
    code = "T4T-HV-06"


@dataclass(eq=False)
class HostProcessLost(HypervisorError):
    """The VM host process ended; it is started again and adopts the VMs."""

    detail: str
    code = "T4T-HV-07"


@dataclass(eq=False)
class MediumMissing(HypervisorError):
    """A disk, ISO or floppy file of the VM is not there."""

    path: str
    code = "T4T-HV-08"
    retry = Retry.NEVER


@dataclass(eq=False)
class HypervisorUnfit(HypervisorError):
    """The appliance's descriptor does not list this hypervisor; ``supported`` are those that it lists."""

    appliance: str
    hypervisor: str
    supported: str
    code = "T4T-APP-05"
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class LimitNotHeld(HypervisorError):
    """The VM uses more of its processors than it may, and nothing here can hold it back; percent of them."""

    hypervisor: str
    limit_percent: int
    measured_percent: int
    code = "T4T-HV-09"
    retry = Retry.AFTER_USER


# --- task ----------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class TaskFileMissing(TaskError):
    """The task folder lacks a file that the job needs."""

    path: str
    code = "T4T-TASK-01"


@dataclass(eq=False)
class JobXmlMalformed(TaskError):
    """``vbox_job.xml`` is not what BOINC's wrapper could read."""

    path: str
    reason: str
    code = "T4T-TASK-02"


@dataclass(eq=False)
class JobElementRefused(TaskError):
    """An element of ``vbox_job.xml`` has a value that is refused."""

    element: str
    value: str
    reason: str
    code = "T4T-TASK-03"


@dataclass(eq=False)
class JobCombinationRefused(TaskError):
    """Two elements of ``vbox_job.xml`` that may not stand together."""

    first: str
    second: str
    code = "T4T-TASK-04"


@dataclass(eq=False)
class ImageDamaged(TaskError):
    """The image can't be a bootable disk: truncated, empty or of another format."""

    path: str
    reason: str
    code = "T4T-TASK-05"


@dataclass(eq=False)
class ChecksumMismatch(TaskError):
    """A file's SHA-256 is not the one that was announced."""

    path: str
    expected: str
    actual: str
    code = "T4T-TASK-06"


@dataclass(eq=False)
class ImageWrongArchitecture(TaskError):
    """The image is for processors of another kind than this computer's."""

    image: str
    computer: str
    code = "T4T-TASK-07"


@dataclass(eq=False)
class GuestFailed(TaskError):
    """The guest itself reported a failure; its exit code and message."""

    guest_exit_code: int
    message: str
    code = "T4T-TASK-08"


@dataclass(eq=False)
class HeartbeatLost(TaskError):
    """Three heartbeats in a row were missed; seconds of running time since the last one."""

    seconds: float
    code = "T4T-TASK-09"


@dataclass(eq=False)
class PrematureShutdown(TaskError):
    """The VM switched itself off before the job was done."""

    detail: str
    code = "T4T-TASK-10"


@dataclass(eq=False)
class DurationPassed(TaskError):
    """The task had used up its duration before it was started again; seconds."""

    elapsed: float
    duration: float
    code = "T4T-TASK-11"


@dataclass(eq=False)
class OutputUnreadable(TaskError):
    """A result file of the guest does not have the announced format."""

    path: str
    reason: str
    code = "T4T-TASK-12"


@dataclass(eq=False)
class TaskLinkRefused(TaskError):
    """A file of the task is a link to a place outside, from where it could carry any file of the volunteer's into the guest."""

    path: str
    target: str
    code = "T4T-TASK-13"


@dataclass(eq=False)
class TaskFileUnreadable(TaskError):
    """A file of the task is there and can't be read."""

    path: str
    reason: str
    code = "T4T-TASK-14"


@dataclass(eq=False)
class DescriptorInvalid(TaskError):
    """A descriptor of an appliance is refused; ``key`` is dotted, empty where the whole file is meant."""

    path: str
    key: str
    reason: str
    code = "T4T-APP-06"


def leaves(root: type[T4TError] = T4TError) -> tuple[type[T4TError], ...]:
    """All concrete errors below ``root``, in order of definition."""
    found: list[type[T4TError]] = []
    for child in root.__subclasses__():
        found.extend(leaves(child) or (child,))
    return tuple(found)


def to_wire(error: T4TError) -> dict[str, Any]:
    """``error`` as plain data for the VM host's pipe and the local API."""
    return {"code": error.code, "data": dataclasses.asdict(error)}


def from_wire(message: dict[str, Any]) -> T4TError:
    """The inverse of `to_wire`; an unknown code or ill-fitting data becomes `HostProcessLost` (another version speaks)."""
    leaf = {leaf.code: leaf for leaf in leaves()}.get(str(message.get("code")))
    data = message.get("data")
    if leaf is None or not isinstance(data, dict) or set(data) != {f.name for f in dataclasses.fields(leaf)}:
        return HostProcessLost(detail=f"unknown error {message!r}")
    return leaf(**data)
