"""Physics that a test tells, behind the real API server; jobs with as many collisions as a real one has after some minutes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from support.guest_web import recorded
from t4t.domain.collision import read_collision
from t4t.domain.errors import OutputUnreadable
from t4t.domain.physics import Physics, Plot, Result, ResultDetails, read_job, read_live

if TYPE_CHECKING:
    from collections.abc import Sequence

_REFERENCES: Final = Path(__file__).resolve().parents[2] / "resources/appliance/web/reference"
_FILES: Final = {"jets": "pp-jets", "soft": "pp-softqcd", "z": "pp-z", "ee": "ee-zhad"}


def plots(kind: str) -> tuple[Plot, ...]:
    """The histograms of a recorded job, as full as those of the reference that the guest compares them with."""
    full: dict[str, Any] = json.loads((_REFERENCES / f"{_FILES[kind]}.json").read_text(encoding="utf-8"))
    named = {one["name"]: one for one in full["histograms"]}
    listed = [one | {name: named[one["name"]][name] for name in ("heights", "errors")} for one in recorded(kind, "histograms")["histograms"]]
    return read_live({"histograms": [one | {"entries": 60_000} for one in listed]})


def a_job(kind: str = "jets", *, live: bool = True, **changes: Any) -> Physics:
    """What is told of a recorded job at seven tenths of twenty thousand collisions."""
    job = read_job(recorded(kind, "index"))
    job = msgspec.structs.replace(job, done=14_400, wanted=20_000, rate=118.0, **changes)
    return Physics(
        task="k1",
        name="theory_2279-3861",
        live=live,
        at=time.time() - (0 if live else 240),
        job=job,
        plots=plots(kind),
        collision=read_collision(recorded(kind, "event")),
    )


def silent() -> Physics:
    """Of a guest that tells nothing of itself: its input is known."""
    job = msgspec.structs.replace(read_job({}), spec=read_job(recorded("jets", "index")).spec, wanted=20_000)
    return Physics(task="k1", name="theory_2279-3861", live=True, job=job)


def some_results() -> list[ResultDetails]:
    """Three of them, newest first; the last one has no histograms."""
    made = []
    for number, kind in enumerate(("jets", "ee", "soft")):
        found = () if kind == "soft" else plots(kind)
        spec = read_job(recorded(kind, "index")).spec
        told = Result(id=f"r{number}", task=f"theory_{number}", at=time.time() - 3600 * (number + 1), spec=spec, events=20_000, plots=len(found))
        made.append(ResultDetails(result=told, plots=found))
    return made


class ScriptedPhysics:
    """`t4t.engine.physics_api.PhysicsCommands`: answers that a test sets, and a list of what was asked."""

    def __init__(self) -> None:
        self.told = Physics()
        self.kept: list[ResultDetails] = []
        self.asked: list[str] = []

    async def physics(self, task: str, plots: int, *, collision: bool = False) -> Physics:
        self.asked.append(f"physics {task} {plots}")
        return msgspec.structs.replace(self.told, plots=self.told.plots[:plots], collision=self.told.collision if collision else None)

    async def results(self) -> Sequence[Result]:
        self.asked.append("results")
        return [details.result for details in self.kept]

    async def result(self, name: str) -> ResultDetails:
        self.asked.append(f"result {name}")
        found = next((details for details in self.kept if details.result.id == name), None)
        if found is None:
            raise OutputUnreadable(path=name, reason="there is no result of this name")
        return found
