"""VirtualBox's result codes, by number and by name: what they are called and what they say about this computer.

HRESULTs are printed by VBoxManage in its "Details:" line (on Unix its exit status keeps only their low eight bits); VERR names stand in brackets in its
messages and in the logs of a VM.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from t4t.domain.record import record

OBJECT_NOT_FOUND: Final = 0x80BB0001
INVALID_VM_STATE: Final = 0x80BB0002
INVALID_OBJECT_STATE: Final = 0x80BB0007
OBJECT_IN_USE: Final = 0x80BB000C
ACCESS_DENIED: Final = 0x80070005
OUT_OF_MEMORY: Final = 0x8007000E
SERVER_EXEC_FAILURE: Final = 0x80080005
SERVER_UNAVAILABLE: Final = 0x800706BA
CALL_FAILED: Final = 0x800706BE
CLASS_NOT_REGISTERED: Final = 0x80040154
SOCKET_FAIL: Final = 0xC1F30200

HRESULTS: Final[dict[int, str]] = {
    OBJECT_NOT_FOUND: "VBOX_E_OBJECT_NOT_FOUND",
    INVALID_VM_STATE: "VBOX_E_INVALID_VM_STATE",
    0x80BB0003: "VBOX_E_VM_ERROR",
    0x80BB0004: "VBOX_E_FILE_ERROR",
    0x80BB0005: "VBOX_E_IPRT_ERROR",
    0x80BB0006: "VBOX_E_PDM_ERROR",
    INVALID_OBJECT_STATE: "VBOX_E_INVALID_OBJECT_STATE",
    0x80BB0008: "VBOX_E_HOST_ERROR",
    0x80BB0009: "VBOX_E_NOT_SUPPORTED",
    0x80BB000A: "VBOX_E_XML_ERROR",
    0x80BB000B: "VBOX_E_INVALID_SESSION_STATE",
    OBJECT_IN_USE: "VBOX_E_OBJECT_IN_USE",
    0x80BB0012: "VBOX_E_PLATFORM_ARCH_NOT_SUPPORTED",
    ACCESS_DENIED: "E_ACCESSDENIED",
    OUT_OF_MEMORY: "E_OUTOFMEMORY",
    0x80070057: "E_INVALIDARG",
    0x80004001: "E_NOTIMPL",
    0x80004004: "E_ABORT",
    0x80004005: "E_FAIL",
    CLASS_NOT_REGISTERED: "REGDB_E_CLASSNOTREG",
    SERVER_EXEC_FAILURE: "CO_E_SERVER_EXEC_FAILURE",
    SERVER_UNAVAILABLE: "RPC_S_SERVER_UNAVAILABLE",
    CALL_FAILED: "RPC_S_CALL_FAILED",
    SOCKET_FAIL: "NS_ERROR_SOCKET_FAIL",
}
"""By its number, since XPCOM prints other names (NS_ERROR_FAILURE for E_FAIL)."""


class Trouble(enum.Enum):
    """What a VERR code is about."""

    VIRTUALIZATION_OFF = "virtualization is switched off in the firmware"
    VIRTUALIZATION_NONE = "the processor has no hardware virtualization, or it is hidden"
    VIRTUALIZATION_TAKEN = "another hypervisor holds hardware virtualization"
    VIRTUALIZATION_NOT_LENT = "KVM has not switched hardware virtualization on for others"
    DRIVER = "the kernel driver is missing or not started"
    HARDENING = "another program was loaded into VirtualBox, which refused it"
    MEMORY = "not enough memory"
    DISK = "no space on the disk"
    STATE = "the saved state is damaged or of another version"
    FILE = "a file is missing"


_BY_NAME: Final[tuple[tuple[str, Trouble], ...]] = (
    (r"VERR_VMX_MSR_(?:ALL_)?VMX(?:ON)?_DISABLED", Trouble.VIRTUALIZATION_OFF),
    (r"VERR_VMX_MSR_LOCKED_OR_DISABLED", Trouble.VIRTUALIZATION_OFF),
    (r"VERR_VMX_MSR_LOCKING_FAILED", Trouble.VIRTUALIZATION_OFF),
    (r"VERR_VMX_MSR_SMX_VMXON_DISABLED", Trouble.VIRTUALIZATION_OFF),
    (r"VERR_SVM_DISABLED", Trouble.VIRTUALIZATION_OFF),
    (r"VERR_VMX_NO_VMX|VERR_SVM_NO_SVM|VERR_NEM_NOT_AVAILABLE", Trouble.VIRTUALIZATION_NONE),
    (r"VERR_VMX_IN_VMX_ROOT_MODE|VERR_SVM_IN_USE", Trouble.VIRTUALIZATION_TAKEN),
    (r"VERR_SVM_HOST_SVME_NOT_ENABLED", Trouble.VIRTUALIZATION_NOT_LENT),
    (r"VERR_VM_DRIVER_[A-Z_]+|VERR_SUPDRV_[A-Z_]+|VERR_SUPLIB_[A-Z_]+", Trouble.DRIVER),
    (r"VERR_SUP_VP_[A-Z_0-9]+", Trouble.HARDENING),
    (r"VERR_(?:EM_)?NO_MEMORY|VERR_NO_PAGE_MEMORY|VERR_NO_LOW_MEMORY|VERR_NO_PHYS_MEMORY", Trouble.MEMORY),
    (r"VERR_DISK_FULL", Trouble.DISK),
    (r"VERR_SSM_[A-Z_0-9]+|VERR_CPUM_INVALID_XCR0|VERR_CPUM_INCOMPATIBLE_[A-Z_0-9]+", Trouble.STATE),
    (r"VERR_FILE_NOT_FOUND|VERR_PATH_NOT_FOUND", Trouble.FILE),
)

_HRESULT: Final = re.compile(r"\b(?:NS_ERROR|VBOX_E|E|CO_E|REGDB_E|RPC_[SE])_\w+ \((0x[0-9a-fA-F]{8})\)|\b(?:code|rc|result|error)[ =:]+(0x[0-9a-fA-F]{8})\b")
_VERR: Final = re.compile(r"\bVERR_[A-Z0-9_]{1,60}\b")


@record
class Sign:
    """A VERR code that was found and what it is about."""

    verr: str
    trouble: Trouble


def hresult(text: str) -> int | None:
    """The first HRESULT that ``text`` names; None if there is none (``exit code 1 (0x1)`` is none)."""
    found = _HRESULT.search(text)
    return None if found is None else int(found[1] or found[2], 16)


def hresult_name(code: int) -> str:
    """The name of an HRESULT, or its number if it has none here."""
    return HRESULTS.get(code, f"0x{code:08x}")


def verr_codes(text: str) -> tuple[str, ...]:
    """All VERR names in ``text``, in order, each once."""
    return tuple(dict.fromkeys(_VERR.findall(text)))


def signs(text: str) -> tuple[Sign, ...]:
    """Those VERR codes of ``text`` that say something about this computer, in order of `_BY_NAME` (the cause before its followers)."""
    codes = verr_codes(text)
    return tuple(Sign(code, trouble) for pattern, trouble in _BY_NAME for code in codes if re.fullmatch(pattern, code))
