"""A program that behaves as VBoxManage may at the edge: it is started as a real child process and does what its plan says.

The plan is a JSON file beside it: for each call in turn ``{"status": 0, "out": "", "err": "", ...}``; the last entry is used for all further calls.
Further keys: ``flood`` (bytes to each stream), ``hang`` (never end), ``child`` ("group": a child of its own group, "session": one that left it, as VBoxSVC
does; its pid is written to ``child.pid``), ``ignore`` (SIGTERM is ignored). Each call is noted in ``calls.json`` with its environment.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def install(folder: Path, *plan: dict[str, Any], name: str = "VBoxManage") -> str:
    """Put the program into ``folder``; its path."""
    (folder / "plan.json").write_text(json.dumps(plan or ({},)), encoding="utf-8")
    program = folder / name
    program.write_text(f"#!{sys.executable} -ISB\n{Path(__file__).read_text(encoding='utf-8')}", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


def calls(folder: Path) -> list[dict[str, Any]]:
    """What was called so far: ``args`` and ``env`` of each."""
    file = folder / "calls.json"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _main(folder: Path) -> int:
    with (folder / "calls.json").open("a+", encoding="utf-8") as log:
        log.write(json.dumps({"args": sys.argv[1:], "env": dict(os.environ)}) + "\n")
        log.flush()
        log.seek(0)
        number = len(log.readlines())
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    step = plan[min(number, len(plan)) - 1]
    if step.get("ignore"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if step.get("child"):
        child = subprocess.Popen([sys.executable, "-ISc", "import time; time.sleep(600)"], start_new_session=step["child"] == "session")
        (folder / "child.tmp").write_text(str(child.pid), encoding="ascii")
        (folder / "child.tmp").rename(folder / "child.pid")
    for stream, key in ((sys.stdout, "out"), (sys.stderr, "err")):
        stream.buffer.write(step.get(key, "").encode() + b"x" * step.get("flood", 0))
        stream.flush()
    while step.get("hang"):
        time.sleep(600)
    return int(step.get("status", 0))


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[0]).resolve().parent))
