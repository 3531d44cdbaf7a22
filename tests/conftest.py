"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def appliance_dir() -> Path:
    """The built reference appliance; ``make`` builds it. Its absence is a failure, never a skip."""
    folder = Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build" / "appliance")
    if not (folder / "manifest.json").is_file():
        pytest.fail(f"no reference appliance in {folder}: run make appliance")
    return folder
