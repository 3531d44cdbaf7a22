"""The job's process as the agent sees it."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PYTHON = (sys.executable, "-s", "-S", "-P")
"""How a Python of the guest is started. Not with `-I`: that would ignore the hash seed of the environment, see the init script."""
_READ_BYTES = 1 << 16
_NICE = 5


class JobProcess:
    """A child process in a group of its own whose output is read without waiting."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        """Start a module of this package.

        Raises OSError.
        """
        self.output, writing = os.pipe()
        os.set_blocking(self.output, False)
        actions = [(os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_DUP2, writing, 2)]
        words = [*PYTHON, "-m", f"t4t_guest.{module}", *arguments]
        self.pid = os.posix_spawn(sys.executable, words, os.environ, file_actions=actions, setpgroup=0)
        os.close(writing)
        # The web server and the agent must answer while all processors compute.
        os.setpriority(os.PRIO_PROCESS, self.pid, _NICE)
        self.exit_code: int | None = None

    def read(self) -> bytes | None:
        """Output since the last time; None once it has ended."""
        try:
            return os.read(self.output, _READ_BYTES) or None
        except BlockingIOError:
            return b""

    def finished(self) -> bool:
        """Whether the process has ended; its exit code is then known, 128 + signal where it was killed."""
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self.exit_code = code if code >= 0 else 128 - code
        return self.exit_code is not None

    def stop(self) -> None:
        """End the process and all it has started, at once: nothing of a job is worth a wait, its checkpoint is the machine's saved state."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        if self.exit_code is None:
            os.waitpid(self.pid, 0)
            self.exit_code = 128 + signal.SIGKILL
