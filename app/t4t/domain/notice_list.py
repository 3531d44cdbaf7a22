"""A project's notices: what its feed and its scheduler want people to know, each shown as new once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from t4t.domain.plain_html import plain_html, safe_link
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t.domain.project import FeedItem, Message

KEPT_S: Final = 30 * 86400.0
MOST: Final = 200


@record(kw_only=True)
class ProjectNotice:
    """One notice, as plain text. ``id`` stays the same when it is fetched again; ``from_scheduler``: it may be taken back."""

    id: str
    title: str
    text: str
    time: float
    links: tuple[str, ...] = ()
    from_scheduler: bool = False
    read: bool = False


def _sorted(notices: Iterable[ProjectNotice]) -> tuple[ProjectNotice, ...]:
    return tuple(sorted(notices, key=lambda notice: (-notice.time, notice.id)))[:MOST]


def _id(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def with_feed(known: tuple[ProjectNotice, ...], items: Iterable[FeedItem], now: float) -> tuple[ProjectNotice, ...]:
    """The feed was read: new items are new, changed ones keep whether they were read, and what is older than 30 days goes once the feed drops it.

    An item of the future counts as of now.
    """
    found = {notice.id: notice for notice in known if notice.from_scheduler or now - notice.time < KEPT_S}
    for item in items:
        name = _id(item.guid or item.link or item.title + item.html)
        body = plain_html(item.html)
        link = safe_link(item.link)
        before = found.get(name)
        found[name] = ProjectNotice(
            id=name,
            title=plain_html(item.title).text,
            text=body.text,
            time=min(item.time, now) if item.time > 0 else before.time if before else now,
            links=tuple(dict.fromkeys((*((link,) if link else ()), *body.links))),
            read=before.read if before else False,
        )
    return _sorted(found.values())


def with_messages(known: tuple[ProjectNotice, ...], messages: Iterable[Message], now: float, *, asked_for_work: bool) -> tuple[ProjectNotice, ...]:
    """The scheduler replied. Its notices of before are over when a request for work does not bring them again."""
    said = {_id(message.text): message for message in messages if message.priority == "notice" and message.text.strip()}
    kept = [notice for notice in known if not notice.from_scheduler or notice.id in said or not asked_for_work]
    have = {notice.id for notice in kept}
    new = [
        ProjectNotice(id=name, title="", text=plain_html(message.text).text, time=now, from_scheduler=True)
        for name, message in said.items()
        if name not in have
    ]
    return _sorted((*kept, *new))


def marked_read(known: tuple[ProjectNotice, ...], ids: frozenset[str]) -> tuple[ProjectNotice, ...]:
    """These were seen."""
    return tuple(replace(notice, read=True) if notice.id in ids else notice for notice in known)
