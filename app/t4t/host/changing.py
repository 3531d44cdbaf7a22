"""Carries out `t4t.domain.changes.Plan`s: downloads, checks who made what, runs commands, as administrator only where a step needs it.

What is run is what was shown. A package manager that works is never interrupted: who cancels waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.changes import DOWNLOAD, MOUNT, Change, Command, Ended, Fetch, Plan, filled
from t4t.domain.install_errors import AdministratorRefused, InstallerBusy, LayoutStrange, PublisherWrong, StepFailed
from t4t.domain.openpgp import fingerprints
from t4t.domain.virtualbox_release import LATEST, SUMS, Release, latest, sums
from t4t.transfer.download import Downloads, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.host.elevation import Runner, Said
    from t4t.transfer.http import Http
    from t4t.transfer.limits import Rate

_KEY_LIMIT: Final = 64 * 1024


class Publisher(Protocol):
    """Knows who signed a file."""

    def signer(self, file: Path) -> str:
        """The publisher of a valid signature that this system trusts; empty if there is none. May block."""
        ...


class Official:
    """VirtualBox's official place for downloads."""

    def __init__(self, http: Http, base: str) -> None:
        """``base`` is the address of its folder."""
        self._http = http
        self._base = base

    async def release(self, version: str = "") -> Release:
        """``version``, or the stable one. Raises `LayoutStrange` and leaves of `ProjectError`."""
        wanted = version or latest(await self._text(LATEST, 200))
        return Release(wanted, sums(await self._text(f"{wanted}/{SUMS}", 1 << 20)))

    async def _text(self, name: str, limit: int) -> str:
        reply = await self._http.get(f"{self._base}/{name}", limit=limit)
        try:
            return reply.body.decode("ascii")
        except UnicodeDecodeError:
            raise LayoutStrange(file=name, detail="it is no text") from None


class Executor:
    """Carries out one plan."""

    def __init__(
        self,
        *,
        http: Http,
        rate: Rate,
        folder: Path,
        runner: Runner,
        publisher: Publisher,
        moved: Callable[[str], str] = lambda address: address,
    ) -> None:
        """``folder`` holds downloads, which stay for a next try until they were used. ``moved`` replaces addresses of a plan (a mirror)."""
        self._http = http
        self._rate = rate
        self._folder = folder
        self._runner = runner
        self._publisher = publisher
        self._moved = moved

    async def carry_out(self, plan: Plan, tell: Callable[[Change | Fetch, int], None]) -> bool:
        """Do it; whether the computer must be restarted before it acts. ``tell`` hears of each step, and of a download's bytes.

        Raises leaves of `ProjectError` (downloads), `NotEnoughDisk`, and those of `t4t.domain.install_errors`.
        """
        for one in plan.fetch:
            await self._fetch(one, tell)
        for name, text in plan.files:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_text(text, encoding="utf-8")
        mount = Path(tempfile.mkdtemp(prefix="t4t-image-")) if any(MOUNT in word for one in plan.changes for c in one.commands for word in c.words) else None
        places = {DOWNLOAD: str(self._folder), MOUNT: str(mount)}
        try:
            restart = await self._changes(plan, places, tell)
        finally:
            if mount is not None:
                with contextlib.suppress(OSError):
                    mount.rmdir()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        return restart or plan.restart

    async def _fetch(self, one: Fetch, tell: Callable[[Change | Fetch, int], None]) -> None:
        if one.fingerprint:
            await self._fetch_key(one)
            tell(one, 0)
            return
        downloads = Downloads(self._http, self._folder, rate=self._rate)
        await downloads.fetch(Wanted(name=one.name, urls=(self._moved(one.address),), sha256=one.sha256), lambda received: tell(one, received))

    async def _fetch_key(self, one: Fetch) -> None:
        """A key is taken only if it is the one that we know."""
        text = (await self._http.get(self._moved(one.address), limit=_KEY_LIMIT)).body.decode("ascii", errors="replace")
        found = fingerprints(text)
        if found != (one.fingerprint,):
            raise PublisherWrong(file=one.name, expected=one.fingerprint, found=", ".join(found))
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / one.name).write_text(text, encoding="ascii")

    async def _changes(self, plan: Plan, places: dict[str, str], tell: Callable[[Change | Fetch, int], None]) -> bool:
        restart = False
        failure: Exception | None = None
        for change in plan.changes:
            if failure is not None and not change.always:
                continue
            tell(change, 0)
            try:
                restart |= await self._change(change, places)
            except Exception as error:  # noqa: BLE001 - raised below, when what must be done always is done
                failure = failure or error
        if failure is not None:
            raise failure
        return restart

    async def _change(self, change: Change, places: dict[str, str]) -> bool:
        file, publisher = change.genuine
        if file:
            await self._check(Path(filled(file, places)), publisher)
        commands = tuple(command.filled(places) for command in change.commands)
        if change.elevated:
            said = await self._runner.elevated(commands)
            return _judged(commands[-1], said, self._runner.shown(commands))
        restart = False
        for command in commands:
            restart |= _judged(command, await self._runner.plain(command), command.text)
        return restart

    async def _check(self, file: Path, publisher: str) -> None:
        """Only what its publisher signed is run; anything else is deleted with all that came with it, so that the next try fetches it anew."""
        found = await asyncio.to_thread(self._publisher.signer, file)
        if found != publisher:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            raise PublisherWrong(file=file.name, expected=publisher, found=found)


def _judged(command: Command, said: Said, shown: str) -> bool:
    """Whether a restart is due; raises what the end means else."""
    if said.refused:
        raise AdministratorRefused(command=shown)
    match command.ended(said.status):
        case Ended.DONE:
            return False
        case Ended.RESTART:
            return True
        case Ended.REFUSED:
            raise AdministratorRefused(command=shown)
        case Ended.BUSY:
            raise InstallerBusy(command=shown)
        case Ended.FAILED:
            raise StepFailed(command=shown, status=said.status, detail=said.tail)
