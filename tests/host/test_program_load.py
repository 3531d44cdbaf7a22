"""Real processes that work: a child of ours is ours, and so is a VM with our mark; what is apart is somebody else's."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil

from t4t.host.sensing.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY = "import time\nprint('ready', flush=True)\nend = time.process_time() + 60\nwhile time.process_time() < end: pass\n"
APART = "import subprocess, sys\nprint(subprocess.Popen([sys.executable, '-c', {busy!r}]).pid, flush=True)\n"
"""Its child loses its parent: so it is with a VM that is adopted."""
USED_S = 0.3


@contextlib.contextmanager
def busy(*, apart: bool = False) -> Iterator[psutil.Process]:
    """A process that does nothing but work."""
    starter = subprocess.Popen([sys.executable, "-c", APART.format(busy=BUSY) if apart else BUSY], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    said = starter.stdout.readline()
    worker = psutil.Process(int(said) if apart else starter.pid)
    if apart:
        assert starter.wait() == 0
    try:
        yield worker
    finally:
        worker.kill()
        starter.stdout.close()
        starter.wait()


def look_over_its_work(programs: Programs, worker: psutil.Process) -> tuple[float, float]:
    """Others' and our percent of a time in which the worker worked so long."""
    programs.look_now()
    while True:
        end = worker.cpu_times().user + USED_S
        while worker.cpu_times().user < end:
            time.sleep(0.02)  # other processes need the processors too
        said = programs.look_now()
        if said.others_percent is not None and said.ours_percent is not None:  # else a VBoxSVC of somebody else's tests ended: nothing is said of that time
            return said.others_percent, said.ours_percent


def test_a_child_is_ours_and_what_is_apart_is_not() -> None:
    with busy() as worker:
        programs = Programs()
        _, ours = look_over_its_work(programs, worker)
        assert worker.pid in programs._followed
        assert ours > 0.0
    assert programs.look_now().ours_percent == ours, "of one that ended nothing is known: what was said stays"
    with busy(apart=True) as worker:
        programs = Programs()
        others, _ = look_over_its_work(programs, worker)
        assert worker.pid not in programs._followed
        assert others > 0.0


def test_a_vm_is_ours_by_its_mark() -> None:
    marks: list[str] = []
    with busy(apart=True) as worker:
        programs = Programs(ours=lambda: marks)
        programs.look_now()
        assert not programs._is_ours(worker, "qemu-system-x86")
        assert worker.pid in programs._machines
        marks.append("process_time")  # a word of its command line
        programs._names[worker.pid] = "qemu-system-x86"
        assert programs._is_ours(worker, "qemu-system-x86")


def test_a_vm_is_ours_by_its_number_where_its_command_line_tells_nothing() -> None:
    ours: set[int] = set()
    with busy(apart=True) as worker:
        programs = Programs(ours=lambda: ("no such mark",), processes=lambda: ours)
        assert not programs._is_ours(worker, "vboxheadless")
        ours.add(worker.pid)
        assert programs._is_ours(worker, "vboxheadless")
        assert not programs._is_ours(worker, "editor"), "only a VM's process is"
