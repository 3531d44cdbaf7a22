"""Carries out `t4t.domain.changes.Plan`s: downloads, checks who made what, runs commands, as administrator only where a step needs it.

What is run is what was shown. A package manager that works is never interrupted: who cancels waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.changes import DOWNLOAD, MOUNT, Change, Command, Ended, Fetch, Plan, filled
from t4t.domain.install_errors import AdministratorRefused, InstallerBusy, LayoutStrange, NoAdministrator, PublisherWrong, StepFailed
from t4t.domain.openpgp import fingerprints
from t4t.domain.virtualbox_release import LATEST, SUMS, Release, latest, sums
from t4t.transfer.download import Downloads, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from t4t.transfer.http import Http
    from t4t.transfer.limits import Rate

_LOG: Final = logging.getLogger(__name__)
_TAIL: Final = 600
_REFUSED: Final = frozenset({126, 127})
"""pkexec: the window was closed, or nobody may."""
_KEY_LIMIT: Final = 64 * 1024
if sys.platform == "win32":
    _FLAGS: Final = subprocess.CREATE_NO_WINDOW
else:
    _FLAGS: Final = 0


@dataclass(frozen=True, slots=True)
class Said:
    """How a process ended: its status (or that an administrator was refused) and the end of what it said."""

    status: int
    tail: str = ""
    refused: bool = False


class Runner(Protocol):
    """Starts processes."""

    async def plain(self, command: Command) -> Said:
        """As ourselves."""
        ...

    async def elevated(self, commands: Sequence[Command]) -> Said:
        """As administrator, who is asked once for all of them; the first that fails ends them. Raises `NoAdministrator`."""
        ...

    def shown(self, commands: Sequence[Command]) -> str:
        """What `elevated` will start, as text."""
        ...


class Publisher(Protocol):
    """Knows who signed a file."""

    def signer(self, file: Path) -> str:
        """The publisher of a valid signature that this system trusts; empty if there is none. May block."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides how an administrator is asked for on Linux."""

    root: bool
    terminal: bool
    programs: Mapping[str, str]
    """Paths of ``pkexec`` and ``sudo``, of those that are there."""
    screen: bool


def here() -> Surroundings:
    """This process."""
    found = {name: path for name in ("pkexec", "sudo") if (path := shutil.which(name)) is not None}
    return Surroundings(
        root=sys.platform != "win32" and os.geteuid() == 0,
        terminal=sys.stdin is not None and sys.stdin.isatty(),
        programs=found,
        screen=bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")),
    )


def script(commands: Sequence[Command]) -> str:
    """The commands as one shell script that ends with the first that fails for good."""
    lines = []
    for command in commands:
        good = "|".join(str(status) for status in sorted(command.done | command.restart) if status)
        tolerant = f" || case $? in {good}) ;; *) exit $? ;; esac" if good else ""
        lines.append(command.text + (" || true" if command.may_fail else tolerant))
    return "\n".join(lines)


def asking(commands: Sequence[Command], around: Surroundings) -> tuple[tuple[str, ...], ...]:
    """The command lines that do it as root on Linux: each by itself where we are root, else one for all. Raises `NoAdministrator`."""
    if around.root:
        return tuple(command.words for command in commands)
    text = commands[0].words if len(commands) == 1 else ("/bin/sh", "-ec", script(commands))
    order = ("sudo", "pkexec") if around.terminal else ("pkexec",) if around.screen else ()
    for name in order:
        if name in around.programs:
            return ((around.programs[name], *(("--",) if name == "sudo" else ()), *text),)
    raise NoAdministrator(command=script(commands))


class PosixRunner:
    """`Runner` for Linux and macOS."""

    def __init__(self, around: Surroundings, *, darwin: bool = sys.platform == "darwin") -> None:
        """``around`` says how an administrator can be asked for."""
        self._around = around
        self._darwin = darwin

    def shown(self, commands: Sequence[Command]) -> str:
        """See `Runner.shown`."""
        return script(commands)

    async def plain(self, command: Command) -> Said:
        """See `Runner.plain`."""
        return await run(command.words, attached=command.asks)

    async def elevated(self, commands: Sequence[Command]) -> Said:
        """See `Runner.elevated`."""
        if self._darwin and not self._around.root:
            return await self._by_window(commands)
        attached = self._around.terminal or any(command.asks for command in commands)
        if self._around.root:
            return await self._each(commands)
        (words,) = asking(commands, self._around)
        if Path(words[0]).name == "sudo":  # its own status for a wrong password is a failed command's too
            asked = await run((words[0], "-v"), attached=True)
            if asked.status:
                return Said(asked.status, asked.tail, refused=True)
        said = await run(words, attached=attached)
        return Said(said.status, said.tail, refused=Path(words[0]).name == "pkexec" and said.status in _REFUSED)

    async def _each(self, commands: Sequence[Command]) -> Said:
        """As root already: one after the other."""
        restart: Said | None = None
        said = Said(0)
        for command in commands:
            said = await run(command.words, attached=command.asks)
            ended = command.ended(said.status)
            if ended is Ended.RESTART:
                restart = said
            elif ended is not Ended.DONE:
                return said
        return restart or (said if commands[-1].ended(said.status) is not Ended.DONE else Said(0, said.tail))

    @staticmethod
    async def _by_window(commands: Sequence[Command]) -> Said:
        """The system's own window asks for a password."""
        quoted = script(commands).replace("\\", "\\\\").replace('"', '\\"')
        said = await run(("osascript", "-e", f'do shell script "{quoted}" with administrator privileges'), attached=False)
        return Said(said.status, said.tail, refused="(-128)" in said.tail)


async def run(words: Sequence[str], *, attached: bool) -> Said:
    """A program to its end, whoever cancels. ``attached``: it may ask in our terminal, and its words are not kept."""
    pipe = None if attached else asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=None if attached else asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=None if attached else asyncio.subprocess.STDOUT,
            start_new_session=sys.platform != "win32" and not attached,
            creationflags=_FLAGS,
        )
    except OSError as error:
        return Said(127, str(error))
    ending = asyncio.ensure_future(process.communicate())
    try:
        out, _ = await asyncio.shield(ending)
    except asyncio.CancelledError:
        await ending
        raise
    text = (out or b"").decode(errors="replace")
    _LOG.info("%s ended with %s: %s", words[0], process.returncode, text[-_TAIL:])
    return Said(process.returncode or 0, text[-_TAIL:].strip())


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
