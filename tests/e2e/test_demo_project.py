"""``t4t demo-project`` as a person or script runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from support.command_line import environment, t4t
from support.demo_rig import small_appliance

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(sys.platform == "win32", reason="no Ctrl-C for one process")
def test_it_serves_until_it_is_stopped_and_keeps_its_address(tmp_path: Path) -> None:
    appliance = {"T4T_APPLIANCE": str(small_appliance(tmp_path / "appliance"))}
    command = [sys.executable, "-m", "t4t", "--data-dir", str(tmp_path / "data"), "--json", "demo-project"]
    told = []
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(appliance)) as process:
            try:
                assert process.stdout is not None
                told.append(json.loads(process.stdout.readline()))
                with urllib.request.urlopen(f"{told[-1]['address']}get_project_config.php", timeout=30) as reply:  # noqa: S310 (ours)
                    assert b"<invite_code_required/>" in reply.read()
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=30) == 0
            finally:
                process.kill()
    assert told[0] == told[1]
    assert told[0]["invite_code"] == "t4t-demo"


def test_without_an_appliance_there_is_nothing_to_hand_out(tmp_path: Path) -> None:
    ended = t4t("demo-project", data=tmp_path / "data", env={"T4T_APPLIANCE": str(tmp_path / "nothing")})
    assert ended.out == ""
    assert ended.is_notice("T4T-APP-01")
