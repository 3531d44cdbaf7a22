"""The plan of a job: chunks of events that are pure functions of runspec, seed and number, and their merging in order."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from t4t_guest.histogram import Histogram
from t4t_guest.runspec import MAX_SEED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from t4t_guest.histogram import Booking

_MOST_EVENTS = 250
_FEWEST_EVENTS = 5
_WANTED_CHUNKS = 32


class GeneratorFailedError(Exception):
    """The generator refused its settings or gave no more events. Ends a job with exit code 208."""


class Chunk(NamedTuple):
    """A part of a job that one process computes."""

    number: int
    events: int
    seed: int
    """Seed of the generator, 1 to 900 000 000."""


class ChunkResult(NamedTuple):
    """What a chunk gives back; plain numbers, so that JSON carries it exactly."""

    events: int
    failures: int
    """Events the generator gave up and tried anew."""
    cross_section: float
    """Estimate of the chunk in mb."""
    cross_section_error: float
    histograms: list[tuple[list[int], list[float], list[float]]]
    event: dict[str, object] | None = None
    """The chunk's first event as `event.describe` gives it, to be shown; no part of the job's result."""


def chunk_events(events: int) -> int:
    """Events of a full chunk. Depends on the size of the job alone, never on the number of cores."""
    return max(_FEWEST_EVENTS, min(_MOST_EVENTS, -(-events // _WANTED_CHUNKS)))


def chunk_seed(seed: int, number: int) -> int:
    """Seed of a chunk: spread over all seeds of the generator, so that jobs with neighbouring seeds share no events."""
    digest = hashlib.sha256(f"t4t {seed} {number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % MAX_SEED + 1


def plan(events: int, seed: int) -> Iterator[Chunk]:
    """All chunks of a job in their order."""
    size = chunk_events(events)
    for number in range(-(-events // size)):
        yield Chunk(number, min(size, events - number * size), chunk_seed(seed, number))


class Merger:
    """Adds chunk results up in the order of their numbers, whatever the order they come in."""

    def __init__(self, bookings: Sequence[Booking]) -> None:
        """Start with empty histograms."""
        self.histograms = [Histogram(booking) for booking in bookings]
        self.events = 0
        self.failures = 0
        self.next_number = 0
        """Chunk to be added next; all before it are in."""
        self._cross_section = 0.0
        self._variance = 0.0
        self._waiting: dict[int, ChunkResult] = {}

    def add(self, number: int, result: ChunkResult) -> None:
        """Take the result of a chunk; it counts as soon as all before it are there.

        Raises ValueError for a chunk that was given already.
        """
        if number < self.next_number or number in self._waiting:
            raise ValueError(f"chunk {number} was given twice")
        self._waiting[number] = result
        while self.next_number in self._waiting:
            self._count(self._waiting.pop(self.next_number))
            self.next_number += 1

    def _count(self, result: ChunkResult) -> None:
        for histogram, content in zip(self.histograms, result.histograms, strict=True):
            histogram.add(*content)
        self.events += result.events
        self.failures += result.failures
        self._cross_section += result.events * result.cross_section
        self._variance += (result.events * result.cross_section_error) ** 2

    @property
    def cross_section(self) -> tuple[float, float]:
        """Mean of the chunks' estimates weighted by their events, and its error, in mb; zeros before the first chunk."""
        if not self.events:
            return 0.0, 0.0
        return self._cross_section / self.events, self._variance**0.5 / self.events
