"""Running the tools of the build."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from appliance_build.stages import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Tool -> Debian package that has it, and what the build needs it for.
NEEDED_TOOLS: dict[str, tuple[str, str]] = {
    "apt-get": ("apt", "fetching the packages the guest is made of"),
    "dpkg-deb": ("dpkg", "unpacking them"),
    "gcc": ("gcc", "compiling the kernel"),
    "make": ("make", "compiling the kernel"),
    "flex": ("flex", "kernel configuration"),
    "bison": ("bison", "kernel configuration"),
    "bc": ("bc", "kernel time constants"),
    "lz4": ("lz4", "compressing the kernel"),
    "xz": ("xz-utils", "unpacking the kernel source"),
    "tar": ("tar", "unpacking the kernel source"),
    "mksquashfs": ("squashfs-tools", "the root file system of the disk image"),
    "mcopy": ("mtools", "the boot partition"),
    "mkfs.fat": ("dosfstools", "the boot partition"),
    "qemu-img": ("qemu-utils", "the VirtualBox disk image"),
    "xorriso": ("xorriso", "the ISO image"),
}
NEEDED_HEADERS: dict[str, tuple[str, str]] = {
    "gelf.h": ("libelf-dev", "objtool of the kernel"),
    "stdlib.h": ("libc6-dev", "the tools of the kernel build"),
}


def tool_environment() -> dict[str, str]:
    """Environment of the tools: the same language and dates everywhere; mkfs.fat may live in a folder of administration."""
    environment = {name: value for name, value in os.environ.items() if name in {"HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy"}}
    environment.update({name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "APT_"))})
    environment["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    environment.update({"LC_ALL": "C", "TZ": "UTC"})
    return environment


def missing_packages() -> dict[str, str]:
    """Debian packages that must be installed before the build, with what each is for."""
    path = tool_environment()["PATH"]
    missing = {package: reason for tool, (package, reason) in NEEDED_TOOLS.items() if shutil.which(tool, path=path) is None}
    if "gcc" not in missing:
        for header, (package, reason) in NEEDED_HEADERS.items():
            probe = subprocess.run(
                ["gcc", "-E", "-x", "c", "-"], input=f"#include <{header}>\n", text=True, capture_output=True, check=False, env=tool_environment()
            )
            if probe.returncode:
                missing[package] = reason
    return missing


def run(
    arguments: Sequence[str | Path], *, folder: Path | None = None, environment: Mapping[str, str] | None = None, log: Path | None = None, text: str = ""
) -> str:
    """Run a tool to its end and return what it wrote to its output.

    With `log`, output and errors go to that file instead. Raises BuildFailed with the last lines when the tool fails.
    """
    words = [str(argument) for argument in arguments]
    full = tool_environment() | dict(environment or {})
    if log is None:
        done = subprocess.run(words, cwd=folder, env=full, input=text, capture_output=True, text=True, errors="replace", check=False)
        output, complaint = done.stdout, done.stderr or done.stdout
    else:
        with log.open("w") as stream:
            done = subprocess.run(words, cwd=folder, env=full, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, text=True, check=False)
        output = complaint = log.read_text(errors="replace") if done.returncode else ""
    if done.returncode:
        tail = " | ".join(complaint.strip().splitlines()[-6:])
        raise BuildFailed(f"{words[0]} failed with {done.returncode}: {tail}")
    return output
