"""From a project's address to credit, as a volunteer's shell does it: the demo project, the real commands, real QEMU, real physics."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.command_line import Ended, end, environment, processes_of
from t4t.demo.project import DemoProject
from t4t.demo.project.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(290)]

PASSWORD = "correct horse battery"  # noqa: S105 (of an account that lives as long as this test)
PASSPHRASE = "opens the file"  # noqa: S105 (as above)
SHORT = Settings(runspecs=("boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 100 {seed}",))


async def say(data: Path, *words: str, given: str = "", seconds: float = 90) -> Ended:
    """The command with something on its standard input."""
    command = [sys.executable, "-m", "t4t", "--data-dir", str(data), *words]
    done = await asyncio.to_thread(subprocess.run, command, input=given, capture_output=True, text=True, env=environment(), timeout=seconds, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


async def test_account_work_physics_result_credit(tmp_path: Path, appliance_dir: Path) -> None:
    data = tmp_path / "volunteer"
    async with DemoProject(tmp_path / "server", appliance_dir, settings=SHORT) as project:
        try:
            await _whole_way(data, project)
        finally:
            end(processes_of(data))
        assert project.complaints == []


async def _whole_way(data: Path, project: DemoProject) -> None:
    words = ("--create", "--email", "v@example.org", "--name", "Volunteer", "--invite", project.settings.invite_code, "--accept-terms")
    secret = ("--keep", "file", "--password-stdin", "--passphrase-stdin")
    attached = await say(data, "attach", project.address, *words, *secret, given=f"{PASSWORD}\n{PASSPHRASE}\n")
    assert attached.status == 0, attached.err
    assert "Attached to Test4Theory Demo" in attached.out

    ran = await say(data, "run", "--once", "--hypervisor", "qemu", "--cores", "1", "--passphrase-stdin", given=f"{PASSPHRASE}\n", seconds=240)
    assert ran.status == 0, ran.err
    await project.settled()

    locked = await say(data, "update")
    assert locked.status == 3
    assert locked.is_notice("T4T-KEY-05")
    updated = await say(data, "--json", "update", "--passphrase-stdin", given=f"{PASSPHRASE}\n")
    assert updated.status == 0, updated.err
    shown = json.loads(updated.out)["project"]
    assert (shown["name"], shown["user"], shown["held"]) == ("Test4Theory Demo", "Volunteer", 0)
    assert shown["user_total"] == shown["host_total"] > 0  # some of its events were computed again, and were the same to the last bit

    assert _words_in(data, PASSWORD, PASSPHRASE) == []
    assert _names(data / "slots") == []
    assert len(_names(data / "projects", "*/*.raw")) == 1  # kept for the next task

    detached = await say(data, "detach", "--passphrase-stdin", given=f"{PASSPHRASE}\n")
    assert detached.status == 0, detached.err
    assert _names(data / "projects") == []


def _names(folder: Path, pattern: str = "*") -> list[str]:
    return [path.name for path in folder.glob(pattern)]


def _words_in(folder: Path, *words: str) -> list[str]:
    """Files that hold one of the words."""
    return [path.name for path in folder.rglob("*") if path.is_file() and any(word.encode() in path.read_bytes() for word in words)]
