"""BOINC's ``init_data.xml``: what we read of it, and the copy without secrets that a guest may have.

The file carries the volunteer's account key, and a guest is somebody else's computer. So redaction keeps what is known to be harmless and
understood, and drops what it can't judge:

* fields whose name speaks of a key, password, token or user of a proxy lose their whole content, in every case, at every depth;
* attributes, comments and processing instructions are dropped everywhere (BOINC writes none);
* text that names such a field (XML inside XML), repeats a secret found elsewhere, or holds 32 hexadecimal digits, the form of every account key, is blanked.
  That includes ``host_cpid`` and ``cross_project_id``: not secrets, but ids across projects, which no guest needs;
* a file that is not well-formed is not mended: a new one is written with the few fields in `InitData`.
"""

from __future__ import annotations

import contextlib
import html
import math
import re
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 1024 * 1024
_MAX_DEPTH: Final = 64
_SHORTEST_SECRET: Final = 4
_MOST_SECRETS: Final = 64
_NEST: Final = 8

_SECRET_NAME: Final = re.compile(
    r"auth|passw|pwd|secret|token|account_?key|user_?key|private|cookie|credential|gui_?rpc|cpid|cross_project_id|session|"
    r"(?:http|socks[45]?)_?user|proxy_?user|invite",
    re.IGNORECASE,
)
_SECRET_MENTION: Final = re.compile(r"authenticator|passwd|password|account_?key|weak_?auth|opaque_?auth", re.IGNORECASE)
_KEY_SHAPE: Final = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]+_)?[0-9A-Fa-f]{32}(?![0-9A-Za-z])")
# Possessive throughout: a hostile file must not make it backtrack.
_SCAN: Final = re.compile(r"<\s*+(/?+)\s*+(?:[\w.-]++:)?+([\w.-]++)([^<>]*+)>([^<]*+)")


@record(kw_only=True)
class InitData:
    """What t4t and the guest's floppy need of ``init_data.xml``; there is no field for a key.

    ``ncpus`` may be fractional, ``cpu_usage_limit`` is in percent, rates are in bytes/s (0: no limit), credits in BOINC's cobblestones.
    """

    user_name: str = ""
    userid: int = 0
    hostid: int = 0
    user_total_credit: float = 0.0
    host_total_credit: float = 0.0
    ncpus: float = 0.0
    cpu_usage_limit: float = 100.0
    max_bytes_sec_up: float = 0.0
    max_bytes_sec_down: float = 0.0
    checkpoint_period: float = 0.0
    result_name: str = ""
    project_dir: str = ""
    boinc_dir: str = ""
    slot: int = 0


_FIELDS: Final = (
    *("user_name", "userid", "hostid", "user_total_credit", "host_total_credit", "ncpus", "cpu_usage_limit"),
    *("max_bytes_sec_up", "max_bytes_sec_down", "checkpoint_period", "result_name", "project_dir", "boinc_dir", "slot"),
)


class _Unfit(Exception):
    """The document can't be redacted piece by piece."""


def read_init_data(data: bytes) -> InitData:
    """The fields of ``data``, damaged or not; what is missing or unreadable has its default. Never raises."""
    texts: dict[str, str] = {}
    try:
        texts = _Fields(data).read()
    except (expat.ExpatError, _Unfit):
        for name, text, hidden in _scan(data):
            if not hidden:
                texts.setdefault(name, text)
    return InitData(
        user_name=_one_line(texts.get("user_name", "")),
        userid=int(_number(texts.get("userid"))),
        hostid=int(_number(texts.get("hostid"))),
        user_total_credit=_number(texts.get("user_total_credit")),
        host_total_credit=_number(texts.get("host_total_credit")),
        ncpus=_number(texts.get("ncpus")),
        cpu_usage_limit=min(_number(texts.get("cpu_usage_limit")), 100.0) or 100.0,
        max_bytes_sec_up=_number(texts.get("max_bytes_sec_up")),
        max_bytes_sec_down=_number(texts.get("max_bytes_sec_down")),
        checkpoint_period=_number(texts.get("checkpoint_period")),
        result_name=_one_line(texts.get("result_name", "")),
        project_dir=_one_line(texts.get("project_dir", "")),
        boinc_dir=_one_line(texts.get("boinc_dir", "")),
        slot=int(_number(texts.get("slot"))),
    )


def redact_init_data(data: bytes) -> bytes:
    """``data`` without secrets; the layout of a well-formed file is kept. Never raises; redacting twice changes nothing more."""
    try:
        redactor = _Redactor(data)
        redacted = redactor.redact()
        secrets = redactor.secrets
    except (expat.ExpatError, _Unfit):
        secrets = set[str]().union(*(_as_secrets(text) for _name, text, hidden in _scan(data) if hidden))
        redacted = _written_anew(read_init_data(data), secrets) if len(secrets) <= _MOST_SECRETS else ""
    if not redacted or _betrays(redacted, secrets):
        redacted = "<app_init_data>\n</app_init_data>\n"
    return redacted.encode()


def _parser_for(data: bytes) -> expat.XMLParserType:
    if len(data) > MAX_BYTES or b"\0" in data:
        raise _Unfit
    return expat.ParserCreate("utf-8")


class _Fields:
    """Reads the first text of each wanted element, leaving out what lies inside of secret ones and of the project's own preferences."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._path: list[str] = []
        self._pieces: list[str] = []
        self._found: dict[str, str] = {}
        self._parser = _parser_for(data)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._pieces.append
        self._parser.StartDoctypeDeclHandler = _refuse_doctype

    def read(self) -> dict[str, str]:
        self._parser.Parse(self._data, True)  # noqa: FBT003 (expat takes no keywords)
        return self._found

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._path) >= _MAX_DEPTH:
            raise _Unfit
        self._path.append(name)
        self._pieces.clear()

    def _end(self, name: str) -> None:
        self._path.pop()
        inside_foreign = any(part == "project_preferences" or _SECRET_NAME.search(part) for part in self._path)
        if name in _FIELDS and not inside_foreign:
            self._found.setdefault(name, "".join(self._pieces).strip())
        self._pieces.clear()


class _Redactor:
    """Rewrites a well-formed document event by event; text is passed on in its source form, so that escapes survive."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._depth = 0
        self._secret_depth: int | None = None
        self._in_cdata = False
        self._run: list[str] = []
        self._hidden: list[str] = []
        self._out: list[tuple[bool, str]] = []
        """Pieces of the result: whether it is text, and its source form."""
        self.secrets: set[str] = set()
        parser = _parser_for(data)
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartCdataSectionHandler = lambda: self._cdata(inside=True)
        parser.EndCdataSectionHandler = lambda: self._cdata(inside=False)
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.CommentHandler = lambda _text: None
        parser.ProcessingInstructionHandler = lambda _target, _text: None
        parser.XmlDeclHandler = lambda _version, _encoding, _standalone: None
        parser.DefaultHandler = self._source
        self._parser = parser

    def redact(self) -> str:
        self._parser.Parse(self._data, True)  # noqa: FBT003 (expat takes no keywords)
        self._flush()
        return "".join(_clean(piece, self.secrets) if is_text else piece for is_text, piece in self._out).strip() + "\n"

    def _start(self, name: str, attributes: list[str]) -> None:
        self._flush()
        if self._depth >= _MAX_DEPTH:
            raise _Unfit
        secret = _SECRET_NAME.search(name) is not None
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            if secret or self._secret_depth is not None or _SECRET_NAME.search(key):
                self._remember(value)
        if self._secret_depth is None:
            self._out.append((False, f"<{name}>"))
            if secret:
                self._secret_depth = self._depth
        self._depth += 1

    def _end(self, name: str) -> None:
        self._flush()
        self._depth -= 1
        written_short = self._data.endswith(b"/>", 0, self._parser.CurrentByteIndex)
        if self._secret_depth == self._depth:
            self._secret_depth = None
            self._remember("".join(self._hidden))
            self._hidden.clear()
        if self._secret_depth is not None:
            return
        if written_short and self._out[-1] == (False, f"<{name}>"):
            self._out[-1] = (False, f"<{name}/>")  # for BOINC's booleans <x/> and <x></x> differ
        else:
            self._out.append((False, f"</{name}>"))

    def _cdata(self, *, inside: bool) -> None:
        self._in_cdata = inside

    def _source(self, text: str) -> None:
        self._run.append(_escape(text) if self._in_cdata else text)

    def _flush(self) -> None:
        run = "".join(self._run)
        self._run.clear()
        if not run:
            return
        if self._secret_depth is None:
            self._out.append((True, run))
        else:
            self._hidden.append(html.unescape(run))
            self._remember(html.unescape(run))

    def _remember(self, value: str) -> None:
        self.secrets.update(_as_secrets(value))
        if len(self.secrets) > _MOST_SECRETS:
            raise _Unfit


def _refuse_doctype(_name: str, _system: str | None, _public: str | None, _subset: int) -> None:
    raise _Unfit


def _as_secrets(value: str) -> set[str]:
    """The value and its words, in lower case, that are long enough to be recognised elsewhere without blanking half of the file."""
    words = {value.strip().lower(), *value.lower().split()}
    return {word for word in words if len(word) >= _SHORTEST_SECRET}


def _scan(data: bytes) -> Iterator[tuple[str, str, bool]]:
    """Name, following text and "belongs to a secret" of everything that looks like a tag, for a document that no parser accepts.

    A secret element that is never closed hides all that follows.
    """
    inside = ""
    for found in _SCAN.finditer(data[:MAX_BYTES].decode("utf-8", errors="replace")):
        slash, name, rest, text = found.groups()
        closes = bool(slash)
        if closes and name.lower() == inside:
            inside = ""
        elif not inside and not closes and not rest.endswith("/") and _SECRET_NAME.search(name):
            inside = name.lower()
        yield name, html.unescape(text).strip(), bool(inside)


def _unescaped(text: str) -> str:
    """``text`` with all escapes undone, also escaped escapes."""
    for _ in range(_NEST):
        plain = html.unescape(text)
        if plain == text:
            return text
        text = plain
    return text


def _suspicious(text: str, secrets: set[str]) -> bool:
    plain = _unescaped(text)
    folded = plain.lower()
    return bool(_SECRET_MENTION.search(plain) or _KEY_SHAPE.search(plain)) or any(secret in folded for secret in secrets)


def _clean(text: str, secrets: set[str]) -> str:
    """``text`` in its source form, or nothing when it may hold a secret."""
    return "" if text.strip() and _suspicious(text, secrets) else text


def _betrays(document: str, secrets: set[str]) -> bool:
    """The last look over the whole result, names of elements included; short secrets are left to the piecewise search."""
    plain = _unescaped(document).lower()
    return any(secret in plain for secret in secrets if len(secret) > 2 * _SHORTEST_SECRET)


def _written_anew(init: InitData, secrets: set[str]) -> str:
    lines = ["<app_init_data>"]
    for name in ("user_name", "userid", "hostid", "user_total_credit", "host_total_credit", "ncpus", "cpu_usage_limit", "result_name"):
        value = getattr(init, name)
        text = f"{value:.17g}" if isinstance(value, float) else str(value)
        lines.append(f"<{name}>{_clean(_escape(text), secrets)}</{name}>")
    return "\n".join([*lines, "<authenticator></authenticator>", "</app_init_data>", ""])


def _escape(text: str) -> str:
    return html.escape(text, quote=False)


def _one_line(text: str) -> str:
    """Printable text. BOINC escapes each byte of UTF-8 as a character of its own (``&#195;&#169;`` for é): undone where it fits."""
    with contextlib.suppress(UnicodeError):  # real characters, or Latin-1 after all
        text = text.encode("latin-1").decode("utf-8")
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _number(text: str | None) -> float:
    """A finite number from 0 to 1e15; anything else is 0."""
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) and 0 <= number <= 1e15 else 0.0  # noqa: PLR2004 (a bound far beyond every credit)
