"""A scheduler's reply without addresses that a project may not give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from t4t.domain.project_errors import AddressRefused
from t4t.transfer.addresses import named_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t.domain.project import FileInfo, SchedulerReply


def is_outward(url: str, *, master_url: str) -> bool:
    """Whether the project at ``master_url`` may send us there."""
    try:
        named_by(master_url, url)
    except AddressRefused:
        return False
    return True


def outward(reply: SchedulerReply, *, master_url: str) -> SchedulerReply:
    """``reply`` with the addresses of files and feeds that may be used; a file that has none then can't be fetched, and its task is refused."""

    def usable(urls: Iterable[str]) -> tuple[str, ...]:
        return tuple(url for url in urls if is_outward(url, master_url=master_url))

    def file(info: FileInfo) -> FileInfo:
        return replace(info, urls=usable(info.urls), upload_urls=usable(info.upload_urls), gzipped_urls=usable(info.gzipped_urls))

    feeds = tuple(feed for feed in reply.rss_feeds if usable([feed.url]))
    return replace(reply, file_infos=tuple(file(info) for info in reply.file_infos), rss_feeds=feeds)
