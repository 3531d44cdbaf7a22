"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

# CI judges a change, so it draws the same examples each time; at a desk each run draws new ones. No example is timed: machines are noisy.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

REAL = frozenset({"qemu", "virtualbox", "tray"})
"""Marks of tests with real machines and screens."""
ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try once more what failed with real machines or screens, which now and then end by themselves on a busy computer; the summary names each of them."""
    for item in items:
        if any(item.get_closest_marker(name) for name in REAL) or item.path.is_relative_to(ROOT / "tests" / "host"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why a test was tried once more: what passes the second time would not be told otherwise."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first try of {report.nodeid}")
        terminalreporter.write_line("\n".join(report.longreprtext.splitlines()[-12:]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Measured for coverage, Python takes three times as long: tests that repeat what others do go without, and so do the processes that they start."""
    measuring = sys.modules["coverage"].Coverage.current() if "coverage" in sys.modules else None
    if measuring is None or item.get_closest_marker("unmeasured") is None:
        return (yield)
    with pytest.MonkeyPatch.context() as unmeasured:
        for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
            unmeasured.delenv(name, raising=False)
        measuring.stop()
        try:
            return (yield)
        finally:
            measuring.start()


@pytest.fixture(scope="session")
def appliance_dir() -> Path:
    """The built reference appliance; ``make`` builds it. Its absence is a failure, never a skip."""
    folder = Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build" / "appliance")
    if not (folder / "manifest.json").is_file():
        pytest.fail(f"no reference appliance in {folder}: run make appliance")
    return folder
