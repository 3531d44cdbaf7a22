"""What must agree before a release, and what a release says (``make release-check``). Standard library only.

``--tag`` also checks a tag; ``--notes`` prints the part of CHANGELOG.md that belongs to the version, ``--print`` the version.
"""

from __future__ import annotations

import argparse
import plistlib
import re
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_VERSION: Final = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
_NORMAL: Final = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
_USES: Final = re.compile(r"^\s*(?:- )?uses: (?P<what>\S+)(?P<note> # v\d+\.\d+\.\d+)?$", re.MULTILINE)
_PINNED: Final = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def version(root: Path) -> str:
    """The one version; raises `ValueError`."""
    found = _VERSION.search((root / "app/t4t/__init__.py").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError("app/t4t/__init__.py has no version")
    return found[1]


def notes(changes: str, number: str) -> str:
    """The part of the changelog on a version; empty if there is none."""
    found = re.search(rf"^## {re.escape(number)}(?: \([^)\n]*\))?\n(.*?)(?=^## |\Z)", changes, re.MULTILINE | re.DOTALL)
    return found[1].strip() + "\n" if found and found[1].strip() else ""


def faults(root: Path, *, tag: str | None = None) -> list[str]:
    """What does not agree; with a ``tag`` a version that is called unreleased is a fault, too."""
    number = version(root)
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    found = []
    if not _NORMAL.fullmatch(number):
        found.append(f"the version {number} is none that all systems understand: 1.2.3, 1.2.3a1, 1.2.3b1, 1.2.3rc1")
    if not notes(changes, number):
        found.append(f"CHANGELOG.md says nothing of {number}")
    if tag is not None and tag != f"v{number}":
        found.append(f"the tag is {tag}, the version {number}")
    if tag is not None and f"## {number} (unreleased)" in changes:
        found.append(f"CHANGELOG.md calls {number} unreleased")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if project.get("version") or "version" not in project.get("dynamic", ()):
        found.append("pyproject.toml has a version of its own")
    for path in sorted((root / "packaging/bundle/macos").glob("*.plist")):
        plistlib.loads(path.read_bytes())
    for path in sorted((root / ".github/workflows").glob("*.yml")):
        used = _USES.finditer(path.read_text(encoding="utf-8"))
        loose = [one["what"] for one in used if not (_PINNED.fullmatch(one["what"]) and one["note"])]
        found += [f"{path.name}: {what} is not pinned by its hash with its version beside it" for what in loose]
    return found


def main() -> int:
    """Say what is wrong, or what was asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tag", metavar="vX.Y.Z")
    what = arguments.add_mutually_exclusive_group()
    what.add_argument("--print", dest="show", action="store_true")
    what.add_argument("--notes", action="store_true")
    given = arguments.parse_args()
    if given.show:
        print(version(ROOT))
        return 0
    if given.notes:
        print(notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version(ROOT)), end="")
        return 0
    found = faults(ROOT, tag=given.tag)
    for one in found:
        print(f"[release] {one}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
