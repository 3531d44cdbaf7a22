"""One collision of a job as a picture along the beam: tracks that bend in a magnetic field. Read from a guest's words, which are not trusted. Pure.

A guest tells of a collision in ``/job/event.json`` (docs/guest-interface.md): its visible particles as rows of identity, charge, px, py, pz and energy in GeV.
"""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELD_T: Final = 3.8
"""As in a large detector of the LHC."""
RADIUS_M: Final = 1.1
"""Where the picture ends."""
LENGTH_M: Final = 1.7
"""Half of the detector along the beam: who flies along it leaves the picture there."""
MAX_PARTICLES: Final = 500
_MAX_MOMENTUM: Final = 1e6
_MAX_ID: Final = 10**10
_MAX_CHARGE: Final = 3
_MAX_COUNT: Final = 10**6
_COLUMNS: Final = 6
_LEAST_PT: Final = 0.05
_FOG_PT: Final = 0.5
"""Softer neutral particles would only be fog."""
_MANY: Final = 150
_MANY_PT: Final = 0.4
"""Among many, the softest tracks only hide the others."""
_POINTS: Final = 24
_CONE: Final = 0.5
_APART: Final = 1.0
_LEPTONS: Final = frozenset({11, 13})
_LEPTON_PT: Final = 10.0
_BEND: Final = 0.3 * FIELD_T
"""GeV of momentum across the beam for a metre of radius and one charge."""


class Part(enum.Enum):
    """What a track belongs to; the value is the key of the words."""

    FIRST = "first"
    SECOND = "second"
    LEPTON = "lepton"
    REST = "rest"


class Particle(msgspec.Struct, frozen=True, array_like=True):
    """``id`` is the Particle Data Group's number, ``charge`` in units of the proton's, momenta in GeV; z is along the beam."""

    id: int
    charge: int
    px: float
    py: float
    pz: float

    @property
    def pt(self) -> float:
        """Momentum across the beam."""
        return math.hypot(self.px, self.py)

    @property
    def phi(self) -> float:
        """Direction across the beam."""
        return math.atan2(self.py, self.px)

    @property
    def eta(self) -> float:
        """Pseudorapidity: 0 is sideways."""
        return math.asinh(self.pz / self.pt)


class Collision(msgspec.Struct, frozen=True, kw_only=True):
    """``family`` is the reference guest's name for the kind of collisions; ``count`` is how many particles there were, ``particles`` the hardest of them."""

    family: str
    count: int
    particles: tuple[Particle, ...]


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """A particle's way from the centre to the edge, in metres across the beam."""

    part: Part
    charged: bool
    points: tuple[tuple[float, float], ...]


def read_collision(said: object) -> Collision | None:
    """What a guest says of a collision; None where there is none. Particles that make no sense are left out."""
    if not isinstance(said, dict) or not isinstance(rows := said.get("particles"), list):
        return None
    found = [particle for particle in map(_particle, rows[:MAX_PARTICLES]) if particle is not None]
    if not found:
        return None
    family, count = said.get("family"), said.get("count")
    whole = count if isinstance(count, int) and not isinstance(count, bool) and len(found) <= count <= _MAX_COUNT else len(found)
    return Collision(family=family[:16] if isinstance(family, str) else "", count=whole, particles=tuple(found))


def _particle(row: object) -> Particle | None:
    if not isinstance(row, list) or len(row) != _COLUMNS or any(isinstance(one, bool) or not isinstance(one, int | float) for one in row):
        return None
    if not all(abs(momentum) <= _MAX_MOMENTUM for momentum in row[2:5]) or not (abs(row[0]) <= _MAX_ID and abs(row[1]) <= _MAX_CHARGE):
        return None  # this is also what becomes of what is no number
    made = Particle(int(row[0]), int(row[1]), float(row[2]), float(row[3]), float(row[4]))
    return made if made.pt >= _LEAST_PT else None


def tracks(collision: Collision) -> tuple[Track, ...]:
    """What is drawn, the most interesting last, so that it lies above the others."""
    least = _MANY_PT if len(collision.particles) > _MANY else 0.0
    parts = _parts(collision.family, collision.particles)
    shown = [
        Track(part=part, charged=bool(one.charge), points=way(one))
        for one, part in zip(collision.particles, parts, strict=True)
        if one.pt >= (least if one.charge else _FOG_PT)
    ]
    return tuple(sorted(shown, key=lambda track: track.part is not Part.REST))


def way(one: Particle) -> tuple[tuple[float, float], ...]:
    """Points in metres; a charged particle bends, and a slow one curls up inside."""
    along = abs(one.pz) / one.pt
    """Metres along the beam for a metre across it."""
    straight = min(RADIUS_M, LENGTH_M / along if along else RADIUS_M)
    if not one.charge:
        return ((0.0, 0.0), (straight * math.cos(one.phi), straight * math.sin(one.phi)))
    radius = one.pt / (_BEND * abs(one.charge))
    reach = 2 * radius * math.asin(RADIUS_M / (2 * radius)) if 2 * radius > RADIUS_M else math.pi * radius
    end = min(reach, LENGTH_M / along if along else reach)
    points = []
    for step in range(_POINTS + 1):
        turn = end * step / _POINTS / radius
        chord = 2 * radius * math.sin(turn / 2)
        at = one.phi - math.copysign(turn / 2, one.charge)
        points.append((chord * math.cos(at), chord * math.sin(at)))
    return tuple(points)


def _parts(family: str, particles: Sequence[Particle]) -> list[Part]:
    hardest = max(particles, key=lambda one: one.pt)
    match family:
        case "ee":
            ahead = [one.px * hardest.px + one.py * hardest.py + one.pz * hardest.pz > 0 for one in particles]
            return [Part.FIRST if on else Part.SECOND for on in ahead]
        case "jets":
            apart = [one for one in particles if _angle(one.phi, hardest.phi) > _APART]
            other = max(apart, key=lambda one: one.pt, default=hardest)
            return [Part.FIRST if _near(one, hardest) else Part.SECOND if _near(one, other) else Part.REST for one in particles]
        case "z":
            return [Part.LEPTON if abs(one.id) in _LEPTONS and one.pt > _LEPTON_PT else Part.REST for one in particles]
        case _:
            return [Part.FIRST if one.charge > 0 else Part.SECOND if one.charge < 0 else Part.REST for one in particles]


def _near(one: Particle, other: Particle) -> bool:
    return math.hypot(_angle(one.phi, other.phi), one.eta - other.eta) < _CONE


def _angle(one: float, other: float) -> float:
    """Between two directions, from 0 to pi."""
    return abs((one - other + math.pi) % (2 * math.pi) - math.pi)
