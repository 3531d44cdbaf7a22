"""What was tried in a slow run, and how it ended, as one line of a file that is kept: each ``conftest`` of such tests takes the hook from here."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

ROOT = Path(__file__).resolve().parents[2]


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Where ``T4T_EVIDENCE`` names a file, one line of it; with what the tests measured by ``record_property``."""
    place = os.environ.get("T4T_EVIDENCE")
    stats = terminalreporter.stats
    reports = [report for kind in ("passed", "failed", "error") for report in stats.get(kind, ()) if report.when == "call" or not report.passed]
    if not place or not reports:
        return
    tests = {
        report.nodeid.rpartition("::")[2]: {"outcome": report.outcome, "seconds": round(report.duration)} | dict(report.user_properties) for report in reports
    }
    line = {
        "commit": _said("git", "describe", "--always", "--abbrev=12", "--dirty=+"),
        "when": f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        "under": _said("wine", "--version") if "T4T_WINDOWS" in os.environ else platform.platform(),
        "tests": tests,
    }
    with Path(place).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
