"""The histogram value: what it refuses and what it computes."""

from __future__ import annotations

import math

import pytest

from t4t.domain.histogram import Histogram


def histogram(edges: tuple[float, ...] = (0.0, 1.0, 3.0), sumw: tuple[float, ...] = (2.0, 4.0), sumwx: tuple[float, ...] = (1.0, 8.0)) -> Histogram:
    return Histogram(
        path="/h", title="", x_label="", y_label="", edges=edges, sumw=sumw, sumw2=(4.0, 16.0), sumwx=sumwx, sumwx2=(1.0, 17.0), entries=(2.0, 4.0)
    )


def test_what_is_computed() -> None:
    shown = histogram()
    assert shown.bin_count == 2
    assert shown.widths == (1.0, 2.0)
    assert shown.centres == (0.5, 2.0)
    assert shown.heights == (2.0, 2.0)
    assert shown.errors == (2.0, 2.0)
    assert shown.mean == 1.5
    assert not shown.is_empty
    assert histogram(sumw=(0.0, 0.0)).is_empty
    assert histogram(sumw=(0.0, 0.0)).mean is None


@pytest.mark.parametrize(
    ("edges", "sumw"),
    [
        ((0.0,), ()),
        ((0.0, 1.0), (1.0, 2.0)),
        ((0.0, 1.0, 1.0), (1.0, 2.0)),
        ((0.0, 2.0, 1.0), (1.0, 2.0)),
        ((0.0, 1.0, math.inf), (1.0, 2.0)),
        ((0.0, 1e-300, 1.0), (1e10, 2.0)),
    ],
)
def test_what_is_refused(edges: tuple[float, ...], sumw: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"edge|bin|finite"):
        histogram(edges=edges, sumw=sumw)
