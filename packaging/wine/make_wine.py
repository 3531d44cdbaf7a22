"""Windows' own Python in a wine of its own, for the tests that need Windows' functions. Standard library only; does nothing twice.

Wine's null driver needs no screen.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from pathlib import Path
from typing import Final

from windows_python import PLATFORM, QUIET, ROOT, pip, run, unpack, windows_path

_LIBRARIES: Final = ("psutil>=6", "msgspec>=0.19")
"""What the modules under test import."""
_NO_SCREEN: Final = (
    "import winreg; winreg.SetValueEx(winreg.CreateKey(winreg.HKEY_CURRENT_USER, r'Software\\Wine\\Drivers'), 'Graphics', 0, winreg.REG_SZ, 'null')"
)


def build(cache: Path, out: Path) -> None:
    """Make ``out`` with ``python/``, ``libraries/`` and wine's ``prefix/``."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    python = unpack(cache, out, path_lines=[windows_path(folder) for folder in (out / "libraries", ROOT / "app")])
    pip("install", "--no-deps", *PLATFORM, "--target", out / "libraries", *_LIBRARIES)
    run("wine", python, "-c", _NO_SCREEN, WINEPREFIX=str(out / "prefix"), **QUIET)


def main() -> int:
    """Build what the command line names, unless it is there."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    made_by = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    recipe = hashlib.sha256(made_by + str(ROOT).encode()).hexdigest()
    ready = given.out / "ready"
    if not ready.is_file() or ready.read_text(encoding="ascii") != recipe:
        build(given.cache, given.out.resolve())
        ready.write_text(recipe, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
