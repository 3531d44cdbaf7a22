"""BOINC's not quite XML as a tree, within fixed limits: what its servers send is written and read by tag scanners, not by XML tools.

Met in practice, and read here: bare ``&``; each byte of UTF-8 as an entity of its own; gettext's marks; PHP's warnings in HTML amid the document; a
declaration with the wrong encoding; elements that are never closed. No entity but XML's own five and numbers is known, nothing is fetched, and each
tag, comment and piece of text is looked at once: time and memory grow with the length of the document and no faster.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_ELEMENTS: Final = 200_000

_NOISE: Final = frozenset(
    (
        *("a", "b", "big", "br", "center", "code", "dd", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4"),
        *("hr", "i", "li", "ol", "p", "pre", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "tr", "tt", "u", "ul"),
    )
)
"""HTML amid a document: PHP's warnings, markup in a server's messages. None of these is an element of BOINC's."""
_VERBATIM: Final = frozenset({"terms_of_use"})
"""Elements whose content the server does not escape."""
_TAG: Final = re.compile(r"<(/?+)([A-Za-z_][\w:.-]*+)([^<>]*+)>")
_ENTITY: Final = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|(lt|gt|amp|quot|apos));")
_BYTES: Final = re.compile(r"(?:&#(?:12[89]|1[3-9][0-9]|2[0-4][0-9]|25[0-5]);)++")
_NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_LAST_CHARACTER: Final = 0x10FFFF


class LooseXmlRefused(ValueError):
    """The document breaks a limit; the text is a short reason in English."""


@dataclass(slots=True)
class Element:
    """One element; ``text`` is what stands directly in it."""

    name: str
    attributes: str = ""
    text: str = ""
    self_closed: bool = False
    children: list[Element] = field(default_factory=list)
    source: str = field(default="", repr=False)
    begin: int = 0
    end: int = 0

    @property
    def inner(self) -> str:
        """The content as it was written, without white space around it."""
        return self.source[self.begin : self.end].strip()

    def all(self, name: str) -> Iterator[Element]:
        """The children of this name."""
        return (child for child in self.children if child.name == name)

    def find(self, name: str) -> Element | None:
        """The last child of this name: as in BOINC's own readers, a later value replaces an earlier one."""
        return next((child for child in reversed(self.children) if child.name == name), None)

    def descendants(self, name: str) -> Iterator[Element]:
        """All elements of this name below this one, in order."""
        waiting = list(reversed(self.children))
        while waiting:
            element = waiting.pop()
            if element.name == name:
                yield element
            waiting.extend(reversed(element.children))


def decode(data: bytes) -> str:
    """Bytes as text: UTF-8 whatever the declaration says, else Latin-1; line ends are line feeds."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n")


def unescape(text: str) -> str:
    """Undo escapes once; a run of numbers from 128 to 255 that is UTF-8 byte by byte becomes its characters."""
    if "&" not in text:
        return text
    return _ENTITY.sub(_character, _BYTES.sub(_from_bytes, text))


def _from_bytes(found: re.Match[str]) -> str:
    values = bytes(int(number) for number in re.findall(r"[0-9]+", found[0]))
    try:
        return values.decode("utf-8")
    except UnicodeDecodeError:
        return values.decode("latin-1")


def _character(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return _NAMED[name]
    value = int(decimal) if decimal else int(hexadecimal, 16)
    surrogate = 0xD800 <= value <= 0xDFFF  # noqa: PLR2004 (Unicode's range of surrogates)
    return chr(value) if 0 < value <= _LAST_CHARACTER and not surrogate else "\N{REPLACEMENT CHARACTER}"


class _Reader:
    """One pass over the text; an end tag closes the nearest open element of its name, and one that fits none is passed over."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._count = 0
        self._top = Element("", source=text)
        self._open: list[tuple[Element, list[str]]] = [(self._top, [])]

    def read(self) -> Element:
        text = self._text
        while (start := text.find("<", self._position)) >= 0:
            self._add(unescape(text[self._position : start]))
            self._position = start
            if not (self._skipped("<!--", "-->", keep=False) or self._skipped("<![CDATA[", "]]>", keep=True) or self._skipped("<?", "?>", keep=False)):
                self._tag(start)
        self._add(unescape(text[self._position :]))
        while self._open:
            self._close(len(text))
        return self._top

    def _skipped(self, opening: str, closing: str, *, keep: bool) -> bool:
        """A comment, declaration or CDATA section that begins here; without an end it reaches to the end of the text."""
        if not self._text.startswith(opening, self._position):
            return False
        begin = self._position + len(opening)
        end = self._text.find(closing, begin)
        if keep:
            self._add(self._text[begin : end if end >= 0 else len(self._text)])
        self._position = end + len(closing) if end >= 0 else len(self._text)
        return True

    def _tag(self, start: int) -> None:
        found = _TAG.match(self._text, start)
        if found is None:  # a bare "<", or a DOCTYPE, whose content means nothing here
            self._position = start + 1
            if not self._text.startswith("<!", start):
                self._add("<")
            return
        self._position = found.end()
        slash, name, rest = found.groups()
        if name.lower() in _NOISE:
            return
        if slash:
            self._end(name, start)
        else:
            self._begin(name, rest)

    def _begin(self, name: str, rest: str) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise LooseXmlRefused(f"more than {MAX_ELEMENTS} elements")
        if len(self._open) > MAX_DEPTH:
            raise LooseXmlRefused(f"nested deeper than {MAX_DEPTH}")
        short = rest.endswith("/")
        element = Element(name, attributes=rest.removesuffix("/").strip(), self_closed=short, source=self._text, begin=self._position, end=self._position)
        self._open[-1][0].children.append(element)
        if short:
            return
        if name in _VERBATIM:
            end = self._text.find(f"</{name}>", self._position)
            end = len(self._text) if end < 0 else end
            element.text = self._text[self._position : end].strip()
            self._position = end
        self._open.append((element, []))

    def _end(self, name: str, start: int) -> None:
        if all(element.name != name for element, _pieces in self._open):
            return
        while self._open[-1][0].name != name:
            self._close(start)
        self._close(start)

    def _close(self, end: int) -> None:
        element, pieces = self._open.pop()
        element.end = end
        if element.name not in _VERBATIM:
            element.text = "".join(pieces).strip()

    def _add(self, piece: str) -> None:
        if piece:
            self._open[-1][1].append(piece)


def read_loose(data: bytes) -> Element:
    """A nameless element with what ``data`` holds; raises `LooseXmlRefused`, and nothing else."""
    if len(data) > MAX_BYTES:
        raise LooseXmlRefused(f"larger than {MAX_BYTES} bytes")
    return _Reader(decode(data)).read()
