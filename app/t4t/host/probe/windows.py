"""Windows: what its documented calls, WMI and the registry say; never a text that Windows translates.

Whether a hypervisor is at work (``Win32_ComputerSystem.HypervisorPresent``) is asked first: where one is, the processor's features and WMI's
``VirtualizationFirmwareEnabled`` are masked and read "no" on healthy computers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.facts import (
    Architecture,
    Board,
    Computer,
    Confinement,
    Driver,
    Fact,
    Memory,
    Owner,
    System,
    Translation,
    Vendor,
    Virtualization,
    certain,
    likely,
    unknown,
)
from t4t.domain.record import record
from t4t.host.probe.base import hypervisor_of, measured, processor_vendor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from t4t.host.probe.base import Measures

PF_SECOND_LEVEL: Final = 20
PF_FIRMWARE: Final = 21
_UEFI: Final = 2
_VBS_RUNNING: Final = 2
_CREDENTIAL_GUARD: Final = 1
_MEMORY_INTEGRITY: Final = 2
MACHINES: Final = {0x8664: Architecture.X86_64, 0xAA64: Architecture.ARM64, 0x014C: Architecture.X86}
"""IMAGE_FILE_MACHINE_* as ``IsWow64Process2`` names them."""
_BIOS: Final = r"HKLM\HARDWARE\DESCRIPTION\System\BIOS"
_CPU: Final = r"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\0"
_VERSION: Final = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_SECURE_BOOT: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State"
_DEVICE_GUARD: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\DeviceGuard"
_SERVICES: Final = r"HKLM\SYSTEM\CurrentControlSet\Services"
_WSL: Final = r"HKCU\SOFTWARE\Microsoft\Windows\CurrentVersion\Lxss"
_CIM: Final = r"root\cimv2"
_DEVICE_GUARD_WMI: Final = r"root\Microsoft\Windows\DeviceGuard"
_WINDOWS_10: Final = 10_240
_WINDOWS_11: Final = 22_000
_DRIVERS: Final = ("VBoxSup", "VBoxDrv")
"""The name since VirtualBox 7.0 and the one before."""


class WindowsApi(Protocol):
    """The calls that the probe makes; None wherever the system gives no answer."""

    def values(self, key: str) -> Mapping[str, str | int] | None:
        """All text and number values of a registry key below ``HKLM`` or ``HKCU``, the 64-bit view."""
        ...

    def subkeys(self, key: str) -> Sequence[str]:
        """The names of the keys below a registry key."""
        ...

    def wmi(self, namespace: str, kind: str, fields: Sequence[str]) -> Mapping[str, object] | None:
        """The fields of the first object of a WMI class."""
        ...

    def processor_feature(self, number: int) -> bool | None:
        """``IsProcessorFeaturePresent``."""
        ...

    def machines(self) -> tuple[int, int] | None:
        """``IsWow64Process2``: what our process is made for (0: the native kind), and the native kind."""
        ...

    def hypervisor_platform(self) -> bool | None:
        """``WHvGetCapability(WHvCapabilityCodeHypervisorPresent)``; False where its library is not installed."""
        ...

    def running(self, service: str) -> bool | None:
        """``QueryServiceStatus``: whether a service or driver runs; None if there is none of this name."""
        ...

    def firmware(self) -> int | None:
        """``GetFirmwareType``: 1 BIOS, 2 UEFI."""
        ...

    def commit_mib(self) -> int | None:
        """``GlobalMemoryStatusEx``: what Windows may still promise, in MiB."""
        ...

    def elevated(self) -> bool | None:
        """Whether we run as administrator."""
        ...

    def session(self) -> int | None:
        """``ProcessIdToSessionId``; services run in 0."""
        ...


@record(kw_only=True)
class WindowsSurroundings:
    """What the probe looks at."""

    api: WindowsApi
    measures: Measures


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _numbers(value: object) -> frozenset[int]:
    return frozenset(one for one in value if isinstance(one, int)) if isinstance(value, list | tuple) else frozenset()


def _stated(value: bool | None, source: str) -> Fact[bool]:  # noqa: FBT001 - an answer of the system on its way into a fact
    return unknown(source) if value is None else certain(value, source)


class WindowsProbe:
    """`t4t.host.probe.base.Probe` for Windows."""

    def __init__(self, around: WindowsSurroundings) -> None:
        """Nothing is asked yet."""
        self._api = around.api
        self._measures = around.measures

    def look(self) -> Computer:
        """See `Probe.look`."""
        cpu = self._api.values(_CPU) or {}
        board = self._board()
        vendor = processor_vendor(str(cpu.get("VendorIdentifier", "")))
        guest = self._guest_of(board)
        memory, disk = measured(self._measures)
        build = self._build()
        session = self._api.session()
        return Computer(
            system=System.WINDOWS,
            release=certain(str(build), _VERSION) if build else unknown(_VERSION),
            name=certain(self._name(build), _VERSION) if build else unknown(_VERSION),
            processor=certain(" ".join(name.split()), _CPU) if (name := str(cpu.get("ProcessorNameString", ""))) else unknown(_CPU),
            vendor=certain(vendor, _CPU) if cpu.get("VendorIdentifier") else unknown(_CPU),
            cores=unknown("processors") if (cores := self._measures.cores()) is None else certain(cores, "processors"),
            architecture=self._architecture(),
            translation=self._translation(),
            confinement=likely(Confinement.NONE, "Windows"),
            service=unknown("session") if session is None else certain(session == 0, "session"),
            elevated=_stated(self._api.elevated(), "token"),
            guest_of=guest,
            board=board,
            uefi=unknown("GetFirmwareType") if (firmware := self._api.firmware()) is None else certain(firmware == _UEFI, "GetFirmwareType"),
            secure_boot=self._secure_boot(),
            virtualization=self._virtualization(vendor, guest.value or ""),
            memory=self._with_commit(memory),
            disk=disk,
            driver=self._driver(),
        )

    # --- the machine -------------------------------------------------------------------------------------------------

    def _build(self) -> int:
        text = str((self._api.values(_VERSION) or {}).get("CurrentBuildNumber", ""))
        return int(text) if text.isdigit() else 0

    def _name(self, build: int) -> str:
        """The registry of Windows 11 still says "Windows 10": the build decides."""
        values = self._api.values(_VERSION) or {}
        if build < _WINDOWS_10:
            return str(values.get("ProductName", "Windows"))
        return f"Windows {11 if build >= _WINDOWS_11 else 10} {values.get('DisplayVersion', '')}".strip()

    def _architecture(self) -> Fact[Architecture]:
        found = self._api.machines()
        return unknown("IsWow64Process2") if found is None else certain(MACHINES.get(found[1], Architecture.OTHER), "IsWow64Process2")

    def _translation(self) -> Fact[Translation]:
        found = self._api.machines()
        if found is None:
            return unknown("IsWow64Process2")
        process, native = found
        if process == 0:
            return certain(Translation.NONE, "IsWow64Process2")
        wow = MACHINES.get(process) is Architecture.X86 and MACHINES.get(native) is Architecture.X86_64
        return certain(Translation.WOW64 if wow else Translation.EMULATED, "IsWow64Process2")

    def _board(self) -> Fact[Board]:
        values = self._api.values(_BIOS) or {}
        vendor, product, firmware = (str(values.get(name, "")).strip() for name in ("SystemManufacturer", "SystemProductName", "BIOSVersion"))
        if vendor.lower() == "lenovo":  # its SystemProductName is a number; people know the other one
            product = str(values.get("SystemVersion", "")).strip() or product
        return certain(Board(vendor=vendor, product=product, firmware=firmware), _BIOS) if vendor or product else unknown(_BIOS)

    def _guest_of(self, board: Fact[Board]) -> Fact[str]:
        """By the firmware's name: with Hyper-V on, the computer's own Windows runs on a hypervisor too, and is no guest."""
        return unknown(_BIOS) if board.value is None else certain(hypervisor_of(board.value.vendor, board.value.product), _BIOS)

    def _secure_boot(self) -> Fact[bool]:
        value = (self._api.values(_SECURE_BOOT) or {}).get("UEFISecureBootEnabled")
        return certain(value == 1, _SECURE_BOOT) if isinstance(value, int) else unknown(_SECURE_BOOT)

    def _with_commit(self, memory: Fact[Memory]) -> Fact[Memory]:
        commit = self._api.commit_mib()
        if memory.value is None or commit is None:
            return memory
        return certain(Memory(total=memory.value.total, available=memory.value.available, commit=max(1, commit)), "GlobalMemoryStatusEx")

    # --- virtualization ----------------------------------------------------------------------------------------------

    def _virtualization(self, vendor: Vendor, guest: str) -> Virtualization:
        system = self._api.wmi(_CIM, "Win32_ComputerSystem", ("HypervisorPresent",))
        present = None if system is None else _flag(system.get("HypervisorPresent"))
        feature = self._api.processor_feature(PF_FIRMWARE)
        processor = self._api.wmi(_CIM, "Win32_Processor", ("VMMonitorModeExtensions", "SecondLevelAddressTranslationExtensions")) or {}
        can, on = self._can_and_on(vendor, guest, (present, feature, _flag(processor.get("VMMonitorModeExtensions"))))
        second = self._api.processor_feature(PF_SECOND_LEVEL)
        second = second or _flag(processor.get("SecondLevelAddressTranslationExtensions")) or (True if present and not guest else second)
        return Virtualization(
            can=can,
            on=on,
            free=unknown("HypervisorPresent") if present is None else certain(not present or bool(guest), "HypervisorPresent"),
            second_level=_stated(second, "IsProcessorFeaturePresent(20)"),
            owners=unknown("HypervisorPresent") if present is None else self._owners(present=present and not guest),
            windows_platform=_stated(self._api.hypervisor_platform(), "WHvGetCapability"),
        )

    @staticmethod
    def _can_and_on(vendor: Vendor, guest: str, said: tuple[bool | None, bool | None, bool | None]) -> tuple[Fact[bool], Fact[bool]]:
        present, feature, monitor = said
        if present and not guest:
            return certain(value=True, source="HypervisorPresent"), certain(value=True, source="HypervisorPresent")
        if guest:  # features are what that hypervisor makes up
            real = bool(monitor) or bool(feature)
            return likely(real, "IsProcessorFeaturePresent(21) in a virtual machine"), likely(real, "IsProcessorFeaturePresent(21) in a virtual machine")
        if feature:
            return certain(value=True, source="IsProcessorFeaturePresent(21)"), certain(value=True, source="IsProcessorFeaturePresent(21)")
        can: Fact[bool] = unknown("Win32_Processor.VMMonitorModeExtensions")
        if monitor is not None:
            can = certain(monitor, "Win32_Processor.VMMonitorModeExtensions")
        elif vendor is not Vendor.OTHER:
            can = unknown("Win32_Processor")
        on: Fact[bool] = unknown("IsProcessorFeaturePresent(21) may be masked")
        if present is False and feature is False:
            on = certain(value=False, source="IsProcessorFeaturePresent(21), no hypervisor at work")
        return can, on

    def _owners(self, *, present: bool) -> Fact[tuple[Owner, ...]]:
        """Who made Windows start its hypervisor; without one at work they are only installed and hold nothing."""
        if not present:
            return certain((), "HypervisorPresent")
        guard = self._api.wmi(_DEVICE_GUARD_WMI, "Win32_DeviceGuard", ("VirtualizationBasedSecurityStatus", "SecurityServicesRunning"))
        if guard is None:
            integrity = (self._api.values(rf"{_DEVICE_GUARD}\Scenarios\HypervisorEnforcedCodeIntegrity") or {}).get("Enabled") == 1
            based = (self._api.values(_DEVICE_GUARD) or {}).get("EnableVirtualizationBasedSecurity") == 1
            credentials = False
        else:
            services = _numbers(guard.get("SecurityServicesRunning"))
            based = guard.get("VirtualizationBasedSecurityStatus") == _VBS_RUNNING
            integrity, credentials = _MEMORY_INTEGRITY in services, _CREDENTIAL_GUARD in services
        hyper_v = self._installed("vmms")
        wsl = bool(self._api.subkeys(_WSL))
        found = [
            (Owner.HYPER_V, hyper_v),
            (Owner.WSL2, wsl and self._installed("vmcompute")),
            (Owner.VIRTUAL_MACHINE_PLATFORM, self._installed("vmcompute") and not hyper_v and not wsl),
            (Owner.MEMORY_INTEGRITY, integrity),
            (Owner.CREDENTIAL_GUARD, credentials),
            (Owner.VBS, based and not integrity and not credentials),
        ]
        owners = tuple(owner for owner, there in found if there)
        return certain(owners, "Win32_DeviceGuard, services") if guard is not None else likely(owners, f"{_DEVICE_GUARD}, services")

    def _installed(self, service: str) -> bool:
        return self._api.values(rf"{_SERVICES}\{service}") is not None

    def _driver(self) -> Fact[Driver]:
        for name in _DRIVERS:
            running = self._api.running(name)
            if running is not None:
                return certain(Driver.READY if running else Driver.NOT_LOADED, f"QueryServiceStatus({name})")
        return certain(Driver.NOT_BUILT, "QueryServiceStatus(VBoxSup)")
