"""Asks the driver what it can, until it answers, and has removed what is left of tasks that are gone."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import InternalFault, T4TError
from t4t.domain.patience import wait_s
from t4t.engine import showing
from t4t.engine.janitor import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.session import NoticeView
    from t4t.engine.history import History
    from t4t.engine.parts import Parts
    from t4t.engine.reconciler import Reconciler

_log = logging.getLogger(__name__)

_SWEEP_AGAIN_S: Final = 600.0


class Probing:
    """One look at a time, beside the engine's turns; a failed one is repeated when its class of failure says so."""

    def __init__(self, parts: Parts, reconciler: Reconciler, history: History, *, wake: Callable[[], None]) -> None:
        """``wake`` is called when a look has ended."""
        self._parts = parts
        self._clock = parts.clock
        self._reconciler = reconciler
        self._history = history
        self._wake = wake
        self._task: asyncio.Task[None] | None = None
        self._trouble: tuple[T4TError, int, float] | None = None
        self._swept = False
        self._sweep_at = 0.0
        self._unsure = False
        """A record could not be read when it was to be known whose the VMs are."""

    def turn(self, *, settled: bool) -> None:
        """Begin a look if one is due; ``settled``: every task folder that is there has been opened."""
        if self._task is not None or not (self._reconciler.capabilities is None or self._sweep_due):
            return
        if self._unsure and not settled:
            return
        if self._trouble is not None and self._clock.monotonic() < self._trouble[2]:
            return
        self._task = asyncio.create_task(self._look(), name="probe")

    def try_again(self) -> None:
        """What failed is not waited for."""
        self._trouble = None

    @property
    def due_s(self) -> float | None:
        """Seconds until a failed look is repeated; None if none has failed."""
        return None if self._trouble is None else self._trouble[2] - self._clock.monotonic()

    def notices(self) -> list[NoticeView]:
        """What the volunteer should know of the hypervisor."""
        if self._trouble is None or not showing.matters(self._trouble[0], self._trouble[1]):
            return []
        return [showing.notice_view(self._trouble[0])]

    async def close(self) -> None:
        """End a look that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def _sweep_due(self) -> bool:
        return not self._swept and self._clock.monotonic() >= self._sweep_at

    async def _look(self) -> None:
        failures = 1 if self._trouble is None else self._trouble[1] + 1
        try:
            if self._sweep_due:
                self._swept = await sweep(self._parts.driver, self._parts.source, self._parts.data_dir, tell=self._history.note)
                if not (self._swept or self._unsure):
                    self._unsure = True  # the folder's opening mends its record; before that a VM of a new record could meet the old one's
                    return
                self._sweep_at = self._clock.monotonic() + _SWEEP_AGAIN_S
            await self._reconciler.probe()
            self._trouble = None
        except T4TError as error:
            self._failed(error, failures)
            _log.warning("the hypervisor can't be used now: %s", error)
        except Exception as error:  # noqa: BLE001 - the top of a task: a bug is told, and the agent goes on
            _log.exception("a bug while the hypervisor was looked at")
            self._failed(InternalFault(detail=str(error)), failures)
        finally:
            self._task = None
            self._wake()

    def _failed(self, error: T4TError, failures: int) -> None:
        self._trouble = (error, failures, self._clock.monotonic() + wait_s(error, failures))
