"""A package manager exchanges the program under an agent that runs: the agent notices, saves everything and becomes the new one, as the same process.

A bundle reads most of its modules from the program's own file when they are first needed, so an agent of a version that is gone can't go on for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Final

from t4t.bootstrap.updating import NEEDS_SOMEBODY, become_program
from t4t.updates.installation import installation, program_in, version_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from t4t.domain.clock import WallClock
    from t4t.updates.installation import Installation

_log = logging.getLogger(__name__)

_LOOK_S: Final = 10.0
"""Between two looks at the program's file; it must be the same in two of them, for packages are unpacked one file after the other."""


def _stamp(program: Path) -> tuple[int, int, int] | None:
    """What is another one as soon as the file is another; None: there is none."""
    try:
        found = program.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class Renewing:
    """For an agent of a package; others exchange themselves, or are nobody's business, and this does nothing for them."""

    def __init__(
        self,
        clock: WallClock,
        *,
        words: tuple[str, ...] | None = None,
        here: Installation | None = None,
        become: Callable[[Path, tuple[str, ...]], None] = become_program,
    ) -> None:
        """``words``: the agent's own; ``become``: how this process becomes another program."""
        self._clock = clock
        self._words = tuple(sys.argv[1:]) if words is None else words
        self._become = become
        here = here or installation()
        ours = here is not None and not here.kind.in_place and not NEEDS_SOMEBODY & set(self._words)
        self._here = here if ours else None
        self._due = False

    @contextlib.asynccontextmanager
    async def kept(self, *, settled: Callable[[], bool], end: Callable[[], None]) -> AsyncIterator[None]:
        """While this lasts; ``end`` is called once there is another version and, as ``settled`` says, no step of any VM's is under way."""
        if self._here is None:
            yield
            return
        watching = asyncio.create_task(self._watch(self._here, settled, end), name="renewing")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, here: Installation, settled: Callable[[], bool], end: Callable[[], None]) -> None:
        program = program_in(here.root, here.kind)
        first = before = _stamp(program)
        while True:
            await self._clock.sleep(_LOOK_S)
            now, last = _stamp(program), before
            before = now
            if now is None or now == first or now != last or not settled():
                continue
            if version := version_at(here.root, here.kind):
                _log.info("the package manager has put version %s here: it begins once everything is saved", version)
                self._due = True
                end()
                return

    def forget(self) -> None:
        """Somebody else wants us to end, and for good."""
        self._due = False

    def take_over(self) -> None:
        """Everything is saved and free: be the new version, if there is one. In a terminal or under systemd it is the same process."""
        if self._due and self._here is not None:
            sys.stderr.flush()
            self._become(program_in(self._here.root, self._here.kind), self._words)
