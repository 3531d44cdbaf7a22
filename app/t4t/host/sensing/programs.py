"""How busy other programs are, and which of the listed ones run. A look costs little when no process came or went."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import TYPE_CHECKING, Final

import psutil

from t4t.domain.load import Look, Shares, plain_name, running, shares
from t4t.domain.readings import Readings
from t4t.host.sensing.sensor import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_VMS: Final = ("vboxheadless", "virtualboxvm", "vboxsdl", "qemu-system")
"""Programs that may run a VM of ours, or somebody else's."""
_SERVANTS: Final = frozenset({"vboxsvc", "vboxxpcomipcd", "vboxnetdhcp", "vboxnetnat"})
"""VirtualBox's own, which work for our VMs too; what they do for others is next to nothing."""
_IDLE: Final = ("idle", "iowait", "steal", "guest", "guest_nice", "interrupt", "dpc")
"""What of processor times no program of this computer used, or (a guest's, Windows' interrupts) what is in another figure already."""
_TWICE: Final = ("guest", "guest_nice", "interrupt", "dpc")


class Programs:
    """A `Sensor`."""

    kind = Kind.PROGRAMS
    tells = False

    def __init__(self, *, ours: Callable[[], Sequence[str]] = tuple, processes: Callable[[], Collection[int]] = tuple, listed: Sequence[str] = ()) -> None:
        """``ours``: words in the command line of a VM that say that it is ours (folders, ids); ``listed`` is the volunteer's list.

        ``processes``: the numbers of VMs that are known to be ours, for a hardened process need not tell its command line.
        """
        self._ours = ours
        self._processes = processes
        self._listed = tuple(listed)
        self._names: dict[int, str] = {}
        """Of all processes, as they are compared."""
        self._fresh: set[int] = set()
        """Seen once: a process may still turn into another program."""
        self._machines: set[int] = set()
        """VMs, whoever's they are: an adopted one may turn out to be ours later."""
        self._followed: dict[int, psutil.Process] = {}
        self._before: Look | None = None
        self._shares: Shares | None = None

    async def start(self, changed: Callable[[], None]) -> None:
        """Nothing is opened."""

    def expect(self, away_after_s: float) -> None:
        """Nothing of it depends on that."""

    def list(self, programs: Sequence[str]) -> None:
        """The volunteer's list is another one."""
        self._listed = tuple(programs)

    async def look(self) -> Readings:
        """See `Sensor.look`; the first time in a thread, for there may be hundreds of processes. Later ones take a millisecond: a thread would cost more."""
        return self.look_now() if self._names else await asyncio.to_thread(self.look_now)

    async def close(self) -> None:
        """Nothing stays open."""

    def look_now(self) -> Readings:
        """One look."""
        self._find()
        now = self._times()
        if self._before is not None and (found := shares(self._before, now)) is not None:
            self._shares = found
        self._before = now
        known = self._shares
        return Readings(
            programs=running(self._listed, self._names.values()),
            others_percent=None if known is None else known.others,
            ours_percent=None if known is None else known.ours,
        )

    def _find(self) -> None:
        """Which processes there are, and which of them are ours. Names are asked of new ones only, twice."""
        there = set(psutil.pids())
        for pid in self._names.keys() - there:
            del self._names[pid]
            self._machines.discard(pid)
            self._followed.pop(pid, None)
        new = there - self._names.keys()
        for pid in sorted(new | (self._fresh & there) | (self._machines - self._followed.keys())):
            with contextlib.suppress(psutil.Error, OSError):
                self._meet(psutil.Process(pid))
        self._fresh = new

    def _meet(self, process: psutil.Process) -> None:
        name = plain_name(process.name())
        self._names[process.pid] = name
        if process.pid not in self._followed and self._is_ours(process, name):
            self._followed[process.pid] = process

    def _is_ours(self, process: psutil.Process, name: str) -> bool:
        if process.pid == os.getpid() or name in _SERVANTS:
            return True
        if name.startswith(_VMS):
            self._machines.add(process.pid)
            return process.pid in self._processes() or self._has_mark(process)
        parent = process.ppid()
        return parent == os.getpid() or parent in self._followed

    def _has_mark(self, process: psutil.Process) -> bool:
        words = process.cmdline()
        return any(mark in word for mark in self._ours() for word in words)

    def _times(self) -> Look:
        whole = psutil.cpu_times()._asdict()
        total = sum(seconds for kind, seconds in whole.items() if kind not in _TWICE)
        busy = sum(seconds for kind, seconds in whole.items() if kind not in _IDLE)
        ours: dict[tuple[int, float], float] = {}
        for process in list(self._followed.values()):
            try:
                used = process.cpu_times()
                ours[process.pid, process.create_time()] = used.user + used.system
            except (psutil.Error, OSError):
                del self._followed[process.pid]
        return Look(at=time.time(), total=total, busy=busy, ours=ours)
