"""An agent that lets nobody disturb it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def let_work(data: Path) -> None:
    """Settle in a data folder that the work goes on whoever uses the computer and however busy it is: on a screen of their own, tests do."""
    data.mkdir(parents=True, exist_ok=True)
    (data / "settings.toml").write_text("[when]\nin_use = 'go-on'\nbusy_slow_percent = 0\nbusy_pause_percent = 0\n", encoding="utf-8")
