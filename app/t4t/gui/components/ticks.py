"""Where an axis has its ticks and what stands beside them; numbers only, no Qt."""

from __future__ import annotations

import itertools
import math
from typing import Final

from t4t.wording.numbers import pointed

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_MINUS: Final = "−"
_SUPERSCRIPT: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_THOUSANDS_FROM: Final = 10_000.0
_MILLIONS_FROM: Final = 1_000_000.0
_PLAIN_FROM: Final = 1e-3
_PLAIN_TO: Final = 1e9
_PLAIN_DECADES: Final = 3
_FEW_DECADES: Final = 2
_LEAST_SPAN: Final = 1e-290
"""Below it steps would lose their digits."""


def linear_ticks(low: float, high: float, *, wanted: int) -> tuple[float, ...]:
    """At most about ``wanted`` multiples of 1, 2, 2.5 or 5 times a power of ten from ``low`` to ``high``; empty for an empty range."""
    span = high - low
    if not (math.isfinite(span) and span > _LEAST_SPAN):
        return ()
    rough = span / max(1, wanted)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((factor * power for factor in _STEPS if factor * power >= rough * (1 - 1e-9)), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(number * step for number in range(first, last + 1))


def log_ticks(low: float, high: float, *, wanted: int) -> tuple[float, ...]:
    """Powers of ten from ``low`` to ``high`` (both over 0), every second or third where they are many; 2 and 5 times them where they are few."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    stride = max(1, math.ceil((last - first + 1) / max(1, wanted)))
    decades = tuple(10.0**power for power in range(first, last + 1, stride))
    fine = tuple(
        factor * 10.0**power for power in range(first - 1, last + 1) for factor in (1, 2, 5) if low * (1 - 1e-9) <= factor * 10.0**power <= high * (1 + 1e-9)
    )
    return fine if last - first < _FEW_DECADES and len(fine) <= max(wanted, len(decades)) else decades


def linear_labels(ticks: tuple[float, ...]) -> tuple[str, ...]:
    """Texts with the same number of decimals; thousands as ``80k``, millions as ``2M``, very small or large numbers as ``2×10⁻⁵``."""
    largest = max(map(abs, ticks), default=0.0)
    if not largest:
        return tuple("0" for _ in ticks)
    if not _PLAIN_FROM <= largest < _PLAIN_TO:
        power = math.floor(math.log10(largest))
        # Divided by the power's reciprocal where the power itself would underflow.
        scaled = tuple(tick / 10.0**power if power > -300 else tick * 1e300 / 10.0 ** (power + 300) for tick in ticks)  # noqa: PLR2004
        return tuple("0" if not tick else f"{text}×10{str(power).translate(_SUPERSCRIPT)}" for tick, text in zip(ticks, _aligned(scaled), strict=True))
    if largest >= _THOUSANDS_FROM:
        unit, letter = (1e6, "M") if largest >= _MILLIONS_FROM else (1e3, "k")
        scaled = tuple(tick / unit for tick in ticks)
        return tuple("0" if not tick else f"{text}{letter}" for tick, text in zip(ticks, _aligned(scaled), strict=True))
    return _aligned(ticks)


def log_labels(ticks: tuple[float, ...]) -> tuple[str, ...]:
    """Plain numbers near 1, else powers of ten."""
    powers = [math.log10(tick) for tick in ticks]
    if all(abs(power) <= _PLAIN_DECADES for power in powers):
        return tuple(pointed(f"{tick:.10g}") for tick in ticks)
    return tuple(_power_text(tick) for tick in ticks)


def _power_text(tick: float) -> str:
    power = math.floor(math.log10(tick) + 1e-9)
    factor = round(tick / 10.0**power)
    text = {0: "1", 1: "10"}.get(power, f"10{str(power).translate(_SUPERSCRIPT)}")
    if factor == 1:
        return text
    return str(factor) if power == 0 else f"{factor}×{text}"


def _aligned(numbers: tuple[float, ...]) -> tuple[str, ...]:
    """All with as many decimals as the step between them needs."""
    step = min((abs(after - before) for before, after in itertools.pairwise(numbers)), default=max(map(abs, numbers), default=1.0))
    decimals = next((count for count in range(9) if abs(round(step, count) - step) <= 1e-6 * step), 9)
    texts = (f"{number:.{decimals}f}" for number in numbers)
    return tuple(("0" if not float(text) else pointed(text)).replace("-", _MINUS) for text in texts)
