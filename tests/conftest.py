"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# CI judges a change, so it draws the same examples each time; at a desk each run draws new ones. No example is timed: machines are noisy.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def appliance_dir() -> Path:
    """The built reference appliance; ``make`` builds it. Its absence is a failure, never a skip."""
    folder = Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build" / "appliance")
    if not (folder / "manifest.json").is_file():
        pytest.fail(f"no reference appliance in {folder}: run make appliance")
    return folder
