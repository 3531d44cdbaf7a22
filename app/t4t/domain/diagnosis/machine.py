"""What the computer is: platform, surroundings, processor, memory, disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.diagnosis.findings import Check, Finding, Remedy, Verdict
from t4t.domain.diagnosis.remedies import steps
from t4t.domain.facts import Architecture, Confinement, Driver, System, Translation, trace

if TYPE_CHECKING:
    from t4t.domain.facts import Computer

SMALLEST_MIB: Final = 1800
"""Below two gigabytes (less what graphics take) neither system nor appliance has room."""
SMALL_MIB: Final = 4200
NEEDED_MIB: Final = 1024
"""What the appliance takes of free memory."""
DISK_MIB: Final = 6 * 1024
"""LHC@home's image, the layer on it and one saved state."""
DEMO_MEMORY_MIB: Final = 512
DEMO_DISK_MIB: Final = 512
_SMALL_FILES: Final = frozenset({"vfat", "msdos", "fat", "fat32", "fat16", "exfat32"})
_REMOTE: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "fuse.sshfs", "webdav", "afs"})


def is_guest_without(computer: Computer) -> bool:
    """A virtual machine whose hypervisor does not lend it hardware virtualization."""
    return bool(computer.guest_of.value) and not computer.virtualization.can.value


def platform(computer: Computer) -> Finding:
    """Whether LHC@home's appliance, which is made for 64-bit Intel and AMD processors, can run on this kind of computer."""
    verdict, remedies = _platform(computer)
    data = {"name": computer.name.value or "", "processor": computer.processor.value or ""}
    sources = trace(computer.architecture, computer.translation)
    return Finding(check=Check.PLATFORM, verdict=verdict, data=data, steps=steps(computer, *remedies), sources=sources)


def _platform(computer: Computer) -> tuple[Verdict, tuple[Remedy, ...]]:
    hopeless = (Remedy.OTHER_COMPUTER, Remedy.LOOK_AT_SCIENCE)
    if computer.system is System.OTHER:
        return Verdict.PLATFORM_OTHER, hopeless
    if computer.translation.value is Translation.ROSETTA:
        return Verdict.PLATFORM_APPLE_CHIP, hopeless
    match computer.architecture.value:
        case Architecture.X86_64:
            return Verdict.PLATFORM_OK, ()
        case Architecture.ARM64:
            return (Verdict.PLATFORM_APPLE_CHIP if computer.system is System.MACOS else Verdict.PLATFORM_ARM), hopeless
        case Architecture.X86:
            return Verdict.PLATFORM_32_BIT, hopeless
        case Architecture.OTHER:
            return Verdict.PLATFORM_OTHER, hopeless
        case None:
            return Verdict.PLATFORM_UNKNOWN, (Remedy.CHECK_AGAIN,)
        case _ as never:
            assert_never(never)


def surroundings(computer: Computer) -> Finding:
    """What lies between us and the computer's devices."""
    verdict, remedies = _surroundings(computer)
    confinement = computer.confinement.value
    data = {"hypervisor": computer.guest_of.value or "", "sandbox": (confinement or Confinement.NONE).value}
    sources = trace(computer.guest_of, computer.confinement, computer.service)
    return Finding(check=Check.SURROUNDINGS, verdict=verdict, data=data, steps=steps(computer, *remedies), sources=sources)


def _surroundings(computer: Computer) -> tuple[Verdict, tuple[Remedy, ...]]:
    if computer.confinement.value is Confinement.WSL:
        return Verdict.SURROUNDINGS_WSL, (Remedy.WINDOWS_PROGRAM,)
    if is_guest_without(computer):
        return Verdict.SURROUNDINGS_GUEST, (Remedy.RUN_ON_THE_REAL_COMPUTER, Remedy.NESTED, Remedy.OTHER_COMPUTER)
    if computer.driver.value is not Driver.READY:
        match computer.confinement.value:
            case Confinement.CONTAINER:
                return Verdict.SURROUNDINGS_CONTAINER, (Remedy.RUN_OUTSIDE,)
            case Confinement.FLATPAK | Confinement.SNAP:
                return Verdict.SURROUNDINGS_SANDBOX, (Remedy.RUN_OUTSIDE,)
            case _:
                pass
    if computer.guest_of.value:
        return Verdict.SURROUNDINGS_NESTED, (Remedy.RUN_ON_THE_REAL_COMPUTER,)
    if computer.service.value:
        return Verdict.SURROUNDINGS_SERVICE, (Remedy.FROM_DESKTOP,)
    if computer.elevated.value:
        return Verdict.SURROUNDINGS_ADMINISTRATOR, (Remedy.NORMAL_USER,)
    return Verdict.SURROUNDINGS_OK, ()


def processor(computer: Computer) -> Finding:
    """Its name, and whether one core can be spared."""
    cores = computer.cores.value
    data: dict[str, str | int] = {"processor": computer.processor.value or "", "cores": cores or 0}
    sources = trace(computer.processor, computer.cores)
    if cores is None:
        return Finding(check=Check.PROCESSOR, verdict=Verdict.PROCESSOR_UNKNOWN, data=data, steps=steps(computer, Remedy.CHECK_AGAIN), sources=sources)
    if cores == 1:
        return Finding(check=Check.PROCESSOR, verdict=Verdict.PROCESSOR_ONE_CORE, data=data, steps=steps(computer, Remedy.KEEP_AS_IS), sources=sources)
    return Finding(check=Check.PROCESSOR, verdict=Verdict.PROCESSOR_OK, data=data, sources=sources)


def memory(computer: Computer) -> Finding:
    """Whether the appliance fits beside everything else."""
    found = computer.memory.value
    sources = trace(computer.memory)
    if found is None:
        return Finding(check=Check.MEMORY, verdict=Verdict.MEMORY_UNKNOWN, steps=steps(computer, Remedy.CHECK_AGAIN), sources=sources)
    verdict, remedies = Verdict.MEMORY_OK, ()  # type: tuple[Verdict, tuple[Remedy, ...]]
    if found.total < SMALLEST_MIB:
        verdict, remedies = Verdict.MEMORY_TOO_SMALL, (Remedy.OTHER_COMPUTER, Remedy.LOOK_AT_SCIENCE)
    elif found.available < NEEDED_MIB:
        verdict, remedies = Verdict.MEMORY_BUSY, (Remedy.CLOSE_PROGRAMS,)
    elif 0 < found.commit < NEEDED_MIB:
        verdict, remedies = Verdict.MEMORY_PROMISED, (Remedy.CLOSE_PROGRAMS,)
    elif found.total <= SMALL_MIB:
        verdict, remedies = Verdict.MEMORY_SMALL, (Remedy.KEEP_AS_IS,)
    data = {"total": _gigabytes(found.total), "available": _gigabytes(found.available), "commit": _gigabytes(found.commit), "needed": _gigabytes(NEEDED_MIB)}
    return Finding(check=Check.MEMORY, verdict=verdict, data=data, steps=steps(computer, *remedies), sources=sources)


def disk(computer: Computer) -> Finding:
    """Whether the appliance's files fit where our data lies."""
    found = computer.disk.value
    sources = trace(computer.disk)
    if found is None:
        return Finding(check=Check.DISK, verdict=Verdict.DISK_UNKNOWN, steps=steps(computer, Remedy.CHECK_AGAIN), sources=sources)
    verdict, remedies = Verdict.DISK_OK, ()  # type: tuple[Verdict, tuple[Remedy, ...]]
    if found.free < DISK_MIB:
        verdict, remedies = Verdict.DISK_FULL, (Remedy.FREE_DISK, Remedy.OTHER_DISK)
    elif found.file_system in _SMALL_FILES:
        verdict, remedies = Verdict.DISK_FILE_SYSTEM, (Remedy.OTHER_DISK,)
    elif found.file_system in _REMOTE:
        verdict, remedies = Verdict.DISK_REMOTE, (Remedy.OTHER_DISK,)
    data = {"path": found.path, "free": _gigabytes(found.free), "file_system": found.file_system, "needed": _gigabytes(DISK_MIB)}
    return Finding(check=Check.DISK, verdict=verdict, data=data, steps=steps(computer, *remedies), sources=sources)


def _gigabytes(mib: int) -> str:
    """As people read sizes: whole numbers, with one digit below ten."""
    value = mib / 1024
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")  # noqa: PLR2004 - two digits are enough


def demo_fits(computer: Computer) -> bool:
    """Whether memory and disk, as far as they are known, hold the demo."""
    memory_, disk_ = computer.memory.value, computer.disk.value
    return (memory_ is None or memory_.available >= DEMO_MEMORY_MIB) and (disk_ is None or disk_.free >= DEMO_DISK_MIB)
