"""Run the laboratory's tests, three files at a time: `python3 packaging/lab/run_tests.py --lab DIR --appliance DIR --packages DIR --logs DIR FILE...`.

Each file has a run of the laboratory for itself, so a registry, processes and ports of its own. Ends with 1 if a file failed; its whole output is shown then.

Somebody else's VM (`neighbour`) is registered in each run, and its files can be written there; after all runs they must be the same to the byte, and so must
the registry that they come from. Else it ends with 1 too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import neighbour
from lab_build.folder import CHECKOUT, SCRATCH

_ENTER: Final = Path(__file__).with_name("enter.py")
_NO_TESTS: Final = 5
"""Pytest's result for a file without a test for the laboratory."""
_LANES: Final = min(4, 1 + (os.cpu_count() or 1))
"""Files at a time: one more than processors, for of two processors 30 to 70 % were idle with two files."""
_ALONE: Final = frozenset({"tests/lab/test_cores.py"})
"""Files that get the whole computer: an interpreted guest with several processors hardly moves where they are not interpreted at the same time."""
_SAYING: Final = threading.Lock()


def say(text: str) -> None:
    """Tell what is going on, also through a pipe."""
    with _SAYING:
        print(text, flush=True)


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What every run in it gets; ``theirs`` is somebody else's folder, which no test may change."""

    lab: Path
    appliance: Path
    packages: Path
    theirs: Path

    def inside(self, command: list[str], *, variable: str) -> list[str | Path]:
        """``command`` in a run of the laboratory that has somebody else's folder for its scratch; ``variable`` is set there."""
        places: list[str | Path] = ["--lab", self.lab, "--appliance", self.appliance, "--packages", self.packages, "--scratch", self.theirs]
        return [sys.executable, _ENTER, *places, "--env", variable, "--", *command]

    def settle(self) -> dict[str, str]:
        """Somebody else's registry, VM and disks in ``theirs``; their fingerprint. Now and then a VM ends by itself right after its start: then once more."""
        command = self.inside(["python", f"{CHECKOUT}/packaging/lab/neighbour.py"], variable=f"VBOX_USER_HOME={SCRATCH}/{neighbour.HOME}")
        for last in (False, True):
            shutil.rmtree(self.theirs, ignore_errors=True)
            self.theirs.mkdir(parents=True)
            if subprocess.run(command, check=last).returncode == 0:
                break
        return neighbour.fingerprint(self.theirs)


def run_file(file: str, *, laboratory: Laboratory, logs: Path) -> int:
    """Run one file's tests in the laboratory; pytest's result."""
    log = logs / f"{Path(file).stem}.log"
    begun = time.monotonic()
    command = laboratory.inside(["pytest", "-m", "virtualbox", "--durations=8", file], variable="PYTHONPATH=/checkout/app")
    with log.open("wb") as stream:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, check=False).returncode
    text = log.read_text(encoding="utf-8", errors="replace")
    last = next((line for line in reversed(text.splitlines()) if line.startswith("=")), "no result").strip("= ")
    if result not in {0, _NO_TESTS}:
        say(text)
    for line in text.splitlines():
        if line.startswith("RERUN "):
            say(f"[lab] {line}")
    say(f"[lab] {file}: {last} (whole: {time.monotonic() - begun:.0f} s)")
    return 0 if result == _NO_TESTS else result


def untouched(theirs: Path, before: dict[str, str]) -> bool:
    """Say whether somebody else's files are what they were."""
    after = neighbour.fingerprint(theirs)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    size = sum((theirs / name).stat().st_size for name in after) / 1e6
    say(f"[lab] somebody else's registry, VM and disks, {len(after)} files, {size:.1f} MB: {f'CHANGED: {changed}' if changed else 'the same to the byte'}")
    return not changed


def main() -> int:
    """Run the files that are named, in their order."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lab", type=Path, required=True)
    arguments.add_argument("--appliance", type=Path, required=True)
    arguments.add_argument("--packages", type=Path, required=True)
    arguments.add_argument("--logs", type=Path, required=True)
    arguments.add_argument("files", nargs="+")
    known = arguments.parse_args()
    known.logs.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    laboratory = Laboratory(known.lab, known.appliance, known.packages, known.logs / "somebody-elses")
    before = laboratory.settle()
    results = [run_file(file, laboratory=laboratory, logs=known.logs) for file in known.files if file in _ALONE]
    with ThreadPoolExecutor(max_workers=_LANES) as pool:
        together = [file for file in known.files if file not in _ALONE]
        results += pool.map(lambda file: run_file(file, laboratory=laboratory, logs=known.logs), together)
    say(f"[lab] {sum(map(bool, results))} of {len(results)} files failed, {time.monotonic() - begun:.0f} s")
    return int(not untouched(laboratory.theirs, before) or any(results))


if __name__ == "__main__":
    sys.exit(main())
