"""The program's version, from the one place where it stands, and what the systems want to know beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[3]
NAME: Final = "Test4Theory"
SUMMARY: Final = "Gives spare computing time to LHC physics"
IDENTIFIER: Final = "org.t4t.desktop"
_OLDEST_MACOS: Final = "13.0"
"""By the names of PySide6's wheels."""


def version() -> str:
    """Such as 0.1.0."""
    found = re.search(r'^__version__ = "([^"]+)"$', (ROOT / "app/t4t/__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError("app/t4t/__init__.py has no version")
    return found[1]


def numbers(text: str) -> tuple[int, int, int, int]:
    """Four numbers, as Windows wants them; what is no number (``rc1``) does not count."""
    found = [int(part) for part in re.findall(r"\d+", text.split("+", maxsplit=1)[0])[:3]]
    one, two, three, *_ = (*found, 0, 0, 0)
    return one, two, three, 0


def info_plist(text: str) -> dict[str, Any]:
    """What macOS reads of an app: in the menu bar alone (the window, while it is open, says otherwise), sharp on every display."""
    return {
        "CFBundleDisplayName": NAME,
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleName": NAME,
        "CFBundleShortVersionString": text,
        "CFBundleVersion": text,
        "LSApplicationCategoryType": "public.app-category.education",
        "LSMinimumSystemVersion": _OLDEST_MACOS,
        "LSUIElement": True,
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": "GPL-3.0-or-later",
        "NSRequiresAquaSystemAppearance": False,
    }


def windows_strings(text: str, program: str) -> dict[str, str]:
    """What Windows shows of a program file's properties; ``program``: its name."""
    return {
        "CompanyName": f"The {NAME} Desktop developers",
        "FileDescription": f"{NAME}: {SUMMARY[0].lower()}{SUMMARY[1:]}",
        "FileVersion": text,
        "InternalName": program.removesuffix(".exe"),
        "LegalCopyright": "GPL-3.0-or-later",
        "OriginalFilename": program,
        "ProductName": f"{NAME} Desktop",
        "ProductVersion": text,
    }
