"""The birth of a QEMU process: detached, its output in a file, at the lowest priority."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from t4t.hypervisor.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LOWEST: Final = 19
_children: Final[list[subprocess.Popen[bytes]]] = []
"""Windows only: kept so that nobody waits for a child in a destructor."""

if sys.platform == "win32":

    def spawn(arguments: Sequence[str], log: Path, *, background: bool) -> int:
        """Start a process that outlives us, its output in ``log``; the pid."""
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW | subprocess.DETACHED_PROCESS
        with log.open("wb") as output:
            child = subprocess.Popen(
                list(arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=clean_environment(os.environ),
                creationflags=flags | (subprocess.IDLE_PRIORITY_CLASS if background else 0),
            )
        _children.append(child)
        return child.pid

else:

    def spawn(arguments: Sequence[str], log: Path, *, background: bool) -> int:
        """Start a process that outlives us, in a session of its own, its output in ``log``; the pid."""
        # Not Popen: it complains about a child that is meant to outlive us.
        pid = os.posix_spawn(
            arguments[0],
            list(arguments),
            clean_environment(os.environ),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP],
        )
        if background:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, pid, _LOWEST)
        return pid
