"""Who somebody is taken out of text that leaves the computer by the volunteer's hand: names, addresses, folders, and keys in any usual coat.

`t4t.domain.redaction` hides what opens a door; here goes what tells whose door it is. What repeats keeps its number, so that a reader still sees that two
lines speak of the same address. Where a name could as well be a word, a whole word is hidden and a part of a longer one is not.
"""

from __future__ import annotations

import base64
import binascii
import html
import ipaddress
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from t4t.domain.record import record
from t4t.domain.redaction import HIDDEN, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHORTEST_NAME: Final = 3
"""Shorter ones are hidden only where the place says that they are names: in folders, fields and mail addresses."""
_NOBODY_WORDS: Final = (
    "root user users admin administrator guest owner default public shared test ubuntu debian fedora pi home host localhost localdomain local "
    "hidden email mail address mac account name none nobody system service network computer desktop laptop server linux windows unix "
    "boinc vbox virtualbox vboxheadless qemu t4t test4theory theory cern lhcathome task tasks done failed"
)
_NOBODY: Final = frozenset(_NOBODY_WORDS.split())
"""Names that tell nothing about anybody, and without which a report says nothing either."""
_NUL: Final = "\0"

_PART: Final = r"[^\\/\s\"'<>|:*?,;()\[\]]"
_FOLDER_OF: Final = re.compile(
    r"(/(?:home|media|run/media)/|(?:\\\\|[\\/])(?:Users|Documents and Settings)(?:\\\\|[\\/]))"
    rf"({_PART}++(?:[ ]{_PART}++)*+(?=[\\/])|{_PART}++)",
    re.IGNORECASE,
)
_NOBODYS_FOLDERS: Final = frozenset({"public", "shared", "default", "all users"})
_MAIL: Final = re.compile(r"(?<![^\s@<>\"'(),;:/\\\[\]=&|{}])[^\s@<>\"'(),;:/\\\[\]=&|{}]++@[^\s@<>\"'(),;:/\\\[\]=&|{}]++")
_ODD_MAIL: Final = re.compile(r"(?<![^\s@<>\"(),;:\[\]])[^\s@<>\"(),;:\[\]]++@[\w-]++(?:\.[\w-]++)++")
"""With marks before the @ that are allowed and that nobody has; they end an address elsewhere."""
_SID: Final = re.compile(r"\bS-1-5-21(?:-[0-9]{1,10}){3,4}\b")
_MACS: Final = (
    re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5,}+(?![0-9A-Fa-f])"),
    re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![0-9A-Fa-f])"),
    re.compile(r"(?<=\")(?:[0-9A-Fa-f]{2} ){5}[0-9A-Fa-f]{2}(?=\")"),
    re.compile(
        r"(?i:(?<=mac)|(?<=mac[ =:\"])|(?<=address[ =:])|(?<=address[0-9][ =:])|(?<=address=[\"'])|(?<=address[0-9]=[\"']))[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
    ),
)
_V6: Final = re.compile(r"(?<![0-9A-Fa-f:.])[0-9A-Fa-f:.]{2,}+")
_V4: Final = re.compile(r"(?<![0-9])(?<![0-9]\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9])")
_FIELD: Final = re.compile(
    r"(?<![0-9A-Za-z/])((?:user_name|username|login_name|real_name|account_name|team_name|domain_name|host_name|hostname|computer_name|nodename|ip_addr|"
    r"external_ip_addr|email_addr|email|host_cpid|cross_project_id|external_cpid)"
    r"(?:[\"']?+\s*+[=:]\s*+|\s*+>)[\"']?+)(?:(?<=[\"'])[^\"'\n<>]++|(?<=>)[^<\n]++|[^\s\"'&<>,;]++)",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"(?<![^\s<>\"'])[^\s<>\"']{3,}+")
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_CODED: Final = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+={0,2}")
_DEEPEST: Final = 3


@record(kw_only=True)
class Known:
    """What is known of whose computer this is: names to log in, names of people and accounts, names of the computer, home folders."""

    users: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()


class Cloak:
    """Hides in texts, one after the other; the numbers of addresses go on from text to text."""

    def __init__(self, known: Known) -> None:
        """``known`` is hidden beside all that has the form of something personal."""
        self._homes = _any_of(_paths(known.homes), before=r"", after=r"(?![^\W_]|[-.][^\W_])")
        self._names = (
            (_any_of(_worth(known.people)), "[name]"),
            (_any_of(_worth(known.users)), "[user]"),
            (_any_of(_worth(_host_names(known.hosts))), "[host]"),
        )
        self._parts = _any_of(_worth(part for name in known.people if " " in name for part in name.split()), exact=True)
        self._addresses: dict[str, int] = {}
        self._cards: dict[str, int] = {}

    def hide(self, text: str) -> str:
        """``text`` without anything that tells who somebody is or opens a door."""
        text = text.replace(_NUL, " ")
        text = _WORD.sub(self._unescaped, text)
        text = _CODED.sub(self._decoded, text)
        return self._plainly(text)

    def _plainly(self, text: str) -> str:
        text = redact(text)
        text = _FIELD.sub(rf"\1{HIDDEN}", text)
        text = self._homes.sub("[home]", text)
        text = _FOLDER_OF.sub(_folder, text)
        text = _ODD_MAIL.sub("[email]", _MAIL.sub("[email]", text))
        text = _SID.sub(HIDDEN, text)
        for card in _MACS:
            text = card.sub(lambda found: f"[mac {_number(self._cards, found[0].lower())}]", text)
        text = _V6.sub(self._address_with_colons, text)
        text = _V4.sub(self._address, text)
        for names, mark in self._names:
            text = names.sub(mark, text)
        return self._parts.sub("[name]", text)

    def _address_with_colons(self, found: re.Match[str]) -> str:
        """A run of digits, letters and colons; one that is glued to a word is a part of it, as in ``std::deque``."""
        run = found[0].rstrip(".")
        before, after = found.string[found.start() - 1 : found.start()].isalnum(), found.string[found.start() + len(run) :][:1].isalnum()
        for first, last in ((0, 0), (0, 1), (1, 0), (1, 1)):  # a colon beside it may be the sentence's
            if (first and not run.startswith(":")) or (last and not run.endswith(":")):
                continue
            core = run[first : len(run) - last]
            if core.count(":") >= 2 and not (before and not first) and not (after and not last):  # noqa: PLR2004 - no address has fewer
                shown = self._numbered(found[0], core)
                if shown != found[0]:
                    return shown
        return found[0]

    def _address(self, found: re.Match[str]) -> str:
        return self._numbered(found[0], ".".join(str(int(part)) for part in found[0].split(".")), core_of=found[0])

    def _numbered(self, whole: str, written: str, *, core_of: str = "") -> str:
        """``whole`` with the address in it as a number; an address that every computer has stays."""
        try:
            address = ipaddress.ip_address(written)
        except ValueError:
            return whole
        if address.is_loopback or address.is_unspecified:
            return whole
        return whole.replace(core_of or written, f"[address {_number(self._addresses, str(address))}]", 1)

    def _unescaped(self, found: re.Match[str]) -> str:
        """A word with %41 in it: read as whoever made it meant it, and shown that way if it holds anything."""
        if _ESCAPE.search(found[0]) is None:
            return found[0]
        meant = found[0]
        for _ in range(_DEEPEST):
            meant = unquote(meant, errors="replace")
        hidden = self._plainly(_CODED.sub(self._decoded, meant))
        return "".join(one if one.isprintable() else " " for one in hidden) if hidden != meant else found[0]

    def _decoded(self, found: re.Match[str]) -> str:
        """What is base64 of something to be hidden goes as a whole."""
        word = found[0]
        for piece in {word, *re.split("[/_-]", word)}:
            meant = _from_base64(piece)
            if meant and self._plainly(meant) != meant:
                word = word.replace(piece, HIDDEN)
        return word


def _number(known: dict[str, int], what: str) -> int:
    return known.setdefault(what, len(known) + 1)


def _folder(found: re.Match[str]) -> str:
    return found[0] if found[2].lower() in _NOBODYS_FOLDERS or found[2].startswith("[") else f"{found[1]}[user]"


def _from_base64(word: str) -> str:
    """The text that ``word`` is base64 of; empty if it is none, which is so of nearly every word."""
    data = word.rstrip("=").replace("-", "+").replace("_", "/")
    data = data[: len(data) - 1] if len(data) % 4 == 1 else data
    try:
        text = base64.b64decode(data + "=" * (-len(data) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if len(text) >= _SHORTEST_NAME and all(one.isprintable() or one.isspace() for one in text) else ""


def _worth(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        bare = name.strip()
        if len(bare) >= _SHORTEST_NAME and bare.lower() not in _NOBODY and any(one.isalnum() for one in bare):
            yield bare


def _host_names(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield name
        yield name.partition(".")[0]


def _paths(homes: Iterable[str]) -> Iterator[str]:
    """Home folders with every kind of slash in which programs write them."""
    for home in homes:
        bare = home.rstrip("\\/")
        if len(bare) >= _SHORTEST_NAME:
            yield bare
            yield bare.replace("\\", "/")
            yield bare.replace("\\", "\\\\")


def _coats(name: str) -> Iterator[str]:
    """A name as programs write it: in either form of Unicode, escaped for JSON, Python or XML, and misread as another code."""
    for form in ("NFC", "NFD"):
        plain = unicodedata.normalize(form, name)
        yield from (plain, json.dumps(plain)[1:-1], html.escape(plain), plain.encode("unicode_escape").decode("ascii"))
        yield from (repr(plain.encode())[2:-1], plain.encode().decode("latin-1"), plain.encode().decode("cp1252", "replace"))


def _any_of(names: Iterable[str], *, before: str = r"(?<![^\W_])", after: str = r"(?![^\W_])", exact: bool = False) -> re.Pattern[str]:
    """Any of ``names``, the longest first; an underscore ends a name, a letter or digit does not."""
    coats = sorted({coat for name in names for coat in _coats(name)}, key=lambda one: (-len(one), one))
    return re.compile(before + "(?:" + "|".join(map(re.escape, coats)) + ")" + after if coats else r"(?!)", 0 if exact else re.IGNORECASE)


def lines_cut(text: str, longest: int) -> str:
    """``text`` with no line longer than ``longest``; to be done after hiding, never before."""
    return "\n".join(line if len(line) <= longest else f"{line[:longest]}…" for line in text.split("\n"))
