"""The messages of the local API: JSON-RPC 2.0, one message a line.

A request is ``{"jsonrpc": "2.0", "id", "method", "params"}``; a request without an id is not answered. After ``subscribe`` the agent sends ``{"jsonrpc": "2.0",
"method": "view", "params": SessionView}`` at once and at each change. Errors of ours travel as ``{"code": 1, "data": …}``, see `t4t.domain.errors.to_wire`.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

from t4t.domain.notification_policy import Reaction  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.policy import AnywayKind, LessKind, PauseKind
from t4t.domain.project_view import Keep  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.session import VERSION
from t4t.domain.settings.presets import Preset  # noqa: TC001 - msgspec reads it at run time

MAX_REQUEST_BYTES: Final = 64 * 1024
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
OUR_ERROR: Final = 1
OTHER_VERSION: Final = 2


class NoParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For methods that need nothing; ``version`` is the client's."""

    version: int = VERSION


class PauseParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long to pause."""

    kind: PauseKind = PauseKind.FOREVER
    version: int = VERSION


class AnywayParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long to run whatever the rules say; null: no more."""

    kind: AnywayKind | None = AnywayKind.HOUR
    version: int = VERSION


class LessParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much less to use for now; null: as much as before."""

    kind: LessKind | None = LessKind.GENTLE
    version: int = VERSION


class ReactParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a message that popped up; one that is no more is none's business."""

    key: str
    reaction: Reaction
    version: int = VERSION


class TimelineParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many lines."""

    limit: int = 100
    version: int = VERSION


class ProjectParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project by its address or name; empty: the only one. ``force``: also where work is lost by it."""

    project: str = ""
    force: bool = False
    version: int = VERSION


class CommunityParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project as in `ProjectParams`. ``fetch``: ask it where what is known is a week old; ``agreed``: also over a network that costs by the byte."""

    project: str = ""
    fetch: bool = False
    agreed: bool = False
    version: int = VERSION


class BoardsParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project as in `ProjectParams`. ``fetch``: read its message boards where what is known is some minutes old."""

    project: str = ""
    fetch: bool = False
    version: int = VERSION


class AttachParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project as its config says, and the account's key; this goes over the private socket only and is logged nowhere."""

    url: str
    name: str
    key: str
    keep: Keep
    web_rpc_url_base: str = ""
    host_cpid: str = ""
    version: int = VERSION

    def __repr__(self) -> str:
        """Without the key."""
        return f"AttachParams({self.url!r})"


class DemoParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether to work for the demo project that the agent itself is."""

    on: bool = True
    version: int = VERSION


class UnlockParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens the file with the keys."""

    passphrase: str
    version: int = VERSION

    def __repr__(self) -> str:
        """Without the passphrase."""
        return "UnlockParams()"


class ReadParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Notices that were seen, by their ids."""

    ids: tuple[str, ...]
    version: int = VERSION


class SettingsParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings by path, as plain data; null: as if it had never been set."""

    values: dict[str, Any]
    version: int = VERSION


class PresetParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much to give."""

    preset: Preset
    version: int = VERSION


class ResetParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings or sections; none: all."""

    names: tuple[str, ...] = ()
    version: int = VERSION


class PhysicsParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A task by its key (empty: the one of most interest), how many of its plots are wanted, and whether a collision is."""

    task: str = ""
    plots: int = 1
    collision: bool = False
    version: int = VERSION


class ResultParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kept result by its id."""

    id: str
    version: int = VERSION


Params: TypeAlias = (
    NoParams
    | PauseParams
    | AnywayParams
    | LessParams
    | ReactParams
    | TimelineParams
    | ProjectParams
    | CommunityParams
    | BoardsParams
    | AttachParams
    | DemoParams
    | UnlockParams
    | ReadParams
    | SettingsParams
    | PresetParams
    | ResetParams
    | PhysicsParams
    | ResultParams
)

METHODS: Final[dict[str, type[Params]]] = {
    "status": NoParams,
    "why": NoParams,
    "tasks": NoParams,
    "timeline": TimelineParams,
    "pause": PauseParams,
    "run_anyway": AnywayParams,
    "use_less": LessParams,
    "react": ReactParams,
    "prolong": NoParams,
    "resume": NoParams,
    "finish": NoParams,
    "checkpoint": NoParams,
    "quit": NoParams,
    "subscribe": NoParams,
    "projects": NoParams,
    "update": ProjectParams,
    "community": CommunityParams,
    "boards": BoardsParams,
    "contribution": NoParams,
    "attach": AttachParams,
    "detach": ProjectParams,
    "demo": DemoParams,
    "unlock": UnlockParams,
    "read": ReadParams,
    "physics": PhysicsParams,
    "results": NoParams,
    "result": ResultParams,
    "settings": NoParams,
    "settings_set": SettingsParams,
    "settings_preset": PresetParams,
    "settings_undo": NoParams,
    "settings_reset": ResetParams,
}


class Fault(msgspec.Struct, omit_defaults=True):
    """Why a request failed."""

    code: int
    message: str
    data: Any = None


class Answer(msgspec.Struct, omit_defaults=True):
    """What comes up: an answer with ``result`` or ``error``, or a notification with ``method``."""

    jsonrpc: str = ""
    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: Fault | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"")


class Refused(Exception):
    """A request that can't be taken."""

    def __init__(self, code: int, message: str) -> None:
        """``code`` is JSON-RPC's."""
        super().__init__(message)
        self.code = code


class Taken(msgspec.Struct, frozen=True):
    """A request as it was understood; ``wants_answer`` is false for a notification."""

    id: int | str | float | None
    wants_answer: bool
    method: str
    params: Params


def take(line: bytes) -> Taken:
    """Read one line; raises `Refused` with the id in ``args`` left to `id_of`."""
    try:
        message = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise Refused(PARSE_ERROR, str(error)) from error
    except (UnicodeError, RecursionError) as error:
        raise Refused(PARSE_ERROR, "not JSON") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or not isinstance(message.get("method"), str):
        raise Refused(INVALID_REQUEST, "not a JSON-RPC 2.0 request")
    number = message.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str | float | None):
        raise Refused(INVALID_REQUEST, "an id is a number or text")
    method = message["method"]
    if method not in METHODS:
        raise Refused(METHOD_NOT_FOUND, method[:64])
    given = message.get("params", {})
    if isinstance(given, dict) and given.get("version", VERSION) != VERSION:
        raise Refused(OTHER_VERSION, f"this agent speaks version {VERSION}")
    try:
        params = msgspec.convert(given, METHODS[method])
    except msgspec.ValidationError as error:
        raise Refused(INVALID_PARAMS, str(error)) from error
    return Taken(number, "id" in message, method, params)


def id_of(line: bytes) -> int | str | float | None:
    """The id of a request that was refused, as far as there is one."""
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    number = message.get("id") if isinstance(message, dict) else None
    return number if isinstance(number, int | str | float) and not isinstance(number, bool) else None


def result(number: float | str | None, value: object) -> bytes:
    """The line of an answer."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": number, "result": value}) + b"\n"


def fault(number: float | str | None, code: int, message: str, data: object = None) -> bytes:
    """The line of a refusal."""
    error = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return msgspec.json.encode({"jsonrpc": "2.0", "id": number, "error": error}) + b"\n"


def pushed(view: object) -> bytes:
    """The line that tells subscribers of a change."""
    return msgspec.json.encode({"jsonrpc": "2.0", "method": "view", "params": view}) + b"\n"
