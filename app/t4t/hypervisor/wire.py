"""The messages between `remote` and `host`: one JSON object a line, a call's arguments and result typed by one table.

``{"id", "call", "args"}`` and ``{"cancel": id}`` go down; ``{"id", "ok"}``, ``{"id", "error"}``, ``{"event"}`` and ``{"lost": text}`` come up.
``{"call": "bye"}`` ends the host without touching VMs; the end of the file ends it after saving them.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from t4t.domain.record import record
from t4t.domain.vm import Capabilities, Snapshot, VmChange, VmId, VmInfo, VmSpec, VmState


@record
class Call:
    """One method of the contract on the wire.

    ``seconds`` is how long the host may take before it counts as hung; ``deadline`` arguments are added to it.
    """

    args: dict[str, Any]
    result: Any
    seconds: float


_VM: Final = {"vm_id": VmId}

CALLS: Final[dict[str, Call]] = {
    "probe": Call({}, Capabilities, 300.0),  # a new host waits until the host of an agent that died has saved its VMs
    "inspect": Call({"vm_id": VmId | None}, tuple[VmInfo, ...], 30.0),
    "create": Call({"spec": VmSpec}, VmInfo, 120.0),
    "start": Call(_VM, VmInfo, 300.0),
    "pause": Call(_VM, VmInfo, 30.0),
    "resume": Call(_VM, VmInfo, 30.0),
    "save": Call(_VM, VmInfo, 600.0),
    "discard_state": Call(_VM, VmInfo, 120.0),
    "shut_down": Call({"vm_id": VmId, "deadline": float}, VmInfo, 60.0),
    "power_off": Call(_VM, VmInfo, 60.0),
    "reconfigure": Call({"vm_id": VmId, "change": VmChange}, VmInfo, 60.0),
    "delete": Call(_VM, None, 120.0),
    "take_snapshot": Call({"vm_id": VmId, "name": str}, Snapshot, 600.0),
    "restore_snapshot": Call({"vm_id": VmId, "name": str}, VmInfo, 120.0),
    "delete_snapshot": Call({"vm_id": VmId, "name": str}, None, 120.0),
    "snapshots": Call(_VM, tuple[Snapshot, ...], 30.0),
    "screenshot": Call(_VM, bytes, 30.0),
}


class Request(msgspec.Struct, omit_defaults=True):
    """What goes down to the host."""

    id: int = 0
    call: str = ""
    args: dict[str, Any] = {}
    cancel: int = 0


class Event(msgspec.Struct):
    """A VM's state was observed."""

    vm_id: str
    state: VmState


class Reply(msgspec.Struct, omit_defaults=True):
    """What comes up from the host."""

    id: int = 0
    ok: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] | None = None
    bug: str = ""
    event: Event | None = None


def encode(message: Request | Reply) -> bytes:
    """One line."""
    return msgspec.json.encode(message) + b"\n"


def arguments(call: str, args: dict[str, Any]) -> dict[str, Any]:
    """The typed keyword arguments of ``call``; `msgspec.ValidationError` or `KeyError` when they do not fit."""
    return {name: msgspec.convert(args[name], kind) for name, kind in CALLS[call].args.items()}
