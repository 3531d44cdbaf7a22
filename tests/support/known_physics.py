"""What is known of the physics that the appliance computes, and how far from it a result may be."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Z_MASS: Final = 91.1876
"""GeV; Particle Data Group."""
Z_WITHIN: Final = 0.5
"""GeV. Leptons have lost what they radiated, so that the peak leans to the left."""
_Z_AROUND: Final = 5.0
CHARGED_AT_LEP: Final = 20.9
"""Charged particles in a hadronic decay of the Z."""
CHARGED_WITHIN: Final = 0.6
"""Monash 2013 is a general tune: it has 2 % fewer. Each of LEP's experiments is sure to about one in a hundred."""
CLEARLY: Final = 3.0
"""Standard deviations."""


class Mean(NamedTuple):
    """A mean and how sure it is."""

    value: float
    error: float


def mean_of(edges: Sequence[float], heights: Sequence[float], events: int, *, around: float = math.nan) -> Mean:
    """Of a histogram with one entry an event; only of what lies ``around`` it where that is given."""
    bins = [((low + high) / 2, height * (high - low)) for low, high, height in zip(edges, edges[1:], heights, strict=False)]
    used = [(x, weight) for x, weight in bins if math.isnan(around) or abs(x - around) <= _Z_AROUND]
    total = math.fsum(weight for _, weight in used)
    value = math.fsum(x * weight for x, weight in used) / total
    spread = math.fsum((x - value) ** 2 * weight for x, weight in used) / total
    return Mean(value, math.sqrt(spread / (events * total)))


def peak_of(edges: Sequence[float], heights: Sequence[float]) -> tuple[float, float]:
    """The highest bin, from where to where."""
    place = max(range(len(heights)), key=heights.__getitem__)
    return edges[place], edges[place + 1]


def has_the_z(edges: Sequence[float], heights: Sequence[float], events: int) -> bool:
    """Whether a spectrum of masses (GeV) peaks where the Z is."""
    low, high = peak_of(edges, heights)
    mean = mean_of(edges, heights, events, around=Z_MASS)
    return low - 1 <= Z_MASS <= high + 1 and abs(mean.value - Z_MASS) <= Z_WITHIN + 3 * mean.error


def has_leps_charge(edges: Sequence[float], heights: Sequence[float], events: int) -> bool:
    """Whether there are as many charged particles as LEP saw."""
    mean = mean_of(edges, heights, events)
    return abs(mean.value - CHARGED_AT_LEP) <= CHARGED_WITHIN + 3 * mean.error


def rises(means: Mapping[float, Mean]) -> bool:
    """Whether each energy has clearly more than the one below."""
    listed = [means[energy] for energy in sorted(means)]
    return all(high.value - low.value > CLEARLY * math.hypot(low.error, high.error) for low, high in itertools.pairwise(listed))
