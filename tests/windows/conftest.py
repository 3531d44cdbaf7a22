"""Tests that need real VirtualBox on Windows run on a runner that installed it (the workflow's job); elsewhere they are no part of the run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take them out of an ordinary run."""
    here = [item for item in items if item.get_closest_marker("windows_virtualbox")]
    if here and not os.environ.get("T4T_WINDOWS_VIRTUALBOX"):
        config.hook.pytest_deselected(items=here)
        items[:] = [item for item in items if item not in here]
