"""Asking for a newer version, and bringing it here: from nothing known to an installer that is verified and waits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from t4t.domain.app_update import UNDER_WAY, Kind, Record, Step, Verdict, judge, previous_target, target
from t4t.domain.errors import T4TError
from t4t.domain.project_errors import FileWrongChecksum, FileWrongSize, ReplyTooLarge
from t4t.domain.update_errors import NothingNewer, UpdateBusy, UpdateNotOurs, UpdateUntrusted
from t4t.durable import to_the_end
from t4t.updates.book import Book, failed
from t4t.updates.source import is_whole, kept_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from t4t.domain.app_update import Offer
    from t4t.updates.installation import Installation
    from t4t.updates.source import Source

FILES: Final = "files"
KEPT: Final = "kept"
"""In it: setup programs by their versions."""
_LISTS: Final = "metadata"


class Fetching:
    """For one data folder and the copy of the program that is at work on it."""

    def __init__(self, data: Path, here: Installation, *, source: Source, root: bytes, now: Callable[[], float]) -> None:
        """Nothing is asked yet; ``now`` is Unix time."""
        self._book = Book(data)
        self._here = here
        self._source = source
        self._root = root
        self._now = now

    @property
    def files(self) -> Path:
        """Where installers are kept."""
        return self._book.folder / FILES

    async def check(self) -> Record:
        """Ask what the newest version is; what is known then. Raises leaves of `UpdateError`, or what stands against reading the source."""
        with self._book.held(), self._noting():
            return await self._check()

    async def download(self, progress: Callable[[int, int], None], *, again: bool = False) -> Record:
        """Ask, and bring the newest version here, ready to be put in place. ``again``: also one that failed, or was skipped.

        Raises as `check`; `NothingNewer`, `UpdateNotOurs` (the package manager's), `NotEnoughDisk`. What came stays for the next try.
        """
        with self._book.held(), self._noting():
            record = await self._check()
            offer = record.offer
            if offer is None:
                raise NothingNewer(installed=self._here.version)
            if again:
                record = self._book.change(bad=tuple(one for one in record.bad if one != offer.version), skipped="", step=self._step(record, offer))
            match self._verdict(record, offer):
                case Verdict.TELL:
                    raise UpdateNotOurs(kind=self._here.kind.value)
                case Verdict.TAKE:
                    pass
                case _:
                    raise NothingNewer(installed=self._here.version)
            await self._bring(offer, progress)
            if self._here.kind is Kind.SETUP:
                await self._bring_way_back(progress)
            return self._book.change(step=Step.READY, failure=None)

    def _verdict(self, record: Record, offer: Offer) -> Verdict:
        return judge(offer, installed=self._here.version, kind=self._here.kind, bad=record.bad, skipped=record.skipped)

    def _step(self, record: Record, offer: Offer) -> Step:
        """Where an offer stands that nobody is at work on."""
        if self._verdict(record, offer) is not Verdict.TAKE:
            return Step.IDLE
        return Step.READY if record.step is Step.READY and record.offer == offer else Step.FOUND

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """What goes wrong is written down, for whoever looks later."""
        try:
            yield
        except (UpdateBusy, NothingNewer, UpdateNotOurs):
            raise
        except T4TError as error:
            with contextlib.suppress(T4TError):
                self._book.change(failure=failed(error), tried_at=self._now())
            raise

    async def _check(self) -> Record:
        from t4t.updates.trust import offered  # noqa: PLC0415 - python-tuf, which only this needs

        if self._book.record.step in UNDER_WAY:
            raise UpdateBusy(what="an update is being put in place")
        name = target(self._here.kind, self._here.platform)
        (offer,) = await offered((name,), source=self._source, root=self._root, folder=self._book.folder / _LISTS)
        record, now = self._book.record, self._now()
        step = Step.IDLE if offer is None else self._step(record, offer)
        return self._book.change(offer=offer, step=step, checked_at=now, tried_at=now, failure=None)

    async def _bring(self, offer: Offer, progress: Callable[[int, int], None]) -> Path:
        await to_the_end(self._sweep, offer)
        try:
            return await self._source.fetch(offer, self.files, lambda received: progress(received, offer.nbytes))
        except (FileWrongChecksum, FileWrongSize, ReplyTooLarge) as error:
            raise UpdateUntrusted(reason=str(error)) from error

    def _sweep(self, offer: Offer) -> None:
        """Of installers that are of no use any more; the one of this very version stays, for a way back."""
        if not self.files.is_dir():
            return
        useful = (f"{offer.version}-", f".{offer.version}-", f"{self._here.version}-", f".{self._here.version}-")
        for path in self.files.iterdir():
            if path.is_file() and not path.name.startswith(useful):
                path.unlink(missing_ok=True)

    async def _bring_way_back(self, progress: Callable[[int, int], None]) -> None:
        """A setup program overwrites what is there: the one of this version must be at hand before. Raises `UpdateUntrusted` where nobody has it."""
        from t4t.updates.trust import offered  # noqa: PLC0415 - as above

        kept = self.files / KEPT
        if (kept / self._here.version).is_file():
            return
        names = (previous_target(self._here.kind, self._here.platform),)
        (offer,) = await offered(names, source=self._source, root=self._root, folder=self._book.folder / _LISTS)
        if offer is None or offer.version != self._here.version:
            return  # it goes without: `Setups` says that there is no way back
        path = await self._bring(offer, progress)
        kept.mkdir(exist_ok=True)
        await to_the_end(path.replace, kept / self._here.version)


def installer(files: Path, offer: Offer) -> Path:
    """The installer of an offer that is ready; raises `UpdateUntrusted` where it is not what was signed, or no longer."""
    path = files / kept_name(offer)
    if not is_whole(path, offer):
        path.unlink(missing_ok=True)
        raise UpdateUntrusted(reason="the installer on this disk was changed after it came")
    return path
