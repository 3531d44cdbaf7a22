"""Known values come out of the appliance's own results: of the long runs that it ships as references. Real guests compute them anew in `make soak`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.guest_web import recorded
from support.known_physics import CHARGED_AT_LEP, Mean, has_leps_charge, has_the_z, mean_of, peak_of, rises

REFERENCES = Path(__file__).resolve().parents[2] / "resources/appliance/web/reference"


def reference(file: str, kind: str, name: str) -> tuple[list[float], list[float], int]:
    """Edges, heights and the number of events; the edges are those of a recorded job of the same kind."""
    found: dict[str, Any] = json.loads((REFERENCES / f"{file}.json").read_text(encoding="utf-8"))
    heights = next(one for one in found["histograms"] if one["name"] == name)["heights"]
    booked = next(one for one in recorded(kind, "histograms")["histograms"] if one["name"] == name)
    width = (booked["high"] - booked["low"]) / len(heights)
    return [booked["low"] + width * number for number in range(len(heights) + 1)], heights, found["events"]


def test_the_z_is_where_it_is() -> None:
    edges, masses, events = reference("pp-z", "z", "mass")
    assert has_the_z(edges, masses, events)
    assert peak_of(edges, masses) == (91.0, 92.0)
    assert not has_the_z([edge + 2 for edge in edges], masses, events), "two GeV beside it are seen"


def test_a_z_decays_into_as_many_charged_particles_as_lep_saw() -> None:
    edges, heights, events = reference("ee-zhad", "ee", "nch")
    assert events == 60_000
    assert has_leps_charge(edges, heights, events)
    assert not has_leps_charge([edge * 1.06 for edge in edges], heights, events), "six in a hundred more are seen"
    assert mean_of(edges, heights, events).error < 0.03 < abs(mean_of(edges, heights, events).value - CHARGED_AT_LEP)


def test_rising_means_clearly_rising() -> None:
    assert rises({900.0: Mean(15.0, 0.3), 7000.0: Mean(30.0, 0.5), 13_000.0: Mean(36.0, 0.5)})
    assert not rises({900.0: Mean(15.0, 0.3), 7000.0: Mean(16.0, 0.5)})
    assert not rises({900.0: Mean(15.0, 0.1), 7000.0: Mean(14.0, 0.1)})
