"""Thousands of chaos schedules on the fake driver; counts and seeds go to a log.

``python tests/soak/chaos_rounds.py --schedules 10000`` plays them on all processors and appends a line for each 250: the commit, the seeds, what was counted,
which seeds failed. What is in the log without a failure, from whichever commit, is not played again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("app", "tests", "packaging/appliance", "resources/appliance/guest")]

from support.chaos import Chaos  # noqa: E402 - the path above comes first


def commit() -> str:
    """Which commit this is, with a plus if files were changed since."""
    named = subprocess.run(("git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--dirty=+"), capture_output=True, text=True, check=False)
    return named.stdout.strip()


COMMIT: Final = commit()
_BATCH: Final = 25
_PART: Final = 250


def play(seeds: range) -> tuple[Counter[str], list[str]]:
    """Play a batch; what was counted, and the seeds that failed with why."""
    logging.disable(logging.CRITICAL)
    counts: Counter[str] = Counter()
    failed = []
    for seed in seeds:
        with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None, prefix="t4t-chaos-") as folder:  # noqa: S108 - as above
            chaos = Chaos(Path(folder), seed)
            try:
                asyncio.run(chaos.play())
            except Exception as error:  # noqa: BLE001 - each seed is told, the others go on
                failed.append(f"{seed}: {type(error).__name__}: {str(error)[:500]} {chaos.log}")
            counts += chaos.counts
    return counts, failed


def _played(log: Path) -> set[int]:
    """The seeds that are in the log, but for parts that failed: those are played again."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    return {seed for entry in map(json.loads, lines) if not entry["failed"] for seed in range(entry["first"], entry["first"] + entry["schedules"])}


def play_part(pool: Executor, seeds: range) -> dict[str, Any]:
    """Play them; what goes to the log."""
    begun = time.monotonic()
    counts: Counter[str] = Counter()
    failed: list[str] = []
    for counted, bad in pool.map(play, [seeds[at : at + _BATCH] for at in range(0, len(seeds), _BATCH)]):
        counts += counted
        failed += bad
    return {
        "commit": COMMIT,
        "first": seeds.start,
        "schedules": len(seeds),
        "seconds": round(time.monotonic() - begun, 1),
        "failed": failed,
        "counts": dict(sorted(counts.items())),
    }


def main() -> int:
    """Play what was not played yet; 1 if a schedule failed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--schedules", type=int, default=10_000)
    arguments.add_argument("--first", type=int, default=1)
    arguments.add_argument("--workers", type=int, default=os.cpu_count())
    arguments.add_argument("--log", type=Path, default=ROOT / "docs" / "evidence" / "chaos.jsonl")
    args = arguments.parse_args()
    args.log.parent.mkdir(parents=True, exist_ok=True)
    played = _played(args.log)
    last = args.first + args.schedules
    failed = 0
    with ProcessPoolExecutor(args.workers) as pool:
        for first in range(args.first, last, _PART):
            seeds = range(first, min(first + _PART, last))
            if played.issuperset(seeds):
                continue
            entry = play_part(pool, seeds)
            failed += len(entry["failed"])
            with args.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")
            print(f"{seeds.stop - args.first} of {args.schedules}, {failed} failed", *entry["failed"], sep="\n", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
