"""Each recorded or constructed computer is told what it should be told, in these words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support import machines
from t4t.domain.diagnosis import diagnose
from t4t.domain.diagnosis.findings import Check, Remedy, Status, Verdict
from t4t.storage import tables

if TYPE_CHECKING:
    from pathlib import Path

TABLES = tables.load()
NAMES = machines.names()
_DOWNLOADS = {Remedy.INSTALL_VIRTUALBOX, Remedy.UPDATE_VIRTUALBOX, Remedy.REPAIR_VIRTUALBOX}


def test_there_are_enough_and_of_every_kind() -> None:
    assert len(NAMES) >= 60
    assert {name.partition("-")[0] for name in NAMES} == {"linux", "windows", "mac", "recorded"}


@pytest.mark.parametrize("name", NAMES)
def test_findings(name: str, tmp_path: Path) -> None:
    said = machines.load(name)
    found = diagnose(machines.facts(said, tmp_path), TABLES)
    expected = said["expected"]
    assert [one.verdict.id for one in found.findings if one.status is not Status.OK] == expected["not_ok"]
    assert (found.ready, found.can_demo) == (expected["ready"], expected["can_demo"])
    assert (found.current.steps[0].remedy.value if found.current else "") == expected["first"]
    assert said["about"]
    assert said["source"]


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_in_the_way_has_a_remedy_and_the_hopeless_download_nothing(name: str, tmp_path: Path) -> None:
    found = diagnose(machines.facts(machines.load(name), tmp_path), TABLES)
    for finding in found.findings:
        assert bool(finding.steps) is (finding.status is not Status.OK)
        assert finding.verdict.id.partition(".")[0] in {finding.check.value, finding.check.value.removeprefix("virtualbox-"), "hosts"}
    if found.hopeless:
        assert not found.ready
        assert not any(step.remedy in _DOWNLOADS for one in found.findings if one.verdict is Verdict.VIRTUALBOX_MISSING for step in one.steps)


@pytest.mark.parametrize("name", NAMES)
def test_words(name: str, tmp_path: Path) -> None:
    recorded = json.loads((machines.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert machines.words(machines.load(name), tmp_path) == recorded


def test_every_verdict_but_the_plainly_unreachable_is_met_on_a_machine(tmp_path: Path) -> None:
    """What no machine shows is met in the property tests."""
    met = set()
    for number, name in enumerate(NAMES):
        met |= {one.verdict for one in diagnose(machines.facts(machines.load(name), tmp_path / str(number)), TABLES).findings}
    assert {one.id for one in Verdict if one not in met} == {
        "platform.unknown",
        "virtualbox.unknown",
        "driver.unknown",
        "service.unknown",
        "registry.unknown",
        "network.unknown",
    }


def test_checks_stand_in_the_order_in_which_they_are_asked(tmp_path: Path) -> None:
    order = list(Check)
    for number, name in enumerate(NAMES):
        found = diagnose(machines.facts(machines.load(name), tmp_path / str(number)), TABLES)
        places = [order.index(one.check) for one in found.findings]
        assert places == sorted(set(places)), name
