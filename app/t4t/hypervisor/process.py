"""A VM's process, whoever started it: its identity (pid and start time), its priority and its death.

The process with VirtualBox's API asks who lives and never waits: asyncio, 7 MB of memory, is imported by who does.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
from pathlib import Path
from typing import Final

import psutil

from t4t.domain.record import record

DYING_SECONDS: Final = 1.0
"""A process that dies has closed its sockets some time before it is gone."""
_POLL_SECONDS: Final = 0.5
_DEAD: Final = frozenset({"Z", "X", "x"})
_FROM_OUTSIDE: Final = frozenset({signal.SIGTERM, signal.SIGINT, *(getattr(signal, name) for name in ("SIGKILL", "SIGHUP") if hasattr(signal, name))})
_ended_by: Final[dict[int, int]] = {}
"""Signals that ended our own children."""


@record
class ProcessId:
    """One process for good: a pid is given out again, its start time is not."""

    pid: int
    started: str


def start_time(pid: int) -> str | None:
    """The system's own start-time value of a living process; None if there is none (a zombie is dead)."""
    if sys.platform == "linux":
        return _linux_start_time(pid)
    else:  # noqa: RET505 - mypy would call the rest unreachable
        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
        except psutil.Error:
            return None


def _linux_start_time(pid: int, *, dead_too: bool = False) -> str | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        boot = _boot()
    except OSError:
        return None
    return None if fields[0] in _DEAD and not dead_too else f"{boot}:{fields[19]}"


@functools.cache
def _boot() -> str:
    """A name for this life of the computer, which is longer than ours; VMs are looked at each second."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]


def is_alive(process: ProcessId) -> bool:
    """Whether exactly this process still lives."""
    return start_time(process.pid) == process.started


def command_line(pid: int) -> list[str]:
    """The arguments of a process, empty if they can't be read."""
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []


def age_rank(process: ProcessId) -> float:
    """A number that is greater for a process that was started later, in one life of this computer."""
    return float(process.started.rpartition(":")[2])


def cpu_seconds(process: ProcessId) -> float:
    """What the process has used so far, in all its threads."""
    try:
        times = psutil.Process(process.pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def make_idle(thread: int) -> None:
    """Let a virtual processor's thread run only where nobody else wants the core (its main loop must stay quick, so not the whole process)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))


def reap(pid: int) -> None:
    """Take the exit status if it was our own child."""
    if sys.platform != "win32":
        with contextlib.suppress(ChildProcessError):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended == pid and os.WIFSIGNALED(status):
                _ended_by[pid] = os.WTERMSIG(status)


def was_killed(pid: int) -> bool:
    """Whether our own child was ended from outside (it did not fail by itself)."""
    return _ended_by.get(pid) in _FROM_OUTSIDE


def kill(process: ProcessId) -> None:
    """End exactly this process at once."""
    if sys.platform == "linux":
        try:
            handle = os.pidfd_open(process.pid)
        except OSError:
            return
        try:
            if is_alive(process):
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
    elif is_alive(process):
        with contextlib.suppress(psutil.Error):
            psutil.Process(process.pid).kill()


async def gone_soon(process: ProcessId) -> bool:
    """Whether the process is gone, or just going."""
    import asyncio  # noqa: PLC0415 - as the module says

    try:
        async with asyncio.timeout(DYING_SECONDS):
            await wait_gone(process)
    except TimeoutError:
        return False
    return True


async def wait_gone(process: ProcessId) -> None:
    """Return when the process has ended."""
    if sys.platform == "linux":
        await _wait_handle(process)
    else:
        import asyncio  # noqa: PLC0415 - as the module says

        while is_alive(process):  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(_POLL_SECONDS)
    reap(process.pid)


if sys.platform == "linux":

    async def _wait_handle(process: ProcessId) -> None:
        import asyncio  # noqa: PLC0415 - as the module says

        try:
            handle = os.pidfd_open(process.pid)
        except OSError:
            return
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[None] = loop.create_future()

        def readable() -> None:
            if not gone.done():
                gone.set_result(None)

        try:
            # Also when its first thread is dead: the others may still hold its files.
            if _linux_start_time(process.pid, dead_too=True) == process.started:
                loop.add_reader(handle, readable)
                await gone
        finally:
            loop.remove_reader(handle)
            os.close(handle)
