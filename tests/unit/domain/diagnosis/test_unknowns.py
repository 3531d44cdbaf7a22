"""What could not be found out is told as such, and is never taken for an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from support import machines
from t4t.domain.diagnosis import diagnose
from t4t.domain.diagnosis.findings import Status, Verdict
from t4t.domain.facts import Driver, Facts, Owner, System, certain, unknown
from t4t.storage import tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TABLES = tables.load()


def _computer(**changes: object) -> Callable[[Facts], Facts]:
    return lambda facts: replace(facts, computer=replace(facts.computer, **changes))  # type: ignore[arg-type] # names and values belong together below


def _virtualbox(**changes: object) -> Callable[[Facts], Facts]:
    return lambda facts: replace(facts, virtualbox=replace(facts.virtualbox, **changes))  # type: ignore[arg-type] # as above


CASES: list[tuple[str, Callable[[Facts], Facts], Verdict, bool]] = [
    ("linux-ready", _computer(architecture=unknown()), Verdict.PLATFORM_UNKNOWN, False),
    ("linux-ready", _computer(release=unknown()), Verdict.SHARING_UNKNOWN, False),
    ("linux-ready", _computer(kvm=unknown()), Verdict.SHARING_UNKNOWN, False),
    ("linux-ready", _computer(driver=unknown()), Verdict.DRIVER_UNKNOWN, False),
    ("windows-11-ready", _computer(driver=unknown()), Verdict.DRIVER_UNKNOWN, False),
    ("linux-ready", _virtualbox(found=unknown()), Verdict.VIRTUALBOX_UNKNOWN, False),
    ("linux-ready", _virtualbox(answers=unknown()), Verdict.SERVICE_UNKNOWN, False),
    ("linux-ready", _virtualbox(inaccessible=unknown()), Verdict.REGISTRY_UNKNOWN, True),
    ("linux-ready", lambda facts: replace(facts, network=replace(facts.network, online=unknown())), Verdict.NETWORK_UNKNOWN, True),
]


@pytest.mark.parametrize(("name", "change", "verdict", "ready"), CASES, ids=[case[2].id for case in CASES])
def test_unknown(tmp_path: Path, name: str, change: Callable[[Facts], Facts], verdict: Verdict, *, ready: bool) -> None:
    found = diagnose(change(machines.facts(machines.load(name), tmp_path)), TABLES)
    assert [one.verdict for one in found.findings if one.status is Status.UNKNOWN] == [verdict]
    assert found.ready is ready
    assert found.current is not None
    assert found.current.verdict is verdict
    assert not found.hopeless


def test_a_driver_without_facts_about_building_is_built(tmp_path: Path) -> None:
    facts = machines.facts(machines.load("linux-driver-not-built"), tmp_path)
    found = diagnose(replace(facts, computer=replace(facts.computer, building=unknown())), TABLES)
    assert [step.remedy.value for one in found.findings for step in one.steps] == ["build-driver"]


def test_xen_is_found_by_its_owner_on_linux_alone(tmp_path: Path) -> None:
    facts = machines.facts(machines.load("mac-intel-ready"), tmp_path)
    virtualization = replace(facts.computer.virtualization, owners=certain((Owner.OTHER,), ""))
    found = diagnose(replace(facts, computer=replace(facts.computer, virtualization=virtualization)), TABLES)
    assert found.ready


@pytest.mark.parametrize("driver", [Driver.NOT_NEEDED, Driver.READY])
@pytest.mark.parametrize("name", ["linux-ready", "windows-11-ready"])
def test_a_driver_that_is_not_needed_is_no_trouble(tmp_path: Path, name: str, driver: Driver) -> None:
    facts = machines.facts(machines.load(name), tmp_path)
    assert diagnose(replace(facts, computer=replace(facts.computer, driver=certain(driver, ""))), TABLES).ready


def test_a_system_that_we_do_not_know_is_told_so(tmp_path: Path) -> None:
    facts = machines.facts(machines.load("linux-ready"), tmp_path)
    found = diagnose(replace(facts, computer=replace(facts.computer, system=System.OTHER)), TABLES)
    assert found.findings[0].verdict is Verdict.PLATFORM_OTHER
    assert found.hopeless
    assert all(not step.command for one in found.findings for step in one.steps)
