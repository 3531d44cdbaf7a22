"""The shape of a sentence for people before it is filled in."""

from __future__ import annotations

from t4t.domain.record import record


@record
class Text:
    """Title, body and remedies with the error's data in braces."""

    title: str
    body: str
    remedies: tuple[str, ...] = ()
