"""The sensors of this computer for the engine: made here, because who looks at programs must know which VMs are ours."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from t4t.host.sensing.here import sensors
from t4t.host.sensing.programs import Programs
from t4t.host.sensing.sensing import Sensing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.domain.readings import Readings
    from t4t.engine.engine import Engine


def _nobody() -> tuple[str, ...]:
    return ()


class Senses:
    """`t4t.engine.parts.Sensing` on the real sensors. Nothing is looked at before `opened`."""

    def __init__(self, data: Path, clock: Clock) -> None:
        """``data`` is the data folder, whose name stands in the command lines of our QEMU."""
        self._machines: Callable[[], tuple[str, ...]] = _nobody
        self._heard: Callable[[], None] = lambda: None
        self._programs = Programs(ours=lambda: (str(data), *self._machines()))
        self._sensing = Sensing(sensors(data, clock, programs=self._programs), clock, on_change=lambda _readings: self._heard())

    @property
    def readings(self) -> Readings:
        """See `Sensing`."""
        return self._sensing.readings

    def expect(self, *, runs: bool, away_after_s: float, programs: Sequence[str]) -> None:
        """See `Sensing`."""
        self._programs.list(programs)
        self._sensing.away_after(away_after_s)
        self._sensing.work(runs=runs)

    @contextlib.asynccontextmanager
    async def opened(self, engine: Engine) -> AsyncIterator[None]:
        """Look, and tell ``engine``, as long as this lasts."""
        self._machines = lambda: engine.machines
        async with self._sensing.opened():
            self._heard = engine.heard
            try:
                yield
            finally:
                self._heard = lambda: None
