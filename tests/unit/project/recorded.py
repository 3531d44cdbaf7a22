"""Recorded exchanges as tests use them."""

from __future__ import annotations

from pathlib import Path

from t4t.domain.loose_xml import Element, read_loose
from t4t.project.record import Recorded, read_record

FOLDER = Path(__file__).parents[2] / "fixtures" / "boinc"
RESPONSES = sorted(path.name.removesuffix(".response") for path in FOLDER.glob("*.response"))
SCHEDULER_REQUESTS = sorted(
    path.name.removesuffix(".request")
    for path in FOLDER.glob("*.request")
    if b"<scheduler_request>" in path.read_bytes() and b"</scheduler_request>" in path.read_bytes()
)


def response(name: str) -> Recorded:
    """A recorded response."""
    return read_record((FOLDER / f"{name}.response").read_bytes())


def request_body(name: str) -> bytes:
    """The body of a recorded request."""
    return (FOLDER / f"{name}.request").read_bytes().partition(b"\r\n\r\n")[2]


def root(data: bytes, name: str) -> Element:
    """The element ``name`` in ``data``."""
    return next(read_loose(data).descendants(name))
