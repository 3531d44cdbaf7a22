"""The test boot: what a tiny machine that was really started proves. Only hardware virtualization is good; the others work, and say what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.diagnosis import virtualbox as ladder
from t4t.domain.diagnosis.findings import Check, Finding, Remedy, Verdict
from t4t.domain.diagnosis.remedies import steps
from t4t.domain.diagnosis.virtualization import firmware_words
from t4t.domain.facts import Driver, Obstacle, System, trace
from t4t.domain.vm import Accelerator

if TYPE_CHECKING:
    from t4t.domain.diagnosis.tables import Tables
    from t4t.domain.facts import Computer, Facts, Trial

Judged = tuple[Verdict, tuple[Remedy, ...]]

_TAKEN_LINUX: Final = (Remedy.KVM_CLOSE, Remedy.KVM_UNLOAD, Remedy.KVM_LEND)
_TAKEN_WINDOWS: Final = (Remedy.WINDOWS_PLATFORM, Remedy.FULL_SPEED)
_PLAIN: Final[dict[Obstacle, Judged]] = {
    Obstacle.NONE: (Verdict.BOOT_NONE, (Remedy.FIRMWARE_SETTING, Remedy.OTHER_COMPUTER)),
    Obstacle.NOT_LENT: (Verdict.BOOT_NOT_LENT, (Remedy.KVM_UNDO_LEND, Remedy.KVM_UNLOAD)),
    Obstacle.HARDENING: (Verdict.BOOT_HARDENING, (Remedy.EXCLUDE_FROM_ANTIVIRUS, Remedy.REPAIR_VIRTUALBOX)),
    Obstacle.MEMORY: (Verdict.BOOT_MEMORY, (Remedy.CLOSE_PROGRAMS,)),
    Obstacle.DISK: (Verdict.BOOT_DISK, (Remedy.FREE_DISK, Remedy.OTHER_DISK)),
    Obstacle.SILENT: (Verdict.BOOT_SILENT, (Remedy.CHECK_AGAIN, Remedy.REPAIR_VIRTUALBOX)),
    Obstacle.OTHER: (Verdict.BOOT_OTHER, (Remedy.RESTART_SERVICE, Remedy.REPAIR_VIRTUALBOX)),
}
"""What needs no further look at the computer."""


def virtualbox(facts: Facts, tables: Tables) -> tuple[Finding, ...]:
    """What VirtualBox's test boot proves; nothing if there was none."""
    trial = facts.virtualbox_trial.value
    if trial is None:
        return ()
    computer = facts.computer
    judged, remedies = _ran(trial, computer) if trial.obstacle is None else _failed(trial.obstacle, computer)
    kvm = computer.kvm.value
    data = {
        **firmware_words(computer, tables),
        **_words(trial),
        "programs": "" if kvm is None else ", ".join(kvm.programs),
        "place": "" if kvm is None else kvm.override,
        "kernel": computer.release.value or "",
        "recommended": tables.recommended,
    }
    sources = trace(facts.virtualbox_trial)
    return (Finding(check=Check.BOOT, verdict=judged, data=data, steps=steps(computer, *remedies), sources=sources),)


def _words(trial: Trial) -> dict[str, str | int]:
    return {
        "seconds": f"{trial.seconds:.0f}",
        "code": trial.code,
        "trouble": trial.trouble or trial.code,
        "culprit": trial.culprit,
    }


def _ran(trial: Trial, computer: Computer) -> Judged:
    match trial.engine:
        case Accelerator.HARDWARE:
            return Verdict.BOOT_OK, ()
        case Accelerator.PLATFORM:
            if computer.system is System.MACOS:  # Apple's own framework is how it is meant there
                return Verdict.BOOT_OK, ()
            return Verdict.BOOT_PLATFORM, (Remedy.KEEP_AS_IS, Remedy.FULL_SPEED)
        case Accelerator.INTERPRETER:
            return Verdict.BOOT_INTERPRETER, _to_hardware(computer)
        case None:
            return Verdict.BOOT_UNSEEN, (Remedy.CHECK_AGAIN,)
        case _ as never:
            assert_never(never)


def _to_hardware(computer: Computer) -> tuple[Remedy, ...]:
    """What gives it hardware virtualization: what the driver needs, else the firmware's switch."""
    _, remedies = ladder.driver_judged(computer)
    return remedies or (Remedy.FIRMWARE_SETTING, Remedy.ASK_OWNER)


def _failed(obstacle: Obstacle, computer: Computer) -> Judged:
    if obstacle in {Obstacle.OFF, Obstacle.TAKEN}:
        return _off_or_taken(obstacle, computer)
    silent = obstacle is Obstacle.OTHER and computer.driver.value in {Driver.NOT_BUILT, Driver.NOT_LOADED, Driver.REFUSED}
    if silent or obstacle in {Obstacle.DRIVER, Obstacle.UNSIGNED}:  # without its driver the machine's process ends without a word
        unsigned = obstacle is Obstacle.UNSIGNED or computer.driver.value is Driver.REFUSED
        _, remedies = ladder.driver_judged(computer)
        if unsigned:
            trust = Remedy.ENROL_KEY if computer.system is System.LINUX else Remedy.REPAIR_VIRTUALBOX
            return Verdict.BOOT_UNSIGNED, tuple(dict.fromkeys((trust, *remedies)))
        return Verdict.BOOT_DRIVER, remedies or (Remedy.REPAIR_VIRTUALBOX,)
    return _PLAIN[obstacle]


def _off_or_taken(obstacle: Obstacle, computer: Computer) -> Judged:
    """VirtualBox says "disabled" too where another hypervisor hides it (VERR_VMX_MSR_ALL_VMX_DISABLED on Windows): who holds it decides."""
    if obstacle is Obstacle.TAKEN or computer.virtualization.free.value is False:
        return Verdict.BOOT_TAKEN, _TAKEN_WINDOWS if computer.system is System.WINDOWS else _TAKEN_LINUX
    into = (Remedy.RESTART_INTO_FIRMWARE,) if computer.uefi.value else ()
    return Verdict.BOOT_OFF, (*into, Remedy.FIRMWARE_SETTING, Remedy.ASK_OWNER)


def qemu(facts: Facts) -> tuple[Finding, ...]:
    """What QEMU's test boot proves for the demo; nothing if there was none."""
    trial = facts.qemu_trial.value
    if trial is None:
        return ()
    judged: Judged = (Verdict.QEMU_BOOT_FAILED, (Remedy.INSTALL_QEMU,))
    if trial.ran:
        hardware = trial.engine is Accelerator.HARDWARE
        judged = (Verdict.QEMU_BOOT_OK, ()) if hardware else (Verdict.QEMU_BOOT_INTERPRETER, (Remedy.KEEP_AS_IS,))
    return (Finding(check=Check.QEMU_BOOT, verdict=judged[0], data=_words(trial), steps=steps(facts.computer, *judged[1]), sources=trace(facts.qemu_trial)),)
