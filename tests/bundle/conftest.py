"""Tests of bundles and of the setup for Windows have make targets of their own: an ordinary run has none of them."""

from __future__ import annotations

import os
from typing import Final

import pytest

from support.evidence import pytest_terminal_summary  # noqa: F401 - pytest finds it by its name

NEEDS: Final = {"bundle": ("T4T_BUNDLES", "make bundle-check"), "windows_setup": ("T4T_WINDOWS", "make windows-setup")}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take them out of an ordinary run, and refuse a run of them without what they test."""
    for mark, (variable, target) in NEEDS.items():
        here = [item for item in items if item.get_closest_marker(mark)]
        if not here or os.environ.get(variable):
            continue
        if config.option.markexpr == mark:
            raise pytest.UsageError(f"tests marked {mark} need one: {target}")
        config.hook.pytest_deselected(items=here)
        items[:] = [item for item in items if item not in here]
