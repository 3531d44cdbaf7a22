"""``t4t task run`` as a volunteer's shell runs it: one data folder, one task folder, processes that end with the test."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import native
import psutil

from support.task_folders import job_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APP = Path(__file__).resolve().parents[2] / "app"
EE = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 {events} {seed}"
PROCESSES = (
    (EE, 300),
    ("boinc pp softqcd 13000 - - pythia8 8.317 tune-monash13 {events} {seed}", 20),
    ("boinc pp jets 7000 20 - pythia8 8.317 tune-monash13 {events} {seed}", 16),
    ("boinc pp z 8000 - - pythia8 8.317 tune-monash13 {events} {seed}", 30),
)
"""Runspecs, each with the events that take about ten seconds without hardware virtualization."""


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
        return self.launch("task", "run", str(self.task), *more)

    def demo(self, *more: str) -> subprocess.Popen[bytes]:
        """``t4t demo``, whose project's first task is what is looked at from now on."""
        self.task = self.data / "demo" / "slots" / "t4t_demo_0001_0"
        return self.launch("demo", "--once", "--runspec", self.runspec, *more)

    def launch(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "t4t", "--data-dir", str(self.data), "--json", *words]
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

    def until(self, fraction: float, seconds: float = 120) -> bool:
        """Wait until the guest says, since the last start, that it is that far; false if the command ended before."""
        end = time.monotonic() + seconds
        progress = self.task / "shared" / "progress"
        while time.monotonic() < end:
            with contextlib.suppress(OSError, ValueError):
                if progress.stat().st_mtime > self.started and float(progress.read_text()) >= fraction:
                    return True
            if self.processes[-1].poll() is not None:
                return False
            time.sleep(0.05)
        raise TimeoutError(f"the job did not reach {fraction}: {(self.folder / 'err.log').read_text()}")

    def machine(self) -> psutil.Process:
        """The task's QEMU process."""
        return self._one(lambda process: "qemu-system" in process.name())

    def virtualbox(self, seconds: float = 120) -> psutil.Process:
        """The task's VirtualBox process: VirtualBox does not name the data folder on its command line, its record there names the process."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for file in (*self.data.glob("runs/*/vms/*/vm.json"), *self.data.glob("demo/vms/*/vm.json")):
                with contextlib.suppress(OSError, ValueError, psutil.Error):
                    record = json.loads(file.read_bytes())
                    if record["pid"] is not None and record["intent"] == "none":
                        return psutil.Process(record["pid"])
            time.sleep(0.02)
        raise TimeoutError(f"no process of VirtualBox: {(self.folder / 'err.log').read_text()}")

    def host(self) -> psutil.Process:
        """The VM host process."""
        return self._one(lambda process: "vm-host" in " ".join(process.cmdline()))

    def _one(self, fits: Callable[[psutil.Process], bool]) -> psutil.Process:
        """The one process of ours that fits, also if it is just being started again."""
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(psutil.Error):
                found = [process for process in self.ours() if fits(process)]
                assert len(found) <= 1, found
                if found:
                    return found[0]
            assert time.monotonic() < end, "the process is not there"
            time.sleep(0.02)

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


@contextlib.contextmanager
def shell_on(tmp_path: Path, appliance: Path, runspec: str) -> Iterator[Shell]:
    shell = Shell(tmp_path, appliance, runspec)
    try:
        yield shell
    finally:
        shell.close()
