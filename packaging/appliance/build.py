"""Build the reference appliance as an ordinary user: `python3 packaging/appliance/build.py --cache DIR --out DIR [--jobs N] [--fast]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from appliance_build.commands import missing_packages
from appliance_build.debian import candidates, download, guest_python, kernel_source, unpack
from appliance_build.images import build_images
from appliance_build.kernel import build_kernel
from appliance_build.stages import BuildFailed, cached, exclusive, file_hash, folder_hash, say, tidy
from appliance_build.tree import build_tree, guest_packages
from appliance_build.wheel import pinned_wheel, unpacked_wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance_build.debian import Package

_RESOURCES = Path(__file__).resolve().parents[2] / "resources/appliance"
_BOOT_PACKAGES = ("syslinux", "syslinux-common", "isolinux")
_INTERRUPTED = 130
_IMAGES = ("t4t-appliance.raw", "t4t-appliance.vdi", "t4t-appliance.iso")


def unpacked_packages(cache: Path, stage: str, packages: Sequence[Package]) -> Path:
    """Folder with the content of some Debian packages, fetched where it is not in the cache."""

    def make(folder: Path) -> None:
        archives = download(packages, folder)
        unpack(archives, folder)
        for archive in archives:
            archive.unlink()

    return cached(cache, stage, {package.name: package.version for package in packages}, make)


def build(*, cache: Path, out: Path, jobs: int, fast: bool) -> None:
    """Build everything that is not in the cache and put the appliance in `out`.

    Raises BuildFailed with one sentence for the person who started the build.
    """
    python = guest_python()
    source = kernel_source()
    packages = candidates([*guest_packages(python), *_BOOT_PACKAGES])
    guest, boot = packages[: -len(_BOOT_PACKAGES)], packages[-len(_BOOT_PACKAGES) :]
    wheel = pinned_wheel(python)
    version = folder_hash(_RESOURCES)[:12]
    with ThreadPoolExecutor(max_workers=3) as pool:
        # The kernel takes minutes and nothing else depends on it until the images are made.
        kernel_work = pool.submit(build_kernel, cache, source=source, fragment=_RESOURCES / "kernel.fragment", jobs=jobs)
        wheel_work = pool.submit(unpacked_wheel, cache, wheel)
        boot_work = pool.submit(unpacked_packages, cache, "boot", boot)
        debian = unpacked_packages(cache, "packages", guest)
        tree = build_tree(cache, debian=debian, wheel=wheel_work.result(), packages=guest, resources=_RESOURCES, python=python, version=version)
        kernel, boot_files = kernel_work.result(), boot_work.result()
    images = build_images(cache, tree=tree / "tree", kernel=kernel, boot=boot_files, fast=fast)
    release = (kernel / "release").read_text()
    built_from = {package.name: package.version for package in [*packages, source]} | {wheel.project: wheel.version}
    facts: dict[str, object] = {"version": version, "kernel": release, "pythia": wheel.version, "python": python, "built_from": built_from}
    _publish(out, images=images, kernel=kernel, tree=tree / "tree", facts=facts)


def check_machine() -> None:
    """Raise BuildFailed where this machine can't build the appliance, with the packages that would have to be installed."""
    if platform.machine() != "x86_64":
        raise BuildFailed(f"the appliance is built on x86_64 only, this is {platform.machine()}")
    missing = missing_packages()
    if missing:
        raise BuildFailed("install " + ", ".join(f"{name} ({reason})" for name, reason in sorted(missing.items())))


def _publish(out: Path, *, images: Path, kernel: Path, tree: Path, facts: dict[str, object]) -> None:
    """Put the results in `out`, which is complete or not there."""
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        work.chmod(0o755)
        files = [*(images / name for name in _IMAGES), kernel / "vmlinuz"]
        for path in files:
            shutil.copyfile(path, work / path.name)
        shutil.copyfile(kernel / "config", work / "kernel.config")
        shutil.copytree(tree, work / "tree", symlinks=True)
        sums = {path.name: {"sha256": file_hash(path), "size": path.stat().st_size} for path in files}
        manifest = {**facts, "architecture": "x86_64", "files": sums}
        (work / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        old = out.with_name(f".{out.name}-old-{os.getpid()}")
        if out.exists():
            out.rename(old)
        work.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    size = (out / "t4t-appliance.raw").stat().st_size
    say(f"ready: {out} (disk image {size / 1e6:.1f} MB)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; 0 = built, 1 = not, 130 = interrupted, with one sentence why."""
    parser = argparse.ArgumentParser(description="Build the reference appliance.")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what later builds use again")
    parser.add_argument("--out", type=Path, required=True, help="folder for the appliance, replaced as a whole")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="compiler processes (default: all cores)")
    parser.add_argument("--fast", action="store_true", help="compress less: for development")
    options = parser.parse_args(arguments)
    try:
        check_machine()
        cache = options.cache.resolve()
        with exclusive(cache):
            tidy(cache)
            build(cache=cache, out=options.out.resolve(), jobs=options.jobs, fast=options.fast)
    except BuildFailed as failure:
        print(f"appliance: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("appliance: interrupted; what was finished is kept for the next build", file=sys.stderr)
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
