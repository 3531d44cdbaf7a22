"""The results of tasks that ended well, kept to be looked at: beside the source of tasks, at the moment in which one is handed back to it.

Before a project sends a result away (and removes it) it gets a second name here, which costs nothing; beside the loop it is read, and what is to be drawn is
kept instead. Nothing here ever keeps a task from being handed back: what can't be kept is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
import stat
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import OutputUnreadable
from t4t.domain.physics import Job, JobState, Physics, Result, ResultDetails, bounded, plot_of, read_facts
from t4t.domain.progress import Outcome
from t4t.durable import to_the_end, write_atomic
from t4t.engine.folder import SHARED
from t4t.engine.live import input_of
from t4t.engine.record import peek
from t4t.guest.yoda import MAX_PACKED_BYTES, read_result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from t4t.domain.clock import WallClock
    from t4t.engine.source import TaskSource

_log = logging.getLogger(__name__)

FOLDER: Final = "results"
MOST: Final = 50
"""The oldest make room."""
_ARCHIVE: Final = "output.tgz"
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")
_MAX_BYTES: Final = 4 * 1024 * 1024


class _Head(msgspec.Struct):
    """What the list needs of a kept result; its plots are skipped."""

    result: Result


class Results:
    """`TaskSource` around another one; and `t4t.engine.live.Kept`. Belongs to the agent's loop."""

    def __init__(self, data: Path, source: TaskSource, clock: WallClock, *, told: Callable[[Result], None] = lambda _result: None) -> None:
        """Nothing is made before there is a result. ``told`` hears of each that was read."""
        self.place = source.place
        self._folder = data / FOLDER
        self._source = source
        self._clock = clock
        self._told = told
        self._reading: set[asyncio.Task[None]] = set()
        self.newest: Physics | None = None
        """The one that was kept last, as it is shown where nothing runs."""

    async def open(self) -> None:
        """Go on with what somebody died in, and know the newest."""
        for path in await asyncio.to_thread(lambda: sorted(self._folder.glob(f".*.{_ARCHIVE}"))):
            self._read_beside(path.name[1:].removesuffix(f".{_ARCHIVE}"))
        found = await self.results()
        with contextlib.suppress(OutputUnreadable):
            self.newest = _shown(await self.result(found[0].id)) if found else None

    async def close(self) -> None:
        """What is not read yet is read by the next agent."""
        for one in self._reading:
            one.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    # --- a source of tasks -------------------------------------------------------------------------------------------

    def folders(self) -> Sequence[Path]:
        """See `TaskSource.folders`."""
        return self._source.folders()

    def ended(self) -> Sequence[Path]:
        """See `TaskSource.ended`."""
        return self._source.ended()

    def retire(self, folder: Path, outcome: Outcome) -> None:
        """See `TaskSource.retire`."""
        if outcome is Outcome.DONE:
            try:
                self._take(folder)
            except OSError as error:
                _log.warning("the result of %s is not kept: %s", folder.name, error)
        self._source.retire(folder, outcome)

    def _take(self, folder: Path) -> None:
        record = peek(folder)
        archive = folder / SHARED / _ARCHIVE
        if record is None or not _ID.fullmatch(record.vm_id) or self._kept(record.vm_id).exists() or not _is_plain(archive):
            return
        self._folder.mkdir(exist_ok=True)
        taken = self._taken(record.vm_id)
        with contextlib.suppress(FileExistsError):  # we died in this: it is done again
            _second_name(archive, taken)
        told = Result(id=record.vm_id, task=folder.name, at=round(self._clock.wall(), 3), spec=input_of(str(folder)))
        write_atomic(self._kept(record.vm_id), msgspec.json.encode(ResultDetails(result=told)))
        self._read_beside(record.vm_id)

    # --- keeping -----------------------------------------------------------------------------------------------------

    def _kept(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _taken(self, name: str) -> Path:
        return self._folder / f".{name}.{_ARCHIVE}"

    def _read_beside(self, name: str) -> None:
        reading = asyncio.create_task(self._read(name), name=f"result {name}")
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    async def _read(self, name: str) -> None:
        try:
            kept = await to_the_end(_digest, self._kept(name), self._taken(name))
            await to_the_end(_prune, self._folder)
        except OSError as error:
            _log.warning("the result %s can't be kept: %s", name, error)
            return
        if kept is not None:
            self._told(kept.result)
            self.newest = _shown(kept)

    # --- asking ------------------------------------------------------------------------------------------------------

    async def results(self) -> Sequence[Result]:
        """All that can be read, the newest first."""
        return await asyncio.to_thread(_heads, self._folder)

    async def result(self, name: str) -> ResultDetails:
        """The one of this name. Raises `OutputUnreadable` where there is none, or none that can be read."""
        if not _ID.fullmatch(name):
            raise OutputUnreadable(path=name[:80], reason="there is no result of this name")
        try:
            found = await asyncio.to_thread(_load, self._kept(name))
        except (OSError, msgspec.MsgspecError, UnicodeError) as error:
            raise OutputUnreadable(path=self._kept(name).name, reason=str(error)) from error
        return msgspec.structs.replace(found, plots=bounded(found.plots))


def _is_plain(path: Path) -> bool:
    """A regular file of a size that is read; a guest may have made anything of it."""
    with contextlib.suppress(OSError):
        facts = path.lstat()
        return stat.S_ISREG(facts.st_mode) and facts.st_size <= MAX_PACKED_BYTES
    return False


def _second_name(path: Path, name: Path) -> None:
    """A hard link; a copy where the file system has none."""
    try:
        os.link(path, name)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(path, name)


def _load(path: Path) -> ResultDetails:
    with path.open("rb") as file:
        return msgspec.json.decode(file.read(_MAX_BYTES), type=ResultDetails)


def _digest(kept: Path, taken: Path) -> ResultDetails | None:
    """Read the archive ``taken`` and keep what is drawn of it; None where it holds nothing that anybody could look at. The archive goes."""
    try:
        told = _load(kept).result
    except (OSError, msgspec.MsgspecError, UnicodeError):
        taken.unlink(missing_ok=True)
        return None
    try:
        archive = read_result(taken)
        spec, events, section = read_facts(archive.job)
        plots = bounded(plot_of(histogram) for histogram in archive.histograms)
        told = msgspec.structs.replace(told, spec=spec or told.spec, events=events, cross_section_mb=section, plots=len(plots))
    except OutputUnreadable as error:
        _log.info("a result of another kind: %s", error)
        plots = ()
    if told.spec is None and not plots:
        kept.unlink(missing_ok=True)
        taken.unlink(missing_ok=True)
        return None
    details = ResultDetails(result=told, plots=plots)
    write_atomic(kept, msgspec.json.encode(details))
    taken.unlink(missing_ok=True)
    return details


def _heads(folder: Path) -> list[Result]:
    found = []
    for path in folder.glob("[!.]*.json"):
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeError), path.open("rb") as file:
            found.append(msgspec.json.decode(file.read(_MAX_BYTES), type=_Head).result)
    return sorted(found, key=lambda result: (-result.at, result.id))


def _prune(folder: Path) -> None:
    for result in _heads(folder)[MOST:]:
        (folder / f"{result.id}.json").unlink(missing_ok=True)


def _shown(details: ResultDetails) -> Physics | None:
    """A finished result, as what was seen last."""
    told = details.result
    if not details.plots:
        return None
    job = Job(state=JobState.DONE, spec=told.spec, done=told.events, wanted=told.events)
    return Physics(task="", name=told.task, at=told.at, job=job, plots=details.plots)
