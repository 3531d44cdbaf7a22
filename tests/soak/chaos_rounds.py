"""Thousands of chaos schedules on the fake driver; counts and seeds go to a log.

``python tests/soak/chaos_rounds.py --schedules 10000`` plays them on all processors and appends one line: what was played and counted, which seeds failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("app", "tests", "packaging/appliance", "resources/appliance/guest")]

from support.chaos import Chaos  # noqa: E402 - the path above comes first

_BATCH: Final = 50


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


def main() -> int:
    """Play; 1 if a schedule failed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--schedules", type=int, default=10_000)
    arguments.add_argument("--first", type=int, default=1)
    arguments.add_argument("--workers", type=int, default=os.cpu_count())
    arguments.add_argument("--log", type=Path, default=ROOT / "docs" / "evidence" / "chaos.jsonl")
    args = arguments.parse_args()
    begun = time.monotonic()
    last = args.first + args.schedules
    batches = [range(seed, min(seed + _BATCH, last)) for seed in range(args.first, last, _BATCH)]
    counts: Counter[str] = Counter()
    failed: list[str] = []
    with ProcessPoolExecutor(args.workers) as pool:
        for number, (counted, bad) in enumerate(pool.map(play, batches), 1):
            counts += counted
            failed += bad
            print(f"{number * _BATCH} of {args.schedules}, {len(failed)} failed", flush=True)
    entry = {
        "first": args.first,
        "schedules": args.schedules,
        "seconds": round(time.monotonic() - begun, 1),
        "failed": failed,
        "counts": dict(sorted(counts.items())),
    }
    args.log.parent.mkdir(parents=True, exist_ok=True)
    with args.log.open("a", encoding="utf-8") as log:
        log.write(json.dumps(entry) + "\n")
    print(json.dumps(entry, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
