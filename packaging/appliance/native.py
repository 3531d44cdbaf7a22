"""Reference results on the host: the appliance's own job runner with the appliance's own Python and libraries, no virtual machine.

`python3 packaging/appliance/native.py --appliance DIR --out DIR [--cores N] RUNSPEC…`
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MULTIARCH = "x86_64-linux-gnu"
# The same variant of the mathematical library as in the guest, on every processor.
_TUNABLES = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX"


class NativeRunFailed(Exception):
    """The job ended with another exit code than 0; the text has the code and the end of the log."""

    def __init__(self, code: int, log: str) -> None:
        """Keep the exit code (206 refused, 208 generator failed) for the caller."""
        super().__init__(f"the job ended with {code}: {log.strip()[-500:]}")
        self.code = code


def guest_command(appliance: Path, *arguments: str) -> list[str]:
    """Command line that runs the appliance's Python with arguments, through the appliance's own loader and libraries."""
    tree = appliance.resolve() / "tree"
    python = json.loads((appliance / "manifest.json").read_text())["python"]
    library = tree / f"lib/{_MULTIARCH}"
    return [str(library / "ld-linux-x86-64.so.2"), "--library-path", str(library), str(tree / f"usr/bin/python{python}"), "-I", "-S", *arguments]


def guest_environment(appliance: Path) -> dict[str, str]:
    """Environment of that command; nothing of the host's gets in."""
    data = appliance.resolve() / "tree/usr/share/Pythia8/xmldoc"
    return {"GLIBC_TUNABLES": _TUNABLES, "PYTHIA8DATA": str(data), "LANG": "C.UTF-8", "PATH": "/nonexistent"}


def run_native(appliance: Path, runspec: str, out: Path, cores: int = 1, timeout: float = 600) -> Path:
    """Compute a job and return the path of its `output.tgz` in `out`; `timeout` is in seconds.

    Raises NativeRunFailed, or subprocess.TimeoutExpired.
    """
    out.mkdir(parents=True, exist_ok=True)
    job = ["-m", "t4t_guest.run", "--runspec", runspec, "--out", str(out.resolve()), "--cores", str(cores)]
    command = guest_command(appliance, *job)
    done = subprocess.run(
        command, env=guest_environment(appliance), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout, check=False
    )
    if done.returncode:
        raise NativeRunFailed(done.returncode, done.stdout + done.stderr)
    (out / "run.log").write_text(done.stdout)
    return out / "output.tgz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the exit code of the job."""
    parser = argparse.ArgumentParser(description="Compute a job with the appliance's runner on this machine.")
    parser.add_argument("--appliance", type=Path, required=True, help="folder made by build.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for the result")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("runspec", nargs="+", help="boinc BEAM PROCESS ENERGY PARAMS SPECIFIC GENERATOR VERSION TUNE NEVENTS SEED")
    options = parser.parse_args(arguments)
    try:
        print(run_native(options.appliance, " ".join(options.runspec), options.out, options.cores, timeout=86_400))
    except NativeRunFailed as failure:
        print(failure, file=sys.stderr)
        return failure.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
