"""Histograms with the sums a Histo1D of YODA keeps, exact under merging in a fixed order."""

from __future__ import annotations

from typing import NamedTuple

SUMS = 5
"""Numbers a bin: sum w, sum w², sum wx, sum wx², entries."""


class Booking(NamedTuple):
    """What a histogram shows: its name, axes and equal bins."""

    name: str
    title: str
    xlabel: str
    ylabel: str
    bins: int
    low: float
    high: float


class Histogram:
    """Counts of unweighted entries in equal bins, with under- and overflow.

    Every entry has weight 1 (the processes here are unweighted), so sum w and sum w² are the number of entries until the result is scaled.
    """

    __slots__ = ("_scale", "booking", "counts", "squares", "sums")

    def __init__(self, booking: Booking) -> None:
        """Start empty."""
        self.booking = booking
        # Places 0 … bins-1 are the bins, then underflow, then overflow.
        self.counts = [0] * (booking.bins + 2)
        self.sums = [0.0] * (booking.bins + 2)
        self.squares = [0.0] * (booking.bins + 2)
        self._scale = booking.bins / (booking.high - booking.low)

    def fill(self, value: float) -> None:
        """Count one value; a value that is no number is left out."""
        booking = self.booking
        if value < booking.low:
            place = booking.bins
        elif value < booking.high:
            place = int((value - booking.low) * self._scale)
            if place >= booking.bins:
                place = booking.bins - 1
        elif value >= booking.high:
            place = booking.bins + 1
        else:
            return
        self.counts[place] += 1
        self.sums[place] += value
        self.squares[place] += value * value

    def fill_all(self, values: list[float]) -> None:
        """Count many values: `fill` for each, without the price of a call for each."""
        booking = self.booking
        low, high, bins, scale = booking.low, booking.high, booking.bins, self._scale
        counts, sums, squares = self.counts, self.sums, self.squares
        for value in values:
            if low <= value < high:
                place = int((value - low) * scale)
                if place >= bins:
                    place = bins - 1
            elif value < low:
                place = bins
            elif value >= high:
                place = bins + 1
            else:
                continue
            counts[place] += 1
            sums[place] += value
            squares[place] += value * value

    def add(self, counts: list[int], sums: list[float], squares: list[float]) -> None:
        """Add the content of another histogram of the same booking. The result depends on the order of additions in its last digits.

        Raises ValueError when the number of bins is another.
        """
        if not len(counts) == len(sums) == len(squares) == len(self.counts):
            raise ValueError(f"histogram {self.booking.name} has another number of bins")
        self.counts = [a + b for a, b in zip(self.counts, counts, strict=True)]
        self.sums = [a + b for a, b in zip(self.sums, sums, strict=True)]
        self.squares = [a + b for a, b in zip(self.squares, squares, strict=True)]

    @property
    def entries(self) -> int:
        """All entries, those beyond the bins among them."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """Mean of all values, 0 where there are none."""
        entries = self.entries
        return sum(self.sums) / entries if entries else 0.0

    def edge(self, number: int) -> float:
        """Lower edge of a bin; `edge(bins)` is the upper end."""
        booking = self.booking
        return booking.high if number == booking.bins else booking.low + (booking.high - booking.low) * number / booking.bins

    def heights(self, events: int) -> list[float]:
        """(1/N) dn/dx of each bin for N events; all 0 where N is 0."""
        booking = self.booking
        factor = booking.bins / (booking.high - booking.low) / events if events else 0.0
        return [count * factor for count in self.counts[: booking.bins]]
