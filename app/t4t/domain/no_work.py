"""Why no work came. Projects that hand out VirtualBox work refuse most computers in silence, so what they test is tested here too."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from t4t.domain.project import SchedulerReply
    from t4t.domain.scheduler_request import HostInfo

_VERSION: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})")
LEAST_VIRTUALBOX: Final = (7, 0, 0)


class NoWork(enum.Enum):
    """One reason; the sentence for it is wording's."""

    NO_VIRTUALBOX = "no_virtualbox"
    VIRTUALBOX_UNUSABLE = "virtualbox_unusable"
    VIRTUALBOX_TOO_OLD = "virtualbox_too_old"
    NO_VIRTUALIZATION = "no_virtualization"
    PLATFORM = "platform"
    MEMORY = "memory"
    DISK = "disk"
    DEADLINE = "deadline"
    CLIENT_TOO_OLD = "client_too_old"
    LIMIT_REACHED = "limit_reached"
    DAILY_QUOTA = "daily_quota"
    TOO_RECENT = "too_recent"
    KEY_CHANGED = "key_changed"
    NOT_SELECTED = "not_selected"
    NONE_AVAILABLE = "none_available"
    UNKNOWN = "unknown"


_SAID: Final = (
    ("VirtualBox is not installed", NoWork.NO_VIRTUALBOX),
    ("VirtualBox is not usable", NoWork.VIRTUALBOX_UNUSABLE),
    ("or later is required", NoWork.VIRTUALBOX_TOO_OLD),
    ("doesn't support computers of type", NoWork.PLATFORM),
    ("MB RAM but only", NoWork.MEMORY),
    ("more disk space", NoWork.DISK),
    ("won't finish in time", NoWork.DEADLINE),
    ("software is too old", NoWork.CLIENT_TOO_OLD),
    ("BOINC client 7.0+ required", NoWork.CLIENT_TOO_OLD),
    ("limit on tasks in progress", NoWork.LIMIT_REACHED),
    ("daily quota", NoWork.DAILY_QUOTA),
    ("Daily job limit", NoWork.DAILY_QUOTA),
    ("too recent", NoWork.TOO_RECENT),
    ("changed its security key", NoWork.KEY_CHANGED),
    ("no tasks available", NoWork.NONE_AVAILABLE),
)


def version_of(text: str) -> tuple[int, int, int] | None:
    """The three numbers that a project's server reads of a VirtualBox version, or None."""
    found = _VERSION.match(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def local_reasons(host: HostInfo, least: tuple[int, int, int] = LEAST_VIRTUALBOX) -> tuple[NoWork, ...]:
    """What a server finds wrong with this computer without saying so."""
    reasons = []
    version = version_of(host.virtualbox_version)
    if not host.virtualbox_version:
        reasons.append(NoWork.NO_VIRTUALBOX)
    elif version is None or "unusable" in host.virtualbox_version:
        reasons.append(NoWork.VIRTUALBOX_UNUSABLE)
    elif version < least:
        reasons.append(NoWork.VIRTUALBOX_TOO_OLD)
    if host.p_vm_extensions_disabled or not {"vmx", "svm"} & set(host.p_features.split()):
        reasons.append(NoWork.NO_VIRTUALIZATION)
    return tuple(reasons)


def why_no_work(reply: SchedulerReply, host: HostInfo) -> tuple[NoWork, ...]:
    """The reasons why a reply to a request for work has none: what the server said, then what it kept to itself; never empty then."""
    if reply.results:
        return ()
    texts = [message.text for message in reply.messages]
    said = [reason for part, reason in _SAID if any(part in text for text in texts)]
    silent = [] if said else [*local_reasons(host)]
    if not said and not silent:
        silent = [NoWork.NOT_SELECTED if "<app_id>" in reply.project_preferences else NoWork.UNKNOWN]
    return tuple(dict.fromkeys((*said, *silent)))
