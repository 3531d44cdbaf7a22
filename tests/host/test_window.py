"""The hidden window for real: real messages on Windows, and under wine, whose version 8 refuses block reasons and can't tell them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WINE = ROOT / "build" / "wine"
WITNESS = Path(__file__).parent / "window_witness.py"
TOLD = [
    "PowerChanged(power=Power(on_battery=True, percent=40.0, charge=<Charge.FINE: 'fine'>, charging=None))",
    "SessionEnding(ending=<LOG_OFF: 'log_off'>, seconds=5.0)",
    "SessionEndCancelled()",
    "AboutToSleep(seconds=2.0)",
    "Woke(slept_s=0.0)",
    "UserAway()",
    "UserBack()",
]


def witness(*command: str, **environment: str) -> dict[str, Any]:
    """What the witness saw."""
    done = subprocess.run([*command], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=os.environ | environment, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def check(facts: dict[str, Any]) -> None:
    """What must be so on both."""
    assert facts["missing"] == []
    assert facts["top_level"]
    assert not facts["visible"]
    assert facts["agrees"] == 1
    assert facts["end_waits"]
    assert facts["closed"]
    assert facts["told"] == TOLD
    assert facts["network"] == "listens"


@pytest.mark.wine
def test_under_wine() -> None:
    wine = {"WINEPREFIX": str(WINE / "prefix"), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=d;mshtml=d"}
    facts = witness("wine", str(WINE / "python" / "python.exe"), f"Z:{WITNESS}".replace("/", "\\"), **wine)
    check(facts)
    assert facts["all_missing"] in ([], ["block"])


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows")
def test_on_windows() -> None:
    facts = witness(sys.executable, str(WITNESS))
    check(facts)
    assert facts["all_missing"] == []
    assert (facts["reason"], facts["reason_after"], facts["reason_again"]) == ("saving a VM", "", "saving a VM")
