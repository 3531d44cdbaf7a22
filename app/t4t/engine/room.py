"""Whether there is room for another machine within the disk space that the volunteer gives: looked at now and then, and only where there is a limit."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Final

from t4t.domain.disk_room import Demand, DiskUse, wanted_bytes
from t4t.domain.vm import MIB
from t4t.durable import to_the_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from t4t.engine.given import Given
    from t4t.engine.parts import Parts
    from t4t.engine.reconciler import Charge
    from t4t.engine.work import Work

_log = logging.getLogger(__name__)

_SOON_S: Final = 60.0
_CALM_S: Final = 600.0


class Room:
    """Its methods belong to the engine's consumer; ``wake`` is called when there is something new to decide on."""

    def __init__(self, parts: Parts, given: Given, *, wake: Callable[[], None]) -> None:
        """Nothing is looked at before `turn`."""
        self._parts = parts
        self._given = given
        self._wake = wake
        self._use: DiskUse | None = None
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = -math.inf
        self._waiting = False

    @property
    def _limited(self) -> bool:
        return bool(self._given.settings.max_disk_bytes) and self._parts.disk_use is not None

    def turn(self, charges: Iterable[Charge]) -> Demand:
        """What the tasks want; look again if it is time: at once when a task comes that is to be begun, soon while one waits, now and then if none does."""
        works = [charge.work for charge in charges]
        before, self._waiting = self._waiting, any(not work.begun for work in works)
        if self._waiting > before or not self._limited:
            self._looked_at = -math.inf
        if not self._limited:
            self._use = None
        elif self._looking is None and self._parts.disk_use is not None and self.due_s == 0:
            self._looked_at = self._parts.clock.monotonic()
            self._looking = asyncio.create_task(self._look(self._parts.disk_use), name="disk use")
        return self._demand(works)

    async def _look(self, disk_use: Callable[[], DiskUse]) -> None:
        try:
            self._use = await to_the_end(disk_use)
        except Exception:  # noqa: BLE001 - the top of a task: what is not known holds nothing back
            _log.exception("what our files occupy is not known")
            self._use = DiskUse(total=0)
        finally:
            self._looking = None
            self._wake()

    @property
    def due_s(self) -> float | None:
        """Seconds until the next look; None: there is no limit, or somebody looks."""
        if not self._limited or self._looking is not None:
            return None
        return max(0.0, self._looked_at + (_SOON_S if self._waiting else _CALM_S) - self._parts.clock.monotonic())

    @property
    def unknown(self) -> bool:
        """Whether there is a limit and somebody looks just now: nothing new is begun before it is known."""
        return self._limited and self._looking is not None

    def _demand(self, works: list[Work]) -> Demand:
        begun = [work for work in works if work.begun]
        if self._use is None:
            return Demand(begun=len(begun))
        following = next((_needed(work) for work in works if not work.begun), 0)
        wanted = wanted_bytes(self._use, {work.vm: _needed(work) for work in begun if not work.record.outcome}, following)
        return Demand(wanted_bytes=wanted, begun=len(begun))

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)


def _needed(work: Work) -> int:
    return work.folder.needed_disk_mib(work.folder.spec(work.vm, work.wishes)) * MIB
