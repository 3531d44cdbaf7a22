"""Run the laboratory's tests, two files at a time: `python3 packaging/lab/run_tests.py --lab DIR --appliance DIR --packages DIR --logs DIR FILE...`.

Each file has a run of the laboratory for itself, so a registry, processes and ports of its own. An interpreted guest keeps one core busy, so two runs
take about half the time of one. Ends with 1 if a file failed; its whole output is shown then.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_ENTER: Final = Path(__file__).with_name("enter.py")
_NO_TESTS: Final = 5
"""Pytest's result for a file without a test for the laboratory."""
_SAYING: Final = threading.Lock()


def say(text: str) -> None:
    """Tell what is going on, also through a pipe."""
    with _SAYING:
        print(text, flush=True)


def run_file(file: str, *, lab: Path, appliance: Path, packages: Path, logs: Path) -> int:
    """Run one file's tests in the laboratory; pytest's result."""
    log = logs / f"{Path(file).stem}.log"
    begun = time.monotonic()
    command: list[str | Path] = [
        sys.executable,
        _ENTER,
        "--lab",
        lab,
        "--appliance",
        appliance,
        "--packages",
        packages,
        "--env",
        "PYTHONPATH=/checkout/app",
        "--",
        "pytest",
        "-m",
        "virtualbox",
        "--durations=8",
        file,
    ]
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
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        results = list(pool.map(lambda file: run_file(file, lab=known.lab, appliance=known.appliance, packages=known.packages, logs=known.logs), known.files))
    say(f"[lab] {sum(map(bool, results))} of {len(results)} files failed, {time.monotonic() - begun:.0f} s")
    return int(any(results))


if __name__ == "__main__":
    sys.exit(main())
