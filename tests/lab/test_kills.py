"""The agent on real VirtualBox: its processes, VirtualBox's service and the VM are killed; a part of what ``make soak`` does."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from support.kills import killable

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(600)]
CHECKPOINT_S = 8.0
SLACK_S = 10.0
REFUSED = "boinc pp nonsense 13000 - - pythia8 8.317 tune-monash13 10 1"
"""A job whose end is known and needs no generator, which takes minutes here."""


def test_killed_three_times_it_comes_to_the_end_that_is_known(tmp_path: Path, appliance_dir: Path) -> None:
    with killable(tmp_path, appliance_dir, hypervisor="virtualbox", checkpoint_s=CHECKPOINT_S) as shell:
        shell.add_waiting_task("task", REFUSED, memory_size_mb="256", copy_to_shared=None)
        shell.launch()
        assert shell.goes_on("task", without=set(), struck_at=time.monotonic(), before=0.0)
        for roles in (("service", "machine"), ("agent", "host"), ("agent", "host", "machine", "service")):
            recovery = shell.killed_and_back("task", *roles)
            assert recovery.guest_lost_s <= CHECKPOINT_S + max(shell.checkpoints_s(), default=0.0) + SLACK_S, roles

        share = shell.spool / "task" / "shared"
        (share / "part").write_text(REFUSED + "\n")
        (share / "part").rename(share / "input")  # what the guest has waited for
        shell.until_ended(200)
        record = json.loads((shell.data / "failed" / "task" / ".t4t" / "task.json").read_bytes())
        assert (record["outcome"], record["exit_code"]) == ("failed", 206)
        assert "nonsense" in record["message"]
        assert shell.quit() == 0
