"""A recorded reply as the client understands it, for ``t4t decode``: the same readers that the client uses, and one verdict."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, assert_never

from t4t.domain.loose_xml import Element, LooseXmlRefused, decode, read_loose
from t4t.domain.project import Decoded, ErrorDocument, Refusal, SchedulerReply, UploadReply
from t4t.domain.project_errors import RecordUnreadable
from t4t.project import account_manager, replies
from t4t.project.fields import fill, text
from t4t.project.record import Recorded, read_record
from t4t.project.scheduler_reply import scheduler_reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_OK: Final = frozenset({0, 200, 206})
_REDIRECTS: Final = range(300, 400)
_LARGEST: Final = 64 * 1024 * 1024
_HOME: Final = "home.php"
"""Where the website sends a form that it accepted."""


def _success(element: Element) -> dict[str, Any]:
    return {"success": element.find("success") is not None, "message": text(element.find("message"))}


def _values(reader: Callable[[Element], Any]) -> Callable[[Element], dict[str, Any]]:
    return lambda element: dataclasses.asdict(reader(element))


def _tree(element: Element) -> dict[str, Any]:
    """Children as they come, for documents that only people look at."""
    found: dict[str, Any] = {}
    for child in element.children:
        value: Any = _tree(child) if child.children else text(child)
        if child.name in found:
            earlier = found[child.name]
            found[child.name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            found[child.name] = value
    return found


_KINDS: Final[dict[str, Callable[[Element], dict[str, Any]]]] = {
    "scheduler_reply": _values(scheduler_reply),
    "error": _values(replies.error_document),
    "project_config": lambda element: dataclasses.asdict(config := replies.project_config(element)) | {"closed": config.closed},
    "account_out": _values(replies.account_out),
    "am_get_info_reply": _values(replies.account_info),
    "am_set_info_reply": _success,
    "am_set_host_info_reply": _success,
    "acct_mgr_reply": _values(account_manager.reply),
    "data_server_reply": _values(replies.upload_reply),
    "user": _values(replies.user),
    "team": _values(replies.team),
    "teams": lambda element: {"teams": [dataclasses.asdict(team) for team in replies.teams(element)]},
    "rss": _values(replies.feed),
    "app_versions": _tree,
    "server_status": _tree,
    "users": lambda element: {"users": [dataclasses.asdict(replies.user(user)) for user in element.all("user")]},
    "tables": _tree,
}


def decode_file(path: Path) -> Decoded:
    """Read a recorded reply from a file; raises `RecordUnreadable`."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise RecordUnreadable(path=str(path), reason=error.strerror or str(error)) from error
    if len(data) > _LARGEST:
        raise RecordUnreadable(path=str(path), reason=f"larger than {_LARGEST} bytes")
    return decode_reply(data)


def decode_reply(data: bytes) -> Decoded:
    """Read a recorded reply, with or without HTTP head. Never raises."""
    record = read_record(data)
    if record.status in _REDIRECTS:
        return _redirect(record)
    root, trouble = _root(record.body)
    if root is None:
        return _without_root(record, trouble)
    decoded = _judged(root, record.body)
    if record.status not in _OK and decoded.ok:
        return dataclasses.replace(decoded, ok=False, error=f"HTTP status {record.status}")
    return decoded


def _root(body: bytes) -> tuple[Element | None, str]:
    if replies.is_html(body):
        return None, "a web page"
    try:
        top = read_loose(body)
    except LooseXmlRefused as error:
        return None, str(error)
    return next((element for element in top.children if element.name in _KINDS), None), ""


def _redirect(record: Recorded) -> Decoded:
    target = record.headers.get("location", "")
    ok = target.rpartition("/")[2] == _HOME
    return Decoded(kind="redirect", ok=ok, error=None if ok else f"HTTP status {record.status}: sent to {target}", fields={"location": target})


def _without_root(record: Recorded, trouble: str) -> Decoded:
    """A web page, nothing, or a file."""
    fields: dict[str, Any] = {"status": record.status, "nbytes": len(record.body)}
    status = "" if record.status in _OK else f"HTTP status {record.status}"
    kind_of_text = record.headers.get("content-type", "")
    if trouble == "a web page":
        urls = replies.master_page(record.body).scheduler_urls
        title = text(next(_elements(record.body, "title"), None))
        return Decoded(kind="html", ok=False, error=status or f"a web page: {title}", fields=fields | {"title": title, "scheduler_urls": urls})
    stripped = decode(record.body).strip()
    if not stripped or (stripped.startswith("<?xml") and stripped.endswith("?>") and stripped.count("<") == 1):
        return Decoded(kind="empty", ok=False, error=status or "an empty reply", fields=fields)
    if trouble or status or not record.status or "html" in kind_of_text:
        return Decoded(kind="unknown", ok=False, error=status or trouble or "no reply of a BOINC project", fields=fields)
    return Decoded(kind="file", ok=True, fields=fields | {"content_type": kind_of_text, "etag": record.headers.get("etag", "")})


def _elements(body: bytes, name: str) -> Any:  # noqa: ANN401 (an iterator of elements)
    try:
        return read_loose(body).descendants(name)
    except LooseXmlRefused:
        return iter(())


def _judged(root: Element, body: bytes) -> Decoded:
    kind = root.name
    fields = _KINDS[kind](root)
    if kind == "error":
        document = fill(ErrorDocument, root)
        return Decoded(kind=kind, ok=False, error_num=document.error_num, error=document.error_msg, fields=fields)
    if f"</{kind}" not in decode(body) and not root.self_closed:
        return Decoded(kind=kind, ok=False, error="its end is missing", fields=fields)
    if kind == "scheduler_reply":
        return _scheduler(scheduler_reply(root), fields)
    if kind == "data_server_reply":
        return _upload(replies.upload_reply(root), fields)
    if kind == "acct_mgr_reply" and fields["error_num"]:
        return Decoded(kind=kind, ok=False, error_num=fields["error_num"], error=fields["error_msg"], fields=fields)
    return Decoded(kind=kind, ok=True, fields=fields)


def _scheduler(reply: SchedulerReply, fields: dict[str, Any]) -> Decoded:
    said = " ".join(message.text for message in reply.messages) or None
    match reply.refusal:
        case None:
            return Decoded(kind="scheduler_reply", ok=True, fields=fields)
        case Refusal.KEY | Refusal.DOWN | Refusal.REQUEST:
            return Decoded(kind="scheduler_reply", ok=False, error=said, fields=fields)
        case refusal:
            assert_never(refusal)


def _upload(reply: UploadReply, fields: dict[str, Any]) -> Decoded:
    if reply.status == 0:
        return Decoded(kind="data_server_reply", ok=True, fields=fields)
    return Decoded(kind="data_server_reply", ok=False, error_num=reply.status, error=reply.message or "no status", fields=fields)
