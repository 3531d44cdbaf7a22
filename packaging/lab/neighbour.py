"""Somebody else who has VirtualBox too: a registry, a VM with a snapshot and a saved state, and its disks, which no test may change.

`python neighbour.py` in the laboratory makes them in its scratch folder; with ``VBOX_USER_HOME`` there too, the registry is as theirs as the VM.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path
from typing import Final

NAME: Final = "somebody-elses"
HOME: Final = "home"
"""Where their registry is to be, in their folder."""
_VBOXMANAGE: Final = "/usr/lib/virtualbox/VBoxManage"
_SECONDS: Final = 60.0


def settings(folder: Path) -> Path:
    """The file that describes their VM."""
    return folder / NAME / f"{NAME}.vbox"


def make(folder: Path) -> None:
    """Their VM, registered wherever VirtualBox keeps its registry now. Raises `RuntimeError` with VirtualBox's words, `TimeoutError`."""
    disk = folder / "their disk.vdi"
    _vboxmanage("createvm", "--name", NAME, "--ostype", "Linux26_64", "--basefolder", folder, "--register")
    _vboxmanage("modifyvm", NAME, "--memory", "64", "--graphicscontroller", "vmsvga", "--vram", "16", "--boot1", "disk")
    _vboxmanage("createmedium", "disk", "--filename", disk, "--size", "8")
    _vboxmanage("storagectl", NAME, "--name", "S", "--add", "sata")
    _vboxmanage("storageattach", NAME, "--storagectl", "S", "--port", "0", "--type", "hdd", "--medium", disk)
    _vboxmanage("snapshot", NAME, "take", "theirs")
    _vboxmanage("startvm", NAME, "--type", "headless")
    _vboxmanage("controlvm", NAME, "savestate")
    deadline = time.monotonic() + _SECONDS
    while "SessionName" in (shown := _vboxmanage("showvminfo", NAME, "--machinereadable", good=False)) or "VMState=" not in shown:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{NAME} is still locked")
        time.sleep(0.1)


def fingerprint(folder: Path) -> dict[str, str]:
    """All files in ``folder``, each with the hash of its bytes."""
    return {str(file.relative_to(folder)): _hash(file) for file in sorted(folder.rglob("*")) if file.is_file()}


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _vboxmanage(*words: str | Path, good: bool = True) -> str:
    done = subprocess.run([_VBOXMANAGE, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if good and done.returncode:
        raise RuntimeError(f"{words}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    make(Path(os.environ["T4T_SCRATCH"]))
