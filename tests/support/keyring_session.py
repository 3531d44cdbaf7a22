"""A D-Bus session of its own with a real, unlocked gnome-keyring in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

IS_HERE = bool(shutil.which("gnome-keyring-daemon") and shutil.which("dbus-run-session"))


def in_session(home: Path, script: Path, *words: str, seconds: float = 60, **more: str) -> subprocess.CompletedProcess[str]:
    """Run ``script`` with Python in it; ``home`` keeps the keyring, ``more`` goes into the environment."""
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    begin = 'printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null; exec "$0" "$@"'
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        **{name: str(home) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")},
        "XDG_RUNTIME_DIR": str(runtime),
        **more,
    }
    command = ["dbus-run-session", "--", "sh", "-c", begin, sys.executable, str(script), *words]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False)
