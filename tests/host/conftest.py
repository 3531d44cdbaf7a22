"""Tests that need Windows' functions run by ``make wine``; elsewhere they are no part of the run, unless they are asked for by their mark."""

from __future__ import annotations

from pathlib import Path

import pytest

READY = Path(__file__).resolve().parents[2] / "build" / "wine" / "ready"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take them out of an ordinary run, and refuse a run of them without what they need."""
    here = [item for item in items if item.get_closest_marker("wine")]
    if not here:
        return
    if "wine" in (config.option.markexpr or ""):
        if not READY.is_file():
            raise pytest.UsageError("tests marked wine need Windows' Python: make wine")
        return
    config.hook.pytest_deselected(items=here)
    items[:] = [item for item in items if item not in here]
