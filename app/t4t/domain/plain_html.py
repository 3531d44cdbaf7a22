"""HTML from strangers (news, notices) as text with links: no markup survives, nothing is loaded, and a link that is shown is one that may be opened."""

from __future__ import annotations

import re
from html import unescape
from typing import Final
from urllib.parse import urlsplit

from t4t.domain.record import record

LONGEST: Final = 64 * 1024
_MOST_LINKS: Final = 100
_BLOCKS: Final = frozenset(("p", "br", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "blockquote", "pre", "hr"))
_SILENT: Final = frozenset(("script", "style", "head", "title", "iframe", "object", "noscript", "template"))
_LONGEST_TAG: Final = 4000
_TAG: Final = re.compile(r"""<([/!?]?+)([A-Za-z][\w:-]*+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_HREF: Final = re.compile(r"""\bhref\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""", re.IGNORECASE)


@record
class PlainText:
    """The text, and the addresses of its links in order, once each."""

    text: str
    links: tuple[str, ...] = ()


class _Reader:
    """One pass over the text. Python's own HTML parser needs minutes for some hostile documents and raises on others (3.11.7)."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._lower = html.lower()
        self._position = 0
        self.pieces: list[str] = []
        self.links: dict[str, None] = {}

    def read(self) -> None:
        html = self._html
        while (start := html.find("<", self._position)) >= 0:
            self.pieces.append(unescape(html[self._position : start]))
            if html.startswith("<!--", start):
                self._skip_to("-->", start)
                self._position += len("-->")
            else:
                self._tag(start)
        self.pieces.append(unescape(html[self._position :]))

    def _skip_to(self, mark: str, start: int) -> None:
        """To the next ``mark``, or to the end."""
        found = self._lower.find(mark, start)
        self._position = found if found >= 0 else len(self._html)

    def _tag(self, start: int) -> None:
        found = _TAG.match(self._html, start, start + _LONGEST_TAG)
        if found is None:  # a bare "<" is text
            self.pieces.append("<")
            self._position = start + 1
            return
        self._position = found.end()
        slash, name, attributes = found[1], found[2].lower(), found[3]
        if name in _BLOCKS:
            self.pieces.append("\n")
        elif name in _SILENT and not slash:
            self._skip_to(f"</{name}", self._position)
        elif name == "a" and (link := _HREF.search(attributes)):
            address = safe_link(unescape(link[1] or link[2] or link[3] or ""))
            if address and len(self.links) < _MOST_LINKS:
                self.links[address] = None


def safe_link(address: str) -> str:
    """``address`` if it is a web page's without login, else nothing."""
    text = address.strip()
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return ""
    good = parts.scheme.lower() in {"https", "http"} and host and parts.username is None and text.isprintable() and len(text) <= 2000  # noqa: PLR2004 (browsers' limit)
    return text if good and not any(c.isspace() for c in text) else ""


def plain_html(html: str) -> PlainText:
    """``html`` (at most 64 KiB of it) as text; lines are trimmed, and at most one empty line stays between them."""
    reader = _Reader(html[:LONGEST])
    reader.read()
    lines = (re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in line)).strip() for line in "".join(reader.pieces).split("\n"))
    return PlainText(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), tuple(reader.links))
