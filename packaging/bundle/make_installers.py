"""Make the installers for Linux out of the bundle: a .deb, a .rpm and an archive for all others (``make installers``). Standard library only.

``--bundle`` is the folder that make_bundle.py made, ``--tools`` the environment beside it. Two runs give the same files.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from bundle_build import linux_package, papers, version
from make_bundle import epoch, run, say

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = ROOT / "installers/linux"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_PROGRAMS: Final = frozenset({"t4t", "QtWebEngineProcess"})


def filled(text: str, when: dt.datetime) -> str:
    """The one version and the one date."""
    return text.replace("@VERSION@", version.version()).replace("@DATE@", f"{when:%Y-%m-%d}")


def stage(bundle: Path, folder: Path, when: dt.datetime) -> None:
    """The files beside the bundle, ready to be packed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in sorted(SOURCES.iterdir()):
        (folder / source.name).write_text(filled(source.read_text(encoding="utf-8"), when), encoding="utf-8")
    (folder / "t4t.1.gz").write_bytes(gzip.compress((folder / "t4t.1").read_bytes(), mtime=0))
    head, what = f"{linux_package.NAME} ({version.version()}-1) unstable; urgency=medium", "See the project's page for what is new."
    changes = f"{head}\n\n  * {what}\n\n -- {linux_package.MAINTAINER}  {when:%a, %d %b %Y %H:%M:%S} +0000\n"
    (folder / "changelog.Debian.gz").write_bytes(gzip.compress(changes.encode(), mtime=0))
    shutil.copyfile(bundle / "_internal" / papers.LICENCES, folder / "copyright")
    shutil.copyfile(ROOT / "resources/icons/app.svg", folder / "t4t.svg")


def settle_modes(bundle: Path) -> None:
    """Only programs are executable, and everybody may read everything."""
    for path in bundle.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.name in _PROGRAMS else 0o644)


def mark(bundle: Path, kind: str) -> None:
    """Write into it how it will have come to where it is installed: by that it knows how it is updated (`t4t.updates.installation`). Empty: by none."""
    place = bundle / "_internal" / papers.MARKER
    if kind:
        place.write_text(papers.marker(kind, f"{sys.platform}-{platform.machine()}", version.version()), encoding="ascii")
        place.chmod(0o644)
    else:
        place.unlink(missing_ok=True)


def archive(bundle: Path, out: Path, when: str) -> Path:
    """The bundle as a .tar.xz, the same each time."""
    place = out / f"{linux_package.NAME}-{version.version()}-linux-{platform.machine()}.tar.xz"
    owner = ("--sort=name", f"--mtime=@{when}", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu")
    with place.open("wb") as file:
        tar = subprocess.Popen(["tar", *owner, "-C", bundle.parent, "-cf", "-", bundle.name], stdout=subprocess.PIPE)
        done = subprocess.run(["xz", "-6", "-T2", "-c"], stdin=tar.stdout, stdout=file, check=False)
        if tar.wait() or done.returncode:
            sys.exit("[installers] the archive could not be written")
    return place


def squeeze(deb: Path, seconds: str) -> None:
    """Debian's own tool packs it a sixth smaller than nfpm does; always in two threads, so that other computers get the same bytes."""
    tree = deb.with_name("tree")
    shutil.rmtree(tree, ignore_errors=True)
    run("dpkg-deb", "--raw-extract", deb, tree)
    deb.unlink()
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=2", "--build", tree, deb, SOURCE_DATE_EPOCH=seconds)
    shutil.rmtree(tree)


def make(bundle: Path, tools: Path, out: Path) -> list[Path]:
    """All of them."""
    seconds = epoch()
    when = dt.datetime.fromtimestamp(int(seconds), dt.UTC)
    staged = out / "staged"
    stage(bundle, staged, when)
    shutil.copyfile(bundle.parent / "icons/t4t.png", staged / "t4t.png")
    settle_modes(bundle)
    libraries = linux_package.needed(linux_package.programs(bundle), bundle)
    glibc = linux_package.oldest_glibc(bundle)
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    described = linux_package.package(
        bundle=bundle, staged=staged, libraries=libraries, glibc=glibc, mtime=f"{when:%Y-%m-%dT%H:%M:%SZ}", architecture=architecture
    )
    config = out / "nfpm.yaml"
    config.write_text(json.dumps(described, indent=1), encoding="utf-8")  # JSON is YAML
    nfpm = tools.with_name("nfpm")
    made = []
    for kind in ("deb", "rpm"):
        say(f"packing the .{kind}")
        mark(bundle, kind)
        before = set(out.glob(f"*.{kind}"))
        for old in before:
            old.unlink()
        run(nfpm, "package", "--config", config, "--packager", kind, "--target", out, SOURCE_DATE_EPOCH=seconds)
        made += sorted(out.glob(f"*.{kind}"))
        if kind == "deb":
            squeeze(made[0], seconds)
    say("packing the archive")
    mark(bundle, "tar")
    made.append(archive(bundle, out, seconds))
    mark(bundle, "")
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made)
    (out / "SHA256SUMS").write_text(sums, encoding="ascii")
    return made


def main() -> int:
    """Make what the command line names."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bundle", type=Path, required=True)
    arguments.add_argument("--tools", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    os.umask(0o022)
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    for path in make(given.bundle.resolve(), given.tools.absolute() / "bin" / "python", out):
        say(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
