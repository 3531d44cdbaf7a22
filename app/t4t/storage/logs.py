"""Logs without secrets."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from t4t.domain.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable


class RedactingFormatter(logging.Formatter):
    """Takes keys and passwords out of whole lines, tracebacks included, whatever logger they come from."""

    def __init__(self, layout: str, known: Callable[[], frozenset[str]] = frozenset) -> None:
        """``known`` gives the secrets of this run; what has the form of a key goes without."""
        super().__init__(layout)
        self._known = known

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        return redact(super().format(record), self._known())
