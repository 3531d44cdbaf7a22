"""Tests that need real VirtualBox run in the laboratory (``make lab``); elsewhere they are no part of the run, unless they are asked for by their mark."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the tests of the laboratory out of an ordinary run, and refuse a run of them outside it."""
    here = [item for item in items if item.get_closest_marker("virtualbox")]
    if not here or os.environ.get("T4T_LABORATORY"):
        return
    if "virtualbox" in (config.option.markexpr or ""):
        raise pytest.UsageError("tests marked virtualbox run in the laboratory only: make lab")
    config.hook.pytest_deselected(items=here)
    items[:] = [item for item in items if item not in here]
