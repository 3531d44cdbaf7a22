"""The shape of a sentence for people before it is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.record import record

if TYPE_CHECKING:
    from t4t.wording.language import Marked


@record
class Text:
    """Title, body and remedies with the error's data in braces."""

    title: Marked
    body: Marked
    remedies: tuple[Marked, ...] = ()
