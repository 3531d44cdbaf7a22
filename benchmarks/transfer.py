"""Measure a download that is verified and unpacked as it comes against ``curl | tee >(sha256sum) | gunzip > file``, in turns in one run.

Writes ``docs/benchmarks-transfer.json`` and ``docs/benchmarks-transfer.md``. Machines are noisy: read the ratio, not the seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t4t.host.clock import RealClock
from t4t.transfer.download import Downloads, Wanted
from t4t.transfer.http import Http
from t4t.transfer.limits import Rate

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
SIZE = 1_000_000_000
ROUNDS = 3
NAME = "image.vdi"


def content(size: int) -> Iterator[bytes]:
    """Files of this Python, one after the other, as an image of a system has them: programs, text, and some zeros."""
    files = sorted(path for path in Path(sys.base_prefix, "lib").rglob("*") if path.is_file() and not path.is_symlink())
    left = size
    while left > 0:
        for path in files:
            block = (path.read_bytes() + bytes(4096))[:left]
            left -= len(block)
            yield block
            if not left:
                return


def make(folder: Path, size: int) -> dict[str, Any]:
    """The compressed image and what is announced of it."""
    md5 = hashlib.md5(usedforsecurity=False)
    with gzip.open(folder / f"{NAME}.gz", "wb", compresslevel=6) as packed:
        for block in content(size):
            packed.write(block)
            md5.update(block)
    return {"nbytes": size, "gzipped_nbytes": (folder / f"{NAME}.gz").stat().st_size, "md5": md5.hexdigest()}


def memory(what: str) -> float:
    """``VmRSS`` now or ``VmHWM`` at most, of this process, in MiB (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:"))


async def fetch(url: str, folder: Path, facts: dict[str, Any]) -> dict[str, float]:
    """Our download; seconds, and by how much it made the process larger at most (MiB)."""
    http = Http("t4t benchmark")
    before = memory("VmRSS")
    begun = time.perf_counter()
    await Downloads(http, folder, rate=Rate(RealClock())).fetch(Wanted(name=NAME, gzipped_urls=(url,), **facts))
    seconds = time.perf_counter() - begun
    await http.close()
    return {"seconds": seconds, "grown MiB": memory("VmHWM") - before}


def ours(url: str, folder: Path, facts: dict[str, Any]) -> dict[str, float]:
    """Our download in a process of its own, so that its memory can be told."""
    command = [sys.executable, __file__, "--fetch", url, "--folder", str(folder), "--facts", json.dumps(facts)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def theirs(url: str, folder: Path) -> float:
    """The shell's way; seconds."""
    begun = time.perf_counter()
    script = f'set -o pipefail; curl -sf "{url}" | tee >(sha256sum > "{folder}/sum") | gunzip > "{folder}/{NAME}"'
    subprocess.run(["bash", "-c", script], check=True)
    return time.perf_counter() - begun


def serve(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A plain server of a process of its own, the same for both."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert server.stdout is not None  # noqa: S101 (for the type checker)
    port = int(server.stdout.readline().split(b"port ")[1].split()[0])
    url = f"http://127.0.0.1:{port}/{NAME}.gz"
    urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=10).close()
    return server, url


def measure(size: int, rounds: int) -> dict[str, Any]:
    """Both ways in turns."""
    figures: dict[str, list[float]] = {"t4t s": [], "shell s": [], "grown MiB": []}
    with tempfile.TemporaryDirectory(prefix="t4t-bench-", dir=ROOT / "build") as name:
        source = Path(name, "source")
        source.mkdir()
        facts = make(source, size)
        server, url = serve(source)
        try:
            for number in range(rounds):
                for turn in (0, 1) if number % 2 else (1, 0):
                    target = Path(name, f"{number}-{turn}")
                    target.mkdir()
                    if turn:
                        one = ours(url, target, facts)
                        figures["t4t s"].append(one["seconds"])
                        figures["grown MiB"].append(one["grown MiB"])
                    else:
                        figures["shell s"].append(theirs(url, target))
                    shutil.rmtree(target)
        finally:
            server.terminate()
            server.wait()
    medians = {name: round(statistics.median(values), 2) for name, values in figures.items()}
    ratios = [theirs / ours for ours, theirs in zip(figures["t4t s"], figures["shell s"], strict=True)]
    return {
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()},
        "bytes": size,
        "compressed bytes": facts["gzipped_nbytes"],
        "rounds": rounds,
        "medians": medians,
        "speed against the shell": round(statistics.median(ratios), 2),
    }


def page(report: dict[str, Any]) -> str:
    """The report as a page."""
    medians = report["medians"]
    return "\n".join(
        [
            "# Benchmark of downloads",
            "",
            "Written by `benchmarks/transfer.py`; the same as JSON in `benchmarks-transfer.json`. Both sides took turns in one run; the ratio counts, not the",
            "seconds. Ours checks the MD5 of the unpacked file as BOINC's signatures want it, keeps the packed part for resuming and syncs to disk;",
            "the other is `curl | tee >(sha256sum) | gunzip > file`.",
            "",
            f"{report['bytes']} bytes, {report['compressed bytes']} compressed, over loopback; {report['machine']['cores']} cores; {report['rounds']} rounds.",
            "",
            "| | t4t | shell |",
            "|---|---|---|",
            f"| seconds (median) | {medians['t4t s']} | {medians['shell s']} |",
            f"| speed | {report['speed against the shell']} | 1 |",
            f"| memory by which the process grew (MiB) | {medians['grown MiB']} | |",
            "",
        ]
    )


def main() -> None:
    """Measure, write, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bytes", type=int, default=SIZE)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--fetch", help=argparse.SUPPRESS)
    arguments.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--facts", type=json.loads, help=argparse.SUPPRESS)
    args = arguments.parse_args()
    if args.fetch:
        print(json.dumps(asyncio.run(fetch(args.fetch, args.folder, args.facts))))
        return
    report = measure(args.bytes, args.rounds)
    if args.bytes == SIZE:
        (ROOT / "docs" / "benchmarks-transfer.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        (ROOT / "docs" / "benchmarks-transfer.md").write_text(page(report), encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
