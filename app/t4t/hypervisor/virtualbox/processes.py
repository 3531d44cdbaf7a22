"""VirtualBox's processes on this computer: VBoxSVC, which knows all VMs of the user, and the process of one VM."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from t4t.hypervisor import process
from t4t.hypervisor.process import ProcessId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SERVER: Final = "VBoxSVC"
_SERVER_LOG: Final = "VBoxSVC.log"
_FRONTENDS: Final = frozenset({"VBoxHeadless", "VirtualBoxVM", "VBoxSDL"})
_LOWEST: Final = 19
_PROCESSOR: Final = "EMT"
"""The threads of the virtual processors are called ``EMT-0`` and so on."""


def is_process_of(vm: str, name: str, arguments: Sequence[str]) -> bool:
    """Whether a program of this name, called so, runs the VM (``--startvm`` or ``--comment`` may name it too: the id decides)."""
    return (name.removesuffix(".exe") in _FRONTENDS or any(Path(word).name in _FRONTENDS for word in arguments[:2])) and any(
        word in {vm, f"{{{vm}}}"} for word in arguments
    )


def identity(pid: int) -> ProcessId | None:
    """The process with this pid, for good; None if there is none."""
    started = process.start_time(pid)
    return None if started is None else ProcessId(pid, started)


if sys.platform == "win32":

    def _is_ours(one: psutil.Process) -> bool:
        """Another user's process can't be asked for its name there."""
        return one.is_running()

else:

    def _is_ours(one: psutil.Process) -> bool:
        return one.uids().real == os.getuid()


def servers() -> Iterator[ProcessId]:
    """Every VBoxSVC of this user: one, unless there are containers."""
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.name().removesuffix(".exe") == SERVER and _is_ours(one) and (found := identity(one.pid)) is not None:
                yield found


def find_server() -> ProcessId | None:
    """VBoxSVC of this user."""
    return next(servers(), None)


def find_vm(vm: str, hint: int | None = None) -> ProcessId | None:
    """The process that runs the VM, whoever started it. ``hint`` is a pid to look at first (a VM's log names it)."""
    for pid in (*([] if hint is None else [hint]), *psutil.pids()):
        with contextlib.suppress(psutil.Error):
            one = psutil.Process(pid)
            if _may_be_frontend(one) and is_process_of(vm, one.name(), one.cmdline()) and (found := identity(pid)) is not None:
                return found
    return None


def _may_be_frontend(one: psutil.Process) -> bool:
    """A cheap look: a script may stand in for a frontend, for a moment."""
    name = one.name()
    return name.removesuffix(".exe") in _FRONTENDS or name in {"sh", "dash", "bash"}


def home_of(server: ProcessId) -> Path | None:
    """The folder in which this VBoxSVC keeps its registry: where its log lies, or what its environment says; None if neither can be known."""
    with contextlib.suppress(psutil.Error, OSError):
        one = psutil.Process(server.pid)
        if sys.platform != "win32":  # there, other processes' open files can't be listed without hanging now and then
            for path in _open_paths(one):
                if re.fullmatch(rf"{re.escape(_SERVER_LOG)}(\.[0-9]+)?", Path(path).name):
                    return Path(path).parent
        own = one.environ().get("VBOX_USER_HOME", "")
        if own:
            return Path(own)
    return None


def _open_paths(one: psutil.Process) -> Iterator[str]:
    """Paths of its open files; on Linux by the links, since psutil leaves out what was opened only to be written."""
    if sys.platform == "linux":
        for link in Path(f"/proc/{one.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(link.readlink())
    else:
        yield from (file.path for file in one.open_files())


def make_background(owned: ProcessId) -> None:
    """Let the VM compute only where nobody else wants the processor: its virtual processors idle, the rest of it (its timers, its network) last in turn."""
    with contextlib.suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            psutil.Process(owned.pid).nice(psutil.IDLE_PRIORITY_CLASS)
        elif sys.platform == "linux":
            for thread in Path(f"/proc/{owned.pid}/task").iterdir():
                with contextlib.suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, int(thread.name), _LOWEST)
                    if (thread / "comm").read_text(encoding="utf-8", errors="replace").startswith(_PROCESSOR):
                        process.make_idle(int(thread.name))
        else:
            psutil.Process(owned.pid).nice(_LOWEST)


def progress(owned: ProcessId) -> float:
    """A number that grows while the process does anything: processor time in seconds, and bytes that it read, in MiB."""
    with contextlib.suppress(psutil.Error):
        one = psutil.Process(owned.pid)
        times = one.cpu_times()
        done = float(times.user + times.system)
        if sys.platform != "darwin":
            with contextlib.suppress(psutil.Error):
                done += one.io_counters().read_bytes / (1 << 20)
        return done
    return 0.0


def known_vm(vm: str, pid: int) -> ProcessId | None:
    """The process with this pid, if it runs the VM."""
    with contextlib.suppress(psutil.Error):
        one = psutil.Process(pid)
        if is_process_of(vm, one.name(), one.cmdline()):
            return identity(pid)
    return None
