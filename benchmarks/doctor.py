"""How long ``t4t doctor`` takes from nothing (a new process each time, without the servers) beside a Python that only starts and imports the program."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 10
BUDGET_S = 2.0


def _seconds(*words: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60)
    return time.perf_counter() - begun


def measure() -> dict[str, float]:
    """Medians and the slowest, in seconds; both sides take turns."""
    doctor, start = [], []
    with tempfile.TemporaryDirectory(prefix="t4t-bench-") as data:
        for _ in range(ROUNDS):
            start.append(_seconds("-c", "import t4t.bootstrap"))
            doctor.append(_seconds("-m", "t4t", "--data-dir", data, "--json", "doctor", "--offline"))
    return {
        "start s": round(statistics.median(start), 3),
        "doctor s": round(statistics.median(doctor), 3),
        "slowest doctor s": round(max(doctor), 3),
        "budget s": BUDGET_S,
        "ratio": round(statistics.median(doctor) / statistics.median(start), 2),
    }
