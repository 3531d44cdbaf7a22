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

    from t4t.boinc.projects import Projects
    from t4t.domain.clock import Clock
    from t4t.domain.readings import Readings
    from t4t.engine.engine import Engine


class Senses:
    """`t4t.engine.parts.Sensing` on the real sensors. Nothing is looked at before `opened`."""

    def __init__(self, data: Path, clock: Clock) -> None:
        """``data`` is the data folder, whose name stands in the command lines of our QEMU."""
        self._data = str(data)
        self._engine: Engine | None = None
        self._heard: Callable[[], None] = lambda: None
        self._programs = Programs(ours=self._marks, processes=self._processes)
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

    def _marks(self) -> tuple[str, ...]:
        return (self._data, *(() if self._engine is None else self._engine.machines))

    def _processes(self) -> frozenset[int]:
        return frozenset() if self._engine is None else self._engine.processes

    @contextlib.asynccontextmanager
    async def opened(self, engine: Engine, projects: Projects | None = None) -> AsyncIterator[None]:
        """Look, and tell ``engine`` and ``projects``, as long as this lasts; from the beginning they know what is."""

        def heard() -> None:
            if projects is not None:
                projects.network_costs(metered=self.readings.metered)
            engine.heard()

        self._engine = engine
        async with self._sensing.opened():
            self._heard = heard
            heard()
            try:
                yield
            finally:
                self._heard = lambda: None
