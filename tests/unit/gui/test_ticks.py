"""Ticks and their labels."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.tongues import spoken
from t4t.gui.components.ticks import linear_labels, linear_ticks, log_labels, log_ticks


@pytest.mark.parametrize(
    ("low", "high", "wanted", "labels"),
    [
        (0, 100, 5, ("0", "20", "40", "60", "80", "100")),
        (-0.5, 159.5, 8, ("0", "20", "40", "60", "80", "100", "120", "140")),
        (-5, 5, 5, ("−4", "−2", "0", "2", "4")),
        (0, 0.028, 3, ("0", "0.01", "0.02")),
        (0, 0.1, 4, ("0", "0.025", "0.050", "0.075", "0.100")),
        (0, 85_000, 4, ("0", "25k", "50k", "75k")),
        (0, 1_100_000, 3, ("0", "0.5M", "1.0M")),
        (0, 3.2e-7, 3, ("0", "2×10⁻⁷")),
        (0, 2.5e12, 3, ("0", "1×10¹²", "2×10¹²")),
        (7, 7, 5, ()),
        (0, 5e-324, 5, ()),
        (0, math.inf, 5, ()),
        (1e20, 1e20 + 20_000, 5, ("1×10²⁰",)),
    ],
)
def test_linear(low: float, high: float, wanted: int, labels: tuple[str, ...]) -> None:
    assert linear_labels(linear_ticks(low, high, wanted=wanted))[: len(labels) or None] == labels


@pytest.mark.parametrize(
    ("low", "high", "wanted", "labels"),
    [
        (1e-3, 1, 5, ("0.001", "0.01", "0.1", "1")),
        (1e-4, 10, 6, ("10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "1", "10")),
        (1e-4, 2, 3, ("10⁻⁴", "10⁻²", "1")),
        (1, 9, 6, ("1", "2", "5")),
        (2e5, 6e5, 6, ("2×10⁵", "5×10⁵")),
        (1, 100, 3, ("1", "10", "100")),
        (3, 4, 5, ()),
    ],
)
def test_logarithmic(low: float, high: float, wanted: int, labels: tuple[str, ...]) -> None:
    assert log_labels(log_ticks(low, high, wanted=wanted)) == labels


def test_labels_of_all_sizes() -> None:
    assert linear_labels((0.0,)) == ("0",)
    assert linear_labels((5.0,)) == ("5",)
    assert log_labels((1e-5, 5e0, 2e1)) == ("10⁻⁵", "5", "2×10")
    assert linear_labels((0.0, 5e-320)) == ("0", "4.99994×10⁻³²⁰")


@given(st.floats(-1e300, 1e300), st.floats(1e-300, 1e300), st.integers(0, 12))
def test_linear_ticks_lie_on_the_axis_and_rise(low: float, span: float, wanted: int) -> None:
    ticks = linear_ticks(low, low + span, wanted=wanted)
    assert len(ticks) <= 10 * max(1, wanted) + 1
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) + abs(low) * 1e-12 for tick in ticks)
    assert all(before <= after for before, after in itertools.pairwise(ticks))
    assert len(linear_labels(ticks)) == len(ticks)


@given(st.integers(-300, 290), st.floats(0.1, 15), st.integers(1, 12))
def test_log_ticks_lie_on_the_axis(power: int, decades: float, wanted: int) -> None:
    low, high = 10.0**power, 10.0 ** (power + decades)
    ticks = log_ticks(low, high, wanted=wanted)
    assert len(ticks) <= wanted + 1
    assert all(low * (1 - 1e-6) <= tick <= high * (1 + 1e-6) for tick in ticks)
    assert len(log_labels(ticks)) == len(ticks)


def test_decimals_as_the_language_that_is_spoken_writes_them() -> None:
    with spoken("de"):
        assert linear_labels((0.0, 0.5, 1.0)) == ("0", "0,5", "1,0")
        assert log_labels((0.1, 1.0, 10.0)) == ("0,1", "1", "10")
