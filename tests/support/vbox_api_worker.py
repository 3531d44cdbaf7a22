"""A worker without VirtualBox: speaks the API road's wire on standard input and output. The VM's name in a command says what becomes of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from t4t.domain.errors import VmBusy, to_wire
from t4t.hypervisor.virtualbox.api.wire import Reply, arguments, encode
from t4t.hypervisor.virtualbox.versions import Version
from t4t.hypervisor.wire import Request

STATUS: Final = 4


def say(reply: Reply) -> None:
    """One line up."""
    sys.stdout.buffer.write(encode(reply))
    sys.stdout.buffer.flush()


def _refuses() -> bool:
    """Whether this is the first to be started with ``refuses=FILE``."""
    file = next((Path(word.removeprefix("refuses=")) for word in sys.argv if word.startswith("refuses=")), None)
    if file is None or file.exists():
        return False
    file.touch()
    return True


def main() -> None:
    """Answer until goodbye."""
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=Request)
        if request.call == "bye":
            return
        args = arguments(request.call, request.args)
        if request.call == "open":
            if "deaf" in sys.argv or _refuses():
                os._exit(STATUS)
            say(Reply(id=request.id, ok=msgspec.Raw(msgspec.json.encode(Version(7, 2, 22)))))
            continue
        match args.get("vm"):
            case "dies":
                os._exit(STATUS)
            case "hangs":
                continue
            case "busy":
                say(Reply(id=request.id, error=to_wire(VmBusy(vm="busy", command=request.call, detail="locked"))))
            case "bug":
                say(Reply(id=request.id, bug="ZeroDivisionError"))
            case "changes":
                sys.stdout.buffer.write(b"no line of ours\n")
                say(Reply(id=999, ok=msgspec.Raw(b"1")))
                say(Reply(changed="changes"))
                say(Reply(id=request.id))
            case _:
                say(Reply(id=request.id, ok=msgspec.Raw(b'"text"') if request.call in {"home", "take_snapshot", "extra"} else msgspec.Raw(b"null")))


if __name__ == "__main__":
    main()
