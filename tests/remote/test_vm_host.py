"""``t4t vm-host``, the process itself: its lock, its end."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Start = Callable[[], subprocess.Popen[bytes]]

PROBE = b'{"id":1,"call":"probe","args":{}}\n'


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def one() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "t4t", "--data-dir", str(tmp_path), "vm-host", "--hypervisor", "fake"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment())
        started.append(process)
        return process

    yield one
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def ask(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(line)
    process.stdin.flush()


def answer(process: subprocess.Popen[bytes], seconds: float = 30) -> dict[str, Any] | None:
    """The next line; None if none comes in time."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(seconds):
            return None
    found = json.loads(process.stdout.readline())
    assert isinstance(found, dict)
    return found


def test_it_answers_and_says_goodbye(start: Start) -> None:
    host = start()
    ask(host, PROBE)
    reply = answer(host)
    assert reply is not None
    assert reply["ok"]["hypervisor"] == "fake"
    ask(host, b'{"call":"bye"}\n')
    assert host.wait(30) == 0


def test_a_second_host_waits_for_the_first(start: Start) -> None:
    first, second = start(), None
    ask(first, PROBE)
    assert answer(first) is not None
    second = start()
    ask(second, PROBE)
    assert answer(second, seconds=1.5) is None
    assert second.poll() is None
    assert first.stdin is not None
    first.stdin.close()  # its agent is gone
    assert first.wait(30) == 0
    assert answer(second) is not None


def test_a_killed_hosts_lock_is_free(start: Start) -> None:
    first = start()
    ask(first, PROBE)
    assert answer(first) is not None
    first.kill()
    first.wait()
    second = start()
    ask(second, PROBE)
    assert answer(second) is not None
