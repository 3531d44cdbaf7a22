"""The coverage ratchet: each file's branch coverage must reach its floor; floors only rise.

Pure code (domain, wording, parsers, decisions) has 100 % and no entry; other files have theirs in ``tests/coverage_floor.toml``.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_SLACK: Final = 4.0
"""Percent by which a file may outgrow its floor before the floor must be raised."""
_NOISE: Final = 2.0
"""Percent by which two runs differ where threads and processes are at work: in files that have a floor of their own."""


def main() -> int:
    """Compare a ``coverage json`` report with the floors; 1 if a file is below its floor, or far above it."""
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    floors: dict[str, float] = tomllib.loads((_ROOT / "tests" / "coverage_floor.toml").read_text(encoding="utf-8"))["floors"]
    bad = 0
    for name, facts in sorted(report["files"].items()):
        reached = float(facts["summary"]["percent_covered"])
        floor = floors.get(name, 100.0)
        if reached + 1e-9 < floor - (_NOISE if name in floors else 0.0):
            missing = facts["missing_lines"] or facts.get("missing_branches", [])
            print(f"{name}: {reached:.1f} % covered, the floor is {floor} (missing: {missing[:12]})")
            bad = 1
        elif name in floors and reached > floor + _SLACK:
            print(f"{name}: {reached:.1f} % covered: raise its floor of {floor} in tests/coverage_floor.toml")
    for name in sorted(set(floors) - set(report["files"])):
        print(f"tests/coverage_floor.toml: no file {name}")
        bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
