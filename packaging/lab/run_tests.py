"""Run the laboratory's tests, two files at a time: `python3 packaging/lab/run_tests.py --lab DIR --appliance DIR --logs DIR FILE...`.

Each file has a run of the laboratory for itself, so a registry, processes and ports of its own. An interpreted guest keeps one core busy, so two runs
take about half the time of one. Ends with 1 if a file failed; its whole output is shown then.

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
from pathlib import Path
from typing import Final

import neighbour
from lab_build.folder import CHECKOUT, SCRATCH

_ENTER: Final = Path(__file__).with_name("enter.py")
_NO_TESTS: Final = 5
"""Pytest's result for a file without a test for the laboratory."""
_SAYING: Final = threading.Lock()


def say(text: str) -> None:
    """Tell what is going on, also through a pipe."""
    with _SAYING:
        print(text, flush=True)


def inside(command: list[str], *, lab: Path, appliance: Path, theirs: Path, variable: str) -> list[str | Path]:
    """``command`` in a run of the laboratory that has somebody else's folder for its scratch; ``variable`` is set there."""
    return [sys.executable, _ENTER, "--lab", lab, "--appliance", appliance, "--scratch", theirs, "--env", variable, "--", *command]


def run_file(file: str, *, lab: Path, appliance: Path, logs: Path, theirs: Path) -> int:
    """Run one file's tests in the laboratory; pytest's result."""
    log = logs / f"{Path(file).stem}.log"
    begun = time.monotonic()
    tests = ["pytest", "-m", "virtualbox", "--durations=8", file]
    command = inside(tests, lab=lab, appliance=appliance, theirs=theirs, variable="PYTHONPATH=/checkout/app")
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


def settle(theirs: Path, *, lab: Path, appliance: Path) -> dict[str, str]:
    """Somebody else's registry, VM and disks in ``theirs``; their fingerprint. Now and then a VM ends by itself right after its start: then once more."""
    home = f"VBOX_USER_HOME={SCRATCH}/{neighbour.HOME}"
    command = inside(["python", f"{CHECKOUT}/packaging/lab/neighbour.py"], lab=lab, appliance=appliance, theirs=theirs, variable=home)
    for last in (False, True):
        shutil.rmtree(theirs, ignore_errors=True)
        theirs.mkdir(parents=True)
        if subprocess.run(command, check=last).returncode == 0:
            break
    return neighbour.fingerprint(theirs)


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
    arguments.add_argument("--logs", type=Path, required=True)
    arguments.add_argument("files", nargs="+")
    known = arguments.parse_args()
    known.logs.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    theirs = known.logs / "somebody-elses"
    before = settle(theirs, lab=known.lab, appliance=known.appliance)

    def run(file: str) -> int:
        return run_file(file, lab=known.lab, appliance=known.appliance, logs=known.logs, theirs=theirs)

    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        results = list(pool.map(run, known.files))
    say(f"[lab] {sum(map(bool, results))} of {len(results)} files failed, {time.monotonic() - begun:.0f} s")
    return int(not untouched(theirs, before) or any(results))


if __name__ == "__main__":
    sys.exit(main())
