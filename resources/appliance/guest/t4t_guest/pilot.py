"""Pilot mode: job after job from a queue until the time is over.

`python -m t4t_guest.pilot QUEUE_URL SECONDS CORES OUT STATUS`
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import NamedTuple

from t4t_guest.files import read_json, write_json
from t4t_guest.http import QueueError, request
from t4t_guest.job import PYTHON
from t4t_guest.runspec import RefusedError, parse_runspec

EXIT_DONE, EXIT_NO_JOB = 0, 207
_PAUSE_SECONDS = 5.0
_TRIES = 5


class Pilot(NamedTuple):
    """What the pilot is told."""

    queue: str
    seconds: float
    """Running time after which no further job is begun."""
    cores: str
    out: str
    status: str


def _run_one(pilot: Pilot, line: str) -> int:
    runner = [*PYTHON, "-m", "t4t_guest.run", "--runspec", line, "--out", pilot.out, "--cores", pilot.cores, "--status", pilot.status]
    pid = os.posix_spawn(sys.executable, runner, os.environ)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _fetch(pilot: Pilot) -> str | None:
    """The next runspec; None where the queue has none or can't be reached, after some tries."""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        try:
            answer = request("GET", f"{pilot.queue}/next?cores={pilot.cores}")
            if answer.status == 200:  # noqa: PLR2004 -- HTTP "OK"
                return parse_runspec(answer.body.decode("utf-8", "replace")).line
            if answer.status == 204:  # noqa: PLR2004 -- HTTP "No Content"
                return None
            print(f"pilot: the queue answers {answer.status}", flush=True)
        except (QueueError, RefusedError) as error:
            print(f"pilot: {error}", flush=True)
    return None


def _deliver(pilot: Pilot, number: int, code: int) -> None:
    content = b""
    if code == 0:
        with open(f"{pilot.out}/output.tgz", "rb") as stream:  # noqa: PTH123 -- pathlib is slow to import
            content = stream.read()
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        try:
            answer = request("POST", f"{pilot.queue}/result?job={number}&exit={code}", content)
            if answer.status < 300:  # noqa: PLR2004 -- HTTP success
                return
            print(f"pilot: the queue answers {answer.status} to the result", flush=True)
        except QueueError as error:
            print(f"pilot: {error}", flush=True)


def fly(pilot: Pilot) -> int:
    """Compute jobs until the time is over or the queue is empty; the exit code."""
    started = time.monotonic()
    number = 0
    while time.monotonic() - started < pilot.seconds:
        line = _fetch(pilot)
        if line is None:
            break
        number += 1
        print(f"pilot: job {number}: {line}", flush=True)
        code = _run_one(pilot, line)
        if code < 0:
            return 128 - code
        _deliver(pilot, number, code)
    if not number:
        write_json(f"{pilot.status}/status.json", {**read_json(f"{pilot.status}/status.json"), "state": "failed", "message": "the queue has no job"})
        return EXIT_NO_JOB
    return EXIT_DONE


def _stopped(_number: int, _frame: object) -> None:
    sys.exit(143)


def main() -> int:
    """Command line."""
    signal.signal(signal.SIGTERM, _stopped)
    queue, seconds, cores, out, status = sys.argv[1:]
    for folder in (out, status):
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 -- pathlib is slow to import
    return fly(Pilot(queue.rstrip("/"), float(seconds), cores, out, status))


if __name__ == "__main__":
    sys.exit(main())
