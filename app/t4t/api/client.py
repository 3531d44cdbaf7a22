"""The local API's client: blocking, for verbs and for whoever waits in a thread of its own."""

from __future__ import annotations

import itertools
import socket
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self, cast

import msgspec

from t4t.api.endpoint import endpoint
from t4t.api.messages import MAX_ANSWER_BYTES, OTHER_VERSION, OUR_ERROR, Answer
from t4t.domain.errors import AgentMissing, AgentNotUnderstood, from_wire
from t4t.domain.session import VERSION, SessionView, Why

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

_SECONDS: Final = 30.0


class Client:
    """One connection to the agent of a data folder."""

    def __init__(self, data_dir: Path, *, seconds: float | None = _SECONDS) -> None:
        """Connect; raises `AgentMissing` if nobody listens. ``seconds``: how long an answer may take (None: for ever)."""
        self._data_dir = data_dir
        self._ids = itertools.count(1)
        try:
            self._stream = _open(endpoint(data_dir), seconds)
        except OSError as error:
            raise AgentMissing(data_dir=str(data_dir)) from error

    def call(self, method: str, **params: object) -> Any:  # noqa: ANN401 - as the method answers
        """The method's result as plain data; raises the agent's error, `AgentMissing` when it goes, `AgentNotUnderstood` when it speaks otherwise."""
        return msgspec.json.decode(self._raw(method, params))

    def status(self) -> SessionView:
        """Everything at this moment."""
        return cast("SessionView", self._typed("status", SessionView))

    def why(self) -> Why:
        """The decision."""
        return cast("Why", self._typed("why", Why))

    def views(self) -> Iterator[SessionView]:
        """The view now, and again at each change, until the agent ends."""
        self._raw("subscribe", {})
        while (answer := self._read()) is not None:
            if answer.method == "view":
                yield _decode(bytes(answer.params), SessionView)

    def _typed(self, method: str, kind: type[Any]) -> Any:  # noqa: ANN401 - an instance of ``kind``
        return _decode(self._raw(method, {}), kind)

    def _raw(self, method: str, params: dict[str, object]) -> bytes:
        number = next(self._ids)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params | {"version": VERSION}}
        try:
            self._stream.write(msgspec.json.encode(request) + b"\n")
            self._stream.flush()
        except OSError as error:
            raise AgentMissing(data_dir=str(self._data_dir)) from error
        while True:
            answer = self._read()
            if answer is None:
                raise AgentMissing(data_dir=str(self._data_dir))
            if answer.id == number and not answer.method:
                break
        if answer.error is None:
            return bytes(answer.result)
        if answer.error.code == OUR_ERROR and isinstance(answer.error.data, dict):
            raise from_wire(answer.error.data)
        kind = "another version" if answer.error.code == OTHER_VERSION else str(answer.error.code)
        raise AgentNotUnderstood(detail=f"{kind}: {answer.error.message}")

    def _read(self) -> Answer | None:
        try:
            line = self._stream.readline(MAX_ANSWER_BYTES)
        except (OSError, ValueError) as error:
            raise AgentMissing(data_dir=str(self._data_dir)) from error
        if not line.endswith(b"\n"):
            return None
        return cast("Answer", _decode(line, Answer))

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def __enter__(self) -> Self:
        """Nothing more."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """`close`."""
        self.close()


def _decode(data: bytes, kind: type[Any]) -> Any:  # noqa: ANN401 - an instance of ``kind``
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AgentNotUnderstood(detail=str(error)) from error


if sys.platform == "win32":

    def _open(path: Path, _seconds: float | None) -> BinaryIO:
        """A named pipe is opened as a file."""
        return cast("BinaryIO", path.open("r+b", buffering=0))

else:

    def _open(path: Path, seconds: float | None) -> BinaryIO:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(seconds)
            connection.connect(str(path))
            return cast("BinaryIO", connection.makefile("rwb"))
        finally:
            connection.close()  # the stream holds it open
