"""Chunk after chunk in forked copies of the initialised generator, a few at a time."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from typing import TYPE_CHECKING, Protocol

from t4t_guest.chunks import ChunkResult, GeneratorFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from t4t_guest.chunks import Chunk

    class Computes(Protocol):
        """An initialised generator, as `generator.Generator` is."""

        def compute(self, chunk: Chunk, report: Callable[[int], None]) -> ChunkResult:
            """Generate and analyse the events of a chunk."""


_TRIES = 2
_READ_BYTES = 1 << 16
_MOST_AHEAD = 64
"""Chunks that may be finished before an earlier one is; limits the memory when one is slow."""


class _Worker:
    """A child process at work on one chunk."""

    __slots__ = ("buffer", "chunk", "done", "failure", "pid", "result", "tries")

    def __init__(self, chunk: Chunk, pid: int, tries: int) -> None:
        self.chunk = chunk
        self.pid = pid
        self.tries = tries
        self.buffer = b""
        self.done = 0
        self.result: ChunkResult | None = None
        self.failure: str | None = None

    def take(self, data: bytes) -> None:
        """Read what the child wrote, line by line."""
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "done" in message:
                self.done = message["done"]
            elif "failure" in message:
                self.failure = message["failure"]
            else:
                self.done = self.chunk.events
                self.result = ChunkResult(*message["result"])


def _child(generator: Computes, chunk: Chunk, channel: int) -> NoReturn:
    """Compute a chunk and leave the process without any clean-up of the parent's things."""
    status = 0

    def send(message: object) -> None:
        data = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        while data:
            data = data[os.write(channel, data) :]

    try:
        # What the libraries print (a jet finder's banner) would stand in the log as often as there are chunks.
        nothing = os.open("/dev/null", os.O_WRONLY)
        os.dup2(nothing, 1)
        send({"result": generator.compute(chunk, lambda done: send({"done": done}))})
    except GeneratorFailedError as failure:
        send({"failure": str(failure)})
    except BaseException as error:  # noqa: BLE001 -- nothing may run on into the parent's code
        send({"failure": f"chunk {chunk.number}: {type(error).__name__}: {error}"})
        status = 1
    finally:
        os._exit(status)


class Workers:
    """Runs chunks in child processes.

    `finished(number, result)` is told of each finished chunk, in any order; `moved(events)` how many events of all unfinished chunks are done.
    """

    def __init__(self, generator: Computes, cores: int, *, finished: Callable[[int, ChunkResult], None], moved: Callable[[int], None]) -> None:
        """Prepare; `run` starts the work."""
        self._generator = generator
        self._cores = cores
        self._finished = finished
        self._moved = moved
        self._running: dict[int, _Worker] = {}
        self._open: set[int] = set()
        """Numbers of the chunks started and not finished."""
        self._poll = select.poll()

    def run(self, chunks: Iterator[Chunk]) -> None:
        """Compute all chunks.

        Raises GeneratorFailedError when a chunk fails or its process dies twice; the other processes are ended first.
        """
        waiting = next(chunks, None)
        try:
            while waiting is not None or self._running:
                while waiting is not None and len(self._running) < self._cores and waiting.number - min(self._open, default=waiting.number) < _MOST_AHEAD:
                    self._start(waiting, 1)
                    waiting = next(chunks, None)
                for channel, _ in self._poll.poll(1000):
                    self._read(channel)
                self._moved(sum(worker.done for worker in self._running.values()))
        finally:
            self.stop()

    def stop(self) -> None:
        """End all processes at once."""
        for channel, worker in self._running.items():
            os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)
            os.close(channel)
        self._running.clear()

    def _start(self, chunk: Chunk, tries: int) -> None:
        reading, writing = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.close(reading)
            _child(self._generator, chunk, writing)
        os.close(writing)
        self._open.add(chunk.number)
        self._running[reading] = _Worker(chunk, pid, tries)
        self._poll.register(reading, select.POLLIN)

    def _read(self, channel: int) -> None:
        worker = self._running[channel]
        data = os.read(channel, _READ_BYTES)
        if data:
            worker.take(data)
            return
        self._poll.unregister(channel)
        os.close(channel)
        del self._running[channel]
        _, status = os.waitpid(worker.pid, 0)
        if worker.failure is not None:
            raise GeneratorFailedError(worker.failure)
        if worker.result is not None:
            self._open.discard(worker.chunk.number)
            self._finished(worker.chunk.number, worker.result)
        elif worker.tries >= _TRIES:
            raise GeneratorFailedError(f"the process of chunk {worker.chunk.number} died {_TRIES} times (status {status})")
        else:
            print(f"the process of chunk {worker.chunk.number} died (status {status}), trying again", flush=True)
            self._start(worker.chunk, worker.tries + 1)
