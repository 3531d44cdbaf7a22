"""One histogram of a job's result, as a value to draw and to compare; made by `t4t.guest.yoda`."""

from __future__ import annotations

import math
from typing import Final

from t4t.domain.record import record

MAX_BINS: Final = 10_000
MAX_HEIGHT: Final = 1e300


@record(kw_only=True)
class Tally:
    """What one place collects: sum of weights, of their squares, and the number of entries (fractional after some operations)."""

    sumw: float = 0.0
    sumw2: float = 0.0
    entries: float = 0.0


@record(kw_only=True)
class Histogram:
    """A one-dimensional histogram with adjoining bins: bin *i* reaches from ``edges[i]`` to ``edges[i + 1]``.

    ``sumw``, ``sumw2``, ``sumwx``, ``sumwx2`` and ``entries`` have one number a bin: weights, weights², weights times x (x²), and entries. Raises ValueError
    when the lengths don't fit, an edge does not lie above the one before, a number is not finite, or a bin is higher than `MAX_HEIGHT`.
    """

    path: str
    title: str
    x_label: str
    y_label: str
    edges: tuple[float, ...]
    sumw: tuple[float, ...]
    sumw2: tuple[float, ...]
    sumwx: tuple[float, ...]
    sumwx2: tuple[float, ...]
    entries: tuple[float, ...]
    total: Tally = Tally()
    underflow: Tally = Tally()
    overflow: Tally = Tally()
    log_y: bool = False
    """The author asks for a logarithmic axis."""

    def __post_init__(self) -> None:
        """Refuse what can't be drawn."""
        sums = (self.sumw, self.sumw2, self.sumwx, self.sumwx2, self.entries)
        if not 1 <= len(self.edges) - 1 <= MAX_BINS or any(len(column) != len(self.edges) - 1 for column in sums):
            raise ValueError("the numbers of edges and bins don't fit")
        if not all(math.isfinite(number) for column in (self.edges, *sums) for number in column):
            raise ValueError("a number is not finite")
        if any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("the edges don't rise")
        if any(abs(height) + error > MAX_HEIGHT for height, error in zip(self.heights, self.errors, strict=True)):
            raise ValueError(f"a bin is higher than {MAX_HEIGHT}")

    @property
    def bin_count(self) -> int:
        """How many bins there are; at least one."""
        return len(self.sumw)

    @property
    def widths(self) -> tuple[float, ...]:
        """The width of each bin, in units of x."""
        return tuple(high - low for low, high in zip(self.edges, self.edges[1:], strict=False))

    @property
    def centres(self) -> tuple[float, ...]:
        """The middle of each bin."""
        return tuple(low + width / 2 for low, width in zip(self.edges, self.widths, strict=False))

    @property
    def heights(self) -> tuple[float, ...]:
        """The density in each bin, sum of weights over width: what is drawn."""
        return tuple(weight / width for weight, width in zip(self.sumw, self.widths, strict=True))

    @property
    def errors(self) -> tuple[float, ...]:
        """The statistical error of each height; never negative."""
        return tuple(math.sqrt(max(0.0, square)) / width for square, width in zip(self.sumw2, self.widths, strict=True))

    @property
    def is_empty(self) -> bool:
        """No bin has any content."""
        return not any(self.sumw)

    @property
    def mean(self) -> float | None:
        """Weighted mean of x over the bins; None without content."""
        weight = math.fsum(self.sumw)
        return math.fsum(self.sumwx) / weight if weight else None
