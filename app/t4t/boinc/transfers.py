"""A project's files on their way: each is tried until it is here or there, or can never be; failures wait longer each time, as BOINC's own client does.

Network troubles are told to ``tell`` and never end a transfer: only what can't be put right by another try does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import msgspec

from t4t.domain import backoff
from t4t.domain.errors import HostError, Retry, T4TError
from t4t.domain.project_errors import AddressRefused, AllowanceUsed, FileWrongChecksum, FileWrongSize, SignatureMissing, UploadRefused
from t4t.transfer.download import Wanted
from t4t.transfer.gate import Closed, Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from typing import Any

    from t4t.domain.clock import WallClock
    from t4t.domain.project import FileInfo
    from t4t.domain.scheduler_request import UploadedFile
    from t4t.project.signing import SigningKey
    from t4t.project.upload import Uploads
    from t4t.transfer.download import Downloads

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
_WRONG_TRIES: Final = 3
"""A file that was refused or wrong so often will not become right; once may be a proxy's fault, or a server's that is being changed."""
_SIZE_TRIES: Final = 12
"""Over a day: a page that says "down for maintenance" in a file's place has another size, too."""
_ROOM_S: Final = 600.0
"""Disk space and the volunteer's allowance come back when they come back."""


@dataclass(slots=True)
class _Direction:
    """Downloads or uploads: failures in a row of all of them together."""

    failures: int = 0
    until: float = 0.0
    waiting: set[asyncio.Event] = field(default_factory=set)


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """What must survive our end of a transfer that has failed: its failures of each kind, its first try, and when it is tried again (Unix times)."""

    failures: int
    wrong: int
    sizes: int
    begun: float
    until: float


class Record(Protocol):
    """What is written down of transfers."""

    def wait_of(self, name: str) -> Wait | None:
        """What an earlier run left of a transfer."""
        ...

    def put_wait(self, name: str, wait: Wait | None) -> None:
        """Write it down, or forget it. Raises `FolderUnwritable`."""
        ...

    def moved(self, nbytes: int, seconds: float, *, up: bool) -> None:
        """So much went so fast. Raises `FolderUnwritable`."""
        ...


class Transfers:
    """All transfers of one project."""

    def __init__(
        self,
        downloads: Downloads,
        uploads: Uploads,
        *,
        clock: WallClock,
        chance: Callable[[], float],
        tell: Callable[[T4TError | None], None],
        record: Record,
        gate: Gate | None = None,
    ) -> None:
        """``chance`` is uniform from 0 to 1; ``tell`` gets each failure, and None when something went well; nothing goes while ``gate`` is closed."""
        self._gate = gate or Gate()
        self._record = record
        self._downloads = downloads
        self._uploads = uploads
        self._clock = clock
        self._chance = chance
        self._tell = tell
        self._down = _Direction()
        self._up = _Direction()
        self._coming: dict[str, asyncio.Task[Path]] = {}

    def try_now(self) -> None:
        """Forget how long to wait: the volunteer asks."""
        for direction in (self._down, self._up):
            direction.failures, direction.until = 0, 0.0
            for event in direction.waiting:
                event.set()

    @property
    def until(self) -> float | None:
        """When a transfer that waits is tried again; None if none waits."""
        return max((one.until for one in (self._down, self._up) if one.waiting), default=None)

    async def fetch(self, info: FileInfo, key: SigningKey | None) -> Path:
        """The file in the project's folder, once for all who want it. ``key``: it must be signed by it. Raises what no other try can put right."""
        if info.name not in self._coming:
            self._coming[info.name] = asyncio.create_task(self._fetch(info, key), name=f"fetch {info.name}")
            self._coming[info.name].add_done_callback(self._came)
        return await asyncio.shield(self._coming[info.name])

    def _came(self, task: asyncio.Task[Path]) -> None:
        """Whether anybody still waits for it or not."""
        self._coming = {name: other for name, other in self._coming.items() if other is not task}
        if not task.cancelled():
            task.exception()

    async def _fetch(self, info: FileInfo, key: SigningKey | None) -> Path:
        if key is not None and not info.file_signature.strip():
            raise SignatureMissing(file=info.name)

        def verify(md5: str) -> None:
            if key is not None:
                key.check(file=info.name, md5=md5, signature=info.file_signature)

        wanted = Wanted(
            name=info.name,
            urls=info.urls,
            gzipped_urls=info.gzipped_urls,
            nbytes=info.nbytes,
            gzipped_nbytes=info.gzipped_nbytes,
            md5=info.md5_cksum,
            verify=verify,
        )
        return await self._patiently(self._down, lambda: self._measured_fetch(wanted), info.name)

    async def _measured_fetch(self, wanted: Wanted) -> Path:
        """Its speed is that of what comes after the first bytes: what was here before, and how long the server thinks, is none of the connection's."""
        seen: list[tuple[float, int]] = []

        def progress(received: int) -> None:
            seen[1:] = [(self._clock.monotonic(), received)]
            if len(seen) == 1:
                seen.append(seen[0])

        path = await self._downloads.fetch(wanted, progress)
        if seen:
            (begun, first), (end, last) = seen
            self._note(last - first, end - begun, up=False)
        return path

    async def send(self, info: FileInfo, path: Path) -> UploadedFile:
        """What to report of the file, which is with the project then. Raises what no other try can put right, or `OSError` if it can't be read."""

        async def attempt() -> UploadedFile:
            begun = self._clock.monotonic()
            uploaded = await self._uploads.send(info, path)
            self._note(uploaded.nbytes, self._clock.monotonic() - begun, up=True)
            return uploaded

        return await self._patiently(self._up, attempt, info.name)

    def _note(self, nbytes: int, seconds: float, *, up: bool) -> None:
        with contextlib.suppress(T4TError):  # only a measurement
            self._record.moved(nbytes, seconds, up=up)

    def _put(self, name: str, wait: Wait | None) -> None:
        """What can't be written down is forgotten with our end, and tried sooner."""
        try:
            self._record.put_wait(name, wait)
        except T4TError as error:
            _log.warning("not written down: %s", error)

    async def _patiently(self, direction: _Direction, attempt: Callable[[], Coroutine[Any, Any, _T]], name: str) -> _T:
        wait = self._left(name)
        while True:
            await self._wait(direction, max(direction.until, wait.until))
            wait = await self._past_gate(wait)
            try:
                done = await self._gate.through(attempt)
            except Closed:
                continue
            except T4TError as error:
                wait = Wait(
                    failures=wait.failures + 1,
                    wrong=wait.wrong + (error.retry is Retry.NEVER or isinstance(error, FileWrongChecksum)),
                    sizes=wait.sizes + isinstance(error, FileWrongSize),
                    begun=wait.begun,
                    until=self._clock.wall() + self._pause(direction, error, wait.failures + 1),
                )
                _log.warning("%s failed %d times: %s", name, wait.failures, error)
                if _is_final(error, wait.wrong, wait.sizes) or self._clock.wall() - wait.begun > backoff.TRANSFER_GIVE_UP:
                    self._put(name, None)
                    raise
                self._put(name, wait)
                self._tell(error)
            else:
                direction.failures = 0
                if wait.failures:
                    self._put(name, None)
                self._tell(None)
                return done

    async def _past_gate(self, wait: Wait) -> Wait:
        """When the gate is open; the time before it is none in which the transfer failed."""
        if self._gate.is_open:
            return wait
        since = self._clock.wall()
        await self._gate.opened()
        return msgspec.structs.replace(wait, begun=wait.begun + max(0.0, self._clock.wall() - since))

    def _left(self, name: str) -> Wait:
        """Where an earlier run stopped; a clock that was set back must not silence us."""
        now = self._clock.wall()
        left = self._record.wait_of(name)
        if left is None or left.begun > now:
            return Wait(failures=0, wrong=0, sizes=0, begun=now, until=0.0)
        return left if left.until <= now + backoff.TRANSFER.most else msgspec.structs.replace(left, until=0.0)

    def _pause(self, direction: _Direction, error: T4TError, failures: int) -> float:
        if isinstance(error, HostError | AllowanceUsed):
            return _ROOM_S
        direction.failures += 1
        pause = backoff.TRANSFER.seconds(failures, self._chance())
        if direction.failures >= backoff.COMMON_AFTER:
            direction.until = self._clock.wall() + backoff.TRANSFER.seconds(direction.failures - backoff.COMMON_AFTER + 1, self._chance())
        return pause

    async def _wait(self, direction: _Direction, until: float) -> None:
        """Until the time has come, or the volunteer asks."""
        if self._clock.wall() >= until:
            return
        asked = asyncio.Event()
        direction.waiting.add(asked)
        waits = [asyncio.ensure_future(asked.wait()), asyncio.ensure_future(self._clock.sleep(until - self._clock.wall()))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            direction.waiting.discard(asked)
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def close(self) -> None:
        """End all; what came stays for the next time."""
        coming = list(self._coming.values())
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)


def _is_final(error: T4TError, wrong: int, sizes: int) -> bool:
    """Whether no other try can help; what the volunteer must put right on this computer is waited for."""
    return isinstance(error, UploadRefused | AddressRefused) or wrong >= _WRONG_TRIES or sizes >= _SIZE_TRIES
