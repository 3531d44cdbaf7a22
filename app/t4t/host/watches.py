"""What must be looked at because nobody tells of it: clocks, the data folder's disk, programs that are upgraded; slow, for each look wakes the computer."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from dataclasses import field
from typing import TYPE_CHECKING, Final, TypeVar

from t4t.domain.host_events import DiskChanged, DiskLimits, DiskState, EventKind, FileIdentity, ProgramReplaced, ProgramWatch, disk_state, watch_program
from t4t.domain.record import record
from t4t.domain.vm import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.host.feed import Feed

LOOK_SECONDS: Final = 30.0
_HUNG_SECONDS: Final = 10.0
"""A disk that does not answer so long counts as gone: a network share whose server went away blocks whoever asks."""
_T = TypeVar("_T")


@record(kw_only=True)
class Watched:
    """What of this computer is ours to watch."""

    folder: Path
    """The data folder."""
    programs: tuple[Path, ...] = ()
    """Programs whose upgrade we must know of."""
    limits: DiskLimits = field(default_factory=DiskLimits)


def identity(path: Path) -> FileIdentity | None:
    """What tells the file from its successor; None if it is not there (links are followed). Other failures count as not there too."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return FileIdentity(device=facts.st_dev, inode=facts.st_ino, size=facts.st_size, mtime_ns=facts.st_mtime_ns)


def free_mib(folder: Path, device: int | None) -> tuple[int | None, int | None]:
    """Free MiB for us in the folder's file system, and its device; None if it is gone, or if another device than ``device`` is in its place.

    An unplugged disk leaves its empty mount point behind, on the disk below.
    """
    try:
        found = folder.stat().st_dev
        free = shutil.disk_usage(folder).free // MIB
    except OSError:
        return None, device
    return (free, found) if device in {None, found} else (None, device)


class SlowLook:
    """Looks at everything each `LOOK_SECONDS`, and whenever `look` is called."""

    kinds = frozenset({EventKind.CLOCK, EventKind.DISK, EventKind.PROGRAM})
    missing: frozenset[EventKind] = frozenset()

    def __init__(
        self,
        feed: Feed,
        watched: Watched,
        clock: Clock,
        *,
        also: Sequence[Callable[[], None]] = (),
        free: Callable[[Path, int | None], tuple[int | None, int | None]] = free_mib,
        identify: Callable[[Path], FileIdentity | None] = identity,
    ) -> None:
        """``also`` are further looks, for what a system does not tell by itself."""
        self._feed = feed
        self._watched = watched
        self._clock = clock
        self._also = also
        self._free = free
        self._identify = identify
        self._disk = DiskState.FINE
        self._device: int | None = None
        self._asking: asyncio.Future[tuple[int | None, int | None]] | None = None
        self._programs = {path: ProgramWatch(told=identify(path)) for path in watched.programs}

    async def start(self) -> None:
        """The first look: tells of a disk that is not fine from the beginning."""
        await self.look()

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            await self.look()

    def close(self) -> None:
        """Nothing stays open."""

    async def hold(self, reason: str) -> None:
        """Holds nothing back."""

    async def release(self) -> None:
        """Holds nothing back."""

    async def look(self) -> None:
        """Look once."""
        self._feed.look_at_clocks()
        for look in self._also:
            look()
        for path, state in self._programs.items():
            self._programs[path], replaced = watch_program(state, self._identify(path))
            if replaced:
                self._feed.tell(ProgramReplaced(path=str(path), present=self._programs[path].told is not None))
        await self._look_at_disk()

    async def _look_at_disk(self) -> None:
        if self._asking is None:
            self._asking = aside(lambda: self._free(self._watched.folder, self._device))
        asking = self._asking
        await asyncio.wait([asking], timeout=_HUNG_SECONDS)
        free: int | None = None
        if asking.done():
            self._asking = None
            free, self._device = asking.result()
        state = disk_state(self._disk, free, self._watched.limits)
        if state is not self._disk:
            self._disk = state
            self._feed.tell(DiskChanged(state=state, free_mib=free or 0))


def aside(ask: Callable[[], _T]) -> asyncio.Future[_T]:
    """Ask in a thread that nobody waits for, not even the end of the program; what it raises, the future raises."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def answer(value: _T) -> None:
        if not future.done():
            future.set_result(value)

    def fail(error: Exception) -> None:
        if not future.done():
            future.set_exception(error)

    def work() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            try:
                value = ask()
            except Exception as error:  # noqa: BLE001 - handed to whoever waits
                loop.call_soon_threadsafe(fail, error)
            else:
                loop.call_soon_threadsafe(answer, value)

    threading.Thread(target=work, name="look-aside", daemon=True).start()
    return future
