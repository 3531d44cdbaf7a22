"""What the running tasks simulate, for everybody who looks on: fetched from their guests when somebody asks, now and then otherwise, and kept.

A guest is asked by nobody but the agent, its answers are read by `t4t.domain.physics`, and who asks waits for it no longer than a moment: what was seen
last is the answer, and the next one is fresher. The last of all is kept on disk, so that there is something to see while everything stands still.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from t4t.domain.collision import read_collision
from t4t.domain.errors import T4TError
from t4t.domain.physics import MAX_PLOTS, Job, JobState, Physics, bounded, read_job, read_live
from t4t.domain.runspec import MAX_INPUT_CHARS, Runspec, find_runspec
from t4t.domain.session import Activity
from t4t.domain.vm import VmState
from t4t.durable import to_the_end, write_atomic
from t4t.engine.folder import SHARED
from t4t.guest import webapp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from t4t.domain.clock import WallClock
    from t4t.domain.collision import Collision
    from t4t.domain.physics import Plot, Result, ResultDetails
    from t4t.domain.session import SessionView, TaskView

_log = logging.getLogger(__name__)

_FRESH_S: Final = 1.5
"""The guest writes its histograms each two seconds."""
_SELDOM_S: Final = 60.0
"""While nobody looks: often enough for a last picture of what is stopped, and not felt by anybody."""
_MOMENT_S: Final = 0.25
"""How long who asks waits for a fresh answer: other requests of theirs wait behind it."""
_TIMEOUT_S: Final = 1.5
_LIMIT_BYTES: Final = 1024 * 1024
_KEEP_S: Final = 60.0
"""Between two writings of the last picture."""
_NAME: Final = "physics.json"
_MAX_KEPT_BYTES: Final = 4 * 1024 * 1024
_WEB: Final = "web"
_INPUT: Final = "input"


class Kept(Protocol):
    """The results that are kept: `Results`."""

    @property
    def newest(self) -> Physics | None:
        """See `Results`."""
        ...

    async def results(self) -> Sequence[Result]:
        """See `Results`."""
        ...

    async def result(self, name: str) -> ResultDetails:
        """See `Results`."""
        ...


@dataclass(slots=True)
class _Followed:
    """One task, and what was seen of it."""

    view: TaskView
    seen: Physics
    looked_at: float = -math.inf
    looking: asyncio.Task[None] | None = None
    spec: Runspec | None = None
    """Of its input; looked for once."""
    spec_sought: bool = False

    @property
    def port(self) -> int:
        """Of its guest's page, while it runs; 0: there is none."""
        if self.view.vm is not VmState.RUNNING:
            return 0
        return next((port.host_port for port in self.view.ports if port.name == _WEB), 0)


class LivePhysics:
    """Follows the tasks of one agent, on its loop. `seen` is for `Engine.subscribe`."""

    def __init__(self, data: Path, clock: WallClock, kept: Kept, *, heard: Callable[[str, Job], None] = lambda _task, _job: None) -> None:
        """Nothing is read or asked before `open`. ``heard`` is told what each guest says of its job, with the task's name."""
        self._path = data / _NAME
        self._clock = clock
        self._kept = kept
        self._heard = heard
        self._tasks: dict[str, _Followed] = {}
        self._last: Physics | None = None
        self._written: Physics | None = None
        self._written_at = -math.inf

    async def open(self) -> None:
        """Read what was seen last."""
        self._last = self._written = await asyncio.to_thread(_load, self._path)

    async def close(self) -> None:
        """Ask nobody any more, and keep what was seen last."""
        looks = [one.looking for one in self._tasks.values() if one.looking is not None]
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        await self._keep()

    # --- following ---------------------------------------------------------------------------------------------------

    def seen(self, view: SessionView) -> None:
        """The tasks are these now."""
        for key in self._tasks.keys() - {task.key for task in view.tasks}:
            gone = self._tasks.pop(key)
            if gone.looking is not None:
                gone.looking.cancel()
        for task in view.tasks:
            followed = self._tasks.get(task.key)
            if followed is None:
                followed = self._tasks[task.key] = _Followed(task, self._before(task))
            followed.view = task
            if not followed.port:
                followed.seen = msgspec.structs.replace(followed.seen, live=False)
            elif self._clock.monotonic() - followed.looked_at >= _SELDOM_S:
                self._look(followed)

    def _before(self, task: TaskView) -> Physics:
        """What is known of a task that was just met: what an earlier agent saw of it, if that was the last thing it saw."""
        if self._last is not None and self._last.task == task.key:
            return msgspec.structs.replace(self._last, live=False)
        return Physics(task=task.key, name=task.name)

    def _look(self, one: _Followed) -> asyncio.Task[None]:
        if one.looking is None or one.looking.done():
            one.looked_at = self._clock.monotonic()
            one.looking = asyncio.create_task(self._ask(one, one.port), name=f"physics of {one.view.name}")
        return one.looking

    async def _ask(self, one: _Followed, port: int) -> None:
        if not one.spec_sought:
            one.spec = await to_the_end(input_of, one.view.path)
            one.spec_sought = one.spec is not None
        try:
            job = read_job(await webapp.fetch_json(port, "/job/index.json", limit_bytes=_LIMIT_BYTES, timeout=_TIMEOUT_S))
        except T4TError:
            if await webapp.probe(port, timeout=_TIMEOUT_S) is not webapp.WebHealth.PAGE_READY:
                one.seen = msgspec.structs.replace(one.seen, live=False, job=one.seen.job if one.seen.plots else _with_spec(one.seen.job, one.spec))
                return
            job = Job()  # it has pages, of another kind
        plots: tuple[Plot, ...] = ()
        collision: Collision | None = None
        with contextlib.suppress(T4TError):  # a guest that has no histograms of this kind is followed by its words alone
            plots = read_live(await webapp.fetch_json(port, "/job/histograms.json", limit_bytes=_LIMIT_BYTES, timeout=_TIMEOUT_S))
            collision = read_collision(await webapp.fetch_json(port, "/job/event.json", limit_bytes=_LIMIT_BYTES, timeout=_TIMEOUT_S))
        self._take(one, job, plots, collision)
        await self._keep(seldom=True)

    def _take(self, one: _Followed, job: Job, plots: tuple[Plot, ...], collision: Collision | None) -> None:
        before = one.seen
        if job.state is not JobState.WAITING:
            job = _with_spec(job, one.spec)
        self._heard(one.view.name, job)
        at: float | None = self._clock.wall()
        if not plots and job.spec == before.job.spec:
            plots, at = before.plots, before.at  # it did not come this time
        if collision is None and job.spec == before.job.spec:
            collision = before.collision
        live = one.port > 0  # it may have been paused meanwhile
        one.seen = Physics(task=one.view.key, name=one.view.name, live=live, at=at if plots else None, job=job, plots=plots, collision=collision)
        if plots:
            self._last = one.seen

    # --- asking ------------------------------------------------------------------------------------------------------

    async def physics(self, task: str, plots: int, *, collision: bool = False) -> Physics:
        """What ``task`` simulates (empty: the one that is of most interest), with at most so many plots, and a collision where one is wanted."""
        one = self._chosen(task)
        if one is not None and one.port and self._clock.monotonic() - one.looked_at >= _FRESH_S:
            await asyncio.wait({self._look(one)}, timeout=_MOMENT_S)
        found = self._rest() if one is None else one.seen if one.seen.live or one.seen.plots or task else self._rest(one)
        return msgspec.structs.replace(found, plots=found.plots[: max(0, min(plots, MAX_PLOTS))], collision=found.collision if collision else None)

    async def results(self) -> Sequence[Result]:
        """The results that are kept, the newest first."""
        return await self._kept.results()

    async def result(self, name: str) -> ResultDetails:
        """One of them. Raises `OutputUnreadable`."""
        return await self._kept.result(name)

    def _chosen(self, task: str) -> _Followed | None:
        if task:
            return self._tasks.get(task)
        all_ = list(self._tasks.values())
        for fits in (lambda one: one.port, lambda one: one.seen.plots, lambda one: one.view.activity is not Activity.QUEUED):
            found = next((one for one in all_ if fits(one)), None)
            if found is not None:
                return found
        return None

    def _rest(self, one: _Followed | None = None) -> Physics:
        """Where nothing runs: the latest there is to see, else what is known of ``one``."""
        last = max((seen for seen in (self._last, self._kept.newest) if seen is not None), key=lambda seen: seen.at or 0.0, default=None)
        if last is not None:
            return msgspec.structs.replace(last, live=False)
        return Physics() if one is None else one.seen

    # --- keeping -----------------------------------------------------------------------------------------------------

    async def _keep(self, *, seldom: bool = False) -> None:
        last = self._last
        if last is None or last is self._written or (seldom and self._clock.monotonic() - self._written_at < _KEEP_S):
            return
        self._written, self._written_at = last, self._clock.monotonic()
        try:
            await to_the_end(write_atomic, self._path, msgspec.json.encode(msgspec.structs.replace(last, live=False)))
        except OSError as error:
            _log.warning("what was seen last is not kept: %s", error)


def _with_spec(job: Job, spec: Runspec | None) -> Job:
    """A job that does not say what it is, is what its input says."""
    return job if spec is None or job.spec is not None else msgspec.structs.replace(job, spec=spec, wanted=job.wanted or spec.events)


def input_of(path: str) -> Runspec | None:
    """The runspec in a task's input. The guest can write there too: nothing but a small regular file is read."""
    # neither a link is followed nor a pipe waited for
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(Path(path) / SHARED / _INPUT, flags), "rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return find_runspec(file.read(MAX_INPUT_CHARS).decode("utf-8", "replace")) if regular else None
    except OSError:
        return None


def _load(path: Path) -> Physics | None:
    try:
        with path.open("rb") as file:
            found = msgspec.json.decode(file.read(_MAX_KEPT_BYTES), type=Physics)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return None
    return msgspec.structs.replace(found, plots=bounded(found.plots))
