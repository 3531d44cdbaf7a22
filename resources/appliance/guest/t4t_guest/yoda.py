"""Histograms in YODA's ASCII format, version 2 of Histo1D."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t_guest.histogram import Histogram


def _number(value: float) -> str:
    # Seventeen digits: a reader gets back the very same number.
    return f"{value:.16e}"


def _row(names: str, histogram: Histogram, places: Iterable[int], scale: float) -> str:
    chosen = list(places)
    count = sum(histogram.counts[place] for place in chosen)
    first = sum(histogram.sums[place] for place in chosen)
    second = sum(histogram.squares[place] for place in chosen)
    sums = (count * scale, count * scale * scale, first * scale, second * scale)
    return "\t".join([names, *(_number(value) for value in sums), _number(float(count))])


def _histo1d(histogram: Histogram, folder: str, scale: float) -> list[str]:
    booking = histogram.booking
    path = f"/T4T/{folder}/{booking.name}"
    every = range(booking.bins + 2)
    area = histogram.entries * scale
    lines = [
        f"BEGIN YODA_HISTO1D_V2 {path}",
        f"Path: {path}",
        f"ScaledBy: {_number(scale)}",
        f"Title: {booking.title}",
        "Type: Histo1D",
        f"XLabel: {booking.xlabel}",
        f"YLabel: {booking.ylabel}",
        "---",
        f"# Mean: {histogram.mean:.6e}",
        f"# Area: {area:.6e}",
        "# ID\tID\tsumw\tsumw2\tsumwx\tsumwx2\tnumEntries",
        _row("Total   \tTotal   ", histogram, every, scale),
        _row("Underflow\tUnderflow", histogram, [booking.bins], scale),
        _row("Overflow\tOverflow", histogram, [booking.bins + 1], scale),
        "# xlow\txhigh\tsumw\tsumw2\tsumwx\tsumwx2\tnumEntries",
    ]
    for number in range(booking.bins):
        edges = f"{_number(histogram.edge(number))}\t{_number(histogram.edge(number + 1))}"
        lines.append(_row(edges, histogram, [number], scale))
    return [*lines, "END YODA_HISTO1D_V2", "", ""]


def yoda_text(histograms: Iterable[Histogram], *, folder: str, events: int) -> str:
    """All histograms, each scaled by 1/N for N events: the height of a bin is (1/N) dn/dx, its error comes from sum w²."""
    scale = 1.0 / events if events else 0.0
    return "\n".join(line for histogram in histograms for line in _histo1d(histogram, folder, scale))
