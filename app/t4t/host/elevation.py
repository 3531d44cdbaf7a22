"""Starts the programs of a change: as ourselves, or as an administrator, who is asked in the way of this system.

A package manager that works is never interrupted: who cancels waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.changes import Command, Ended
from t4t.domain.install_errors import NoAdministrator
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOG: Final = logging.getLogger(__name__)
_TAIL: Final = 600
_REFUSED: Final = frozenset({126, 127})
"""pkexec: the window was closed, or nobody may."""
_NOT_RUN: Final = 127
_STANDARD_ERROR: Final = 2
if sys.platform == "win32":
    _FLAGS: Final = subprocess.CREATE_NO_WINDOW
else:
    _FLAGS: Final = 0


@record
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


@record
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
    running = asyncio.create_task(_run(words, attached=attached))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        raise


async def _run(words: Sequence[str], *, attached: bool) -> Said:
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=None if attached else asyncio.subprocess.DEVNULL,
            stdout=_STANDARD_ERROR if attached else asyncio.subprocess.PIPE,  # standard output is our own document's
            stderr=None if attached else asyncio.subprocess.STDOUT,
            start_new_session=sys.platform != "win32" and not attached,
            creationflags=_FLAGS,
        )
    except OSError as error:
        return Said(_NOT_RUN, str(error))
    out, _ = await process.communicate()
    text = (out or b"").decode(errors="replace")
    _LOG.info("%s ended with %s: %s", words[0], process.returncode, text[-_TAIL:])
    return Said(process.returncode or 0, text[-_TAIL:].strip())
