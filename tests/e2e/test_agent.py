"""The agent as a volunteer runs it: real QEMU, real physics, pauses that survive everything, results equal to the native ones to the last bit."""

from __future__ import annotations

import json
import random
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from support.agent_shell import agent_on, cpu_seconds
from support.task_shell import EE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(290)]


@pytest.fixture
def seed() -> int:
    """Another one each day, told by the test's name in the report."""
    return random.SystemRandom().randrange(1, 30_000)


def test_paused_killed_started_again_and_still_equal(tmp_path: Path, appliance_dir: Path, seed: int) -> None:
    with agent_on(tmp_path, appliance_dir) as shell:
        shell.add_task("a", EE.format(events=700, seed=seed))
        shell.add_task("b", EE.format(events=700, seed=seed + 1))
        agent = shell.start("--tasks", "2", "--cores", "1")
        shell.until_progress("a", 0.05)
        shell.until_progress("b", 0.05)

        assert shell.ask("pause", "1h").status == 0
        shell.until(lambda: {task["vm"] for task in shell.status()["tasks"]} == {"paused"}, "both to stand still")
        used = [cpu_seconds(machine) for machine in shell.machines()]
        view = shell.status()
        assert (view["state"], view["deciding"]) == ("paused_by_you", "manual_pause")
        ends = view["next_change"]
        assert [cpu_seconds(machine) - before for machine, before in zip(shell.machines(), used, strict=True)] == pytest.approx([0, 0], abs=0.2)

        agent.kill()  # no word to anybody: the VM host sees the end of its pipe and saves
        agent.wait()
        psutil.wait_procs(shell.ours(), timeout=60)
        assert shell.ours() == []

        again = shell.start("--tasks", "2", "--cores", "1")
        shell.until(lambda: {task["vm"] for task in shell.status()["tasks"]} == {"saved"}, "both to be seen saved")
        view = shell.status()
        assert (view["state"], view["next_change"]) == ("paused_by_you", ends)  # the countdown goes on
        assert shell.machines() == []

        assert shell.ask("resume").status == 0
        shell.until(lambda: shell.status()["finished"] == 2, "both to be done", seconds=200)
        assert shell.result("a") == shell.native("a")
        assert shell.result("b") == shell.native("b")
        assert shell.status()["state"] == "no_work"
        shell.until(lambda: shell.kept() == {"a": 9, "b": 9}, "the histograms of both to be kept")
        again.send_signal(signal.SIGTERM)
        assert again.wait(30) == 0
        assert shell.ours() == []


def test_sigterm_saves_a_second_start_is_refused_and_finish_pauses(tmp_path: Path, appliance_dir: Path, seed: int) -> None:
    with agent_on(tmp_path, appliance_dir) as shell:
        shell.add_task("a", EE.format(events=1500, seed=seed))
        shell.add_task("b", EE.format(events=800, seed=seed))
        agent = shell.start("--cores", "1")
        shell.until_progress("a", 0.1)

        second = shell.ask("run")
        assert second.status == 3
        assert second.is_notice("T4T-RUN-04")

        assert shell.ask("checkpoint").status == 0
        shell.until(lambda: shell.task("a")["checkpoints"] >= 1, "the checkpoint")

        agent.send_signal(signal.SIGTERM)
        assert agent.wait(60) == 0
        assert shell.ours() == []
        missing = shell.ask("status")
        assert missing.status == 3
        assert missing.is_notice("T4T-RUN-03")

        shell.start("--cores", "1")
        assert shell.ask("finish").status == 0
        shell.until(lambda: shell.status()["finished"] == 1, "the first to be done", seconds=200)
        shell.until(lambda: shell.status()["deciding"] == "manual_pause", "the pause that follows", seconds=5)
        assert shell.result("a") == shell.native("a")
        view = shell.status()
        assert (view["state"], view["tasks"][0]["activity"], view["tasks"][0]["elapsed_s"]) == ("paused_by_you", "queued", 0)
        why = json.loads(shell.ask("why").out)
        assert set(why) == {"level", "deciding", "since", "next_change", "rules"}
        assert why["deciding"] == "manual_pause"
        assert all(set(rule) == {"id", "value", "limit", "holds", "overruled"} for rule in why["rules"])
        assert shell.ask("quit").status == 0
        shell.until(lambda: shell.ours() == [], "the agent to end")
