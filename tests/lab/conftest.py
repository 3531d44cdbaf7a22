"""Tests that need real VirtualBox run in the laboratory (``make lab``); elsewhere they are no part of the run, unless they are asked for by their mark."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.virtualbox_rig import Golden

if TYPE_CHECKING:
    from pathlib import Path


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the tests of the laboratory out of an ordinary run, and refuse a run of them outside it."""
    here = [item for item in items if item.get_closest_marker("virtualbox")]
    if not here or os.environ.get("T4T_LABORATORY"):
        return
    if "virtualbox" in (config.option.markexpr or ""):
        raise pytest.UsageError("tests marked virtualbox run in the laboratory only: make lab")
    config.hook.pytest_deselected(items=here)
    items[:] = [item for item in items if item not in here]


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory, appliance_dir: Path) -> Golden:
    """Saved states of guests that have booted, made when first wanted."""
    return Golden(tmp_path_factory.mktemp("golden"), appliance_dir)
