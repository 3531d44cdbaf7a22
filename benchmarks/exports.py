"""Measure the summary of a million users, with one's place, against a bare expat pass over the same file, in turns in one run.

Writes ``docs/benchmarks-exports.json`` and ``docs/benchmarks-exports.md``. Machines are noisy: read the ratio, not the seconds.
The number of users may be given.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from xml.parsers import expat

from t4t.project.community import Volunteer, counted

ROOT = Path(__file__).resolve().parents[1]
USERS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
NOW = 1.7955e9
ROUNDS = 3
NAMES = ("France", "Germany", "Switzerland", "United States", "Italy", "International", "Japan", "")


def make(path: Path) -> None:
    """``user.gz`` as BOINC's own program writes it."""
    chance = random.Random(1)  # noqa: S311 (no secret, the same each time)
    with gzip.open(path, "wt", compresslevel=6, encoding="ascii") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<users>\n')
        for number in range(USERS):
            country = chance.choice(NAMES)
            file.write(
                f"<user>\n <id>{number}</id>\n <name>Volunt&#195;&#169;er {number}</name>\n <create_time>{NOW - chance.random() * 4e8:.0f}</create_time>\n"
                f" <total_credit>{chance.random() * 1e6:.6f}</total_credit>\n <expavg_credit>{chance.random() * 100:.6f}</expavg_credit>\n"
                f" <expavg_time>1795355400.219805</expavg_time>\n <cpid>{chance.getrandbits(128):032x}</cpid>\n"
                + (f" <country>{country}</country>\n" if country else "")
                + "</user>\n"
            )
        file.write("</users>\n")


def ours(path: Path) -> float:
    """Seconds for all that is told, the place of the last one in the file included."""
    begun = time.perf_counter()
    found = counted(path, NOW, Volunteer(USERS - 1, ""), lambda: False)
    seconds = time.perf_counter() - begun
    if found.users != USERS or found.standing is None:
        raise SystemExit("not all users were found")
    return seconds


def bare(path: Path) -> float:
    """Seconds for expat over the same file, without a handler."""
    begun = time.perf_counter()
    parser = expat.ParserCreate()
    with gzip.open(path) as file:
        parser.ParseFile(file)
    return time.perf_counter() - begun


def peak() -> float:
    """The most memory that this process had, in MiB (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Measure, write, print."""
    with tempfile.TemporaryDirectory(prefix="t4t-bench-", dir=ROOT / "build") as name:
        path = Path(name, "user.gz")
        make(path)
        pairs = [(ours(path), bare(path)) for _ in range(ROUNDS)]
        size = path.stat().st_size
    report: dict[str, Any] = {
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()},
        "users": USERS,
        "compressed bytes": size,
        "rounds": ROUNDS,
        "t4t s": round(statistics.median(one for one, _ in pairs), 2),
        "expat s": round(statistics.median(other for _, other in pairs), 2),
        "speed against expat": round(statistics.median(other / one for one, other in pairs), 2),
        "peak MiB of the process": round(peak(), 1),
    }
    page = [
        "# Benchmark of statistics exports",
        "",
        "Written by `benchmarks/exports.py`; the same as JSON in `benchmarks-exports.json`. Everybody in a `user.gz` (countries, new ones, one's place)",
        "against a bare expat pass (`gzip.open`, no handlers) over the same file, in turns in one run; the ratio counts, not the seconds.",
        "",
        f"{USERS} users, {size} bytes compressed: {report['t4t s']} s against {report['expat s']} s, speed {report['speed against expat']},",
        f"at most {report['peak MiB of the process']} MiB for the whole process.",
        "",
    ]
    (ROOT / "docs" / "benchmarks-exports.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (ROOT / "docs" / "benchmarks-exports.md").write_text("\n".join(page), encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
