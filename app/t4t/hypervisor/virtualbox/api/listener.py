"""The worker's ear: a passive listener with a long wait, in a thread of its own, and the watch over VBoxSVC.

A short wait costs as much as polling. An active listener would let VBoxSVC wait for us.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import psutil
from virtualbox.library import IEvent

from t4t.hypervisor import process
from t4t.hypervisor.virtualbox.api import failure
from t4t.hypervisor.virtualbox.api.objects import call, get

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.hypervisor.process import ProcessId
    from t4t.hypervisor.virtualbox.api.service import Service

_LOG: Final = logging.getLogger(__name__)
_WAIT_MS: Final = 60_000
EVENTS: Final[dict[str, str]] = {
    "OnMachineStateChanged": "IMachineStateChangedEvent",
    "OnSessionStateChanged": "ISessionStateChangedEvent",
    "OnMachineRegistered": "IMachineRegisteredEvent",
    "OnSnapshotTaken": "ISnapshotTakenEvent",
    "OnSnapshotDeleted": "ISnapshotDeletedEvent",
    "OnSnapshotRestored": "ISnapshotRestoredEvent",
}
"""What is listened to, and the interface of the event; each of them names a VM."""


class Listener:
    """Listens until its process ends or VBoxSVC does."""

    def __init__(self, service: Service, changed: Callable[[str], None], lost: Callable[[str], None]) -> None:
        """``changed`` is told the id of each VM with an event, ``lost`` why there will be no more; both from other threads. Call it in the command thread."""
        self._binding = service.manager.manager
        self._changed = changed
        self._lost = lost
        self._source = service.vbox.event_source
        self._listener = self._source.create_listener()
        self._kinds = {service.numbers.number("VBoxEventType", name): kind for name, kind in EVENTS.items() if service.numbers.has("VBoxEventType", name)}
        call(self._source, "registerListener", self._listener, list(self._kinds), False)  # noqa: FBT003 - the API's order: passive
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take the listener back, in the command thread: that ends its wait at once."""
        self._closing.set()
        with contextlib.suppress(Exception):  # VBoxSVC may be gone, and then there is nothing to be taken back
            self._source.unregister_listener(self._listener)
        self._thread.join(1.0)

    def _listen(self) -> None:
        # Not undone: the end of a thread's own XPCOM queue aborts the process (seen with 7.2), and this thread lives as long as the process.
        self._binding.initPerThread()
        while not self._closing.is_set():
            try:
                raw = call(self._source, "getEvent", self._listener, _WAIT_MS)
                if raw is not None:
                    self._take(raw)
            except Exception as error:  # noqa: BLE001 - whatever it was, there will be no more events
                if self._closing.is_set():
                    return
                known = failure.read(error)
                _LOG.warning("no more events: %s", known or error)
                self._lost(str(known or error))
                return

    def _take(self, raw: Any) -> None:  # noqa: ANN401 - an object of the binding
        event = IEvent(raw)
        kind = self._kinds.get(get(event, "type"))
        if kind is not None:
            self._changed(str(self._binding.queryInterface(raw, kind).machineId).lower())
        self._source.event_processed(self._listener, event)


def watch(server: ProcessId, gone: Callable[[str], None]) -> threading.Thread:
    """Tell when VBoxSVC has ended, in a thread of its own: a VM's process may keep the connection to it open (it inherits it), so that calls only hang."""

    def wait() -> None:
        _wait(server)
        gone("VBoxSVC has ended")

    thread = threading.Thread(target=wait, name="VBoxSVC", daemon=True)
    thread.start()
    return thread


if sys.platform == "linux":
    import select

    def _wait(server: ProcessId) -> None:
        """By a handle that can't come to mean another process."""
        try:
            handle = os.pidfd_open(server.pid)
        except ProcessLookupError:
            return
        try:
            if process.is_alive(server):
                poll = select.poll()
                poll.register(handle, select.POLLIN)
                poll.poll()
        finally:
            os.close(handle)

else:

    def _wait(server: ProcessId) -> None:
        with contextlib.suppress(psutil.Error):
            psutil.Process(server.pid).wait()
