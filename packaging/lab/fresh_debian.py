"""A package installed as a person would, in a fresh Debian of its own, used by an ordinary user, and removed.

``fresh_debian.py --cache DIR --package DEB --appliance DIR`` needs root. The Debian is made once, in the cache; what happens in it lies in memory and is gone
afterwards, with all its processes. Prints what was seen as JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lab_build.apart import apart, bind, furnish, mount
from lab_build.folder import LabFailed, say
from lab_build.packages import chroot_environment, run
from lab_build.surroundings import LAB_BUNDLE, apt_options, ca_bundle, debian_mirror, proxies

if TYPE_CHECKING:
    from collections.abc import Sequence

SUITE: Final = "bookworm"
_BASE: Final = ("ca-certificates", "dbus-daemon", "qemu-system-x86", "qemu-utils", "xauth", "xvfb")
"""A computer with a screen and something to run machines with."""
_USER: Final = "volunteer"
_SECONDS: Final = 900
_FLEETING: Final = ("dev", "home", "proc", "root", "run", "sys", "tmp", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/log", "appliance", "package")
"""Where a system keeps what no package owns."""


def place(cache: Path) -> Path:
    """Where the fresh Debian lies once it is made."""
    recipe = hashlib.sha256(repr((SUITE, _BASE)).encode()).hexdigest()[:12]
    return cache / f"{SUITE}-{recipe}"


def make(cache: Path) -> None:
    """Make it. This process can do no more afterwards."""
    ready = place(cache)
    cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
    root = work / "root"
    try:
        if apart(lambda: _debootstrap(root, cache), network=True):
            raise LabFailed("the fresh Debian was not made")
        root.rename(ready)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _debootstrap(root: Path, cache: Path) -> int:
    say(f"a fresh Debian {SUITE}")
    root.mkdir()
    mirror = debian_mirror()
    kept = cache / "packages"
    kept.mkdir(exist_ok=True)
    environment = os.environ | {"LC_ALL": "C", "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
    run(["debootstrap", "--variant=minbase", "--force-check-gpg", f"--cache-dir={kept}", SUITE, root, mirror], environment=environment)
    (root / "etc/apt/sources.list").write_text(f"deb {mirror} {SUITE} main\n", encoding="ascii")
    (root / "etc/dpkg/dpkg.cfg.d/quick").write_text("force-unsafe-io\n", encoding="ascii")
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    _open(root)
    _apt(root, "update")
    _apt(root, "install", "--no-install-recommends", *_BASE)
    run(["chroot", root, "useradd", "--create-home", "--uid", "1000", _USER], environment=chroot_environment())
    return 0


def _open(root: Path) -> None:
    """The kernel's file systems, and this machine's way to Debian's archive."""
    furnish(root)
    for source in (Path("/etc/resolv.conf"), Path("/etc/hosts")):
        if source.is_file():
            shutil.copyfile(source, root / "etc" / source.name)
    bundle = ca_bundle()
    if bundle is not None:
        own = root / LAB_BUNDLE.lstrip("/")
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle, own)
    (root / "run/apt.conf").write_text(f'{apt_options()}APT::Sandbox::User "root";\n', encoding="utf-8")


def _apt(root: Path, *words: str) -> str:
    environment = chroot_environment(APT_CONFIG="/run/apt.conf", **proxies())
    return run(["chroot", root, "apt-get", "-q", "-y", *words], environment=environment)


def _as_user(root: Path, *words: str, screen: bool = False) -> subprocess.CompletedProcess[str]:
    """Run it as an ordinary user in the fresh Debian."""
    environment = {"HOME": f"/home/{_USER}", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "USER": _USER, "T4T_APPLIANCE": "/appliance"}
    before = ("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", *(("xvfb-run", "-a") if screen else ()))
    command = ["/usr/sbin/chroot", str(root), *before, *words]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False)


def _document(done: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 - as the verb answers
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise LabFailed(f"{' '.join(done.args[-4:])} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}") from None


def _files(root: Path) -> set[str]:
    """Everything that is there and should not depend on what once was installed."""
    found = set()
    for place, folders, files in os.walk(root):
        here = Path(place).relative_to(root)
        folders[:] = [name for name in folders if str(here / name) not in _FLEETING]
        found |= {str(here / name) for name in (*folders, *files)}
    return found


def use(lower: Path, package: Path, appliance: Path, told: Path) -> int:
    """The whole story; runs in namespaces of its own."""
    memory = told.parent / "memory"
    memory.mkdir()
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", memory)
    root = memory / "root"
    for name in ("upper", "work", "root"):
        (memory / name).mkdir()
    mount("-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={memory / 'upper'},workdir={memory / 'work'}", root)
    _open(root)
    for source, name in ((package.parent, "package"), (appliance, "appliance")):
        (root / name).mkdir()
        bind(source, root / name, read_only=True)
    deb = f"/package/{package.name}"
    seen: dict[str, Any] = {}

    _apt(root, "update")
    say("installing it without what only screens need")
    _apt(root, "install", "--no-install-recommends", deb)
    seen["without a screen"] = {
        part: _document(_as_user(root, "t4t", "--json", "self-check", part))["well"] for part in ("libraries", "certificates", "vm-host", "agent")
    }
    seen["started by itself"] = sorted(str(path) for path in (root / "etc/xdg/autostart").glob("*t4t*"))
    seen["autostart"] = _document(_as_user(root, "t4t", "--json", "autostart"))["on"]
    say("installing it as apt does by itself")
    _apt(root, "install", "--reinstall", "-o", "APT::Install-Recommends=true", deb)
    _apt(root, "-o", "APT::Install-Recommends=true", "--fix-policy", "install")
    _apt(root, "purge", "t4t")
    clean = _files(root)
    _apt(root, "install", "-o", "APT::Install-Recommends=true", deb)
    say("using it as an ordinary user")
    seen["version"] = _as_user(root, "t4t", "--version").stdout.strip()
    seen["self-check"] = {one["part"]: one for one in _document(_as_user(root, "t4t", "--json", "self-check", screen=True))["parts"]}
    seen["doctor"] = _document(_as_user(root, "t4t", "--json", "doctor", "--offline"))["can_demo"]
    say("the demonstration")
    seen["demo"] = _document(_as_user(root, "t4t", "--json", "demo", "--once", "--hypervisor", "qemu"))
    say("removing it")
    _apt(root, "purge", "t4t")
    seen["left"] = sorted(_files(root) - clean)
    seen["named after it"] = sorted(name for name in clean if "t4t" in name)
    told.write_text(json.dumps(seen, indent=1), encoding="utf-8")
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Command line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, required=True)
    arguments.add_argument("--package", type=Path, help="without one: only make the fresh Debian")
    arguments.add_argument("--appliance", type=Path)
    given = arguments.parse_args(words)
    cache = given.cache.resolve()
    try:
        if given.package is None:
            make(cache)
            return 0
        lower = place(cache)
        if not lower.is_dir() and subprocess.run([sys.executable, __file__, "--cache", str(cache)], check=False).returncode:
            return 1
        with tempfile.TemporaryDirectory(prefix="t4t-fresh-") as folder:
            told = Path(folder) / "told.json"
            if apart(lambda: use(lower, given.package.resolve(), given.appliance.resolve(), told), network=True):
                return 1
            print(told.read_text(encoding="utf-8"))
    except LabFailed as failure:
        print(f"fresh Debian: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
