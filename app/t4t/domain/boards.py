"""What is talked about on a project's message boards, as it was when somebody last looked: the newest threads of all boards, with the way to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.plain_html import plain_html, safe_link
from t4t.domain.session import NoticeView  # noqa: TC001 - msgspec reads it at run time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t.domain.project import FeedItem

MOST: Final = 30
"""Threads that are shown."""
AGAIN_S: Final = 600.0
"""Nobody has to look more often; project servers are run by few people."""
_LONGEST: Final = 280
_LONGEST_TITLE: Final = 200


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """One thread: ``text`` is the beginning of its newest post, written at ``time`` (Unix time; 0: not told), ``link`` opens it."""

    title: str
    board: str
    link: str
    text: str = ""
    time: float = 0.0


class Boards(msgspec.Struct, frozen=True, kw_only=True):
    """As of ``at`` (Unix time); ``boards`` counts those that were read, and may be 0: a project can have none."""

    at: float
    boards: int
    threads: tuple[Thread, ...] = ()
    """The newest first."""


class BoardsView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known here; ``fresh``: the project need not be asked now. ``trouble``: why there is nothing newer."""

    boards: Boards | None = None
    fresh: bool = False
    trouble: NoticeView | None = None


def is_fresh(boards: Boards | None, now: float) -> bool:
    """Whether that was just now; a clock that was set back makes nothing fresh."""
    return boards is not None and 0 <= now - boards.at < AGAIN_S


def thread_of(item: FeedItem, board: str, now: float) -> Thread | None:
    """An entry of a board's feed as plain text; None where it has no link that may be opened. What is of the future counts as of now."""
    link = safe_link(item.link) or safe_link(item.guid)
    if not link:
        return None
    text = " ".join(plain_html(item.html).text.split())
    title = " ".join(plain_html(item.title).text.split())
    return Thread(
        title=_shortened(title, _LONGEST_TITLE),
        board=board,
        link=link,
        text=_shortened(text, _LONGEST),
        time=max(0.0, min(item.time, now)),
    )


def newest(threads: Iterable[Thread]) -> tuple[Thread, ...]:
    """Of all boards together; one that stands on two is told once."""
    told = {thread.link: thread for thread in sorted(threads, key=lambda one: one.time)}
    return tuple(sorted(told.values(), key=lambda one: (-one.time, one.link)))[:MOST]


def _shortened(text: str, most: int) -> str:
    """At most so many characters, cut between two words where that can be."""
    if len(text) <= most:
        return text
    head = text[:most]
    return f"{head.rpartition(' ')[0] or head}…"
