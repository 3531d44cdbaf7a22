"""Make the bundle: one folder with the program and all that it needs, but for the system's own libraries (``make bundle``). Standard library only.

``--out`` gets ``t4t`` (with the web view) or ``plain/t4t`` (without it), ``icons`` and the environments that it is made in, which are made once for each lock.
Two runs on one commit give the same files: everything is pinned by hash, times are the commit's.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
HERE: Final = Path(__file__).resolve().parent
LOCKS: Final = HERE / "locks"
_BINARIES: Final = "Scripts" if sys.platform == "win32" else "bin"


def say(text: str) -> None:
    """Tell what is going on, at once also through pipes."""
    print(f"[bundle] {text}", flush=True)


def run(*command: str | Path, folder: Path | None = None, **environment: str) -> str:
    """Run a command; its output. On failure show what it said and end."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        sys.exit(f"{text}\n[bundle] failed: {' '.join(map(str, command))}")
    return text


def epoch() -> str:
    """The time of everything in it: the commit's, or what the environment says."""
    return os.environ.get("SOURCE_DATE_EPOCH") or run("git", "-C", ROOT, "log", "-1", "--format=%ct").strip()


def _python(place: Path) -> Path:
    return place / _BINARIES / ("python.exe" if sys.platform == "win32" else "python")


def _fresh(place: Path, lock: Path) -> bool:
    """Whether ``place`` was made by this very lock and Python."""
    stamp = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    marker = place / ".stamp"
    if marker.is_file() and marker.read_text(encoding="ascii") == stamp:
        return True
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return False


def _stamp(place: Path, lock: Path) -> None:
    (place / ".stamp").write_text(hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest(), encoding="ascii")


def environment(out: Path, name: str) -> Path:
    """The Python of a virtual environment with exactly what ``locks/NAME.txt`` has."""
    place, lock = out / name, LOCKS / f"{name}.txt"
    if not _fresh(place, lock):
        say(f"installing what {lock.relative_to(ROOT)} names")
        venv.create(place, with_pip=True, symlinks=sys.platform != "win32")
        run(_python(place), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "--no-deps", "-r", lock)
        _stamp(place, lock)
    return _python(place)


def freezer(out: Path) -> Path:
    """The folder with PyInstaller: apart, so that what goes along is told from what makes it."""
    place, lock = out / "freeze", LOCKS / "freeze.txt"
    if not _fresh(place, lock):
        say(f"installing what {lock.relative_to(ROOT)} names")
        run(sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--target", place, "-r", lock)
        _stamp(place, lock)
    return place


def install_app(python: Path) -> None:
    """The program itself, as an installation has it, with its resources."""
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--force-reinstall", "--no-cache-dir", ROOT)


def make(out: Path, *, web: bool) -> Path:
    """Make it; the folder of the bundle."""
    app, tools, tool = environment(out, "app"), environment(out, "tools"), freezer(out)
    install_app(app)
    icons, listed = out / "icons", out / "app.cdx.json"
    run(app, HERE / "bundle_build" / "icons.py", ROOT / "resources/icons/app.svg", icons)
    cyclonedx = tools.with_name("cyclonedx-py.exe" if sys.platform == "win32" else "cyclonedx-py")
    run(cyclonedx, "environment", "--output-reproducible", "--pyproject", ROOT / "pyproject.toml", "--mc-type", "application", "-o", listed, app)
    kind = out if web else out / "plain"
    shutil.rmtree(kind / "t4t", ignore_errors=True)
    say(f"making {kind / 't4t'}")
    places = ("--distpath", kind, "--workpath", out / ("work" if web else "work-plain"))
    options = ("--icons", icons, "--app-sbom", listed, *(() if web else ("--without-web",)))
    run(
        *(app, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN", *places, HERE / "t4t.spec", "--", *options),
        PYTHONPATH=str(tool),
        PYTHONHASHSEED="1",
        SOURCE_DATE_EPOCH=epoch(),
        PYINSTALLER_CONFIG_DIR=str(out / "cache"),
    )
    return kind / "t4t"


def main() -> int:
    """Make what the command line names."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--without-web", action="store_true", help="the small one, which shows the guest's pages in the system's browser")
    given = arguments.parse_args()
    begun = time.monotonic()
    made = make(given.out.resolve(), web=not given.without_web)
    size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file() and not file.is_symlink())
    say(f"{made}: {size / 1e6:.0f} MB, after {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
