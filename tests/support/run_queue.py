"""How long a process has waited for a processor: what tells "held back by a limit" from "held back by other programs"."""

from __future__ import annotations

import contextlib
from pathlib import Path


def waited_seconds(pid: int) -> float:
    """Seconds that all threads of a process stood in the run queue so far (the second number of Linux's ``schedstat``)."""
    waited = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it ended meanwhile
            waited += int((thread / "schedstat").read_text(encoding="ascii").split()[1])
    return waited / 1e9
