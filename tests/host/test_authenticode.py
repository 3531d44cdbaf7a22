"""Publishers and administrators on Windows, by Windows' own functions; under wine 8 too, which has them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from host.test_window import WINE, witness

WITNESS = Path(__file__).parent / "authenticode_witness.py"
_NO_SIGNATURE = -2146762496
"""TRUST_E_NOSIGNATURE"""


def check(facts: dict[str, Any]) -> None:
    """What must be so on both: nothing but a whole and trusted signature names a publisher."""
    assert facts["changed"] == ""
    assert facts["changed_status"] != 0
    assert facts["plain"] == ""
    assert facts["plain_status"] != 0
    assert facts["none_status"] != 0
    assert facts["elevated"] == [0, 3010, 7]
    assert facts["missing"] != 0
    assert facts["plainly"] == 7
    assert facts["shown"] == '"a b.exe" /x'


@pytest.mark.wine
def test_under_wine(tmp_path: Path) -> None:
    wine = {"WINEPREFIX": str(WINE / "prefix"), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=d;mshtml=d"}
    words = [f"Z:{file}".replace("/", "\\") for file in (WITNESS, tmp_path)]
    facts = witness("wine", str(WINE / "python" / "python.exe"), *words, **wine)
    check(facts)
    if facts["signed"] == 0:  # wine has the certificates of this system, as a rule
        assert facts["organisation"] == "Python Software Foundation"


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows")
def test_on_windows(tmp_path: Path) -> None:
    facts = witness(sys.executable, str(WITNESS), str(tmp_path))
    check(facts)
    assert facts["plain_status"] == _NO_SIGNATURE
    if facts["signed"] == 0:  # a Python that its distributor signed
        assert facts["organisation"]
