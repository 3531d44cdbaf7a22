"""How another process of our own program is started: from a source tree, an installation or a bundle."""

from __future__ import annotations

import sys
from pathlib import Path


def own_program(*, windowed: bool = False, frozen: bool | None = None, platform: str = sys.platform) -> tuple[str, ...]:
    """The words that start this program; its own come after them.

    A bundle for Windows has two programs: one that speaks through pipes and terminals, and, ``windowed``, one for which Windows opens no terminal.
    """
    if not (bool(getattr(sys, "frozen", False)) if frozen is None else frozen):
        return (sys.executable, "-m", "t4t")
    if platform != "win32":
        return (sys.executable,)
    return (str(Path(sys.executable).with_name("t4tw.exe" if windowed else "t4t.exe")),)
