"""Run a command in the VirtualBox laboratory: `python3 packaging/lab/enter.py --lab DIR [--appliance DIR] [--scratch DIR] [COMMAND...]`.

The command has mounts, processes, ports, a home and so a VirtualBox registry of its own; at its end nothing of that is left. Without a command: a shell.
In it: the checkout in /checkout (read only), the built appliance in /appliance (read only), /scratch for what is to stay (with --scratch) or not.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lab_build.apart import apart, bind, command, furnish, mount
from lab_build.folder import APPLIANCE, CHECKOUT, DISPLAY, ROOT, RUNTIME_DIR, SCRATCH, VENV, LabFailed, locked, read_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = "/run/packages"
_HOME: Final = "/root"
"""For root VirtualBox goes by the password file, not by the variable; the run has a folder in memory there."""
_PASSED_ON: Final = ("TERM", "CI", "HYPOTHESIS_PROFILE")
_XVFB: Final = ("Xvfb", DISPLAY, "-ac", "-noreset", "-screen", "0", "1024x768x24", "-nolisten", "tcp")
"""VirtualBoxVM crashes with 8 bits and refuses Qt's offscreen platform; it aborts (signal 6) when it comes while the server resets after its last client."""
_XVFB_SECONDS: Final = 20.0
_IEM_KEYS: Final = ("VBoxInternal/HM/FallbackToIEM", "VBoxInternal/EM/IemExecutesAll")


def run_inside(
    lab: Path, words: list[str], *, appliance: Path | None, scratch: Path | None, packages: Path | None, extra: dict[str, str], driverless: bool
) -> int:
    """First process of the run's namespaces: make the laboratory ready and run the command in it."""
    root = lab / ROOT
    bind(root, root, read_only=True)
    furnish(root)
    if not driverless:
        headless = root / "usr/lib/virtualbox/VBoxHeadless"
        bind(headless.with_name("VBoxHeadless.real"), headless, read_only=False)
    bind(_CHECKOUT, root / CHECKOUT.lstrip("/"), read_only=True)
    if appliance is not None:
        bind(appliance, root / APPLIANCE.lstrip("/"), read_only=True)
    if packages is not None:
        shown = root / PACKAGES.lstrip("/")
        shown.mkdir()
        bind(packages, shown, read_only=True)
        extra = {"T4T_LABORATORY_PACKAGES": PACKAGES} | extra
    place = root / SCRATCH.lstrip("/")
    if scratch is None:
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    else:
        bind(scratch, place, read_only=False)
    mount("-t", "tmpfs", "-o", "mode=700", "tmpfs", root / _HOME.lstrip("/"))
    (root / RUNTIME_DIR.lstrip("/")).mkdir(mode=0o700)
    environment = _environment(with_appliance=appliance is not None) | extra
    _start_display(root, environment)
    for key in _IEM_KEYS:
        done = subprocess.run(
            ["chroot", root, "/usr/lib/virtualbox/VBoxManage", "setextradata", "global", key, "1"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LabFailed(f"VirtualBox does not start: {done.stderr.strip()}")
    return command(["chroot", str(root), "sh", "-c", f'cd {CHECKOUT} && exec "$@"', "sh", *words], environment)


def _environment(*, with_appliance: bool) -> dict[str, str]:
    """A clean environment: nothing of the caller's but a few harmless names."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {
        "PATH": f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": _HOME,
        "USER": "root",
        "LOGNAME": "root",
        "LANG": "C.UTF-8",
        "DISPLAY": DISPLAY,
        "XDG_RUNTIME_DIR": RUNTIME_DIR,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": "-o cache_dir=/tmp/pytest-cache",
        "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis",  # noqa: S108 - in the run's own /tmp
        "T4T_LABORATORY": "1",
        "T4T_SCRATCH": SCRATCH,
    }
    if with_appliance:
        environment["T4T_APPLIANCE"] = APPLIANCE
    return environment


def _start_display(root: Path, environment: dict[str, str]) -> None:
    log = root / "tmp/xvfb.log"
    with log.open("w") as stream:
        display = subprocess.Popen(["chroot", root, *_XVFB], env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True)
    address = root / f"tmp/.X11-unix/X{DISPLAY.lstrip(':')}"
    deadline = time.monotonic() + _XVFB_SECONDS
    while time.monotonic() < deadline and display.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            # A path in the laboratory may be longer than an address can be.
            descriptor = os.open(address.parent, os.O_PATH)
            try:
                probe.connect(f"/proc/self/fd/{descriptor}/{address.name}")
            finally:
                os.close(descriptor)
            return
        time.sleep(0.02)
    raise LabFailed(f"Xvfb does not start: {log.read_text(errors='replace').strip()}")


def _check_root() -> None:
    if os.geteuid() != 0:
        raise LabFailed("entering the laboratory needs root (mounts in a namespace of its own); start it again with sudo")


def _check(lab: Path, appliance: Path | None) -> None:
    if not read_manifest(lab):
        raise LabFailed(f"no laboratory in {lab}: run make lab")
    if appliance is not None and not (appliance / "manifest.json").is_file():
        raise LabFailed(f"no reference appliance in {appliance}: run make appliance")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the result of the command, or 1 where the laboratory can't be entered."""
    parser = argparse.ArgumentParser(description="Run a command in the VirtualBox laboratory.")
    parser.add_argument("--lab", type=Path, required=True, help="the laboratory's folder")
    parser.add_argument("--appliance", type=Path, help="the built reference appliance")
    parser.add_argument("--scratch", type=Path, help="folder of this machine that the command may write to (default: in memory, gone at the end)")
    parser.add_argument("--packages", type=Path, help="the laboratory's cache, whose Debian packages the command may install into a system of its own")
    parser.add_argument("--original", action="store_true", help="VirtualBox's own VBoxHeadless: no VM starts, as on a computer without its kernel driver")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="variable for the command; may be given several times")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the command (default: a shell)")
    options = parser.parse_args(arguments)
    words = options.command[1:] if options.command[:1] == ["--"] else options.command
    lab = options.lab.resolve()
    appliance = options.appliance.resolve() if options.appliance else None
    scratch = options.scratch.resolve() if options.scratch else None
    packages = options.packages.resolve() if options.packages else None
    extra = dict(word.split("=", 1) for word in options.env)
    try:
        _check_root()
        with locked(lab, shared=True):
            _check(lab, appliance)
            if scratch is not None:
                scratch.mkdir(parents=True, exist_ok=True)
            driverless = not options.original

            def work() -> int:
                return run_inside(lab, words or ["bash"], appliance=appliance, scratch=scratch, packages=packages, extra=extra, driverless=driverless)

            return apart(work, network=False)
    except LabFailed as failure:
        print(f"lab: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
