"""The sensors' calls, the Run key and the call that keeps awake for real: on Windows, and under wine 8, which has most of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from host.test_window import WINE, witness

WITNESS = Path(__file__).parent / "sensing_witness.py"
COMMAND = '"C:\\Program Files\\t4t\\t4t.exe" --data-dir "C:\\a b" run --tray'


def check(facts: dict[str, Any]) -> None:
    """What must be so on both."""
    assert facts["autostart"] == {"before": False, "on": [True, False, COMMAND], "refused": [False, True], "again": True, "other": True, "off": False}
    assert facts["kept"] == [True, True]
    assert facts["idle_s"] is not None
    assert 0.0 <= facts["idle_s"] < 3600.0
    assert facts["remote"] in (True, False)
    assert facts["saver"] in (True, False, None)


@pytest.mark.wine
def test_under_wine() -> None:
    wine = {"WINEPREFIX": str(WINE / "prefix"), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=d;mshtml=d"}
    check(witness("wine", str(WINE / "python" / "python.exe"), f"Z:{WITNESS}".replace("/", "\\"), **wine))


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows")
def test_on_windows() -> None:
    facts = witness(sys.executable, str(WITNESS))
    check(facts)
    assert facts["screen"] is not None or facts["locked"]
