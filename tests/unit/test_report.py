"""A report from a data folder in any condition: complete, bounded, and without anything that tells who somebody is."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.agent_in_process import InProcess, until
from support.scratch import scratch
from t4t import __version__
from t4t.bootstrap import checks
from t4t.bootstrap.report import logs, report
from t4t.domain.anonymity import Known
from t4t.domain.facts import Architecture, Computer, Facts, Obstacle, System, Trial, certain, unknown
from t4t.domain.vm import Accelerator
from t4t.storage import test_boots
from t4t.storage.state import NAME, Happening, State
from t4t.storage.test_boots import TestBoot
from t4t.wording import report as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _plant(data: Path, home: Path, line: str) -> None:
    """``line`` in every source of a report."""
    for place in (
        data / "logs" / "t4t.log",
        data / "logs" / "t4t.log.1",
        data / "logs" / "vm-host.log",
        data / "vms" / "one" / "t4t_one" / "Logs" / "VBox.log",
        data / "vms" / "one" / "t4t_one" / "Logs" / "VBoxHardening.log",
        data / "runs" / "two" / "vms" / "two" / "t4t_two" / "Logs" / "VBox.log",
        data / "vms" / "three" / "qemu.log",
        data / "failed" / "bad" / "console.log",
        data / "intent.json",
        home / "VBoxSVC.log",
    ):
        _write(place, f"a line before\n{line}\na line after\n")
    _write(data / "failed" / "bad" / ".t4t" / "task.json", json.dumps({"vm_id": "v", "data_dir": line, "message": line, "error": line}))
    state = State(data, now=lambda: 1000.0)
    state.tell([Happening(1000.0, "refused", line, line), Happening(1000.0, line)])
    state.end(state.begin(line, "start"), line, task=line, record=b"{}")
    state.count_result("vm", task=line, outcome=line, error=line, elapsed_s=1.0)
    state.close()


@contextlib.contextmanager
def _folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory(dir=scratch()) as folder, monkeypatch.context() as patch:
        home = Path(folder) / "VirtualBox"
        patch.setenv("VBOX_USER_HOME", str(home))
        (Path(folder) / "data").mkdir()
        yield Path(folder) / "data", home


_NAMES = st.text(alphabet="bcdfghjklmpqrvwxzäöü", min_size=5, max_size=10)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="0123456789abcdef", min_size=32, max_size=32), _NAMES, st.ip_addresses(v=6), st.binary(min_size=6, max_size=6))
def test_what_is_planted_in_every_source_comes_out_nowhere(monkeypatch: pytest.MonkeyPatch, key: str, name: str, address: object, card: bytes) -> None:
    user, person, host = f"u{name}", f"P{name} Y{name}", f"h{name}"
    base = base64.b64encode(key.encode()).decode()
    escaped = "".join(f"%{byte:02x}" for byte in key.encode())
    secrets = [key, base, escaped, quote(user), user, f"P{name}", host, str(address), card.hex(":"), f"acct{name}", f"{name}@mail.example", f"pw{name}"]
    line = (
        f'user {user} at {host}.lan, {person}; key {key} {base} {escaped} 17_{key}; C:\\Users\\{user}\\AppData "C:\\\\Users\\\\{user}\\\\x" /home/{user}/x '
        f"/data/of/{user} {quote(user)} {name}@mail.example password=pw{name} {address} [{address}]:80 192.168.77.88 {card.hex(':')} account acct{name}"
    )
    known = Known(users=(user,), people=(person,), hosts=(f"{host}.lan",), homes=(f"/data/of/{user}",))
    with _folder(monkeypatch) as (data, home):
        _plant(data, home, line)
        _write(data / "attached" / "project" / "project.json", json.dumps({"user_name": f"acct{name}", "team_name": 7}))
        text = report(data, known=known, doctor_too=False)
    assert [secret for secret in (*secrets, "192.168.77.88") if secret in text and not (secret == str(address) and secret in {"::", "::1"})] == []
    assert text.count("a line before") == text.count("a line after") == 10
    assert text.count("[hidden]") > 20


def test_long_logs_are_cut_in_whole_lines_and_the_whole_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "0123456789abcdef" * 2
    with _folder(monkeypatch) as (data, home):
        _plant(data, home, "x")
        for path in [*data.rglob("*.log"), data / "logs" / "t4t.log.1", home / "VBoxSVC.log"]:
            path.write_text(f"the beginning\n{key}\n" + f"{key} {'é' * 300}\n" * 3000 + "the end\n", encoding="utf-8")
        (data / "intent.json").write_text("long " * 200_000)
        text, alone = report(data, doctor_too=False), logs(data)
    assert len(text.encode()) <= words.MOST_BYTES
    assert text.count("the end") == alone.count("the end") == 9
    assert key[-12:] not in alone
    assert text.count("the beginning") == 2  # of the virtual machines' logs
    assert "bytes before this are left out" in text
    assert key[-12:] not in text


def test_what_no_longer_fits_is_named() -> None:
    sections = [words.Section(f"section {number}", "line\n" * 40_000) for number in range(4)]
    text = words.compose(sections, hide=str, made="now")
    assert len(text.encode()) <= words.MOST_BYTES
    assert "section 2, section 3" in text.splitlines()[-1]


def test_a_folder_in_ruins(monkeypatch: pytest.MonkeyPatch) -> None:
    with _folder(monkeypatch) as (data, home):
        _plant(data, home, "x")
        (data / NAME).write_bytes(b"ruined" * 1000)
        (data / "logs" / "t4t.log").unlink()
        (data / "logs" / "vm-host.log").unlink()
        os.mkfifo(data / "logs" / "vm-host.log")  # nobody will ever write to it
        (data / "logs" / "t4t.log.1").unlink()
        (data / "logs" / "t4t.log.1").symlink_to("/etc/hostname")
        (data / "failed" / "bad" / ".t4t" / "task.json").write_text("{")
        _write(data / "attached" / "damaged" / "project.json", "{")
        _write(data / "attached" / "odd" / "project.json", "[]")
        text = report(data, doctor_too=False)
    assert text.count("(not there: ") == 6
    assert "its record can't be read" in text


def test_a_state_that_can_only_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with _folder(monkeypatch) as (data, home):
        _plant(data, home, "x")
        held = State(data, now=lambda: 1000.0)  # an agent is at work
        held.tell([Happening(1000.0, "agent_started")])
        text = report(data, doctor_too=False)
        held.close()
    assert "Test4Theory was started. [agent_started ]" in text
    assert "start: x" in text


@settings(max_examples=50, deadline=None)
@given(
    st.builds(Trial, engine=st.none() | st.sampled_from(Accelerator), obstacle=st.none() | st.sampled_from(Obstacle), code=st.text(), seconds=st.floats(0, 9))
)
def test_a_test_boot_is_remembered_as_it_was(trial: Trial) -> None:
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        boot = TestBoot(at=1000.0, version="0.1", virtualbox=trial)
        test_boots.keep(Path(folder) / "data", boot)
        assert test_boots.last(Path(folder) / "data") == boot


def test_the_last_test_boot_is_told_and_nothing_is_booted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    async def look(_data: Path, *, reach: bool, boot: bool = False) -> Facts:
        asked.append(boot)
        assert not reach
        computer = Computer(system=System.LINUX, architecture=certain(Architecture.X86_64, "test"))
        return Facts(computer=computer, virtualbox_trial=certain(Trial(obstacle=Obstacle.TAKEN, code="VERR_SVM_IN_USE"), "test") if boot else unknown())

    monkeypatch.setattr("t4t.bootstrap.checks.look", look)
    with _folder(monkeypatch) as (data, _):
        assert "No test boot has been made" in report(data)
        checks.doctor(data, reach=False)
        assert not (data / test_boots.FILE).exists(), "a look without a boot is none"
        checks.doctor(data, reach=False, boot=True)
        text = report(data)
        assert "Test boot of " in text
        assert f", by version {__version__}:\nfail " in text
        assert "Refused: somebody else holds virtualization." in text
        assert '"code": "VERR_SVM_IN_USE"' in text
        (data / test_boots.FILE).write_text("[1]")
        assert "No test boot has been made" in report(data)
    assert asked == [False, False, True, False, False]


def test_what_can_not_be_written_down_is_only_forgotten(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    test_boots.keep(tmp_path / "file", TestBoot(at=1.0, version="0.1"))
    assert test_boots.last(tmp_path / "file") is None


async def test_beside_a_running_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    agent = InProcess(tmp_path / "data")
    agent.add_task("one")
    async with agent.running() as engine:
        await until(engine, "running")
        text = await asyncio.to_thread(report, agent.data, doctor_too=False)
    assert "\nWorking" in text
    assert '"activity": "running"' in text
    assert "start: done" in text
    assert "The virtual machine was started." in text


def test_a_part_with_a_bug_does_not_take_the_others_along(monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(_data: Path) -> object:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr("t4t.bootstrap.checks.doctor_and_last_boot", bug)
    with _folder(monkeypatch) as (data, _):
        text = report(data)
    assert "(not there: ZeroDivisionError: of all things)" in text
