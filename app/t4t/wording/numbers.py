"""Numbers and days as the language that is spoken writes them; the only place that does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.wording.language import gettext

if TYPE_CHECKING:
    from datetime import date

_SMALLEST: Final = 1e-4
_LARGEST: Final = 1e6
_WHOLE_FROM: Final = 1000
_RAISED: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _signs() -> tuple[str, str]:
    """What stands between groups of three digits, and before decimals."""
    sample = gettext("1,234.5")
    return sample[1], sample[5]


def decimal(value: float, digits: int = 0) -> str:
    """``value`` with so many decimals."""
    group, point = _signs()
    return f"{value:,.{digits}f}".translate({ord(","): group, ord("."): point})


def pointed(number: str) -> str:
    """A number that Python has written, without groups."""
    return number.replace(".", _signs()[1])


def short(value: float) -> str:
    """``value`` with the decimals that it has, as far as they say anything."""
    return pointed(f"{value:.15g}")


def figure(value: float) -> str:
    """Three digits, as people write them."""
    if not value:
        return "0"
    if _SMALLEST <= abs(value) < _LARGEST:
        text = decimal(value) if abs(value) >= _WHOLE_FROM else pointed(f"{value:.3g}")
    else:
        digits, _, power = f"{value:.2e}".partition("e")
        text = f"{pointed(digits)}×10{str(int(power)).translate(_RAISED)}"
    return text.replace("-", "−")


def day(when: date) -> str:
    """A day in figures."""
    return gettext("{year}-{month}-{day}").format(year=f"{when.year:04}", month=f"{when.month:02}", day=f"{when.day:02}")


def month(when: date) -> str:
    """A month in figures."""
    return gettext("{year}-{month}").format(year=f"{when.year:04}", month=f"{when.month:02}")


def day_of_year(when: date) -> str:
    """A day in figures where the year goes without saying."""
    return gettext("{month}-{day}").format(month=f"{when.month:02}", day=f"{when.day:02}")
