"""One collision as the page draws it: what met, what came out, and the particles a detector would see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    class Particle(Protocol):
        """What is read of a particle of Pythia."""

        idSave: int  # noqa: N815 -- Pythia's names
        statusSave: int  # noqa: N815

        def isVisible(self) -> bool: ...  # noqa: D102, N802 -- as above
        def charge(self) -> float: ...  # noqa: D102
        def pT(self) -> float: ...  # noqa: D102, N802
        def px(self) -> float: ...  # noqa: D102
        def py(self) -> float: ...  # noqa: D102
        def pz(self) -> float: ...  # noqa: D102
        def e(self) -> float: ...  # noqa: D102


SHOWN_EVERY = 4
"""Of every so many chunks one gives its first event: drawing costs a small job less than two hundredths of its time."""
MOST_PARTICLES = 500
LEAST_PT = 0.1
"""GeV; below, a track never leaves the beam pipe."""
_HARD = {21: "incoming", 22: "between", 23: "outgoing"}
"""Pythia's statuses of the particles of the hardest process."""


def is_shown(chunk: int) -> bool:
    """Whether the first event of a chunk is kept to be shown. Depends on its number alone, so a chunk stays a pure function."""
    return chunk % SHOWN_EVERY == 0


def describe(particles: Iterable[Particle], chunk: int) -> dict[str, object]:
    """The first event of a chunk: identities (PDG) of the hardest process, and the final particles with the most transverse momentum.

    A row of these is identity, charge, px, py, pz, energy (GeV, four digits).
    """
    hard: dict[str, list[int]] = {name: [] for name in _HARD.values()}
    seen = []
    for particle in particles:
        status = particle.statusSave
        if status > 0 and particle.isVisible():
            transverse = particle.pT()
            if transverse > LEAST_PT:
                seen.append((transverse, particle))
        name = _HARD.get(abs(status))
        if name is not None:
            hard[name].append(particle.idSave)
    seen.sort(key=lambda pair: -pair[0])
    rows = [_row(particle) for _, particle in seen[:MOST_PARTICLES]]
    return {"chunk": chunk, **hard, "count": len(seen), "particles": rows}


def _row(particle: Particle) -> list[float]:
    momentum = (particle.px(), particle.py(), particle.pz(), particle.e())
    return [particle.idSave, round(particle.charge()), *(float(f"{value:.4g}") for value in momentum)]
