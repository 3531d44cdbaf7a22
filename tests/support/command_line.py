"""The real command to its end, and what it left behind."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

APP = Path(__file__).resolve().parents[2] / "app"
NO_SYSTEM_BUS = "unix:path=/nonexistent/system-bus"
"""What this computer does is not to disturb a test, nor a test this computer."""
NO_SCREEN = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/session-bus"}
"""Nor is whoever sits at it to slow down what a test waits for."""


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    status: int
    out: str
    err: str

    def is_notice(self, code: str) -> bool:
        """Whether standard error holds exactly one notice, with this code: a title, a sentence, remedies."""
        lines = self.err.splitlines()
        title = next((number for number, line in enumerate(lines) if line.endswith(f"({code})")), None)
        if title is None or "Traceback" in self.err or self.err.count("(T4T-") != 1:
            return False
        body, remedies = lines[title + 1], lines[title + 2 :]
        return body.startswith("  ") and bool(body.strip()) and all(line.startswith("  → ") for line in remedies)


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(APP), "DBUS_SYSTEM_BUS_ADDRESS": NO_SYSTEM_BUS} | NO_SCREEN | dict(changes or {})


def t4t(*words: str, data: Path, before: Sequence[str] = (), env: Mapping[str, str] | None = None, seconds: float = 60) -> Ended:
    """Run the command to its end; ``before`` is what runs it (such as `mounting`)."""
    command = [*before, sys.executable, "-m", "t4t", "--data-dir", str(data), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(env), timeout=seconds, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def contents(*folders: Path) -> dict[str, str]:
    """Every name below ``folders`` with what it is: a file's SHA-256, a link's target; names of folders too."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            kind = "folder"
            if path.is_symlink():
                kind = f"link to {path.readlink()}"
            elif path.is_file():
                kind = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path)] = kind
    return found


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process whose command line names ``folder``."""
    return [process for process in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(process.info["cmdline"] or ())]


def can_mount() -> bool:
    """Whether a process of ours may have mounts of its own, in a user namespace."""
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-Urm", "true"], capture_output=True, check=False).returncode == 0


def mounting(script: str) -> tuple[str, ...]:
    """The words before a command that runs it with the mounts that ``script`` makes; they end with it and nobody else sees them."""
    return ("unshare", "-Urm", "sh", "-ec", f'{script}; exec "$@"', "sh")


def end(processes: Sequence[psutil.Process]) -> None:
    """Kill and wait."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait(10)
