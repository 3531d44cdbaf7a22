"""The worker's loop with a service that is no VirtualBox: order, waiting, failures, events. The service's own methods are tried in the laboratory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from t4t.domain.errors import HypervisorBroken, VmBusy, VmNotFound, from_wire
from t4t.hypervisor.virtualbox import codes
from t4t.hypervisor.virtualbox.api.failure import Failure, Refused
from t4t.hypervisor.virtualbox.api.wire import CALLS, Reply
from t4t.hypervisor.virtualbox.api.worker import Worker
from t4t.hypervisor.virtualbox.road import Road

if TYPE_CHECKING:
    from collections.abc import Generator

    from t4t.domain.vm import VmId


class Sessions:
    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.dropped = False

    def forget(self, vm: str) -> None:
        self.forgotten.append(vm)

    def drop_all(self) -> None:
        self.dropped = True


class Service:
    """Only what a test needs of the real one's methods."""

    def __init__(self) -> None:
        self.sessions = Sessions()
        self.order: list[str] = []

    def home(self) -> str:
        return "/home/VirtualBox"

    def start(self, vm: VmId) -> Generator[float, None, None]:
        self.order.append(f"{vm} begins")
        yield 0.02
        self.order.append(f"{vm} ends")

    def take_snapshot(self, vm: VmId, name: str) -> Generator[float, None, str]:
        yield 0.0
        yield 0.0
        return f"{vm}:{name}"

    def pause(self, vm: VmId) -> None:
        self.order.append(f"{vm} paused")

    def resume(self, vm: VmId) -> None:
        raise VmNotFound(vm=vm)

    def save(self, vm: VmId) -> Generator[float, None, None]:
        yield 0.0
        raise Refused(Failure(codes.INVALID_OBJECT_STATE, f"The machine '{vm}' is already locked by a session"))

    def discard(self, vm: VmId) -> None:
        raise Refused(Failure(codes.CALL_FAILED, "gone"))

    def registered(self) -> None:
        raise ZeroDivisionError("a bug of ours")


class Listener:
    closed = False

    def close(self) -> None:
        self.closed = True


def serve(*requests: dict[str, Any] | bytes, service: Service | None = None) -> tuple[list[Reply], Service, Listener]:
    """What comes up when these lines go down and then the pipe ends; nothing ends the worker before all was answered."""
    lines = [line if isinstance(line, bytes) else msgspec.json.encode({"args": {}} | line) + b"\n" for line in requests]
    reader, writer = os.pipe()
    sink = io.BytesIO()
    worker = Worker(os.fdopen(reader, "rb"), sink, lost=lambda: None)
    made, listener = Service() if service is None else service, Listener()
    worker._service, worker._listener = made, listener  # type: ignore[assignment] # the doubles
    os.write(writer, b"".join(lines))
    wanted = sum(isinstance(line, dict) for line in requests)

    def end() -> None:
        while len(sink.getvalue().splitlines()) < wanted:
            pause.wait(0.002)
        os.close(writer)

    pause = threading.Event()
    ending = threading.Thread(target=end)
    ending.start()
    worker.serve()
    ending.join()
    worker._source.close()
    return [msgspec.json.decode(line, type=Reply) for line in sink.getvalue().splitlines()], made, listener


def test_a_quick_command_is_answered() -> None:
    (reply,), _, listener = serve({"id": 7, "call": "home"})
    assert reply.id == 7
    assert msgspec.json.decode(reply.ok) == "/home/VirtualBox"
    assert listener.closed


def test_one_that_waits_lets_others_go_on() -> None:
    replies, service, _ = serve({"id": 1, "call": "start", "args": {"vm": "a"}}, {"id": 2, "call": "pause", "args": {"vm": "b"}})
    assert [reply.id for reply in replies] == [2, 1]
    assert service.order == ["a begins", "b paused", "a ends"]
    assert service.sessions.dropped


def test_what_a_waiting_command_gives() -> None:
    (reply,), _, _ = serve({"id": 3, "call": "take_snapshot", "args": {"vm": "a", "name": "s"}})
    assert msgspec.json.decode(reply.ok) == "a:s"


@pytest.mark.parametrize(
    ("call", "leaf", "data"),
    [
        ("resume", VmNotFound, {"vm": "a"}),
        ("save", VmBusy, {"vm": "a", "command": "save"}),
        ("discard", HypervisorBroken, {"detail": "discard: gone"}),
    ],
)
def test_failures_are_leaves(call: str, leaf: type[Exception], data: dict[str, str]) -> None:
    (reply,), _, _ = serve({"id": 1, "call": call, "args": {"vm": "a"}})
    assert reply.error is not None
    error = from_wire(reply.error)
    assert isinstance(error, leaf)
    assert {name: getattr(error, name) for name in data} == data


def test_bugs_and_nonsense_do_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    replies, _, _ = serve(
        {"id": 1, "call": "registered"}, b"no json\n", {"id": 2, "call": "pause", "args": {}}, {"id": 3, "call": "fly"}, {"id": 4, "call": "home"}
    )
    assert [reply.id for reply in replies] == [1, 2, 3, 4]
    assert "a bug of ours" in replies[0].bug
    assert replies[1].bug
    assert replies[2].bug
    assert not replies[3].bug
    assert "registered failed" in caplog.text


def test_before_it_is_opened() -> None:
    sink = io.BytesIO()
    worker = Worker(io.BytesIO(b'{"id":1,"call":"home","args":{}}\n'), sink, lost=lambda: None)
    worker.serve()
    (reply,) = (msgspec.json.decode(line, type=Reply) for line in sink.getvalue().splitlines())
    assert reply.error is not None
    assert isinstance(from_wire(reply.error), HypervisorBroken)


def test_goodbye_ends_it_before_the_pipe_does() -> None:
    sink = io.BytesIO()
    worker = Worker(io.BytesIO(b'{"call":"bye"}\n{"id":1,"call":"home","args":{}}\n'), sink, lost=lambda: None)
    worker.serve()
    assert sink.getvalue() == b""


def test_an_event_is_told_and_the_vms_session_looked_at() -> None:
    service = Service()
    reader, writer = os.pipe()
    sink = io.BytesIO()
    worker = Worker(os.fdopen(reader, "rb"), sink, lost=lambda: None)
    worker._service = service  # type: ignore[assignment] # the double
    worker._changed("a")
    os.close(writer)
    worker.serve()
    worker._source.close()
    assert msgspec.json.decode(sink.getvalue().splitlines()[0], type=Reply).changed == "a"
    assert service.sessions.forgotten == ["a"]


def test_a_road_that_is_gone_is_no_failure() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", buffering=0) as sink:
        worker = Worker(io.BytesIO(b'{"id":1,"call":"fly","args":{}}\n'), sink, lost=lambda: None)
        worker.serve()


def test_every_method_of_the_road_is_on_the_wire() -> None:
    ours = {"name", "look_seconds", "close", "changes", "convert_raw"}
    assert {name for name in vars(Road) if not name.startswith("_")} - ours == set(CALLS)


def test_as_a_process_it_answers_on_its_pipe_alone() -> None:
    """Where there is no binding it says so; what it has to say besides goes to standard error."""
    command = [sys.executable, "-m", "t4t.hypervisor.virtualbox.api.worker"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[4] / "app")}
    requests = b'{"id":1,"call":"open","args":{"folder":"/nowhere"}}\nnonsense\n{"id":2,"call":"home","args":{}}\n'
    done = subprocess.run(command, input=requests, capture_output=True, env=environment, timeout=60, check=False)
    replies = [msgspec.json.decode(line, type=Reply) for line in done.stdout.splitlines()]
    assert [reply.id for reply in replies] == [1, 2]
    assert done.returncode == 0
    if replies[0].error is not None:  # no VirtualBox on this computer
        assert isinstance(from_wire(replies[0].error), HypervisorBroken)
    assert b"no request" in done.stderr
