"""``t4t doctor`` and ``t4t virtualbox health``: documents, lists, statuses, the code for a phone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support import machines
from t4t.cli import arguments, doctor, verbs
from t4t.domain.diagnosis import diagnose, health
from t4t.storage import tables
from t4t.wording.doctor import for_phone
from unit.cli.test_verbs import Services

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.diagnosis.findings import Diagnosis, Finding

TABLES = tables.load()


class Doctor(Services):
    """Services on a recorded machine."""

    def __init__(self, name: str, root: Path) -> None:
        super().__init__()
        self.facts = machines.facts(machines.load(name), root)
        self.reach: bool | None = None
        self.boots: list[bool] = []

    def doctor(self, *, reach: bool, boot: bool = False) -> Diagnosis:
        self.reach = reach
        self.boots.append(boot)
        return diagnose(self.facts, TABLES)

    def report(self) -> str:
        raise NotImplementedError

    def virtualbox_health(self) -> tuple[Finding, ...]:
        return health(self.facts, TABLES)


def run(services: Doctor, *words: str) -> int:
    return verbs.run(arguments.parser().parse_args(words), services)


@pytest.mark.parametrize(("name", "status"), [("linux-ready", 0), ("linux-6.12-kvm-holds", 3), ("mac-m1", 3), ("windows-11-memory-integrity", 0)])
def test_the_document_is_the_recorded_one(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, status: int) -> None:
    services = Doctor(name, tmp_path)
    assert run(services, "--json", "doctor") == status
    document = json.loads(capsys.readouterr().out)
    recorded: dict[str, Any] = json.loads((machines.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert document == {key: recorded[key] for key in ("ready", "can_demo", "checks")}
    assert services.reach is True


def test_the_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = Doctor("linux-intel-off", tmp_path)
    assert run(services, "doctor", "--offline") == 3
    assert services.reach is False
    out = capsys.readouterr().out
    assert "✗ fail     Virtualization          Switched off in your computer's start-up menu" in out
    assert "One thing to do." in out
    assert "2. Look for “Security → Virtualization → Intel Virtualization Technology”, and set it to Enabled." in out
    assert "█" not in out


def test_a_test_boot_only_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = Doctor("linux-boot-interpreter", tmp_path)
    assert run(services, "doctor") == 3
    assert run(services, "doctor", "--boot") == 3
    assert services.boots == [False, True]
    out = capsys.readouterr().out
    assert "! warn     Test boot               Started, but only step by step" in out
    assert "It works here, but far too slowly for real work. The demo can." in out


def test_details(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Doctor("linux-intel-off-silent", tmp_path), "doctor", "--details") == 3
    out = capsys.readouterr().out
    assert "The science box takes about 1 GB of it while it works." in out
    assert "[/proc/cpuinfo: a processor of this age has it (likely); /proc/cpuinfo: neither vmx nor svm (likely); /proc/cpuinfo (no answer)]" in out


def test_all_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Doctor("linux-ready", tmp_path), "doctor", "--qr") == 0
    out = capsys.readouterr().out
    assert out.endswith("Everything is ready.\n")
    assert "█" not in out


def test_the_code_for_a_phone_holds_the_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Doctor("windows-11-off-acer", tmp_path), "doctor", "--qr") == 3
    out = capsys.readouterr().out
    recorded = json.loads((machines.FOLDER / "windows-11-off-acer.json").read_text(encoding="utf-8"))
    code = doctor.qr_code(for_phone(recorded["first"]))
    assert code in out
    assert len(code.splitlines()[0]) <= 80


@pytest.mark.parametrize("name", machines.names())
def test_each_first_step_fits_a_code_that_fits_a_screen(name: str) -> None:
    first = json.loads((machines.FOLDER / f"{name}.json").read_text(encoding="utf-8"))["first"]
    if first:
        assert len(doctor.qr_code(for_phone(first)).splitlines()[0]) <= 80


def test_the_ladder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Doctor("linux-ready", tmp_path / "a"), "virtualbox", "health") == 0
    assert "✓ ok       VirtualBox's driver     At work" in capsys.readouterr().out
    assert run(Doctor("linux-without-headers", tmp_path / "b"), "virtualbox", "health") == 3
    out = capsys.readouterr().out
    assert "Can't be built: parts are missing" in out
    assert "sudo apt-get install linux-headers-6.1.0-28-amd64 gcc make perl" in out
    assert run(Doctor("linux-without-headers", tmp_path / "c"), "--json", "virtualbox", "health") == 3
    document = json.loads(capsys.readouterr().out)
    assert document["healthy"] is False
    assert [check["id"] for check in document["checks"]] == ["virtualbox", "virtualbox-kernel", "virtualbox-driver"]


def test_other_programs_words_do_not_command_the_terminal() -> None:
    assert doctor.plain_line("said: \x1b[2Jgone\nnext") == "said:  [2Jgone\nnext"


def test_a_console_with_few_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor:
        encoding = "ascii"

        def __init__(self) -> None:
            self.text = ""

        def write(self, text: str) -> int:
            self.text += text.encode("ascii").decode()
            return len(text)

    poor = Poor()
    monkeypatch.setattr("sys.stdout", poor)
    doctor.show("✓ ok")
    assert poor.text == "? ok\n"
