"""The messages between `road` and `worker`: one JSON object a line, a call's arguments and result typed by one table (as between agent and VM host).

``{"id", "call", "args"}`` goes down; ``{"id", "ok"}``, ``{"id", "error"}``, ``{"id", "bug"}`` and ``{"changed": vm}`` come up. ``{"call": "bye"}`` or the end
of the file ends the worker; VMs go on.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from t4t.domain.vm import PortForward, Share, VmId, VmSpec
from t4t.hypervisor.virtualbox.options import Choices
from t4t.hypervisor.virtualbox.versions import Version
from t4t.hypervisor.virtualbox.view import Attachment, Machine, Medium, Registered
from t4t.hypervisor.wire import Call, Request

_VM: Final = {"vm": VmId}
_QUICK: Final = 30.0
"""Seconds for what VirtualBox does at once; one that takes longer hangs, and its process is ended."""
_LOCK: Final = 60.0
"""For what may have to wait for a VM's lock."""

CALLS: Final[dict[str, Call]] = {
    "open": Call({"folder": str}, Version, 30.0),
    "home": Call({}, str, _QUICK),
    "registered": Call({}, tuple[Registered, ...], _QUICK),
    "machine": Call(_VM, Machine, _QUICK),
    "extra": Call({"vm": VmId, "key": str}, str | None, _QUICK),
    "media": Call({}, tuple[Medium, ...], 120.0),
    "create": Call({"spec": VmSpec, "choices": Choices}, None, 120.0),
    "introduce": Call({"spec": VmSpec, "path": str}, None, _LOCK),
    "attach_base": Call({"spec": VmSpec, "path": str}, None, _LOCK),
    "detach": Call({"vm": VmId, "one": Attachment}, None, _LOCK),
    "close_medium": Call({"medium": str, "delete": bool}, None, 120.0),
    "unregister": Call(_VM, None, 120.0),
    "shape": Call({"vm": VmId, "kib_s": int}, None, _LOCK),
    "set_resources": Call({"vm": VmId, "cores": int | None, "memory_mib": int | None}, None, _LOCK),
    "share": Call({"vm": VmId, "one": Share}, None, _LOCK),
    "unshare": Call({"vm": VmId, "name": str}, None, _LOCK),
    "discard": Call(_VM, None, _LOCK),
    "start": Call(_VM, None, 300.0),
    "set_cap": Call({"vm": VmId, "percent": int, "live": bool}, None, _LOCK),
    "set_link": Call({"vm": VmId, "up": bool, "live": bool}, None, _LOCK),
    "set_bandwidth": Call({"vm": VmId, "kib_s": int}, None, _LOCK),
    "forward": Call({"vm": VmId, "ports": tuple[PortForward, ...], "live": bool}, None, _LOCK),
    "unforward": Call({"vm": VmId, "names": tuple[str, ...], "live": bool}, None, _LOCK),
    "pause": Call(_VM, None, _QUICK),
    "resume": Call(_VM, None, _QUICK),
    "save": Call(_VM, None, 600.0),
    "power_off": Call(_VM, None, _LOCK),
    "press_button": Call(_VM, None, _QUICK),
    "screenshot": Call(_VM, bytes, _QUICK),
    "take_snapshot": Call({"vm": VmId, "name": str}, str, 600.0),
    "restore_snapshot": Call({"vm": VmId, "uuid": str}, None, 120.0),
    "delete_snapshot": Call({"vm": VmId, "uuid": str}, None, 600.0),
}


class Reply(msgspec.Struct, omit_defaults=True):
    """What comes up from the worker."""

    id: int = 0
    ok: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] | None = None
    bug: str = ""
    changed: str = ""


def encode(message: Request | Reply) -> bytes:
    """One line."""
    return msgspec.json.encode(message) + b"\n"


def arguments(call: str, args: dict[str, Any]) -> dict[str, Any]:
    """The typed keyword arguments of ``call``; `msgspec.ValidationError` or `KeyError` when they do not fit."""
    return {name: msgspec.convert(args[name], kind) for name, kind in CALLS[call].args.items()}
