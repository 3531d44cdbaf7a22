"""The real command: plans for this computer are shown and nothing is changed without a yes; what it says after a restart; looking again by itself."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from support.command_line import t4t
from t4t.bootstrap import checks, following, installation
from t4t.bootstrap.installation import Places
from t4t.domain.diagnosis import diagnose
from t4t.domain.diagnosis.findings import Remedy
from t4t.domain.facts import Facts, VirtualBox, certain
from t4t.domain.install_errors import NothingToFix
from t4t.domain.virtualbox_release import BASE
from t4t.hypervisor import trial
from t4t.hypervisor.qemu import trial as qemu_trial
from t4t.storage import tables

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.diagnosis.findings import Diagnosis
    from t4t.domain.diagnosis.tables import Tables


def test_a_name_that_is_of_nothing_here(tmp_path: Path) -> None:
    ended = t4t("doctor", "--fix", "kvm-lend-everything", data=tmp_path)
    assert ended.status == 2
    assert ended.is_notice("T4T-FIX-10")


def test_what_only_a_person_can_do(tmp_path: Path) -> None:
    data = tmp_path / "data"
    facts = _facts(data)
    first = diagnose(facts, tables.load()).current
    if first is None:
        pytest.skip("this computer is ready")
    by_hand = next((one for one in first.steps if one.remedy in {Remedy.OTHER_COMPUTER, Remedy.LOOK_AT_SCIENCE, Remedy.CHECK_AGAIN}), None)
    if by_hand is None:
        pytest.skip("this computer can be mended")
    ended = t4t("--json", "doctor", "--fix", by_hand.remedy.value, "--yes", data=data)
    assert ended.status == 3
    assert json.loads(ended.out)["done"] is False


def _facts(data: Path) -> Facts:
    import asyncio  # noqa: PLC0415 - this test alone

    return asyncio.run(checks.look(data, reach=False))


def test_a_plan_is_only_shown(tmp_path: Path) -> None:
    ended = t4t("virtualbox", "install", "--show", data=tmp_path)
    assert "Traceback" not in ended.err
    assert ended.status in {0, 3, 4}
    assert not (tmp_path / "downloads").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the agent's files")
def test_an_unknown_fix_in_this_process(tmp_path: Path) -> None:
    with pytest.raises(NothingToFix):
        installation.fix_plan(tmp_path, "none")


def test_a_mirror_stands_for_the_official_place_only() -> None:
    places = Places("http://127.0.0.1:1/v")
    assert places.moved(f"{BASE}/7.2.20/x") == "http://127.0.0.1:1/v/7.2.20/x"
    assert places.moved("https://aka.ms/x") == "https://aka.ms/x"


def test_looking_again_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until something changes nothing is told twice; what changes is looked at anew."""
    told: list[Diagnosis] = []
    looks = 0
    real = checks.look

    async def look(data: Path, *, reach: bool, boot: bool = False) -> Facts:
        nonlocal looks
        looks += 1
        facts = await real(data, reach=reach, boot=boot)
        return Facts(computer=facts.computer, virtualbox=VirtualBox(found=certain(value=False, source="test")))

    there = iter([False, False, True, True, False])
    monkeypatch.setattr(checks, "look", look)
    monkeypatch.setattr(following, "_there", lambda: next(there, False))

    class Enough(Exception):
        """The test has seen what it wanted."""

    def diagnosed(facts: Facts, known: Tables) -> Diagnosis:
        if looks > 2:
            raise Enough
        return diagnose(facts, known)

    monkeypatch.setattr(following, "diagnose", diagnosed)
    with pytest.raises(Enough):
        following.follow(tmp_path, reach=False, listen=told.append, seconds=0.02)
    assert len(told) == 1
    assert looks == 3


@pytest.mark.qemu
def test_a_test_boot_of_the_demos_machine(tmp_path: Path) -> None:
    ended = t4t("--json", "doctor", "--offline", "--boot", data=tmp_path, seconds=100)
    checks_there = {check["id"]: check for check in json.loads(ended.out)["checks"]}
    assert checks_there["qemu-test-boot"]["status"] in {"ok", "warn"}
    assert checks_there["qemu-test-boot"]["summary"].startswith("Started")
    assert not (tmp_path / trial.FOLDER).exists()


def test_any_look_sweeps(tmp_path: Path) -> None:
    with trial.bench(tmp_path / trial.FOLDER, qemu_trial.KIND) as bench:
        left = bench.folder
    assert left.is_dir()
    _facts(tmp_path)
    assert not (tmp_path / trial.FOLDER).exists()
