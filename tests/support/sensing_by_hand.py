"""`t4t.engine.parts.Sensing` that says what a test tells it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from t4t.domain.readings import Readings


class SensingByHand:
    """Sensors of a computer that is as it is told to be."""

    def __init__(self, readings: Readings) -> None:
        self.readings = readings
        self.heard: Callable[[], None] = lambda: None
        self.running: list[bool] = []
        """What it was told of the work, without repetitions."""
        self.away_s = 0.0
        self.programs: tuple[str, ...] = ()

    def expect(self, *, runs: bool, away_after_s: float, programs: Sequence[str]) -> None:
        if self.running[-1:] != [runs]:
            self.running.append(runs)
        self.away_s, self.programs = away_after_s, tuple(programs)

    def say(self, **changes: Any) -> None:
        """From now on it says this too."""
        self.readings = dataclasses.replace(self.readings, **changes)
        self.heard()
