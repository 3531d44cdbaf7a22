"""``docs/attacks.md`` names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_attack_names_tests_that_are_there() -> None:
    rows = [line for line in (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row) for row in rows]
    assert all(named)
    missing = [f"{path}::{name}" for found in named for path, name in found if not re.search(rf"def {name}\(", (ROOT / path).read_text(encoding="utf-8"))]
    assert missing == []
