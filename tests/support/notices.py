"""Errors of every kind, with data."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from t4t.domain.errors import T4TError

_SAMPLE: Final[dict[str, Any]] = {"str": "sample", "int": 7, "float": 1.5}


def sample(leaf: type[T4TError]) -> T4TError:
    """One of this kind."""
    return leaf(**{field.name: _SAMPLE[str(field.type)] for field in dataclasses.fields(leaf)})
