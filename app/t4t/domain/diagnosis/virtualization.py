"""Hardware virtualization: whether the processor can, whether it is switched on, and who else has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.diagnosis.findings import Check, Finding, Remedy, Verdict, verdict
from t4t.domain.diagnosis.remedies import steps
from t4t.domain.diagnosis.tables import Tables, numbers
from t4t.domain.facts import Board, Kvm, Owner, System, Vendor, trace

if TYPE_CHECKING:
    from t4t.domain.facts import Computer

_NAMES = {Vendor.INTEL: "Intel VT-x", Vendor.AMD: "AMD-V"}
_SETTINGS = {Vendor.INTEL: "Intel Virtualization Technology", Vendor.AMD: "SVM Mode"}


def virtualization(computer: Computer, tables: Tables) -> Finding:
    """The processor's and the firmware's part of the question."""
    found = computer.virtualization
    judged, remedies = _virtualization(computer)
    sources = trace(found.can, found.on, found.second_level)
    return Finding(check=Check.VIRTUALIZATION, verdict=judged, data=firmware_words(computer, tables), steps=steps(computer, *remedies), sources=sources)


def firmware_words(computer: Computer, tables: Tables) -> dict[str, str | int]:
    """What the feature and its switch are called on this computer, and the key that opens its start-up menu."""
    vendor = computer.vendor.value or Vendor.OTHER
    board = computer.board.value or Board()
    row = tables.firmware_row(board)
    return {
        "feature": _NAMES.get(vendor, "hardware virtualization"),
        "setting": _SETTINGS.get(vendor, "Virtualization"),
        "key": row.key,
        "path": row.path,
        "board": ", ".join(part for part in (f"{board.vendor} {board.product}".strip(), board.firmware and f"firmware {board.firmware}") if part),
    }


def _virtualization(computer: Computer) -> tuple[Verdict, tuple[Remedy, ...]]:
    found = computer.virtualization
    firmware = (*((Remedy.RESTART_INTO_FIRMWARE,) if computer.uefi.value else ()), Remedy.FIRMWARE_SETTING, Remedy.ASK_OWNER)
    match (found.can.value, found.on.value):
        case (False, _):
            return Verdict.VIRTUALIZATION_NONE, (Remedy.OTHER_COMPUTER, Remedy.LOOK_AT_SCIENCE)
        case (True, False):
            if computer.system is System.MACOS:  # a Mac has no such menu
                return Verdict.VIRTUALIZATION_NONE, (Remedy.OTHER_COMPUTER, Remedy.LOOK_AT_SCIENCE)
            return Verdict.VIRTUALIZATION_OFF, firmware
        case (None, False):
            return Verdict.VIRTUALIZATION_OFF_OR_NONE, firmware
        case (_, None):
            return Verdict.VIRTUALIZATION_UNKNOWN, (Remedy.CHECK_AGAIN, Remedy.FIRMWARE_SETTING)
        case _:
            if found.second_level.value is False:
                return Verdict.VIRTUALIZATION_NO_PAGING, (Remedy.KEEP_AS_IS,)
            return Verdict.VIRTUALIZATION_OK, ()


def sharing(computer: Computer, virtualbox: tuple[int, ...], tables: Tables) -> Finding:
    """Who else uses the processor's feature, and whether VirtualBox gets along with them."""
    found = computer.virtualization
    owners = found.owners.value or ()
    kvm = computer.kvm.value or Kvm()
    data = {
        "owners": ", ".join(owner.value for owner in owners),
        "programs": ", ".join(kvm.programs),
        "module": kvm.module,
        "place": kvm.override,
        "kernel": computer.release.value or "",
        "recommended": tables.recommended,
    }
    if computer.system is System.WINDOWS:
        judged, remedies = _windows(computer)
    elif Owner.XEN in owners:
        judged, remedies = Verdict.SHARING_XEN, (Remedy.WITHOUT_XEN,)
    elif computer.system is System.LINUX:
        judged, remedies = _linux(computer, virtualbox, tables)
    else:
        judged, remedies = Verdict.SHARING_OK, ()
    sources = trace(found.free, found.owners, computer.kvm)
    return Finding(check=Check.SHARING, verdict=judged, data=data, steps=steps(computer, *remedies), sources=sources)


def _windows(computer: Computer) -> tuple[Verdict, tuple[Remedy, ...]]:
    found = computer.virtualization
    match (found.free.value, found.windows_platform.value):
        case (True, _):
            return Verdict.SHARING_OK, ()
        case (None, _):
            return Verdict.SHARING_UNKNOWN, (Remedy.CHECK_AGAIN,)
        case (_, False):
            return Verdict.SHARING_WINDOWS_REFUSED, (Remedy.WINDOWS_PLATFORM, Remedy.FULL_SPEED)
        case _:
            return Verdict.SHARING_WINDOWS_SLOW, (Remedy.KEEP_AS_IS, Remedy.FULL_SPEED)


def _linux(computer: Computer, virtualbox: tuple[int, ...], tables: Tables) -> tuple[Verdict, tuple[Remedy, ...]]:
    kvm = computer.kvm.value
    if kvm is None or not computer.release.value:
        return Verdict.SHARING_UNKNOWN, (Remedy.CHECK_AGAIN,)
    judged = verdict(tables.kvm_verdict(numbers(computer.release.value), virtualbox, kvm))
    return judged, _FOR_KVM[judged]


_FOR_KVM: dict[Verdict, tuple[Remedy, ...]] = {
    Verdict.SHARING_OK: (),
    Verdict.SHARING_KVM_CLOSED: (Remedy.KVM_ALLOW, Remedy.UPDATE_VIRTUALBOX),
    Verdict.SHARING_KVM_NOT_LENT: (Remedy.KVM_UNDO_LEND, Remedy.KVM_UNLOAD),
    Verdict.SHARING_KVM_BESIDE: (Remedy.KEEP_AS_IS, Remedy.KVM_CLOSE),
    Verdict.SHARING_KVM_BUSY: (Remedy.KVM_CLOSE,),
    Verdict.SHARING_KVM_HOLDS_UPDATE: (Remedy.UPDATE_VIRTUALBOX, Remedy.KVM_UNLOAD, Remedy.KVM_LEND),
    Verdict.SHARING_KVM_HOLDS: (Remedy.KVM_UNLOAD, Remedy.KVM_LEND),
}
"""What helps in each case of ``kernels.toml``."""
