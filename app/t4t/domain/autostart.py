"""Whether the program starts with the user's session, as a value."""

from __future__ import annotations

from t4t.domain.record import record


@record(kw_only=True)
class AutostartState:
    """How the system has it now."""

    on: bool
    """It starts at the next log-in."""
    command: str = ""
    """What is started, as the system has it written down; empty: nothing is."""
    place: str = ""
    """Where it is written down: a file, or a key of the registry."""
    refused: bool = False
    """It is written down, and switched off in the system's own settings."""
    other: bool = False
    """What is written down starts something else than this program with this data folder: an older place of it, say."""
