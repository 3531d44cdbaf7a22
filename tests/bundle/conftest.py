"""Tests of a bundle are part of ``make bundle-check`` alone: an ordinary run has none."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take them out of an ordinary run, and refuse a run of them without a bundle."""
    here = [item for item in items if item.get_closest_marker("bundle")]
    if not here or os.environ.get("T4T_BUNDLES"):
        return
    if "bundle" in (config.option.markexpr or ""):
        raise pytest.UsageError("tests marked bundle need one: make bundle-check")
    config.hook.pytest_deselected(items=here)
    items[:] = [item for item in items if item not in here]
