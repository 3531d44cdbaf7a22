"""The sensors as the agent has them: engine and projects hear what they say, and they know which VMs are ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from t4t.bootstrap.senses import Senses
from t4t.domain.readings import Readings
from t4t.host.clock import RealClock
from t4t.host.sensing.sensor import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pytest

    from t4t.boinc.projects import Projects
    from t4t.domain.clock import Clock
    from t4t.engine.engine import Engine
    from t4t.host.sensing.programs import Programs
    from t4t.host.sensing.sensor import Sensor


class Network:
    """A sensor that is told whether the network costs."""

    kind = Kind.COMPUTER
    tells = True

    def __init__(self) -> None:
        self.metered: bool | None = True
        self.changed: Callable[[], None] = lambda: None

    async def start(self, changed: Callable[[], None]) -> None:
        self.changed = changed

    def expect(self, away_after_s: float) -> None:
        """Nothing of it depends on that."""

    async def look(self) -> Readings:
        return Readings(metered=self.metered)

    async def close(self) -> None:
        """Nothing stays open."""


class Listening:
    """The engine and the projects, as far as sensors matter to them."""

    machines = ("vm-1",)
    processes = frozenset({4242})

    def __init__(self) -> None:
        self.heard_of: list[bool | None] = []
        self.rung = 0
        self.done: Callable[[], None] = lambda: None

    def heard(self) -> None:
        self.rung += 1

    def network_costs(self, *, metered: bool | None) -> None:
        self.heard_of.append(metered)
        self.done()


async def test_what_the_network_costs_is_known_from_the_beginning_and_told_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, listening = Network(), Listening()
    programs: list[Programs] = []

    def sensors(_folder: Path, _clock: Clock, *, programs_: Programs) -> Sequence[Sensor]:
        programs.append(programs_)
        return (network,)

    monkeypatch.setattr("t4t.bootstrap.senses.sensors", lambda folder, clock, programs: sensors(folder, clock, programs_=programs))
    senses = Senses(tmp_path, RealClock())
    assert list(programs[0]._ours()) == [str(tmp_path)]
    assert not programs[0]._processes()
    async with senses.opened(cast("Engine", listening), cast("Projects", listening)):
        assert (listening.heard_of, listening.rung) == ([True], 1)
        assert list(programs[0]._ours()) == [str(tmp_path), "vm-1"]
        assert programs[0]._processes() == {4242}
        told = asyncio.Event()
        listening.done = told.set
        network.metered = None
        network.changed()
        await told.wait()
        assert listening.heard_of == [True, None]
    async with senses.opened(cast("Engine", listening)):
        assert listening.heard_of == [True, None], "who has no projects is told nothing of them"
