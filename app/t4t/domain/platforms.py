"""BOINC's names for this kind of computer, the best one first: only the first decides whether a project sends 64-bit work."""

from __future__ import annotations


def platforms(system: str, architecture: str, *, emulates: bool = False) -> tuple[str, ...]:
    """``system`` as `sys.platform`, ``architecture`` as ``x86_64`` or ``arm64``; ``emulates``: programs for x86 run too (Rosetta, Windows 11 on ARM).

    A system that BOINC has no name for gets one in its style: the project then says that it does not support it.
    """
    x86 = architecture == "x86_64"
    match system:
        case "win32" if x86:
            return ("windows_x86_64", "windows_intelx86")
        case "win32":
            return ("windows_arm64", *(("windows_x86_64", "windows_intelx86") if emulates else ()))
        case "darwin" if x86:
            return ("x86_64-apple-darwin",)
        case "darwin":
            return ("arm64-apple-darwin", *(("x86_64-apple-darwin",) if emulates else ()))
        case _:
            return ("x86_64-pc-linux-gnu",) if x86 else (f"{'aarch64' if architecture == 'arm64' else architecture}-unknown-linux-gnu",)
