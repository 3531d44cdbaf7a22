"""The computer does not fall asleep by itself while work runs on mains, if the volunteer chose that; asked for in a moment, done in the background."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from t4t.domain.vm import VmState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from t4t.domain.host_events import Power
    from t4t.engine.parts import Parts
    from t4t.engine.reconciler import Charge
    from t4t.host.awake import Awake

_AT_WORK: Final = frozenset({VmState.STARTING, VmState.RESTORING, VmState.RUNNING, VmState.SAVING})
_AGAIN_S: Final = 300.0
"""A bus that was started anew has forgotten us, and one that was not there may have come."""


class Waking:
    """Its methods belong to the engine's consumer."""

    def __init__(self, parts: Parts, *, wake: Callable[[], None]) -> None:
        """Nothing is held."""
        self._awake = parts.awake
        self._reason = parts.awake_reason
        self._clock = parts.clock
        self._wake = wake
        self._wanted = False
        self._asked = False
        self._again_at = 0.0
        self._at_work: asyncio.Task[None] | None = None
        self.holds: bool | None = None
        """Whether the computer is kept awake; False: nothing here can do that; None: it need not be."""

    def turn(self, charges: Iterable[Charge], power: Power | None, *, chosen: bool) -> None:
        """Keep it awake, or no more. A computer whose source of power is not known has no battery."""
        on_mains = power is None or not power.on_battery
        self._want(wanted=chosen and on_mains and any(charge.work.seen.state in _AT_WORK for charge in charges))

    def _want(self, *, wanted: bool) -> None:
        self._wanted = wanted
        if self._awake is not None and self._due and (self._at_work is None or self._at_work.done()):
            self._at_work = asyncio.create_task(self._work(self._awake), name="keeping awake")

    @property
    def _due(self) -> bool:
        if not self._wanted:
            return self._asked
        return not self._asked or self._clock.monotonic() >= self._again_at

    async def _work(self, awake: Awake) -> None:
        while self._due:
            if self._wanted:
                self._asked, self._again_at = True, self._clock.monotonic() + _AGAIN_S
                self._is_so(holds=await awake.keep(self._reason))
            else:
                await awake.let_go()
                self._asked = False
                self._is_so(holds=None)

    def _is_so(self, *, holds: bool | None) -> None:
        if holds is not self.holds:
            self.holds = holds
            self._wake()

    async def close(self) -> None:
        """It may sleep when it likes."""
        self._want(wanted=False)
        if self._at_work is not None:
            await asyncio.gather(self._at_work, return_exceptions=True)
