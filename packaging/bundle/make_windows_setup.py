"""Make the setup program for Windows out of its bundle, on Linux with Debian's makensis. Standard library only.

``--bundle`` is the folder that make_bundle.py made, ``--icons`` the one beside it. Two runs give the same file. With ``T4T_SIGN_WINDOWS`` (a command that signs
the file named after it) programs, uninstaller and setup are signed; without it nothing is.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from bundle_build import papers, version
from make_bundle import epoch, run, say

ROOT: Final = Path(__file__).resolve().parents[2]
SCRIPT: Final = ROOT / "installers/windows/t4t.nsi"
SIGN: Final = "T4T_SIGN_WINDOWS"
PLATFORM: Final = "win32-AMD64"
"""As Python calls it there."""


def definitions(bundle: Path, icons: Path, out: Path, marker: Path, *, number: str, quick: bool, sign: str) -> dict[str, str]:
    """What the script is given."""
    found = {
        "VERSION": number,
        "NUMBERS": ".".join(map(str, version.numbers(number))),
        "BUNDLE": str(bundle),
        "MARKER": str(marker),
        "LICENCES": str(bundle / "_internal" / papers.LICENCES),
        "ICON": str(icons / "t4t.ico"),
        "OUT": str(out / f"t4t-{number}-windows-x86_64-setup.exe"),
    }
    return found | ({"QUICK": "1"} if quick else {}) | ({"SIGN": sign} if sign else {})


def make(bundle: Path, icons: Path, out: Path, *, number: str, quick: bool) -> Path:
    """Make it; its place."""
    sign = os.environ.get(SIGN, "")
    if sign:
        for program in sorted(bundle.glob("*.exe")):
            say(f"signing {program.name}")
            if subprocess.run([*shlex.split(sign), str(program)], check=False).returncode:
                sys.exit(f"[installers] {program} was not signed")
    with tempfile.TemporaryDirectory() as folder:
        marker = Path(folder, papers.MARKER)
        marker.write_text(papers.marker("setup", PLATFORM, number), encoding="ascii")
        given = definitions(bundle, icons, out, marker, number=number, quick=quick, sign=sign)
        words = [f"-D{name}={value}" for name, value in given.items()]
        run("makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", *words, SCRIPT, SOURCE_DATE_EPOCH=epoch())
    return Path(given["OUT"])


def main() -> int:
    """Make what the command line names."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bundle", type=Path, required=True)
    arguments.add_argument("--icons", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--number", default=version.version(), help="another version, for tests of upgrades")
    arguments.add_argument("--quick", action="store_true", help="badly packed, for tests")
    given = arguments.parse_args()
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    made = make(given.bundle.resolve(), given.icons.resolve(), out, number=given.number, quick=given.quick)
    say(f"{made}: {made.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
