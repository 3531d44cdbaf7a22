"""``t4t run`` and the verbs that ask it, as a volunteer's shell runs them: one data folder, real processes, all ended with the test."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import native
import psutil

from support.command_line import Ended, environment, t4t
from support.task_folders import job_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class AgentShell:
    """A data folder with a spool of tasks, and the agent on it."""

    def __init__(self, folder: Path, appliance: Path) -> None:
        self.folder = folder
        self.appliance = appliance
        self.data = folder / "data"
        self.spool = self.data / "tasks"
        self.spool.mkdir(parents=True)
        self.runspecs: dict[str, str] = {}
        self.agents: list[subprocess.Popen[bytes]] = []
        self.environment: dict[str, str] = {}

    def add_task(self, name: str, runspec: str, **changes: str | None) -> None:
        """A task in the spool, put there whole."""
        part = self.spool / f".{name}"
        part.mkdir()
        (part / "vbox_job.xml").write_text(job_xml(**({"memory_size_mb": "512"} | changes)))
        (part / "input").write_text(runspec + "\n")
        shutil.copyfile(self.appliance / "t4t-appliance.raw", part / "vm_image.raw")
        part.rename(self.spool / name)
        self.runspecs[name] = runspec

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "t4t", "--data-dir", str(self.data), "run", *more]
        with (self.folder / "err.log").open("ab") as err:
            process = subprocess.Popen(command, stdout=err, stderr=err, env=environment(self.environment))
        self.agents.append(process)
        self.until(lambda: self.ask("status").status == 0, "the agent to answer")
        return process

    def ask(self, *words: str) -> Ended:
        return t4t("--json", *words, data=self.data)

    def kept(self) -> dict[str, int]:
        """How many histograms the agent keeps of each task that is done."""
        found = [json.loads(path.read_bytes())["result"] for path in (self.data / "results").glob("[!.]*.json")]
        return {result["task"]: result["plots"] for result in found}

    def status(self) -> dict[str, Any]:
        done = self.ask("status")
        assert done.status == 0, done.err
        document = json.loads(done.out)
        assert isinstance(document, dict)
        return document

    def task(self, name: str) -> dict[str, Any]:
        return next(task for task in self.status()["tasks"] if task["key"] == name)

    def until(self, check: Callable[[], bool], what: str, seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < end, f"waited in vain for {what}: {(self.folder / 'err.log').read_text()}"
            time.sleep(0.1)

    def until_progress(self, name: str, fraction: float) -> None:
        progress = self.spool / name / "shared" / "progress"

        def reached() -> bool:
            with contextlib.suppress(OSError, ValueError):
                return float(progress.read_text()) >= fraction
            return False

        self.until(reached, f"{name} to reach {fraction}")

    def native(self, name: str) -> bytes:
        return native.run_native(self.appliance, self.runspecs[name], self.folder / "native" / name).read_bytes()

    def result(self, name: str) -> bytes:
        return (self.data / "done" / name / "shared" / "output.tgz").read_bytes()

    def ours(self) -> list[psutil.Process]:
        """Every process that still has to do with this data folder, verbs apart."""
        return [p for p in psutil.process_iter(["cmdline"]) if str(self.data) in " ".join(p.info["cmdline"] or ())]

    def machines(self) -> list[psutil.Process]:
        return [process for process in self.ours() if "qemu-system" in process.name()]

    def close(self) -> None:
        for process in self.agents:
            if process.poll() is None:
                process.kill()
                process.wait()
        for left in self.ours():
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
                left.wait(10)


@contextlib.contextmanager
def agent_on(tmp_path: Path, appliance: Path) -> Iterator[AgentShell]:
    shell = AgentShell(tmp_path, appliance)
    try:
        yield shell
    finally:
        shell.close()


def cpu_seconds(process: psutil.Process) -> float:
    """What a process has used of the processor."""
    times = process.cpu_times()
    return float(times.user + times.system)
