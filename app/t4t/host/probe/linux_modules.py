"""Kernel drivers on a Linux disk: whether one was built for a kernel, and whether it could be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_FOLDERS: Final = (
    "misc",
    "updates",
    "updates/dkms",
    "updates/vbox",
    "extra",
    "extra/VirtualBox",
    "weak-updates",
    "kernel/misc",
    "kernel/drivers/misc",
    "extramodules",
)
"""Where Oracle's and the distributions' packages put it; a walk through all drivers would take too long."""
_ENDINGS: Final = ("ko", "ko.xz", "ko.gz", "ko.zst")
_SETUP_LOG: Final = "var/log/vbox-setup.log"
_TAIL: Final = 2000


def _module_roots(root: Path) -> tuple[Path, Path]:
    return (root / "lib" / "modules", root / "usr" / "lib" / "modules")


def in_module_folders(root: Path, release: str, name: str) -> bool:
    """Whether the driver ``name`` lies among those of the kernel ``release``."""
    folders = (modules / release / folder for modules in _module_roots(root) for folder in _FOLDERS)
    return any((folder / f"{name}.{ending}").is_file() for folder in folders for ending in _ENDINGS)


def headers_there(root: Path, release: str) -> bool:
    """Whether a driver can be built against the kernel ``release``."""
    return any((modules / release / "build").exists() for modules in _module_roots(root)) or (root / "usr" / "src" / f"linux-headers-{release}").is_dir()


def vbox_setup_log(root: Path) -> str:
    """The end of what VirtualBox's set-up wrote; empty if it is not there or not ours to read."""
    try:
        text = (root / _SETUP_LOG).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text[-_TAIL:].strip()
