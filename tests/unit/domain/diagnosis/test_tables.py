"""The tables of ``resources/checks``, row by row."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from t4t.domain.diagnosis.findings import Verdict, verdict
from t4t.domain.diagnosis.tables import DriverRow, FirmwareRow, KvmRow, VersionRow, numbers
from t4t.domain.facts import Board, Kvm
from t4t.hypervisor.virtualbox.versions import FLOOR
from t4t.storage import tables
from t4t.storage.tables import _PLACES

TABLES = tables.load()
IDLE = Kvm(loaded=True, module="kvm_intel", at_load=True, usable=True)
OLD_IDLE = replace(IDLE, at_load=None)


def _row(row: DriverRow | KvmRow | VersionRow | FirmwareRow) -> str:
    return " ".join(str(getattr(row, name)) for name in row.__dataclass_fields__ if name != "source")[:60]


@pytest.mark.parametrize("row", [*TABLES.driver, *TABLES.kvm, *TABLES.versions, *TABLES.firmware], ids=_row)
def test_each_row_has_a_source_and_a_verdict_that_exists(row: DriverRow | KvmRow | VersionRow | FirmwareRow) -> None:
    assert row.source
    if not isinstance(row, FirmwareRow):
        assert isinstance(verdict(row.verdict), Verdict)


@pytest.mark.parametrize(
    ("kernel", "version", "expected"),
    [
        ("7.1.0-rc3", "7.2.8", "kernel.too-new"),
        ("7.2.1", "7.1.16", "kernel.too-new"),
        ("7.1.0", "7.2.10", "kernel.freezes"),
        ("6.16.0", "7.2.10", "kernel.freezes"),
        ("6.18.2", "7.2.11", "kernel.freezes"),
        ("6.15.9", "7.2.10", ""),
        ("6.18.2", "7.2.12", ""),
        ("6.16.0", "7.2.2", "kernel.regression"),
        ("6.16.0", "7.2.3", ""),
        ("6.12.0", "7.2.2", ""),
        ("7.10.0", "7.2.8", "kernel.too-new"),
        ("", "7.2.10", ""),
        ("7.1.0", "", ""),
    ],
)
def test_driver_rows(kernel: str, version: str, expected: str) -> None:
    assert TABLES.driver_verdict(numbers(kernel), numbers(version)) == expected


@pytest.mark.parametrize(
    ("kernel", "version", "kvm", "expected"),
    [
        ("5.10.0", "7.0.20", OLD_IDLE, "sharing.ok"),
        ("6.11.9", "7.2.20", replace(OLD_IDLE, machines=1), "sharing.kvm-busy"),
        ("6.12.0", "7.2.20", IDLE, "sharing.kvm-holds"),
        ("6.12.0", "7.2.20", OLD_IDLE, "sharing.kvm-holds"),
        ("6.15.9", "7.0.20", IDLE, "sharing.kvm-holds"),
        ("6.12.0", "7.2.20", replace(IDLE, at_load=False), "sharing.ok"),
        ("6.12.0", "7.2.20", replace(IDLE, at_load=False, machines=2), "sharing.kvm-busy"),
        ("6.12.0", "7.2.20", Kvm(), "sharing.ok"),
        ("6.16.0", "7.2.1", IDLE, "sharing.kvm-holds-update"),
        ("6.16.0", "7.2.1", replace(IDLE, machines=1), "sharing.kvm-busy"),
        ("6.16.0", "7.2.1", replace(IDLE, at_load=False), "sharing.ok"),
        ("6.16.0", "7.2.2", IDLE, "sharing.ok"),
        ("6.16.0", "7.2.8", replace(IDLE, at_load=False), "sharing.ok"),
        ("6.16.0", "7.2.8", replace(IDLE, machines=1), "sharing.kvm-beside"),
        ("6.16.0", "7.2.10", replace(IDLE, at_load=False), "sharing.kvm-not-lent"),
        ("6.16.0", "7.2.10", Kvm(at_load=False), "sharing.ok"),
        ("7.1.0", "7.2.20", IDLE, "sharing.ok"),
        ("6.18.0", "7.2.97", IDLE, "sharing.ok"),
        ("6.18.0", "7.2.97", replace(IDLE, usable=False), "sharing.kvm-closed"),
        ("6.18.0", "", IDLE, "sharing.ok"),
        ("6.12.0", "", IDLE, "sharing.kvm-holds"),
    ],
)
def test_kvm_rows(kernel: str, version: str, kvm: Kvm, expected: str) -> None:
    assert TABLES.kvm_verdict(numbers(kernel), numbers(version), kvm) == expected


@pytest.mark.parametrize(
    ("system", "version", "expected"),
    [
        ("linux", "7.1.12", "virtualbox.saved-states"),
        ("windows", "7.1.12", "virtualbox.saved-states"),
        ("linux", "7.1.14", ""),
        ("windows", "7.1.6", "virtualbox.driver-stops"),
        ("linux", "7.1.6", ""),
        ("linux", "", ""),
    ],
)
def test_version_rows(system: str, version: str, expected: str) -> None:
    assert TABLES.version_verdict(system, numbers(version)) == expected


@pytest.mark.parametrize(
    ("vendor", "product", "key"),
    [
        ("LENOVO", "ThinkPad T480", "F1"),
        ("LENOVO", "IdeaPad 5", "F2"),
        ("Dell Inc.", "XPS 15", "F2"),
        ("Alienware", "m15", "F2"),
        ("Hewlett-Packard", "HP Compaq 8200", "F10"),
        ("HP", "HP ProBook", "F10"),
        ("ASUSTeK COMPUTER INC.", "ROG", "F2 or Del"),
        ("Acer", "Aspire", "F2"),
        ("Micro-Star International Co., Ltd.", "MS-7C37", "Del"),
        ("MSI", "MS-16P5", "Del"),
        ("Gigabyte Technology Co., Ltd.", "B550", "Del"),
        ("ASRock", "B450M Pro4", "Del or F2"),
        ("FUJITSU CLIENT COMPUTING LIMITED", "LIFEBOOK U7411", "F2"),
        ("SAMSUNG ELECTRONICS CO., LTD.", "950XDB", "F2"),
        ("TOSHIBA", "PORTEGE Z30-C", "F2"),
        ("Dynabook Inc.", "TECRA A50", "F2"),
        ("Sony Corporation", "VPCEH", "F2"),
        ("Gateway", "NE574", "F2"),
        ("Framework", "Laptop 13", "Del, F2 or F10"),
        ("", "", "Del, F2 or F10"),
    ],
)
def test_firmware_rows(vendor: str, product: str, key: str) -> None:
    assert TABLES.firmware_row(Board(vendor=vendor, product=product)).key == key


def test_each_firmware_row_can_be_reached() -> None:
    for row in TABLES.firmware:
        assert TABLES.firmware_row(Board(vendor=row.vendor.upper(), product=row.product)) is row


def test_versions_agree_with_the_driver() -> None:
    assert numbers(TABLES.oldest) == (FLOOR.major, FLOOR.minor, FLOOR.build)
    assert TABLES.version_verdict("linux", numbers(TABLES.recommended)) == ""
    for name in ("kernels", "versions", "firmware"):
        tomllib.loads((_PLACES[-1] / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "expected"), [("6.12.9-amd64", (6, 12, 9)), ("7.1", (7, 1)), ("", ()), ("rc3", ()), ("1.2.3.4.5", (1, 2, 3, 4)), ("14", (14,))]
)
def test_numbers(text: str, expected: tuple[int, ...]) -> None:
    assert numbers(text) == expected
