"""Windows and macOS by strict fakes at the boundary, and what all probes share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from support import machines
from t4t.domain.facts import Architecture, Confidence, Owner, System, Translation, Vendor
from t4t.host.probe.base import RealMeasures, hypervisor_of, measured, processor_vendor
from t4t.host.probe.here import PlainProbe
from t4t.host.probe.windows import WindowsProbe, WindowsSurroundings


def windows(name: str = "windows-11-ready", **changes: Any) -> Any:
    said = machines.load(name)
    said["windows"] |= changes
    return machines.computer(said, Path())


def test_the_hypervisor_is_asked_first() -> None:
    """With one at work, features that read "no" prove nothing."""
    found = windows("windows-11-masked").virtualization
    assert (found.can.value, found.on.value, found.free.value, found.second_level.value) == (True, True, False, True)
    assert found.on.source == "HypervisorPresent"


def test_owners_are_asked_only_while_a_hypervisor_is_at_work() -> None:
    assert windows("windows-11-ready").virtualization.owners.value == ()
    both = windows("windows-11-hyper-v-and-integrity").virtualization.owners
    assert both.value == (Owner.HYPER_V, Owner.WSL2, Owner.MEMORY_INTEGRITY)
    by_registry = windows("windows-11-guard-by-registry").virtualization.owners
    assert by_registry.value == (Owner.MEMORY_INTEGRITY,)
    assert by_registry.confidence is Confidence.LIKELY
    assert windows("windows-11-vbs").virtualization.owners.value == (Owner.VBS,)
    assert windows("windows-11-credential-guard").virtualization.owners.value == (Owner.CREDENTIAL_GUARD,)


def test_windows_11_is_told_by_its_build() -> None:
    assert windows("windows-11-ready").name.value == "Windows 11 24H2"
    assert windows("windows-10-ready").name.value == "Windows 10 22H2"


def test_an_older_windows_is_called_as_it_calls_itself() -> None:
    said = machines.load("windows-10-ready")
    said["windows"]["registry"][r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"] = {"CurrentBuildNumber": "7601", "ProductName": "Windows 7 Home"}
    assert machines.computer(said, Path()).name.value == "Windows 7 Home"


@pytest.mark.parametrize(
    ("numbers", "architecture", "translation"),
    [
        ([0, 0x8664], Architecture.X86_64, Translation.NONE),
        ([0x14C, 0x8664], Architecture.X86_64, Translation.WOW64),
        ([0x8664, 0xAA64], Architecture.ARM64, Translation.EMULATED),
        ([0, 0x200], Architecture.OTHER, Translation.NONE),
    ],
)
def test_processes_and_machines(numbers: list[int], architecture: Architecture, translation: Translation) -> None:
    found = windows(machines=numbers)
    assert (found.architecture.value, found.translation.value) == (architecture, translation)


class Mute(machines.RecordedWindows):
    """A Windows that answers nothing at all."""

    def __init__(self) -> None:
        super().__init__({})

    def values(self, key: str) -> None:
        return None

    def subkeys(self, key: str) -> tuple[str, ...]:
        return ()

    def wmi(self, namespace: str, kind: str, fields: Any) -> None:
        return None

    def processor_feature(self, number: int) -> None:
        return None

    def machines(self) -> None:
        return None

    def hypervisor_platform(self) -> None:
        return None

    def running(self, service: str) -> None:
        return None

    def firmware(self) -> None:
        return None

    def commit_mib(self) -> None:
        return None

    def elevated(self) -> None:
        return None

    def session(self) -> None:
        return None


def test_a_mute_windows_is_unknown() -> None:
    found = WindowsProbe(WindowsSurroundings(api=Mute(), measures=machines.Measured({}))).look()
    for name in ("release", "name", "processor", "vendor", "cores", "architecture", "translation", "service", "elevated", "guest_of", "board", "uefi"):
        assert getattr(found, name).value is None, name
    for name in ("secure_boot", "memory", "disk"):
        assert getattr(found, name).value is None, name
    assert found.virtualization.can.value is found.virtualization.on.value is found.virtualization.free.value is None
    assert found.virtualization.owners.value is None


def test_a_mute_mac_is_unknown() -> None:
    said = machines.load("mac-intel-ready")
    said["macos"] |= {"numbers": {}, "texts": {}}
    found = machines.computer(said, Path())
    for name in ("release", "name", "processor", "vendor", "architecture", "guest_of", "board"):
        assert getattr(found, name).value is None, name
    assert found.virtualization.can.value is found.virtualization.on.value is None


def test_rosetta_says_intel_and_is_not_believed() -> None:
    found = machines.computer(machines.load("mac-m1-rosetta"), Path())
    assert (found.architecture.value, found.translation.value) == (Architecture.ARM64, Translation.ROSETTA)


@pytest.mark.parametrize(
    ("vendor", "product", "expected"),
    [
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", "QEMU"),
        ("innotek GmbH", "VirtualBox", "VirtualBox"),
        ("VMware, Inc.", "VMware7,1", "VMware"),
        ("Microsoft Corporation", "Virtual Machine", "Hyper-V"),
        ("Microsoft Corporation", "Surface Laptop 5", ""),
        ("Google", "Google Compute Engine", "Google Compute Engine"),
        ("Google", "Eve", ""),
        ("Apple Inc.", "VirtualMac2,1", "Apple Virtualization"),
        ("Apple Inc.", "MacBookPro15,2", ""),
        ("Red Hat", "KVM", "KVM"),
        ("Xen", "HVM domU", "Xen"),
        ("Parallels Software International Inc.", "Parallels Virtual Platform", "Parallels"),
        ("unheard of", "something on KVM", "KVM"),
        ("LENOVO", "ThinkPad T480", ""),
        ("", "", ""),
    ],
)
def test_hypervisors_by_their_firmware(vendor: str, product: str, expected: str) -> None:
    assert hypervisor_of(vendor, product) == expected


def test_vendors() -> None:
    assert processor_vendor("GenuineIntel") is Vendor.INTEL
    assert processor_vendor("HygonGenuine") is Vendor.AMD
    assert processor_vendor("") is Vendor.OTHER


def test_measures_of_this_computer(tmp_path: Path) -> None:
    measures = RealMeasures(tmp_path / "not" / "there" / "yet")
    disk = measures.disk()
    assert disk is not None
    assert disk.path.endswith("yet")
    assert disk.free > 0
    # in a changed root nobody says what "/" is
    assert disk.file_system or "/" not in {one.mountpoint for one in psutil.disk_partitions(all=True)}
    memory = measures.memory()
    assert memory is not None
    assert 0 < memory.available <= memory.total
    assert (measures.cores() or 0) > 0
    assert all(one.confidence is Confidence.CERTAIN for one in measured(measures))


def test_an_unknown_system_has_its_size() -> None:
    found = PlainProbe(machines.Measured({"cores": 4})).look()
    assert found.system is System.OTHER
    assert found.cores.value == 4
    assert found.memory.value is None
    assert PlainProbe(machines.Measured({})).look().cores.value is None
