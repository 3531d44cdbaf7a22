"""From a project's address to credit, as a volunteer's shell does it: the demo project, the real commands, real QEMU, real physics."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.command_line import Ended, end, environment, processes_of, t4t

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(290)]

PASSWORD = "correct horse battery"  # noqa: S105 (of an account that lives as long as this test)
PASSPHRASE = "opens the file"  # noqa: S105 (as above)


@contextlib.contextmanager
def demo_project(data: Path, appliance: Path) -> Iterator[tuple[str, str]]:
    """The demo project in a process of its own: address and invitation code."""
    command = [sys.executable, "-m", "t4t", "--data-dir", str(data), "--json", "demo-project"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment({"T4T_APPLIANCE": str(appliance)})) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            yield told["address"], told["invite_code"]
        finally:
            process.terminate()
            process.wait(30)


def say(data: Path, *words: str, given: str = "", seconds: float = 60) -> Ended:
    """The command with something on its standard input."""
    command = [sys.executable, "-m", "t4t", "--data-dir", str(data), *words]
    done = subprocess.run(command, input=given, capture_output=True, text=True, env=environment(), timeout=seconds, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def test_account_work_physics_result_credit(tmp_path: Path, appliance_dir: Path) -> None:
    data = tmp_path / "volunteer"
    with demo_project(tmp_path / "server", appliance_dir) as (address, code):
        try:
            _whole_way(data, address, code)
        finally:
            end(processes_of(data))


def _whole_way(data: Path, address: str, code: str) -> None:
    words = ("attach", address, "--create", "--email", "v@example.org", "--name", "Volunteer", "--keep", "file", "--password-stdin", "--passphrase-stdin")
    secrets = f"{PASSWORD}\n{PASSPHRASE}\n"
    assert say(data, *words, "--invite", code, given=secrets).is_notice("T4T-ACC-11")  # nobody accepted the terms
    assert "--invite" in say(data, *words, "--accept-terms", given=secrets).err
    attached = say(data, *words, "--invite", code, "--accept-terms", given=secrets)
    assert attached.status == 0, attached.err
    assert "Attached to Test4Theory Demo" in attached.out

    ran = say(data, "run", "--once", "--hypervisor", "qemu", "--cores", "1", "--passphrase-stdin", given=f"{PASSPHRASE}\n", seconds=240)
    assert ran.status == 0, ran.err
    locked = say(data, "--json", "update")
    assert locked.status == 3
    assert locked.is_notice("T4T-KEY-05")
    updated = say(data, "--json", "update", "--passphrase-stdin", given=f"{PASSPHRASE}\n")
    assert updated.status == 0, updated.err
    project = json.loads(updated.out)["project"]
    assert (project["name"], project["user"], project["held"]) == ("Test4Theory Demo", "Volunteer", 0)
    assert project["user_total"] > 0  # validated by computing some of it again
    assert project["host_total"] == project["user_total"]

    shown = t4t("projects", data=data)
    assert "Test4Theory Demo (Volunteer)" in shown.out
    history = t4t("--json", "timeline", data=data)
    assert history.status == 3  # the agent has ended

    left = [path for path in data.rglob("*") if path.is_file()]
    told = [path.name for path in left if PASSWORD.encode() in (text := path.read_bytes()) or PASSPHRASE.encode() in text]
    assert told == []
    assert list((data / "slots").iterdir()) == []
    assert [path.suffix for path in (data / "projects").glob("*/*.raw")] == [".raw"]  # kept for the next task

    detached = say(data, "detach", "--passphrase-stdin", given=f"{PASSPHRASE}\n")
    assert detached.status == 0, detached.err
    assert json.loads(t4t("--json", "projects", data=data).out) == []
    assert not list((data / "projects").glob("*"))
