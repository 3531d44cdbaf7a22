"""Real processes that work hard: ours are ours, others are others."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from t4t.host.sensing.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY = "import time, sys\nend = time.process_time() + 60\nprint('ready', flush=True)\nwhile time.process_time() < end: pass\n"


@contextlib.contextmanager
def busy(*words: str, apart: bool = False) -> Iterator[None]:
    """A process that does nothing but work; ``apart``: no child of ours, as an adopted VM is none."""
    script = f"import subprocess, sys\np = subprocess.Popen([sys.executable, '-c', {BUSY!r}, *{words!r}])\nprint(p.pid, flush=True)\n"
    command = [sys.executable, "-c", script if apart else BUSY, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(2 if apart else 1)]
    pid = next((int(line) for line in said if line.strip().isdigit()), process.pid)
    try:
        yield
    finally:
        subprocess.run(["kill", "-9", str(pid)], check=True)
        process.stdout.close()
        process.wait()


def measured(programs: Programs, seconds: float) -> tuple[float, float]:
    """Others' and our percent over so much time of this process and its children."""
    import time  # noqa: PLC0415 - the one place that lets time pass

    programs.look_now()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.1)
    said = programs.look_now()
    assert said.others_percent is not None
    assert said.ours_percent is not None
    return said.others_percent, said.ours_percent


def test_a_child_is_ours_and_what_is_apart_is_not() -> None:
    programs = Programs()
    with busy():
        _, ours = measured(programs, 1.0)
        assert ours > 5.0
    with busy(apart=True):
        programs = Programs()
        others, ours_apart = measured(programs, 1.0)
        assert others > 5.0
        assert ours_apart < ours
