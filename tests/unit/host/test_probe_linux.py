"""What the Linux probe reads where a recorded machine's files don't lead it: registers, logs, rights, and this computer."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support import machines
from t4t.domain.facts import Confidence, Confinement, Driver, Fact, Vendor
from t4t.host.probe.linux import can_open, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping


def look(root: Path, files: Mapping[str, str | bool] | None = None) -> Any:
    said = machines.load("linux-ready")
    said["linux"]["files"] |= files or {}
    return machines.computer(said, root)


def with_register(root: Path, address: int, value: int, files: Mapping[str, str | bool] | None = None) -> Fact[bool]:
    path = root / "dev/cpu/0/msr"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.seek(address)
        file.write(value.to_bytes(8, "little"))
    found = look(root, files).virtualization.on
    assert isinstance(found, Fact)
    return found


@pytest.mark.parametrize(("value", "on"), [(0b101, True), (0b001, False), (0b011, False), (0b000, True)])
def test_intel_s_register_is_the_last_word(tmp_path: Path, value: int, *, on: bool) -> None:
    """Unlocked counts as on: whoever needs it first switches it on."""
    assert with_register(tmp_path, 0x3A, value) == Fact(on, "msr 0x3a", Confidence.CERTAIN)


@pytest.mark.parametrize(("value", "on"), [(0, True), (1 << 4, False)])
def test_amd_s_register_is_the_last_word(tmp_path: Path, value: int, *, on: bool) -> None:
    cpuinfo: dict[str, str | bool] = {"proc/cpuinfo": "vendor_id\t: AuthenticAMD\nmodel name\t: AMD\nflags\t\t: svm npt\n\n"}
    assert with_register(tmp_path, 0xC0010114, value, cpuinfo).value is on


def test_a_register_that_ends_early_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "dev/cpu/0/msr"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\0" * 0x3C)
    assert look(tmp_path).virtualization.on.source == "module kvm_intel"


def test_other_processors_have_no_such_register(tmp_path: Path) -> None:
    cpuinfo: dict[str, str | bool] = {"proc/cpuinfo": "vendor_id\t: CentaurHauls\nmodel name\t: VIA\nflags\t\t: vmx\n\n", "sys/module/kvm_intel/refcnt": False}
    found = look(tmp_path, cpuinfo)
    assert found.vendor.value is Vendor.OTHER
    assert found.virtualization.can.value is True
    assert found.virtualization.on.source == "/proc/cpuinfo: vmx, svm"


@pytest.mark.parametrize(
    "line",
    [
        "x86/cpu: VMX (outside TXT) disabled by BIOS",
        "kvm: disabled by bios",
        "kvm_intel: VMX disabled (by BIOS)",
        "kvm_amd: SVM disabled (by BIOS) in MSR_VM_CR",
        "kvm: support for 'kvm_intel' disabled by bios",
    ],
)
def test_the_kernel_s_own_words(tmp_path: Path, line: str) -> None:
    found = look(tmp_path, {"dev/kmsg": f"3,1,2,-;{line}\n", "sys/module/kvm_intel/refcnt": False})
    assert found.virtualization.on == Fact(value=False, source="kernel log", confidence=Confidence.CERTAIN)


def test_a_module_in_use_beats_an_old_line_of_the_log(tmp_path: Path) -> None:
    assert look(tmp_path, {"dev/kmsg": "3,1,2,-;kvm: disabled by bios\n"}).virtualization.on.value is True


def test_nothing_readable_is_unknown_and_no_exception(tmp_path: Path) -> None:
    said = machines.load("linux-ready")
    said["linux"]["files"] = {}
    found = machines.computer(said, tmp_path)
    for name in ("distribution", "name", "processor", "vendor", "guest_of", "board"):
        assert getattr(found, name).value is None, name
    assert found.virtualization.can.value is found.virtualization.on.value is None
    assert found.driver.value is Driver.NOT_BUILT
    assert found.kvm.value is not None
    assert not found.kvm.value.loaded


def test_a_secure_boot_variable_that_is_not_ours_to_read(tmp_path: Path) -> None:
    variable = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    assert look(tmp_path, {variable: False}).secure_boot.value is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"run/systemd/container": "lxc"}, Confinement.CONTAINER),
        ({"proc/1/cgroup": "0::/kubepods-besteffort.slice/x\n"}, Confinement.CONTAINER),
        ({}, Confinement.NONE),
    ],
)
def test_containers(tmp_path: Path, files: dict[str, str], expected: Confinement) -> None:
    assert look(tmp_path, files).confinement.value is expected


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("options kvm enable_virt_at_load=0", True),
        ("  options kvm nx_huge_pages=off enable_virt_at_load=N", True),
        ("#options kvm enable_virt_at_load=0", False),
        ("options kvm enable_virt_at_load=1", False),
        ("options kvm_intel nested=1", False),
    ],
)
def test_the_setting_of_kvm_in_files(tmp_path: Path, line: str, *, found: bool) -> None:
    kvm = look(tmp_path, {"etc/modprobe.d/a.conf": f"{line}\n", "etc/modprobe.d/b.txt": "options kvm enable_virt_at_load=0\n"}).kvm.value
    assert kvm.override == ("/etc/modprobe.d/a.conf" if found else "")


def test_numbers_of_a_release() -> None:
    assert numbers("6.12.9-amd64") == (6, 12)
    assert numbers("unknown") == (0, 0)


def test_devices_are_only_opened(tmp_path: Path) -> None:
    device = tmp_path / "kvm"
    assert not can_open(device)
    device.write_bytes(b"as it was")
    assert can_open(device)
    assert device.read_bytes() == b"as it was"


@pytest.mark.skipif(sys.platform != "linux", reason="looks at this computer's own /proc")
def test_this_computer_agrees_with_its_proc(tmp_path: Path) -> None:
    from t4t.host.probe.here import probe  # noqa: PLC0415 - only here is it a Linux probe

    found = probe(tmp_path).look()
    flags = next(line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("flags")).split()
    assert found.release.value == os.uname().release
    assert bool(found.guest_of.value) is ("hypervisor" in flags)
    if {"vmx", "svm"} & set(flags):
        assert found.virtualization.can.value is True
    elif "hypervisor" in flags:
        assert found.virtualization.can.value is False
    assert found.elevated.value is (os.geteuid() == 0)
    assert found.memory.value is not None
    assert found.disk.value is not None
    assert found.disk.value.free > 0
