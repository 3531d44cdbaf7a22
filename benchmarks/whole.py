"""What the whole program costs on VirtualBox while one idle VM runs and nobody looks: agent and VM host, without the VM and VBoxSVC. In the laboratory."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import psutil

from idle import switches, used, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CALM_S: Final = 60.0
MEASURED_S: Final = 120.0
_JOB: Final = (
    """<vbox_job><os_name>Linux26_64</os_name><memory_size_mb>64</memory_size_mb><minimum_checkpoint_interval>86400</minimum_checkpoint_interval></vbox_job>"""
)


def measure(folder: Path, image: bytes, environment: Mapping[str, str], *, road: str) -> dict[str, dict[str, float]]:
    """Figures of the agent, of the VM host with all that it started, and of both; memory is what is used alone, and the part of what is shared (PSS)."""
    task = folder / "tasks" / "a"
    task.mkdir(parents=True)
    (task / "vm_image.raw").write_bytes(image)
    (task / "vbox_job.xml").write_text(_JOB)
    kept = {name: value for name, value in environment.items() if name not in {"DISPLAY", "PYTHONDONTWRITEBYTECODE"}}
    # an installation has its modules compiled; where the program lies here, nothing can be written
    around = kept | {"T4T_VIRTUALBOX_ROAD": road, "PYTHONPYCACHEPREFIX": str(folder.with_name("compiled"))}
    program = (sys.executable, "-m", "t4t", "--data-dir", str(folder))
    for compiled in (False, True):
        process = subprocess.Popen((*program, "run", "--hypervisor", "virtualbox"), env=around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: _runs(folder), 120)
            time.sleep(CALM_S if compiled else 1.0)
            agent = psutil.Process(process.pid)
            (host,) = (child for child in agent.children() if "vm-host" in " ".join(child.cmdline()))
            parts = {"agent": [agent], "VM host": [host, *host.children(recursive=True)]}
            parts["both"] = parts["agent"] + parts["VM host"]
            begun = time.monotonic()
            before = {who: (sum(map(used, tree)), sum(map(switches, tree))) for who, tree in parts.items()}
            time.sleep(MEASURED_S if compiled else 1.0)
            passed = time.monotonic() - begun
            found = {
                who: {
                    "CPU s an hour": round((sum(map(used, tree)) - before[who][0]) * 3600 / passed, 2),
                    "wake-ups a second": round((sum(map(switches, tree)) - before[who][1]) / passed, 2),
                    "memory MB (PSS)": round(sum(one.memory_full_info().pss for one in tree) / 1e6, 1),
                }
                for who, tree in parts.items()
            }
        finally:
            process.terminate()
            process.wait()
    return found


def _runs(folder: Path) -> bool:
    """Whether the VM's process is known to the driver."""
    return any('"pid":' in text and '"pid":null' not in text for text in (file.read_text() for file in folder.glob("vms/*/vm.json")))
