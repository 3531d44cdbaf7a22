"""The agent and everything of ours killed while a real machine computes: how fast it is safe, and how much work that costs."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from support.agent_shell import agent_on
from support.task_shell import EE

if TYPE_CHECKING:
    from pathlib import Path

    from support.agent_shell import AgentShell

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(280)]

_log = logging.getLogger(__name__)

SAVED_WITHIN_S = 40
"""Some seconds; more where many tests share two processors."""


def progress(shell: AgentShell) -> float:
    return float((shell.spool / "a" / "shared" / "progress").read_text())


def went_back(shell: AgentShell) -> bool:
    return any((line["what"], line["detail"]) == ("recovered", "checkpoint") for line in json.loads(shell.ask("timeline").out))


@pytest.mark.unmeasured
def test_sigkill_of_the_agent_and_then_of_everything(tmp_path: Path, appliance_dir: Path) -> None:
    with agent_on(tmp_path, appliance_dir) as shell:
        shell.add_task("a", EE.format(events=20_000, seed=3))
        agent = shell.start("--cores", "1")
        shell.until_progress("a", 0.002)

        agent.kill()  # no word to anybody, in the middle of the work
        begun = time.monotonic()
        agent.wait()
        _, left = psutil.wait_procs(shell.ours(), timeout=SAVED_WITHIN_S)
        assert left == [], "the machine runs on without anybody"
        saved_s = time.monotonic() - begun
        kept = progress(shell)

        shell.start("--cores", "1")
        shell.until(lambda: shell.task("a")["vm"] == "running", "it to go on")
        assert (shell.task("a")["lost_s"], shell.task("a")["restarts"]) == (0, 1)
        asked = time.monotonic()  # nobody need ask: nobody knows how long it ran without us, so one is due at once
        shell.until(lambda: shell.task("a")["checkpoints"] >= 1, "the checkpoint")
        then = progress(shell)
        shell.until(lambda: progress(shell) > then, "work after the checkpoint")

        since = time.monotonic() - asked
        for victim in shell.ours():
            victim.kill()  # all at once: nobody is left to save anything
        psutil.wait_procs(shell.ours(), timeout=30)
        shell.agents[-1].wait()
        (shell.spool / "a" / "shared" / "progress").unlink()
        shell.start("--cores", "1")
        shell.until(lambda: went_back(shell), "it to go back to the checkpoint")
        shell.until_progress("a", 0.0)
        assert shell.task("a")["lost_s"] <= since + 1, "at most what was done since the checkpoint"
        assert progress(shell) >= kept, "the guest itself goes on where it was at the checkpoint"
        lost_s = shell.task("a")["lost_s"]
        _log.warning("saved %.1f s after SIGKILL of the agent; SIGKILL of everything lost %.1f s, %.1f s after the checkpoint", saved_s, lost_s, since)
