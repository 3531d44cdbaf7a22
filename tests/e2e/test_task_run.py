"""``t4t task run`` as a volunteer's shell runs it: real QEMU, real physics, equal to the native result to the last bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import native
import psutil
import pytest

from support.task_folders import job_xml
from support.task_shell import APP, EE, PROCESSES, shell_on

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(280)]


@pytest.fixture
def seed() -> int:
    """Another one each day, told by the test's name in the report."""
    return random.SystemRandom().randrange(1, 30_000)


@pytest.mark.unmeasured
@pytest.mark.parametrize(("template", "events"), PROCESSES, ids=["ee", "softqcd", "jets", "z"])
def test_the_result_equals_the_native_one(tmp_path: Path, appliance_dir: Path, template: str, events: int, seed: int) -> None:
    runspec = template.format(events=events, seed=seed)
    with shell_on(tmp_path, appliance_dir, runspec) as shell:
        document = shell.finish(shell.start("--cores", "2"))
        assert (document["outcome"], document["exit_code"], document["hypervisor"]) == ("done", 0, "qemu")
        assert document["cpu_s"] > 1
        assert str(shell.task / "shared" / "output.tgz") in document["outputs"]
        assert shell.result() == shell.native(), runspec
        assert shell.ours() == []
        assert (shell.task / "console.log").stat().st_size > 0


@pytest.mark.unmeasured
def test_interrupted_killed_and_restored_it_is_still_equal(tmp_path: Path, appliance_dir: Path, seed: int) -> None:
    """Ctrl-C half-way, then our process killed, then the VM host killed, then the VM itself."""
    runspec = EE.format(events=3000, seed=seed)
    with shell_on(tmp_path, appliance_dir, runspec) as shell:
        (shell.task / "vbox_job.xml").write_text(job_xml(minimum_checkpoint_interval="5"))
        first = shell.start("--cores", "2")
        shell.until(0.15)
        first.send_signal(signal.SIGINT)
        assert shell.finish(first, status=130)["outcome"] == "saved"
        assert shell.ours() == []

        second = shell.start("--cores", "2")
        shell.until(0.3)
        second.kill()  # no word to anybody: the VM host sees the end of its pipe and saves
        second.wait()
        psutil.wait_procs(shell.ours(), timeout=60)
        assert shell.ours() == []

        third = shell.start("--cores", "2")
        shell.until(0.45)
        machine = shell.machine()
        shell.host().kill()  # another host is started and adopts the same VM
        shell.until(0.6)
        assert shell.machine() == machine
        machine.kill()  # back to the last checkpoint
        document = shell.finish(third)
        assert document["outcome"] == "done"
        assert document["restarts"] == 3
        assert document["checkpoints"] >= 1
        assert shell.result() == shell.native(), runspec


def test_two_runs_on_one_folder(tmp_path: Path, appliance_dir: Path) -> None:
    with shell_on(tmp_path, appliance_dir, EE.format(events=100_000, seed=1)) as shell:
        first = shell.start()
        shell.until(0.0)
        second = shell.start()
        second.communicate(timeout=30)
        assert second.returncode == 3
        assert "T4T-RUN-01" in (shell.folder / "err.log").read_text()
        assert first.poll() is None
        first.send_signal(signal.SIGTERM)
        assert shell.finish(first, status=130)["outcome"] == "saved"


def test_a_refused_runspec_is_the_tasks_failure(tmp_path: Path, appliance_dir: Path) -> None:
    with shell_on(tmp_path, appliance_dir, "boinc pp nonsense 13000 - - pythia8 8.317 tune-monash13 10 1") as shell:
        document = shell.finish(shell.start(), status=6)
        assert (document["outcome"], document["exit_code"], document["error"]) == ("failed", 206, "T4T-TASK-08")
        assert "nonsense" in document["message"]
        assert shell.ours() == []


def test_demo_ends_with_a_summary_and_a_picture(tmp_path: Path, appliance_dir: Path) -> None:
    """As ``make run`` runs it; the second time another process of physics is chosen."""
    command = [sys.executable, "-m", "t4t", "--data-dir", str(tmp_path / "data"), "--json", "demo", "--once"]
    environment = os.environ | {"PYTHONPATH": str(APP), "T4T_APPLIANCE": str(appliance_dir)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["outcome"] == "done"
    assert document["events"] == 1000
    assert document["events_per_second"] > 0
    assert len(document["histograms"]) >= 6
    assert Path(document["picture"]).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert Path(document["result"]).read_bytes() == native.run_native(appliance_dir, document["runspec"], tmp_path / "native").read_bytes()
    assert "of 1000 events" in done.stderr
