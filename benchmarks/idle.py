"""What the agent costs beside its VM: processor time and wake-ups of our whole process tree, without QEMU, while one VM computes and nobody looks."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

CALM_S: Final = 150.0
"""After the guest's start, until everything has found its slow pace."""
MEASURED_S: Final = 120.0
CPU_S_AN_HOUR: Final = 5.0
WAKE_UPS_A_SECOND: Final = 2.0
"""The budget of the whole tree."""
_RUNSPEC: Final = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 4000000 1\n"
_JOB: Final = """<vbox_job><os_name>Linux26_64</os_name><memory_size_mb>512</memory_size_mb>
<enable_network/><enable_shared_directory/><pf_guest_port>80</pf_guest_port><copy_to_shared>input</copy_to_shared><heartbeat_filename>heartbeat</heartbeat_filename><fraction_done_filename>progress</fraction_done_filename>
<completion_trigger_file>shutdown</completion_trigger_file><minimum_checkpoint_interval>86400</minimum_checkpoint_interval></vbox_job>"""


def ours(agent: psutil.Process) -> list[psutil.Process]:
    """The agent and its VM host."""
    return [agent, *(child for child in agent.children(recursive=True) if "vm-host" in " ".join(child.cmdline()))]


def switches(process: psutil.Process) -> int:
    """How often threads of a process went to sleep by themselves: each had been woken for it."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/status")
    return sum(int(line.split()[1]) for task in tasks for line in task.read_text().splitlines() if line.startswith("voluntary_ctxt"))


def used(process: psutil.Process) -> float:
    """Seconds of the processor."""
    times = process.cpu_times()
    return float(times.user + times.system)


def pss_mib(process: psutil.Process) -> float:
    """Memory, what is shared divided among those who share it."""
    return float(process.memory_full_info().pss) / (1 << 20)


def wait_for(check: Callable[[], bool], seconds: float) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.5)


def measure(image: Path) -> dict[str, dict[str, float]]:
    """Figures of agent, VM host and both."""
    with tempfile.TemporaryDirectory(prefix="t4t-idle-") as name:
        data = Path(name)
        task = data / "tasks" / "a"
        task.mkdir(parents=True)
        shutil.copyfile(image, task / "vm_image.raw")
        (task / "vbox_job.xml").write_text(_JOB)
        (task / "input").write_text(_RUNSPEC)
        command = (sys.executable, "-m", "t4t", "--data-dir", str(data), "run", "--hypervisor", "qemu", "--cores", "1")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            progress = task / "shared" / "progress"
            wait_for(lambda: progress.exists() and float(progress.read_text() or 0) > 0, 300)
            time.sleep(CALM_S)
            tree = ours(psutil.Process(process.pid))
            begun = time.monotonic()
            before = [(used(one), switches(one)) for one in tree]
            time.sleep(MEASURED_S)
            passed = time.monotonic() - begun
            found = {}
            for who, one, (seconds, count) in zip(("agent", "VM host"), tree, before, strict=True):
                found[who] = {
                    "seconds of CPU per hour": round((used(one) - seconds) * 3600 / passed, 2),
                    "wake-ups a second": round((switches(one) - count) / passed, 2),
                    "PSS MiB": round(pss_mib(one), 1),
                }
        finally:
            process.terminate()
            process.wait()
    return found | {"both": {key: round(sum(row[key] for row in found.values()), 2) for key in found["agent"]}}


def table(figures: dict[str, dict[str, float]]) -> list[str]:
    """The figures as a part of the page."""
    columns = list(figures["both"])
    rows = [f"| {who} | {' | '.join(str(row[column]) for column in columns)} |" for who, row in figures.items()]
    return [
        f"The agent without a tray while one VM computes, measured over {MEASURED_S:.0f} s after {CALM_S:.0f} s of calm; the budget of both is",
        f"{CPU_S_AN_HOUR:.0f} s of CPU an hour and {WAKE_UPS_A_SECOND:.0f} wake-ups a second. `benchmarks/run.py idle` measures only this.",
        "",
        f"| process | {' | '.join(columns)} |",
        "|---|" + "---|" * len(columns),
        *rows,
        "",
    ]
