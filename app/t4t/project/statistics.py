"""A project's statistics exports on this computer: fetched when somebody asks for them, at most once a week, and only if they have changed."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import FolderUnwritable
from t4t.domain.file_names import checked_name
from t4t.domain.project_errors import FileNameRefused, MeteredLink, ReplyTooLarge, RequestRefused
from t4t.durable import to_the_end, write_atomic
from t4t.transfer.addresses import checked, site
from t4t.transfer.download import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.transfer.download import Downloads
    from t4t.transfer.http import Http

WEEK: Final = 7 * 86400.0
LARGEST: Final = 2 * 1024 * 1024 * 1024
"""Bytes; the largest export of the largest project is a tenth of that."""
_MIB: Final = 1024 * 1024
_UNCHANGED: Final = 304


class Fetched(msgspec.Struct, frozen=True):
    """What is known of an export that is here; times are Unix times."""

    file: str
    nbytes: int
    checked: float
    found: float = 0.0
    """When the server first told of just this content."""
    etag: str = ""
    last_modified: str = ""

    @property
    def at(self) -> float:
        """Of which moment it is: as the server says, as far as that makes sense; at the latest when we first heard of it."""
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - much of the mail library, for once a week

        try:
            said = parsedate_to_datetime(self.last_modified).timestamp()
        except (ValueError, OverflowError, OSError):  # the last one is Windows' for moments before 1970
            return self.found
        return min(said, self.found) if said > 0 else self.found


def is_fresh(fetched: Fetched | None, now: float) -> bool:
    """Whether it needs no look at the server; a clock that was set back makes nothing fresh."""
    return fetched is not None and 0 <= now - fetched.checked < WEEK


def conditions(fetched: Fetched | None) -> dict[str, str]:
    """The headers with which the server says whether it has something newer."""
    if fetched is None:
        return {}
    given = {"If-None-Match": fetched.etag, "If-Modified-Since": fetched.last_modified}
    return {name: value for name, value in given.items() if value}


class Statistics:
    """The exports of one project, in one folder; see `t4t.project.exports` for reading them."""

    def __init__(self, http: Http, downloads: Downloads, folder: Path, *, master_url: str, now: Callable[[], float]) -> None:
        """``downloads`` fetches into ``folder``, within its limits and its allowance; ``now`` is Unix time."""
        self._http = http
        self._downloads = downloads
        self._folder = folder
        self._url = f"{master_url}stats/"
        self._now = now

    def path(self, fetched: Fetched) -> Path:
        """Where it lies."""
        return self._folder / fetched.file

    async def get(self, name: str, *, metered: bool, agreed: bool = False) -> Fetched:
        """The export ``name`` (``user.gz``), from here or from the server.

        Where the link is ``metered`` and there is something newer the volunteer must have ``agreed``, else `MeteredLink` is raised and nothing fetched.
        Raises leaves of `ProjectError` and of the download too; what was here stays then.
        """
        checked_name(name)
        known = await to_the_end(self.known, name)
        if known is not None and is_fresh(known, self._now()):
            return known
        found = await self._look(name, known)
        if known is None or found.file != known.file:
            if metered and not agreed:
                raise MeteredLink(file=name, mib=-(-found.nbytes // _MIB))
            await self._downloads.fetch(Wanted(name=found.file, urls=(f"{self._url}{name}",), nbytes=found.nbytes))
        await to_the_end(self._keep, name, found)
        return found

    async def _look(self, name: str, known: Fetched | None) -> Fetched:
        """Ask whether there is something newer: what there is, or what is known."""
        url = checked(f"{self._url}{name}")
        try:
            async with self._http.open("HEAD", url, headers=conditions(known)) as response:
                headers, nbytes = response.headers, response.content_length or 0
        except RequestRefused as error:
            if error.status != _UNCHANGED or known is None:
                raise
            return msgspec.structs.replace(known, checked=self._now())
        if nbytes > LARGEST:
            raise ReplyTooLarge(host=site(url), limit=LARGEST)
        etag, date = headers.get("ETag", "")[:200], headers.get("Last-Modified", "")[:200]
        mark = hashlib.sha256(f"{etag} {date} {nbytes}".encode()).hexdigest()[:12]
        file = f"{mark}-{name}"
        if known is not None and known.file == file:
            return msgspec.structs.replace(known, checked=self._now())
        return Fetched(file=file, nbytes=nbytes, checked=self._now(), found=self._now(), etag=etag, last_modified=date)

    def known(self, name: str) -> Fetched | None:
        """What was fetched before and is still there; blocks for a moment."""
        try:
            found = msgspec.json.decode((self._folder / f"{name}.json").read_bytes(), type=Fetched)
            path = self._folder / checked_name(found.file)
        except (OSError, msgspec.DecodeError, FileNameRefused):
            return None
        return found if path.is_file() else None

    def forget(self, name: str) -> None:
        """It is of no use: the next one who asks fetches it again. Blocks for a moment."""
        with contextlib.suppress(OSError):
            (self._folder / f"{name}.json").unlink()

    def _keep(self, name: str, found: Fetched) -> None:
        """Note it, then remove what it replaces, half of something older that was broken off included."""
        try:
            write_atomic(self._folder / f"{name}.json", msgspec.json.encode(found))
            for path in self._folder.iterdir():
                if path.name.partition("-")[2].startswith(name) and path.name != found.file:
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise FolderUnwritable(path=str(self._folder), reason=error.strerror or str(error)) from error
