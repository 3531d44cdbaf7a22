"""Replies of a project's web pages as values."""

from __future__ import annotations

import email.utils
import re
from typing import Final
from urllib.parse import unquote_plus

from t4t.domain.loose_xml import Element, LooseXmlRefused, decode, read_loose, unescape
from t4t.domain.project import (
    AccountInfo,
    AccountOut,
    ErrorDocument,
    Feed,
    FeedItem,
    Host,
    MasterPage,
    Platform,
    ProjectConfig,
    Team,
    UploadReply,
    User,
)
from t4t.domain.project_errors import ReplyUnreadable
from t4t.project.fields import fill, text, whole

_HTML: Final = re.compile(r"(?:\s++|<!--.{0,2000}?-->|<\?.{0,200}?\?>){0,20}<(?:!doctype\s++html|html)\b", re.IGNORECASE | re.DOTALL)
HEAD: Final = 4096
"""Where a document's beginning ends."""
_MOST: Final = 1000
_SCHEDULER: Final = re.compile(
    r"<scheduler>([^<>]{1,2000}+)</scheduler>|<link\s++rel=[\"']?boinc_scheduler[\"']?\s++href=[\"']?([^\"'<>\s]{1,2000}+)", re.IGNORECASE
)


def is_html(data: bytes) -> bool:
    """Whether it is a web page, which servers send with status 200 while they are down."""
    return _HTML.match(decode(data[:HEAD])) is not None


def root_of(data: bytes, *wanted: str, kind: str) -> Element:
    """The first element with one of the names in ``wanted``, whatever noise stands before it; raises `ReplyUnreadable`.

    An element that is not closed counts: what a cut reply says before the cut is judged by its reader.
    """
    try:
        top = read_loose(data)
    except LooseXmlRefused as error:
        raise ReplyUnreadable(kind=kind, reason=str(error)) from error
    for name in wanted:
        found = next(top.descendants(name), None)
        if found is not None:
            return found
    if is_html(data):
        raise ReplyUnreadable(kind=kind, reason="a web page")
    raise ReplyUnreadable(kind=kind, reason="nothing" if not data.strip() else "another document")


def project_config(element: Element) -> ProjectConfig:
    """``<project_config>``."""
    platforms = (fill(Platform, platform) for holder in element.all("platforms") for platform in holder.all("platform"))
    return fill(ProjectConfig, element, platforms=tuple(platforms)[:_MOST])


def account_out(element: Element) -> AccountOut:
    """``<account_out>``."""
    return fill(AccountOut, element)


def account_info(element: Element) -> AccountInfo:
    """``<am_get_info_reply>``; three fields are URL-encoded there."""
    encoded = {name: unquote_plus(text(element.find(name))) for name in ("name", "country", "url")}
    preferences = {name: _inner(element, name) for name in ("global_prefs", "project_prefs")}
    return fill(AccountInfo, element, **encoded, **preferences)


def _inner(element: Element, name: str) -> str:
    child = element.find(name)
    return child.inner if child else ""


def error_document(element: Element) -> ErrorDocument:
    """``<error>``."""
    return fill(ErrorDocument, element)


def user(element: Element) -> User:
    """``<user>``."""
    return fill(User, element, hosts=tuple(fill(Host, host) for host in element.all("host"))[:_MOST])


def team(element: Element) -> Team:
    """``<team>``."""
    return fill(Team, element)


def teams(element: Element) -> tuple[Team, ...]:
    """``<teams>``."""
    return tuple(fill(Team, found) for found in element.all("team"))[:_MOST]


def upload_reply(element: Element) -> UploadReply:
    """``<data_server_reply>``."""
    status = element.find("status")
    return fill(UploadReply, element, status=whole(status) if status is not None and re.fullmatch(r"-?[0-9]{1,6}", status.text) else None)


def feed(element: Element) -> Feed:
    """``<rss>``; the title and description of an item are HTML, often in CDATA."""
    channel = next(element.descendants("channel"), element)
    return Feed(title=text(channel.find("title")), items=tuple(_item(item) for item in channel.all("item"))[:_MOST])


def _item(item: Element) -> FeedItem:
    time = email.utils.parsedate_tz(text(item.find("pubDate")))
    try:
        seconds = float(email.utils.mktime_tz(time)) if time else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    link = text(item.find("link"))
    description = item.find("description")
    return FeedItem(
        title=unescape(text(item.find("title"))),
        link=link,
        guid=text(item.find("guid")) or link,
        html=description.text if description else "",
        time=seconds,
    )


def master_page(data: bytes) -> MasterPage:
    """The scheduler addresses on the project's front page, once each, in order; inside of comments too."""
    found = (unescape(one or two).strip() for one, two in _SCHEDULER.findall(decode(data)))
    return MasterPage(scheduler_urls=tuple(dict.fromkeys(url for url in found if url))[:_MOST])
