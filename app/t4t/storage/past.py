"""The agent's durable state as somebody reads it who may not touch it: beside a running agent, on a full disk, after an accident."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from t4t.domain.record import record
from t4t.storage.state import NAME, Happening

if TYPE_CHECKING:
    from pathlib import Path

_WAYS: Final = ("mode=ro", "mode=ro&immutable=1")
"""The second reads what the last orderly end left, where the first would have to write beside the file and can't."""


@record(kw_only=True)
class Effect:
    """One thing that was done for a task: when it was begun (seconds since 1970) and how it ended; None if it has not."""

    begun: float
    task: str
    step: str
    outcome: str | None


@record(kw_only=True)
class Result:
    """How a task ended."""

    at: float
    task: str
    outcome: str
    error: str
    elapsed_s: float


@record(kw_only=True)
class Past:
    """The last of each kind, oldest first."""

    effects: tuple[Effect, ...]
    results: tuple[Result, ...]
    timeline: tuple[Happening, ...]


def read(folder: Path, *, effects: int, results: int, timeline: int) -> Past:
    """At most so many of each; ``OSError`` if nothing can be read. Writes nothing."""
    path = folder / NAME
    path.stat()  # what is not there is told as that, and not as a fault of the file
    trouble = ""
    for way in _WAYS:
        try:
            with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?{way}", uri=True, timeout=2)) as connection:
                return Past(
                    effects=tuple(
                        Effect(begun=begun, task=task, step=step, outcome=outcome)
                        for begun, task, step, outcome in _last(connection, "SELECT begun, task, step, outcome FROM effects ORDER BY id DESC LIMIT ?", effects)
                    ),
                    results=tuple(
                        Result(at=at, task=task, outcome=outcome, error=error, elapsed_s=elapsed)
                        for at, task, outcome, error, elapsed in _last(
                            connection, "SELECT at, task, outcome, error, elapsed_s FROM results ORDER BY at DESC LIMIT ?", results
                        )
                    ),
                    timeline=tuple(
                        Happening(*row) for row in _last(connection, "SELECT at, what, task, detail, lost_s FROM timeline ORDER BY id DESC LIMIT ?", timeline)
                    ),
                )
        except sqlite3.Error as error:
            trouble = str(error)
    raise OSError(trouble)


def _last(connection: sqlite3.Connection, query: str, most: int) -> list[Any]:
    return list(reversed(connection.execute(query, (most,)).fetchall()))
