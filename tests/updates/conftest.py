"""Tests of updates that take a minute each run by ``make update-check``; elsewhere they are no part of the run, unless they are asked for by their mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.evidence import pytest_terminal_summary  # noqa: F401 - pytest finds it by its name

if TYPE_CHECKING:
    import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "updates" in (config.option.markexpr or ""):
        return
    here = [item for item in items if item.get_closest_marker("updates")]
    config.hook.pytest_deselected(items=here)
    items[:] = [item for item in items if item not in here]
