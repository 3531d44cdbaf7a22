"""The job runner: `python -m t4t_guest.run (--input FILE | --runspec LINE) --out DIR [--cores N] [--status DIR]`.

The same in the guest and, for reference results, on the host with the guest's own Python and libraries.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from t4t_guest.archive import archive_bytes
from t4t_guest.chunks import ChunkResult, GeneratorFailedError, Merger, chunk_events, plan
from t4t_guest.files import read_text, write_json, write_whole
from t4t_guest.live import Live
from t4t_guest.physics import process_for
from t4t_guest.runspec import RefusedError, Runspec, parse_runspec
from t4t_guest.workers import Workers
from t4t_guest.yoda import yoda_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t_guest.generator import Generator

EXIT_DONE, EXIT_REFUSED, EXIT_FAILED = 0, 206, 208
_STOPPED = 143
_STATUS_SECONDS = 0.5
_LOG_SECONDS = 1.0


class Options(NamedTuple):
    """What the command line asks for."""

    text: str
    """Input with the runspec in it."""
    out: str
    cores: int
    status: str | None
    """Folder for `status.json` and the files of `live`."""


def read_options(arguments: Sequence[str]) -> Options:
    """Read the command line, which is always `--name value`. An argument parser would take longer to import than a small job to compute.

    Raises ValueError with what is wrong.
    """
    if len(arguments) % 2 or not all(name.startswith("--") for name in arguments[::2]):
        raise ValueError("usage: (--input FILE | --runspec LINE) --out DIR [--cores N] [--status DIR]")
    given = {name[2:]: value for name, value in zip(arguments[::2], arguments[1::2], strict=True)}
    unknown = set(given) - {"input", "runspec", "out", "cores", "status"}
    if unknown or "out" not in given or ("input" in given) == ("runspec" in given):
        raise ValueError(f"wrong options: {' '.join(arguments)}")
    text = given.get("runspec") or read_text(given.get("input", "")) or ""
    cores = given.get("cores", "")
    return Options(text, given["out"], int(cores) if cores.isdigit() and int(cores) else len(os.sched_getaffinity(0)), given.get("status"))


class Progress:
    """Tells the world how far the job is: log lines and the status file."""

    def __init__(self, folder: str | None, spec: Runspec | None) -> None:
        """Write to `folder` if there is one."""
        self._folder = folder
        self._spec = spec
        self._started = time.monotonic()
        self._running_since = self._started
        self._status_due = self._log_due = 0.0
        self._logged = 0
        self._step = max(1, min(100, (spec.events if spec else 1) // 10))

    def state(self, state: str, done: int = 0, message: str = "") -> None:
        """Write the status file now."""
        now = time.monotonic()
        if state == "initialising":
            self._running_since = now
        self._status_due = now + _STATUS_SECONDS
        if self._folder is None:
            return
        spec = self._spec
        running = now - self._running_since
        status = {
            "state": state,
            "message": message,
            "runspec": spec.line if spec else "",
            "events_done": done,
            "events_wanted": spec.events if spec else 0,
            "events_per_second": round(done / running, 3) if state != "initialising" and running > 0 else 0.0,
            "elapsed_seconds": round(now - self._started, 3),
        }
        if spec:
            names = ("beam", "process", "energy", "params", "specific", "generator", "version", "tune", "seed")
            status.update({name: getattr(spec, name) for name in names})
        write_json(f"{self._folder}/status.json", status)

    def running(self) -> None:
        """The events begin."""
        self._running_since = time.monotonic()
        self.state("running")

    def events(self, done: int) -> None:
        """Some events are done; writes no more often than needed."""
        now = time.monotonic()
        if done - self._logged >= self._step and now >= self._log_due:
            self._logged = done - done % self._step
            self._log_due = now + _LOG_SECONDS
            print(f"{self._logged} events processed", flush=True)
        if now >= self._status_due:
            self.state("running", done)


def result_files(spec: Runspec, merger: Merger, version: str, family: str) -> dict[str, bytes]:
    """The two files of the result archive; a function of runspec and seed alone."""
    sigma, error = merger.cross_section
    facts = {
        **{name: getattr(spec, name) for name in ("beam", "process", "energy", "params", "specific", "generator", "version", "tune", "events", "seed")},
        "runspec": spec.line,
        "generator_version": version,
        "chunk_events": chunk_events(spec.events),
        "chunks": merger.next_number,
        "events_given_up": merger.failures,
        "cross_section_mb": sigma,
        "cross_section_error_mb": error,
        "histograms": {histogram.booking.name: {"entries": histogram.entries, "mean": histogram.mean} for histogram in merger.histograms},
    }
    return {
        "histograms.yoda": yoda_text(merger.histograms, folder=family, events=merger.events).encode(),
        "job.json": json.dumps(facts, indent=1, sort_keys=True).encode() + b"\n",
    }


def _print_parameters(spec: Runspec, version: str) -> None:
    print("Input parameters:")
    print("mode=boinc")
    for name in ("beam", "process", "energy", "params", "specific", "generator", "version", "tune"):
        value = getattr(spec, name)
        print(f"{name}={value:g}" if name == "energy" else f"{name}={value}")
    print(f"nevts={spec.events}\nseed={spec.seed}\n")
    print(f"Pythia {version}: initialising", flush=True)


def _compute(spec: Runspec, generator: Generator, merger: Merger, *, progress: Progress, live: Live, cores: int) -> None:
    computed = 0

    def finished(number: int, result: ChunkResult) -> None:
        nonlocal computed
        computed += result.events
        merger.add(number, result)
        live.chunk(result, merger)

    progress.running()
    workers = Workers(generator, cores, finished=finished, moved=lambda unfinished: progress.events(computed + unfinished))
    workers.run(plan(spec.events, spec.seed))
    live.histograms(merger, last=True)


def run_job(options: Options) -> int:
    """Compute the job and write `output.tgz`; the exit code as in docs/guest-interface.md."""
    progress = Progress(options.status, None)
    try:
        spec = parse_runspec(options.text)
        process = process_for(spec)
    except RefusedError as refusal:
        print(f"The input is refused: {refusal}", flush=True)
        progress.state("failed", message=str(refusal))
        return EXIT_REFUSED
    progress = Progress(options.status, spec)
    progress.state("initialising")
    # Pythia is loaded only now: a refused input needs no generator, and its import is long on an emulated processor.
    from t4t_guest.analysis import bookings_for  # noqa: PLC0415 -- as said above
    from t4t_guest.generator import Generator  # noqa: PLC0415 -- as said above

    merger = Merger(bookings_for(process.family))
    live = Live(options.status, spec, process.family)
    live.begin(merger)
    try:
        generator = Generator(spec, process)
        _print_parameters(spec, generator.version)
        generator.initialise()
        _compute(spec, generator, merger, progress=progress, live=live, cores=options.cores)
    except GeneratorFailedError as failure:
        print(f"The generator failed: {failure}", flush=True)
        progress.state("failed", merger.events, str(failure))
        live.end("failed", merger, str(failure))
        return EXIT_FAILED
    files = result_files(spec, merger, generator.version, process.family)
    for name, content in files.items():
        write_whole(f"{options.out}/{name}", content)
    write_whole(f"{options.out}/output.tgz", archive_bytes(files))
    print(f"{merger.events} events processed\nRun finished successfully", flush=True)
    live.end("done", merger)
    progress.state("done", merger.events)
    return EXIT_DONE


def _stopped(_number: int, _frame: object) -> None:
    sys.exit(_STOPPED)


def main() -> int:
    """Command line."""
    try:
        options = read_options(sys.argv[1:])
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _stopped)
    for folder in filter(None, (options.out, options.status)):
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 -- pathlib is slow to import
    return run_job(options)


if __name__ == "__main__":
    sys.exit(main())
