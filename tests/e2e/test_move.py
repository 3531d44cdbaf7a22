"""``t4t move`` as a volunteer's shell runs it, beside an agent that runs: asked to end, everything copied, the agent back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.agent_shell import agent_on
from support.command_line import t4t
from support.task_shell import EE
from t4t.storage.place import moved_to

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def test_the_agent_ends_and_comes_back(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with agent_on(tmp_path, tmp_path) as shell:
        agent = shell.start("--hypervisor", "fake")
        (shell.data / "vms" / "a").mkdir(parents=True, exist_ok=True)
        (shell.data / "vms" / "a" / "disk").write_bytes(b"work" * 1000)
        refused = t4t("move", str(tmp_path / "nowhere"), data=shell.data)
        assert (refused.status, refused.is_notice("T4T-MOVE-01")) == (2, True), refused.err
        assert agent.poll() is None  # nobody was disturbed for nothing
        done = shell.ask("move", str(disk))
        assert done.status == 0, done.err
        place = json.loads(done.out)["place"]
        assert moved_to(shell.data) == place
        assert (shell.data / "vms" / "a" / "disk").read_bytes() == b"work" * 1000
        assert agent.wait(30) == 0
        shell.until(lambda: shell.ask("status").status == 0, "the agent to be back")
        assert shell.ask("quit").status == 0


def test_without_an_agent_and_with_its_disk_away(tmp_path: Path) -> None:
    data, disk = tmp_path / "data", tmp_path / "disk"
    disk.mkdir()
    done = t4t("move", str(disk), data=data)
    assert (done.status, done.out) == (0, f"The virtual machines are in {moved_to(data)} now.\n"), done.err
    disk.rename(tmp_path / "unplugged")
    for words in (("run", "--hypervisor", "fake"), ("move", str(data))):
        refused = t4t(*words, data=data)
        assert (refused.status, refused.is_notice("T4T-MOVE-03")) == (3, True), refused.err


@pytest.mark.qemu
@pytest.mark.timeout(290)
def test_work_goes_on_on_the_other_disk(tmp_path: Path, appliance_dir: Path) -> None:
    """Real physics, moved in the middle: to the last bit the result of a run that was never moved."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with agent_on(tmp_path, appliance_dir) as shell:
        shell.add_task("a", EE.format(events=700, seed=4711))
        shell.start("--cores", "1")
        shell.until_progress("a", 0.1)
        done = shell.ask("move", str(disk))
        assert done.status == 0, done.err
        assert any(disk.rglob("vm.json"))
        shell.until(lambda: shell.ask("status").status == 0, "the agent to be back")
        shell.until(lambda: shell.status()["finished"] == 1, "the task to be done", seconds=200)
        assert shell.result("a") == shell.native("a")
        assert shell.ask("quit").status == 0
        shell.until(lambda: shell.ours() == [], "the agent to end")
