"""A small XML document from an untrusted source as a tree, within fixed limits; no DOCTYPE, no entities of its own, nothing fetched.

Only for documents that must be right (``vbox_job.xml``, OVF); what must survive damage is read by `t4t.domain.init_data`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 16
MAX_ELEMENTS: Final = 4096
MAX_TEXT: Final = 4096
"""Characters in one element; BOINC's own parser holds a string in 4096 bytes."""
MAX_NAME: Final = 128
MAX_ATTRIBUTES: Final = 64
"""Attributes of one element; each value may be as long as a text."""


class XmlRefused(ValueError):
    """The document is not well-formed or breaks a limit; the text is a short reason in English for logs and for `JobXmlMalformed`."""


@dataclass(slots=True)
class XmlElement:
    """One element while and after reading; ``text`` is what stands directly in it."""

    name: str
    text: str = ""
    self_closed: bool = False
    """Written ``<x/>``. XML calls it equal to ``<x></x>``; BOINC's booleans differ: true and not given."""
    children: list[XmlElement] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)


class _Reader:
    """Builds the tree from expat's events and refuses early, so that time and memory stay within the limits."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._above = XmlElement("")
        self._open = [self._above]
        self._count = 0
        # BOINC reads bytes and knows no encodings: a declaration can't choose another one here either.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self) -> XmlElement:
        self._parser.Parse(self._data, True)  # noqa: FBT003 (expat takes no keywords)
        return self._above.children[0]  # expat refuses a document without a root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise XmlRefused(f"more than {MAX_ELEMENTS} elements")
        if len(self._open) > MAX_DEPTH:
            raise XmlRefused(f"nested deeper than {MAX_DEPTH}")
        if len(name) > MAX_NAME:
            raise XmlRefused(f"an element name of over {MAX_NAME} characters")
        if len(attributes) > MAX_ATTRIBUTES or any(len(key) > MAX_NAME or len(value) > MAX_TEXT for key, value in attributes.items()):
            raise XmlRefused(f"too many or too long attributes in <{name}>")
        element = XmlElement(name, attributes=attributes)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        # At the end event of <x/> expat stands right behind the tag, at that of <x></x> between the two: after ">", never after "/>".
        element = self._open.pop()
        position = self._parser.CurrentByteIndex
        element.self_closed = not element.children and not element.text and self._data.endswith(b"/>", 0, position)

    def _text(self, text: str) -> None:
        element = self._open[-1]
        if not element.text:
            text = text.lstrip()  # the layout between elements is not content and must not use up the limit
        if len(element.text) + len(text) > MAX_TEXT:
            raise XmlRefused(f"over {MAX_TEXT} characters in <{element.name}>")
        element.text += text

    def _doctype(self, _name: str, _system: str | None, _public: str | None, _subset: int) -> None:
        raise XmlRefused("a DOCTYPE is not allowed")


def read_xml(data: bytes) -> XmlElement:
    """The root element of ``data``; raises `XmlRefused`."""
    if len(data) > MAX_BYTES:
        raise XmlRefused(f"larger than {MAX_BYTES} bytes")
    if b"\0" in data:
        raise XmlRefused("a NUL byte")  # also keeps UTF-16 out, which a byte-order mark would switch on
    try:
        return _Reader(data).read()
    except expat.ExpatError as error:
        raise XmlRefused(str(error)) from error
