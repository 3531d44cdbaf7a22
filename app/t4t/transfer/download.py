"""Downloads that survive interruptions: resumed, checked while they come, and in their place only when they are right."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from t4t.domain.allowance import Allowance
from t4t.domain.errors import FolderUnwritable, NotEnoughDisk, Retry
from t4t.domain.file_names import checked_name
from t4t.domain.project_errors import (
    ArchiveRefused,
    FileWrongChecksum,
    FileWrongSize,
    ProjectError,
    ReplyTooLarge,
    RequestRefused,
    ServerFailed,
    SignatureInvalid,
    TimedOut,
    Unreachable,
)
from t4t.domain.record import record
from t4t.durable import sync_folder, to_the_end, write_atomic
from t4t.transfer.addresses import checked, site
from t4t.transfer.http import translated
from t4t.transfer.intake import Intake, measured
from t4t.transfer.limits import Slots

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    import aiohttp
    from yarl import URL

    from t4t.transfer.http import Http
    from t4t.transfer.limits import Rate

_BLOCK: Final = 1024 * 1024
_MIB: Final = 1024 * 1024
_RESERVE_MIB: Final = 64
"""Left free for everything else."""
_UNKNOWN_LIMIT: Final = 64 * 1024 * 1024 * 1024
_BREAKS: Final = 5
"""How often a broken connection is taken up again at once; each must have brought something."""
_PARTIAL: Final = 206
_UNSATISFIABLE: Final = 416
_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:([0-9]{1,18})|\*)")


_WRONG: Final = (FileWrongChecksum, FileWrongSize, ArchiveRefused, SignatureInvalid, ReplyTooLarge)
"""What came is not what was announced: it is deleted."""


def _nothing(_md5: str) -> None:
    """No signature to check."""


@record(kw_only=True)
class Wanted:
    """A file to fetch. Sizes and checksums are those of the plain file (``gzipped_nbytes`` apart); empty or 0: not announced.

    ``verify`` gets the MD5 of the plain file and raises where a signature is wrong.
    """

    name: str
    urls: tuple[str, ...] = ()
    gzipped_urls: tuple[str, ...] = ()
    nbytes: int = 0
    gzipped_nbytes: int = 0
    md5: str = ""
    sha256: str = ""
    verify: Callable[[str], None] = _nothing


class _Origin(msgspec.Struct, frozen=True):
    """Where an unfinished file comes from, and the server's mark of the version that it is a part of."""

    url: str
    validator: str


class _Seen(NamedTuple):
    """What was found in a file, and the system's marks by which another content would show."""

    mark: tuple[int, int, int, int]
    size: int
    md5: str
    sha256: str


class Downloads:
    """Fetches files into one folder; several at once, each by one caller."""

    def __init__(
        self,
        http: Http,
        folder: Path,
        *,
        rate: Rate,
        slots: Slots | None = None,
        allowance: Allowance | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``slots`` are shared by all projects, each of which has a folder of its own; ``now`` is Unix time, for the allowance."""
        self._http = http
        self._folder = folder
        self._rate = rate
        self._slots = slots or Slots()
        self._allowance = allowance or Allowance()
        self._now = now
        self._seen: dict[Path, _Seen] = {}

    async def fetch(self, wanted: Wanted, progress: Callable[[int], None] = lambda _received: None) -> Path:
        """The finished file; one that is there and right is not fetched again.

        ``progress`` gets the bytes of the transfer so far. Raises leaves of `ProjectError`, `NotEnoughDisk` or `FolderUnwritable`; what came stays for
        the next try unless it was wrong.
        """
        final = self._folder / checked_name(wanted.name)
        if await to_the_end(self._is_right, final, wanted):
            return final
        urls = [checked(url) for url in (wanted.gzipped_urls or wanted.urls)]
        with _putting(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        async with self._slots.slot(str(self._folder)):
            await self._fetch_from_any(urls, wanted, final, progress)
        return final

    async def _fetch_from_any(self, urls: list[URL], wanted: Wanted, final: Path, progress: Callable[[int], None]) -> None:
        """From the first address that has it."""
        failure: ProjectError = Unreachable(host="", reason="no address was given")
        for number, url in enumerate(urls):
            try:
                await self._fetch_from(url, wanted, final, progress)
            except RequestRefused as error:  # for good, at this address; a failure that may pass is the better news
                failure = failure if number and failure.retry is Retry.BACKOFF else error
            except (Unreachable, TimedOut, ServerFailed) as error:
                failure = error
            else:
                return
        raise failure

    async def _fetch_from(self, url: URL, wanted: Wanted, final: Path, progress: Callable[[int], None]) -> None:
        intake = Intake(self._folder, wanted.name, gzipped=bool(wanted.gzipped_urls), limit=wanted.nbytes or _UNKNOWN_LIMIT, sha256=bool(wanted.sha256))
        transfer = _Transfer(self._http, url, wanted, intake, self._folder / f".{wanted.name}.part.json")
        try:
            resumed = await to_the_end(transfer.begin)
            self._check_disk(wanted, intake)
            try:
                await self._all(transfer, progress)
            except _WRONG:
                if not resumed:
                    raise
                await to_the_end(transfer.restart)  # the earlier part may be what was wrong: once more from the beginning
                await self._all(transfer, progress)
            self._seen[final] = await to_the_end(_put, intake, final)
        except _WRONG:
            transfer.forget()
            raise
        finally:
            intake.close()
        transfer.forget()

    async def _all(self, transfer: _Transfer, progress: Callable[[int], None]) -> None:
        """Until everything came; a connection that breaks after it brought something is taken up again at once, a few times."""
        breaks = 0
        while True:
            before = transfer.intake.received
            if not transfer.is_whole:
                self._allowance.check(self._now())  # not only while it comes: each try would cost a block beyond what is allowed
            try:
                await transfer.run(lambda amount, received: self._account(amount, received, progress))
                break
            except (Unreachable, TimedOut):
                breaks += 1
                if transfer.intake.received == before or breaks > _BREAKS:
                    raise
        await to_the_end(transfer.judge)

    async def _account(self, amount: int, received: int, progress: Callable[[int], None]) -> None:
        self._allowance.note(self._now(), amount)
        progress(received)
        self._allowance.check(self._now())
        await self._rate.take(amount)

    def _is_right(self, path: Path, wanted: Wanted) -> bool:
        """Whether the file is there already; one that is wrong is deleted. A file that nothing was announced of can't be judged and is fetched again."""
        if not path.is_file() or not (wanted.md5 or wanted.sha256 or wanted.verify is not _nothing):
            return False
        try:
            seen = self._measured(path, wanted)
            _compare(wanted, size=seen.size, md5=seen.md5, sha256=seen.sha256)
        except (ProjectError, OSError):
            self._seen.pop(path, None)
            path.unlink(missing_ok=True)
            return False
        return True

    def _measured(self, path: Path, wanted: Wanted) -> _Seen:
        """Gigabytes that many tasks share are not read again for each of them, unless the system says that somebody touched them. Raises `OSError`."""
        seen, mark = self._seen.get(path), _mark(path)
        if seen is None or seen.mark != mark or (wanted.sha256 and not seen.sha256):
            seen = self._seen[path] = _Seen(mark, *measured(path))
        return seen

    def _check_disk(self, wanted: Wanted, intake: Intake) -> None:
        """Room for what is still to come, before anything is fetched."""
        needed = max(0, wanted.nbytes - intake.size) + (max(0, wanted.gzipped_nbytes - intake.received) if wanted.gzipped_urls else 0)
        free = shutil.disk_usage(self._folder).free // _MIB
        if free < needed // _MIB + _RESERVE_MIB:
            raise NotEnoughDisk(path=str(self._folder), needed_mib=needed // _MIB + _RESERVE_MIB, free_mib=free)


def _compare(wanted: Wanted, *, size: int, md5: str, sha256: str) -> None:
    """Size first, then checksums, then the signature; raises what is wrong."""
    if wanted.nbytes and size != wanted.nbytes:
        raise FileWrongSize(file=wanted.name, expected=wanted.nbytes, actual=size)
    for expected, actual in ((wanted.sha256, sha256), (wanted.md5, md5)):
        if expected and actual != expected.lower():
            raise FileWrongChecksum(file=wanted.name, expected=expected, actual=actual)
    wanted.verify(md5)


def _mark(path: Path) -> tuple[int, int, int, int]:
    facts = path.stat()
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


def _put(intake: Intake, final: Path) -> _Seen:
    intake.close()
    with _putting(final.parent):
        intake.plain.replace(final)
        sync_folder(final.parent)
        return _Seen(_mark(final), intake.size, intake.md5, intake.sha256 if intake.wants_sha256 else "")


@contextlib.contextmanager
def _putting(folder: Path) -> Iterator[None]:
    """The system's errors as ours."""
    try:
        yield
    except OSError as error:
        raise FolderUnwritable(path=str(folder), reason=error.strerror or str(error)) from error


class _Transfer:
    """One file from one address: requests until all of it came."""

    def __init__(self, http: Http, url: URL, wanted: Wanted, intake: Intake, origin_file: Path) -> None:
        self._http = http
        self._url = url
        self._wanted = wanted
        self.intake = intake
        self._origin_file = origin_file
        self._validator = ""

    @property
    def _total(self) -> int:
        """Bytes of the whole transfer, 0 if not announced."""
        return self._wanted.gzipped_nbytes if self._wanted.gzipped_urls else self._wanted.nbytes

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, as far as the size was announced."""
        return bool(self._total) and self.intake.received == self._total

    def begin(self) -> bool:
        """Take up what an earlier run left of the same file from the same address; whether there was something."""
        with contextlib.suppress(OSError, msgspec.DecodeError):
            origin = msgspec.json.decode(self._origin_file.read_bytes(), type=_Origin)
            if origin.url == str(self._url) and self.intake.resume() > 0:
                self._validator = origin.validator
                if not self._total or self.intake.received <= self._total:
                    return True
        self.restart()
        return False

    def restart(self) -> None:
        """From the beginning."""
        self._validator = ""
        self.intake.restart()

    def forget(self) -> None:
        """Delete what is unfinished."""
        self.intake.remove()
        self._origin_file.unlink(missing_ok=True)

    def judge(self) -> None:
        """All came: raise what is wrong with it."""
        self.intake.finish()
        _compare(self._wanted, size=self.intake.size, md5=self.intake.md5, sha256=self.intake.sha256)

    async def run(self, account: Callable[[int, int], Awaitable[None]]) -> None:
        """One request for what is missing. Raises `Unreachable` or `TimedOut` when the connection breaks."""
        if self.is_whole:
            return
        headers = {}
        if self.intake.received:
            headers["Range"] = f"bytes={self.intake.received}-"
            if self._validator:
                headers["If-Range"] = self._validator
        try:
            async with self._http.open("GET", self._url, headers=headers, any_host=True) as response:
                await self._prepare(response)
                await self._receive(response, account)
        except RequestRefused as error:
            if error.status != _UNSATISFIABLE or not self.intake.received:
                raise
            # what we have is at least as long as what the server has: it can't be a part of it
            await to_the_end(self.restart)
            raise Unreachable(host=error.host, reason="the file is another one now") from error
        if self.intake.received < self._total:
            raise Unreachable(host=site(self._url), reason="the file was cut off")

    async def _prepare(self, response: aiohttp.ClientResponse) -> None:
        """Whether what comes goes on from where we are; if not, begin anew."""
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        fits = response.status == _PARTIAL and found is not None and int(found[1]) == self.intake.received
        if not fits and self.intake.received:
            await to_the_end(self.restart)
        if response.status == _PARTIAL and not fits:
            raise Unreachable(host=site(response.url), reason="it sent another part of the file")
        announced = self.intake.received + (response.content_length or 0)
        if self._total and response.content_length and announced != self._total:
            raise FileWrongSize(file=self._wanted.name, expected=self._total, actual=announced)
        etag = response.headers.get("ETag", "")
        self._validator = response.headers.get("Last-Modified", "") if not etag or etag.startswith("W/") else etag
        note = msgspec.json.encode(_Origin(url=str(self._url), validator=self._validator))
        with _putting(self._origin_file.parent):
            await to_the_end(write_atomic, self._origin_file, note)

    async def _receive(self, response: aiohttp.ClientResponse, account: Callable[[int, int], Awaitable[None]]) -> None:
        """While one block is checked and written in a thread, the next one comes."""
        loop = asyncio.get_running_loop()
        work: asyncio.Future[None] | None = None
        broken: ProjectError | None = None
        pieces: list[bytes] = []
        size = 0
        received = self.intake.received
        piece = b"."
        try:
            while piece:
                try:
                    with translated(response.url, self._http.silence):
                        piece = await response.content.readany()
                except (Unreachable, TimedOut) as error:
                    broken, piece = error, b""
                pieces.append(piece)
                size += len(piece)
                if size >= _BLOCK or (size and not piece):
                    if work:
                        await asyncio.shield(work)
                    self._check_total(response, size)
                    work = loop.run_in_executor(None, self.intake.take, b"".join(pieces))
                    received += size
                    await account(size, received)
                    pieces, size = [], 0
            if work:
                await asyncio.shield(work)
        finally:
            if work:  # it holds the files: also when we are cancelled
                await asyncio.wait([work])
                work.exception()
        if broken:
            raise broken

    def _check_total(self, response: aiohttp.ClientResponse, size: int) -> None:
        """Stop a server that sends more than was announced, or a gzip file that is longer than what is in it."""
        announced = self._wanted.nbytes or _UNKNOWN_LIMIT
        limit = self._total or announced + announced // 8 + _MIB
        if self.intake.received + size > limit:
            raise ReplyTooLarge(host=site(response.url), limit=limit)
