"""Build the VirtualBox laboratory: `python3 packaging/lab/build_lab.py --cache DIR --lab DIR [--refresh] [--kept] [--mirror URL]`.

The laboratory is a folder with a small Debian (sid) and real VirtualBox in it that needs neither VT-x nor a kernel driver. `enter.py` runs commands in it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
import tomllib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lab_build.apart import apart, bind, furnish, unbind
from lab_build.folder import MANIFEST, MOUNT_POINTS, ROOT, VENV, LabFailed, leftovers, locked, read_manifest, recipe_hash, remove_tree, say
from lab_build.packages import COMPONENTS, SUITE, WANTED, chroot_environment, incoming, installed_versions, keep_set, kept_archive, run
from lab_build.surroundings import LAB_BUNDLE, apt_options, ca_bundle, debian_mirror, pip_folders, pip_settings, proxies

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE: Final = Path(__file__).resolve().parent
_CHECKOUT: Final = _HERE.parents[1]
_SHIM: Final = _HERE / "VBoxHeadless.sh"
_INTERRUPTED: Final = 130
_NOT_IN_LAB: Final = ("pyside6", "mypy", "ruff", "import-linter", "types-", "pywin32", "pytest-qt", "pytest-xdist", "pyobjc")
"""Windows, static checks and a second processor for one file: tests of those run outside."""
_VIRTUALBOX: Final = "usr/lib/virtualbox"
_BULK: Final = (
    "usr/include",
    "usr/lib/gcc",
    "usr/libexec/gcc",
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
    "usr/src",
    "var/cache/apt",
    "var/lib/apt/lists",
)
"""What no test reads; virtualbox-source brings a whole compiler."""


def requirements() -> list[str]:
    """What the tests need from PyPI, from the project's own lists."""
    with (_CHECKOUT / "pyproject.toml").open("rb") as stream:
        project = tomllib.load(stream)
    named: list[str] = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    return sorted({word for word in named if not word.lower().startswith(_NOT_IN_LAB)})


def build(*, cache: Path, lab: Path, mirror: str, kept: bool) -> None:
    """Build the laboratory in a folder beside `lab`, which gets its name when it is complete."""
    work = Path(tempfile.mkdtemp(prefix=f".{lab.name}-build-", dir=lab.parent))
    started, ingredients = time.monotonic(), recipe()
    try:
        work.chmod(0o755)
        code = apart(lambda: _construct(work, cache=cache, mirror=mirror, kept=kept), network=True)
        _check_end(code)
        for name in ("kept", "failed"):
            remove_tree(work / name)
        facts = json.loads((work / "facts.json").read_text(encoding="utf-8"))
        (work / "facts.json").unlink()
        facts["megabytes"] = _trim(work / ROOT)
        facts |= {"recipe": ingredients, "built": datetime.now(UTC).isoformat(timespec="seconds"), "build_seconds": round(time.monotonic() - started)}
        (work / MANIFEST).write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        if lab.exists():
            lab.rename(lab.parent / f".{lab.name}-old-{os.getpid()}")
        work.rename(lab)
    except BaseException:
        with suppress(LabFailed):
            remove_tree(work)
        raise
    for old in leftovers(lab):
        remove_tree(old)
    say(f"ready: {lab} (VirtualBox {facts['virtualbox']}, Python {facts['python']}, {facts['megabytes']} MB)")


def _check_end(code: int) -> None:
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        raise LabFailed("the laboratory was not built")


def recipe() -> str:
    """Hash of what decides about the laboratory's content, besides Debian's packages of the day."""
    return recipe_hash([Path(__file__), _SHIM, *(_HERE / "lab_build" / name for name in ("packages.py", "surroundings.py"))], requirements())


def _construct(work: Path, *, cache: Path, mirror: str, kept: bool) -> int:
    """Everything that needs mounts; runs in namespaces of its own."""
    root = work / ROOT
    packages_from = "today's archive"
    if not kept:
        try:
            _install_system(root, cache=cache, mirror=mirror, signed=True)
        except LabFailed as failure:
            say(f"Debian's archive does not give a laboratory today: {failure}")
            say("sid may be between two states: taking the packages of the last build that worked instead")
            kept = True
            root.rename(work / "failed")
    if kept:
        packages_from = "packages kept from an earlier build"
        archive = kept_archive(cache, work / "kept")
        _install_system(root, cache=cache, mirror=f"file://{archive}", signed=False)
    _install_shim(root)
    python = _install_python(root, cache=cache)
    installed = installed_versions(root)
    if not kept:
        keep_set(cache, installed)
    version = (run(["chroot", root, f"/{_VIRTUALBOX}/VBoxManage", "--version"], environment=chroot_environment())).strip()
    facts: dict[str, Any] = {"virtualbox": version, "python": python.pop("python"), "python_packages": python, "packages_from": packages_from}
    facts |= {"packages": installed}
    (work / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    return 0


def _install_system(root: Path, *, cache: Path, mirror: str, signed: bool) -> None:
    root.mkdir()
    archives = incoming(cache)
    say(f"a small Debian {SUITE}: VirtualBox is in its component contrib and needs its C library")
    # Without the first, debootstrap would go on unchecked where Debian's keys are not installed.
    trust = ["--force-check-gpg" if signed else "--no-check-gpg"]
    store = [f"--cache-dir={archives}"] if signed else []
    words: list[str | Path] = ["debootstrap", "--variant=minbase", f"--components={COMPONENTS}", *trust, *store, SUITE, root, mirror]
    run(words, environment=os.environ | {"LC_ALL": "C", "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"})
    furnish_for_build(root)
    if not signed:
        place = root / "run/kept"
        place.mkdir()
        bind(Path(mirror.removeprefix("file://")), place, read_only=True)
    address = mirror if signed else "[trusted=yes] file:///run/kept"
    (root / "etc/apt/sources.list").write_text(f"deb {address} {SUITE} {COMPONENTS.replace(',', ' ')}\n", encoding="utf-8")
    # As root apt would change to the user "_apt", who can't write to the cache.
    (root / "run/apt.conf").write_text(f'{apt_options()}APT::Sandbox::User "root";\nAPT::Keep-Downloaded-Packages "true";\n', encoding="utf-8")
    environment = chroot_environment(APT_CONFIG="/run/apt.conf", **proxies())
    bind(archives, root / "var/cache/apt/archives", read_only=False)
    say(f"installing {', '.join(WANTED)}")
    run(["chroot", root, "apt-get", "update", "-q"], environment=environment)
    run(["chroot", root, "apt-get", "install", "-q", "-y", "--no-install-recommends", *WANTED], environment=environment)


def furnish_for_build(root: Path) -> None:
    """What the package tools in the laboratory need from this machine."""
    furnish(root)
    for source in (Path("/etc/resolv.conf"), Path("/etc/hosts")):
        if source.is_file():
            shutil.copyfile(source, root / "etc" / source.name)
    bundle = ca_bundle()
    if bundle is not None:
        place = root / LAB_BUNDLE.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle, place)
    for name in MOUNT_POINTS:
        (root / name.lstrip("/")).mkdir(exist_ok=True)
    # A folder without manifest is thrown away, so nothing needs to survive a power cut while it is made.
    excluded = "".join(f"path-exclude=/{name}/*\n" for name in _BULK if name.startswith("usr/"))
    (root / "etc/dpkg/dpkg.cfg.d/lab").write_text(f"force-unsafe-io\n{excluded}", encoding="ascii")
    # Services would outlive the installation, and there is nothing to serve.
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)


def _install_shim(root: Path) -> None:
    say("VBoxHeadless becomes a script that starts VirtualBoxVM without driver; the original stays as VBoxHeadless.real")
    program = root / _VIRTUALBOX / "VBoxHeadless"
    program.rename(program.with_name("VBoxHeadless.real"))
    shutil.copyfile(_SHIM, program)
    program.chmod(0o755)


def _install_python(root: Path, *, cache: Path) -> dict[str, str]:
    """A virtual environment that sees Debian's vboxapi; returns the versions in it."""
    wanted = requirements()
    say(f"Python libraries for the tests: {', '.join(wanted)}")
    settings = pip_settings()
    environment = chroot_environment(**settings, **proxies())
    shown = [(folder, root / str(folder).lstrip("/")) for folder in pip_folders(settings)]
    for folder, place in shown:
        place.mkdir(parents=True, exist_ok=True)
        bind(folder, place, read_only=True)
    wheels = cache / "wheels"
    wheels.mkdir(exist_ok=True)
    (root / "run/wheels").mkdir()
    bind(wheels, root / "run/wheels", read_only=False)
    run(["chroot", root, "python3", "-m", "venv", "--system-site-packages", VENV], environment=environment)
    pip: list[str | Path] = ["chroot", root, f"{VENV}/bin/python", "-m", "pip"]
    try:
        run([*pip, "wheel", "-q", "-w", "/run/wheels", "--find-links", "/run/wheels", *wanted], environment=environment)
    except LabFailed as failure:
        say(f"PyPI does not give the libraries ({failure}): trying with those kept from an earlier build")
    run([*pip, "install", "-q", "--no-index", "--find-links", "/run/wheels", *wanted], environment=environment)
    for _, place in shown:
        unbind(place)
    listed = json.loads(run([*pip, "list", "--format", "json", "--local"], environment=environment))
    version = run(["chroot", root, f"{VENV}/bin/python", "-c", "import platform; print(platform.python_version())"], environment=environment)
    return {"python": version.strip()} | {entry["name"]: entry["version"] for entry in listed}


def _trim(root: Path) -> int:
    """Remove what no test reads and return the size in MB. Only where the build's mounts are not seen: the cache is one of them."""
    for name in _BULK:
        remove_tree(root / name)
    total = 0
    for folder, _, files in os.walk(root):
        total += sum((Path(folder) / name).lstat().st_blocks * 512 for name in files)
    return round(total / 1e6)


def check_machine() -> None:
    """Raise LabFailed where the laboratory can't be built."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise LabFailed("the laboratory is built on x86_64 Linux only")
    if os.geteuid() != 0:
        raise LabFailed("building the laboratory needs root (debootstrap, mounts in namespaces of its own); start it again with sudo")
    for tool, package in (("debootstrap", "debootstrap"), ("dpkg-deb", "dpkg"), ("mount", "mount")):
        if shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            raise LabFailed(f"install {package} first, or run make lab, which does")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; 0 = built or there already, 1 = not, 130 = interrupted, with one sentence why."""
    parser = argparse.ArgumentParser(description="Build the VirtualBox laboratory.")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what later builds use again")
    parser.add_argument("--lab", type=Path, required=True, help="the laboratory's folder, replaced as a whole")
    parser.add_argument("--mirror", default="", help="Debian archive (default: the one this machine's apt uses)")
    parser.add_argument("--refresh", action="store_true", help="build again with today's packages")
    parser.add_argument("--kept", action="store_true", help="build with the packages of the last build that worked, without looking at the archive")
    parser.add_argument("--remove", action="store_true", help="remove the laboratory (the cache stays)")
    options = parser.parse_args(arguments)
    lab, cache = options.lab.resolve(), options.cache.resolve()
    try:
        check_machine()
        with locked(lab, shared=False):
            for old in leftovers(lab):
                remove_tree(old)
            if options.remove:
                remove_tree(lab)
            elif read_manifest(lab).get("recipe") == recipe() and not (options.refresh or options.kept):
                say("unchanged")
            else:
                cache.mkdir(parents=True, exist_ok=True)
                with locked(cache, shared=False):
                    build(cache=cache, lab=lab, mirror=options.mirror or ("" if options.kept else debian_mirror()), kept=options.kept)
    except LabFailed as failure:
        print(f"lab: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; what was fetched is kept for the next build", file=sys.stderr)
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
