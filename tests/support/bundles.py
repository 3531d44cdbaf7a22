"""What ``make bundle-check`` has made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
MADE: Final = ROOT / "build/bundle"
BUNDLES: Final = {
    ("without-web" if path.parent.name == "plain" else "with-web"): path for path in map(Path, os.environ.get("T4T_BUNDLES", "").split(":")) if path.name
}
INSTALLERS: Final = Path(os.environ.get("T4T_INSTALLERS", "/nonexistent"))
