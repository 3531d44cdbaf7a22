"""``t4t demo`` and ``t4t task run --hypervisor virtualbox`` as a volunteer's shell runs it: real VirtualBox, its shared folder, its network."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from support.task_folders import job_xml
from support.task_shell import EE, shell_on

pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(900)]
VIRTUALBOX = ("--hypervisor", "virtualbox")


def test_a_demo_interrupted_and_killed_ends_as_the_native_one(tmp_path: Path, appliance_dir: Path) -> None:
    """Ctrl-C saves, our process killed saves, and the result is the native one to the last bit, as the project finds too, which gives its credit."""
    with shell_on(tmp_path, appliance_dir, EE.format(events=6, seed=11)) as shell:
        first = shell.demo(*VIRTUALBOX)
        shell.until(0.0, 300)
        assert (shell.task / "shared" / "heartbeat").exists()
        first.send_signal(signal.SIGINT)
        assert shell.finish(first, status=130)["outcome"] == "saved"
        assert shell.ours() == []

        second = shell.demo(*VIRTUALBOX)
        machine = shell.virtualbox()
        second.kill()  # no word to anybody: the VM host sees the end of its pipe and saves
        second.wait()
        psutil.wait_procs([*shell.ours(), machine], timeout=120)
        assert not machine.is_running()

        document = shell.finish(shell.demo(*VIRTUALBOX), seconds=700)
        assert (document["outcome"], document["exit_code"], document["hypervisor"]) == ("done", 0, "virtualbox")
        assert document["events"] == 6
        assert document["credit"]["valid"]
        assert Path(document["picture"]).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        assert Path(document["result"]).read_bytes() == shell.native()
        assert shell.ours() == []
        assert Path(document["folder"], "console.log").stat().st_size > 0


def test_a_vm_that_is_killed_is_started_again(tmp_path: Path, appliance_dir: Path) -> None:
    with shell_on(tmp_path, appliance_dir, "boinc pp nonsense 13000 - - pythia8 8.317 tune-monash13 10 1") as shell:
        (shell.task / "vbox_job.xml").write_text(job_xml(memory_size_mb="256"))
        run = shell.start(*VIRTUALBOX)
        shell.virtualbox().kill()
        document = shell.finish(run, status=6, seconds=400)
        assert (document["outcome"], document["exit_code"], document["restarts"]) == ("failed", 206, 1)
        assert "nonsense" in document["message"]
        assert shell.ours() == []
