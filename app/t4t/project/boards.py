"""A project's message boards, as its website serves them to everybody.

Which there are stands on a page for people (BOINC's forum_index.php), what is new on each in a feed (forum_rss.php): one entry a thread, with its newest post.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from t4t.domain.boards import Boards, newest, thread_of
from t4t.domain.loose_xml import decode
from t4t.domain.plain_html import plain_html
from t4t.domain.project_errors import ProjectError
from t4t.project.replies import feed, root_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from t4t.domain.boards import Thread
    from t4t.transfer.http import Http

INDEX: Final = "forum_index.php"
_FEED: Final = "forum_rss.php"
MOST: Final = 8
"""Boards that are read, in the order of the page."""
_DAYS: Final = "30"
_LARGEST: Final = 2 * 1024 * 1024
_LONGEST_NAME: Final = 80
_BOARD: Final = re.compile(
    r"""<a\b[^<>]{0,300}?\bhref\s{0,9}=\s{0,9}["']?(?:[^"'<>\s]{0,300}?/)?forum_forum\.php\?id=([0-9]{1,9})["']?[^<>]{0,300}>(.{0,400}?)</a""",
    re.IGNORECASE | re.DOTALL,
)


class Board(NamedTuple):
    """One message board."""

    id: int
    name: str


def boards_of(page: bytes) -> tuple[Board, ...]:
    """The boards that the index links to, once each, in its order; those without a name are left out."""
    found: dict[int, str] = {}
    for number, name in _BOARD.findall(decode(page)):
        text = " ".join(plain_html(name).text.split())[:_LONGEST_NAME]
        if text:
            found.setdefault(int(number), text)
    return tuple(Board(number, name) for number, name in found.items())[:MOST]


def threads_of(body: bytes, board: Board, now: float) -> Iterator[Thread]:
    """What a board's feed says; nothing where it is empty, as BOINC's is without a thread. Raises `ReplyUnreadable`."""
    if not body.strip():
        return
    for item in feed(root_of(body, "rss", kind="rss")).items:
        found = thread_of(item, board.name, now)
        if found is not None:
            yield found


async def read_boards(http: Http, master_url: str, now: float) -> Boards:
    """Ask for the index and then for each board, one after the other; raises leaves of `ProjectError`, of a single board only if none can be read."""
    boards = boards_of((await http.get(f"{master_url}{INDEX}", limit=_LARGEST)).body)
    threads: list[Thread] = []
    read, failure = 0, None
    for board in boards:
        try:
            body = (await http.get(f"{master_url}{_FEED}", query={"forumid": str(board.id), "ndays": _DAYS}, limit=_LARGEST)).body
            threads += threads_of(body, board, now)
            read += 1
        except ProjectError as error:
            failure = error
    if failure is not None and not read:
        raise failure
    return Boards(at=now, boards=read, threads=newest(threads))
