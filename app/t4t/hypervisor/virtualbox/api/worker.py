"""What has the API: commands by one pipe, answers and events by another. A thread of the VM host (`inside`), or a process of its own (`main`).

One command thread has all objects of the API. Another one hears events (`listener`), one reads the commands, one waits for the end of VBoxSVC, which is the
end of all this too: the client library can't connect again.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from t4t.domain.errors import HypervisorBroken, T4TError, to_wire
from t4t.hypervisor.virtualbox import processes
from t4t.hypervisor.virtualbox.api import binding, errorinfo, failure
from t4t.hypervisor.virtualbox.api.wire import Reply, arguments, encode
from t4t.hypervisor.virtualbox.versions import NAME
from t4t.hypervisor.wire import Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from t4t.hypervisor.virtualbox.api.listener import Listener
    from t4t.hypervisor.virtualbox.api.service import Service
    from t4t.hypervisor.virtualbox.versions import Version

_LOG: Final = logging.getLogger(__name__)
LOST: Final = 4
"""Exit status when VBoxSVC is gone."""
_BYE: Final = "bye"


class Worker:
    """Serves the road at the other end of the pipe, one command after the other; those that wait let others go on."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, *, lost: Callable[[], object]) -> None:
        """``source`` and ``sink`` are the ends of the pipes; nothing else may write to ``sink``.

        ``lost`` ends all this at once, whatever the command thread hangs in; it is called in other threads, when VBoxSVC is gone.
        """
        self._end = lost
        self._source = source
        self._sink = sink
        self._writing = threading.Lock()
        self._requests: queue.SimpleQueue[Request | str] = queue.SimpleQueue()
        self._waiting: list[tuple[float, int, Request, Generator[float, None, object]]] = []
        self._order = itertools.count()
        self._service: Service | None = None
        self._listener: Listener | None = None

    def serve(self) -> None:
        """Work until the road says goodbye or is gone."""
        threading.Thread(target=self._read, name="commands", daemon=True).start()
        while True:
            request = self._next()
            if isinstance(request, str):
                if request == _BYE:
                    self._close()
                    return
                if self._service is not None:
                    self._service.sessions.forget(request)
            elif request is not None:
                self._begin(request)
            else:
                _, _, waiting, steps = heapq.heappop(self._waiting)
                self._step(waiting, steps)

    def _read(self) -> None:
        for line in self._source:
            try:
                request = msgspec.json.decode(line, type=Request)
            except msgspec.DecodeError:
                _LOG.warning("a line that is no request was ignored")
                continue
            self._requests.put(_BYE if request.call == _BYE else request)
        self._requests.put(_BYE)

    def _next(self) -> Request | str | None:
        """A new command (or the id of a VM whose process may have ended), or None when one that waits is due."""
        if not self._waiting:
            return self._requests.get()
        try:
            seconds = self._waiting[0][0] - time.monotonic()
            return self._requests.get(timeout=seconds) if seconds > 0 else self._requests.get_nowait()
        except queue.Empty:
            return None

    def _begin(self, request: Request) -> None:
        errorinfo.forget()
        try:
            keywords = arguments(request.call, request.args)
            result = self._open(**keywords) if request.call == "open" else getattr(self._opened(), request.call)(**keywords)
        except Exception as error:  # noqa: BLE001 - every failure must reach the road as one, and the worker must go on
            self._fail(request, error)
            return
        if isinstance(result, Generator):
            self._step(request, result)
        else:
            self._write(Reply(id=request.id, ok=msgspec.Raw(msgspec.json.encode(result))))

    def _step(self, request: Request, steps: Generator[float, None, object]) -> None:
        errorinfo.forget()
        try:
            seconds = next(steps)
        except StopIteration as end:
            self._write(Reply(id=request.id, ok=msgspec.Raw(msgspec.json.encode(end.value))))
        except Exception as error:  # noqa: BLE001 - as in _begin
            self._fail(request, error)
        else:
            heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._order), request, steps))

    def _fail(self, request: Request, error: Exception) -> None:
        error = errorinfo.told(error)
        known = failure.read(error)
        if isinstance(error, T4TError):
            self._write(Reply(id=request.id, error=to_wire(error)))
        elif known is not None and known.dead:
            self._write(Reply(id=request.id, error=to_wire(HypervisorBroken(hypervisor=NAME, detail=f"{request.call}: {known.words}"))))
        elif known is not None:
            self._write(Reply(id=request.id, error=to_wire(known.leaf(request.call, _vm(request.args)))))
        else:
            _LOG.error("%s failed", request.call, exc_info=error)
            self._write(Reply(id=request.id, bug="".join(traceback.format_exception_only(error)).strip()))

    def _opened(self) -> Service:
        if self._service is None:
            raise HypervisorBroken(hypervisor=NAME, detail="used before it was opened")
        return self._service

    def _open(self, folder: str) -> Version:
        """Load the binding, connect, listen."""
        if self._service is None:
            if sys.platform == "win32":
                from t4t.hypervisor.virtualbox.api import com  # noqa: PLC0415 - pywin32 is only there

                com.install(folder)
            else:
                binding.load(binding.find(folder), folder)
            manager = binding.manager()
            with binding.quiet():  # these two import the binding's generated classes
                from t4t.hypervisor.virtualbox.api.listener import Listener, watch  # noqa: PLC0415 - pyvbox looks for the binding when it is imported
                from t4t.hypervisor.virtualbox.api.service import Service  # noqa: PLC0415 - as above
            self._service = Service(manager)
            server = processes.find_server()
            if server is not None:
                watch(server, self._lost)
            self._listener = Listener(self._service, self._changed, self._lost)
        return self._service.version

    def _changed(self, vm: str) -> None:
        """Called in the listener's thread."""
        self._requests.put(vm)
        self._write(Reply(changed=vm))

    def _lost(self, why: str) -> None:
        """Called in other threads."""
        _LOG.warning("%s", why)
        self._end()

    def _write(self, reply: Reply) -> None:
        with self._writing:
            try:
                self._sink.write(encode(reply))
                self._sink.flush()
            except (OSError, ValueError):  # the road is gone; the end of its pipe is read next
                _LOG.debug("nobody reads any more")

    def _close(self) -> None:
        """Give everything back; what then still hangs is ended by the road."""
        if self._listener is not None:
            self._listener.close()
        if self._service is not None:
            self._service.sessions.drop_all()


def _vm(args: dict[str, Any]) -> str:
    """The VM that a command is for, as the wire has it."""
    spec = args.get("spec")
    return str(args.get("vm") or (spec.get("vm_id", "") if isinstance(spec, dict) else ""))


def _exit_lost() -> NoReturn:
    logging.shutdown()
    os._exit(LOST)


def main() -> NoReturn:
    """Take standard output for answers alone (the binding prints to it) and serve."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s vbox-api %(levelname)s %(name)s: %(message)s")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with Path(os.devnull).open("rb") as nothing, os.fdopen(os.dup(0), "rb") as source:
        os.dup2(nothing.fileno(), 0)
        Worker(source, sink, lost=_exit_lost).serve()
    logging.shutdown()
    os._exit(0)  # XPCOM's own end at the interpreter's is not worth a crash


if __name__ == "__main__":
    main()
