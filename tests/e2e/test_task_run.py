"""``t4t task run`` as a volunteer's shell runs it: real QEMU, real physics, equal to the native result to the last bit."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import native
import psutil
import pytest

from support.task_folders import job_xml

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(280)]

APP = Path(__file__).resolve().parents[2] / "app"
EE = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 {events} {seed}"
PROCESSES = (
    (EE, 300),
    ("boinc pp softqcd 13000 - - pythia8 8.317 tune-monash13 {events} {seed}", 20),
    ("boinc pp jets 7000 20 - pythia8 8.317 tune-monash13 {events} {seed}", 16),
    ("boinc pp z 8000 - - pythia8 8.317 tune-monash13 {events} {seed}", 30),
)


class Shell:
    """A data folder, a task folder, and processes that end with the test."""

    def __init__(self, folder: Path, appliance: Path, runspec: str) -> None:
        self.runspec = runspec
        self.appliance = appliance
        self.folder = folder
        self.task = folder / "slots" / "0"
        self.task.mkdir(parents=True)
        self.data = folder / "data"
        (self.task / "vbox_job.xml").write_text(job_xml(memory_size_mb="512"))
        (self.task / "input").write_text(runspec + "\n")
        shutil.copyfile(appliance / "t4t-appliance.raw", self.task / "vm_image.raw")
        self.processes: list[subprocess.Popen[bytes]] = []
        self.started = 0.0

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "t4t", "--data-dir", str(self.data), "--json", "task", "run", str(self.task), *more]
        with (self.folder / "err.log").open("ab") as err:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, env=os.environ | {"PYTHONPATH": str(APP)})
        self.processes.append(process)
        self.started = time.time()
        return process

    def finish(self, process: subprocess.Popen[bytes], *, status: int = 0, seconds: float = 240) -> dict[str, Any]:
        out, _ = process.communicate(timeout=seconds)
        assert process.returncode == status, (self.folder / "err.log").read_text()
        document = json.loads(out)
        assert isinstance(document, dict)
        return document

    def native(self) -> bytes:
        return native.run_native(self.appliance, self.runspec, self.folder / "native").read_bytes()

    def result(self) -> bytes:
        return (self.task / "shared" / "output.tgz").read_bytes()

    def until(self, fraction: float, seconds: float = 120) -> None:
        """Wait until the guest says, since the last start, that it is that far."""
        end = time.monotonic() + seconds
        progress = self.task / "shared" / "progress"
        while time.monotonic() < end:
            with contextlib.suppress(OSError, ValueError):
                if progress.stat().st_mtime > self.started and float(progress.read_text()) >= fraction:
                    return
            time.sleep(0.05)
        pytest.fail(f"the job did not reach {fraction}: {(self.folder / 'err.log').read_text()}")

    def machine(self) -> psutil.Process:
        """The task's QEMU process."""
        found = [process for process in self.ours() if "qemu-system" in process.name()]
        assert len(found) == 1
        return found[0]

    def host(self) -> psutil.Process:
        """The VM host process."""
        found = [process for process in self.ours() if "vm-host" in process.cmdline()]
        assert len(found) == 1
        return found[0]

    def ours(self) -> list[psutil.Process]:
        """Every process that still has to do with this data folder."""
        return [p for p in psutil.process_iter(["cmdline"]) if str(self.data) in " ".join(p.info["cmdline"] or ())]

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for left in self.ours():
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
                left.wait(10)


@pytest.fixture
def seed() -> int:
    """Another one each day, told by the test's name in the report."""
    return random.SystemRandom().randrange(1, 30_000)


@contextlib.contextmanager
def _shell(tmp_path: Path, appliance: Path, runspec: str) -> Iterator[Shell]:
    shell = Shell(tmp_path, appliance, runspec)
    try:
        yield shell
    finally:
        shell.close()


@pytest.mark.parametrize(("template", "events"), PROCESSES, ids=["ee", "softqcd", "jets", "z"])
def test_the_result_equals_the_native_one(tmp_path: Path, appliance_dir: Path, template: str, events: int, seed: int) -> None:
    runspec = template.format(events=events, seed=seed)
    with _shell(tmp_path, appliance_dir, runspec) as shell:
        document = shell.finish(shell.start("--cores", "2"))
        assert (document["outcome"], document["exit_code"], document["hypervisor"]) == ("done", 0, "qemu")
        assert document["cpu_s"] > 1
        assert str(shell.task / "shared" / "output.tgz") in document["outputs"]
        assert shell.result() == shell.native(), runspec
        assert shell.ours() == []
        assert (shell.task / "console.log").stat().st_size > 0


def test_interrupted_killed_and_restored_it_is_still_equal(tmp_path: Path, appliance_dir: Path, seed: int) -> None:
    """Ctrl-C half-way, then our process killed, then the VM host killed, then the VM itself."""
    runspec = EE.format(events=3000, seed=seed)
    with _shell(tmp_path, appliance_dir, runspec) as shell:
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
    with _shell(tmp_path, appliance_dir, EE.format(events=100_000, seed=1)) as shell:
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
    with _shell(tmp_path, appliance_dir, "boinc pp nonsense 13000 - - pythia8 8.317 tune-monash13 10 1") as shell:
        document = shell.finish(shell.start(), status=6)
        assert (document["outcome"], document["exit_code"], document["error"]) == ("failed", 206, "T4T-TASK-08")
        assert "nonsense" in document["message"]
        assert shell.ours() == []
