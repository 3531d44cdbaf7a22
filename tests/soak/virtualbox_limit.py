"""Whether a limit of the processor holds on VirtualBox: the agent with a machine that computes without end, half a processor given; in the laboratory.

`make lab-limit`. One line comes out: what was asked for, what the machine used, and the words that the volunteer reads where nobody can hold it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

LIMIT: Final = 50
MOST_S: Final = 300.0
SPIN: Final = b"\xeb\xfe".ljust(510, b"\0") + b"\x55\xaa" + bytes(1024 * 1024 - 512)
"""A boot sector that jumps to itself."""
_JOB: Final = (
    """<vbox_job><os_name>Linux26_64</os_name><memory_size_mb>64</memory_size_mb><minimum_checkpoint_interval>86400</minimum_checkpoint_interval></vbox_job>"""
)


def said(program: tuple[str, ...], *words: str) -> str:
    """What a verb prints, whatever its exit status."""
    return subprocess.run((*program, *words), capture_output=True, text=True, check=False, timeout=60).stdout


def measure(folder: Path) -> dict[str, Any]:
    """Run it until the limit was judged: either measured and held, or told not to."""
    task = folder / "tasks" / "spin"
    task.mkdir(parents=True)
    (task / "vm_image.raw").write_bytes(SPIN)
    (task / "vbox_job.xml").write_text(_JOB)
    program = (sys.executable, "-m", "t4t", "--data-dir", str(folder))
    alone = ("in_use=go-on", "busy_slow_percent=0", "busy_pause_percent=0")  # what others do here is none of this
    subprocess.run((*program, "settings", "set", "cores=1", f"cap_percent={LIMIT}", *alone), check=True, stdout=subprocess.DEVNULL)
    agent = subprocess.Popen((*program, "run", "--hypervisor", "virtualbox"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    begun = time.monotonic()
    status: dict[str, Any] = {}
    words = ""
    try:
        while time.monotonic() - begun < MOST_S:
            time.sleep(5)
            answer = said((*program, "--json"), "status")
            status = json.loads(answer) if answer else {}
            seen = [(one["vm"], one["cap_percent"], one["measured_percent"], one["cpu_s"]) for one in status.get("tasks", ())]
            print(f"{time.monotonic() - begun:.0f} s:", status.get("state"), status.get("deciding"), seen, file=sys.stderr)
            if any(notice["code"] == "T4T-HV-09" for notice in status.get("notices", ())):
                words = subprocess.run((*program, "status"), capture_output=True, text=True, check=False, timeout=60).stderr.strip()
                break
    finally:
        agent.terminate()
        agent.wait(120)
    spin: dict[str, Any] = next(iter(status.get("tasks", ())), {})
    return {
        "hypervisor": status.get("hypervisor"),
        "road": os.environ.get("T4T_VIRTUALBOX_ROAD", "api"),
        "limit_percent": LIMIT,
        "cap_percent": spin.get("cap_percent"),
        "measured_percent": spin.get("measured_percent"),
        "told": bool(words),
        "needs_nobody": status.get("state") in {"working", "gentle"},
        "words": words.splitlines(),
        "seconds": round(time.monotonic() - begun, 1),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="t4t-limit-") as name:
        print(json.dumps(measure(Path(name) / "data"), ensure_ascii=False))
