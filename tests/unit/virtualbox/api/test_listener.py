"""The worker's ear with an event source that is no VirtualBox, and its watch over a real process."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any, Self

import pytest

from t4t.hypervisor.process import ProcessId, start_time
from t4t.hypervisor.virtualbox.api.listener import EVENTS, Listener, watch
from t4t.hypervisor.virtualbox.api.numbers import Numbers
from unit.virtualbox.api.test_numbers import RECORDED, Recorded

KINDS = RECORDED["VBoxEventType"]


class Source:
    """As the raw event source under pyvbox's: a passive listener waits here, and taking it back ends its wait."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.listener = object()
        self.registered: list[int] = []
        self.processed: list[Any] = []
        self.taken_back = threading.Event()

    @property
    def _i(self) -> Self:
        return self

    def create_listener(self) -> Any:
        return self.listener

    def unregister_listener(self, listener: Any) -> None:
        assert listener is self.listener
        self.taken_back.set()
        self.events.put(None)

    def event_processed(self, listener: Any, event: Any) -> None:
        assert listener is self.listener
        self.processed.append(event._i)

    def _call(self, name: str, in_p: list[Any]) -> Any:
        if name == "registerListener":
            listener, kinds, active = in_p
            assert listener is self.listener
            assert active is False
            self.registered = kinds
            return None
        assert (name, in_p[0]) == ("getEvent", self.listener)
        assert in_p[1] >= 30_000, "a short wait costs as much as polling"
        if self.taken_back.is_set():
            raise AssertionError("waits again")
        event = self.events.get()
        if isinstance(event, Exception):
            raise event
        return event


class World:
    def __init__(self) -> None:
        self.source = Source()
        self.changed: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.lost: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.initialised = 0
        binding = SimpleNamespace(initPerThread=self._init, queryInterface=self._query)
        service = SimpleNamespace(manager=SimpleNamespace(manager=binding), vbox=SimpleNamespace(event_source=self.source), numbers=Numbers(Recorded()))
        self.listener = Listener(service, self.changed.put, self.lost.put)  # type: ignore[arg-type] # the doubles

    def _init(self) -> None:
        self.initialised += 1

    @staticmethod
    def _query(raw: Any, kind: str) -> Any:
        assert kind == raw.kind
        return SimpleNamespace(machineId=raw.vm)


def _gone(listener: Any) -> None:
    raise OSError(listener)


def event(name: str, vm: str = "AB-1") -> Any:
    return SimpleNamespace(type=KINDS.get(name, 99), kind=EVENTS.get(name), vm=vm)


def test_events_are_told_by_their_vms_id_and_given_back() -> None:
    world = World()
    assert set(world.source.registered) == {KINDS[name] for name in EVENTS}
    world.source.events.put(None)  # it may wake for nothing
    sent = [event("OnMachineStateChanged"), event("OnSnapshotTaken", "CD-2")]
    for one in sent:
        world.source.events.put(one)
    assert [world.changed.get(timeout=5) for _ in sent] == ["ab-1", "cd-2"]
    world.listener.close()
    assert world.source.processed == sent
    assert world.initialised == 1
    assert world.lost.empty()


def test_an_event_of_another_kind_is_only_given_back() -> None:
    world = World()
    other = event("OnSomethingNew")
    world.source.events.put(other)
    world.source.events.put(event("OnSessionStateChanged"))
    assert world.changed.get(timeout=5) == "ab-1"
    world.listener.close()
    assert world.source.processed[0] is other


@pytest.mark.parametrize("error", [OSError("odd"), AttributeError("gone")])
def test_the_end_of_all_events_is_told(error: Exception) -> None:
    world = World()
    world.source.events.put(error)
    assert str(error) in world.lost.get(timeout=5)


def test_an_error_while_closing_is_the_end_that_was_wanted() -> None:
    world = World()
    world.listener._closing.set()
    world.source.events.put(OSError("taken back"))
    world.listener._thread.join(5)
    assert not world.listener._thread.is_alive()
    assert world.lost.empty()
    world.source.unregister_listener = _gone  # type: ignore[method-assign] # VBoxSVC is gone
    world.listener.close()


def test_the_end_of_a_process_is_told_at_once() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    started = start_time(child.pid)
    assert started is not None
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    thread = watch(ProcessId(child.pid, started), told.put)
    assert told.empty()
    assert child.stdin is not None
    child.stdin.close()
    assert told.get(timeout=10)
    thread.join(5)
    child.wait()
    watch(ProcessId(child.pid, started), told.put).join(5)  # one that is gone already
    assert told.get(timeout=5)


def test_another_process_with_its_number_is_not_waited_for() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    watch(ProcessId(child.pid, "another time"), told.put).join(10)
    assert told.get(timeout=5)
    child.communicate()
