"""Tests of bundles and of the setup for Windows have make targets of their own: an ordinary run has none of them."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

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


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Where ``T4T_EVIDENCE`` names a file, one line of it says what was tried here, and how it ended."""
    place = os.environ.get("T4T_EVIDENCE")
    reports = [
        report for kind in ("passed", "failed", "error") for report in terminalreporter.stats.get(kind, ()) if report.when == "call" or not report.passed
    ]
    if not place or not reports:
        return
    root = Path(__file__).resolve().parents[2]
    said = [
        subprocess.run(words, capture_output=True, text=True, check=True, cwd=root).stdout.strip()
        for words in (["git", "describe", "--always", "--abbrev=12", "--dirty=+"], ["wine", "--version"])
    ]
    tests = {report.nodeid.rpartition("::")[2]: {"outcome": report.outcome, "seconds": round(report.duration)} for report in reports}
    line = {"commit": said[0], "when": f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}", "under": said[1], "tests": tests}
    with Path(place).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
