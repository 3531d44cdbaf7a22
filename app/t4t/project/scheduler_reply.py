"""``<scheduler_reply>`` as a value."""

from __future__ import annotations

import re
from typing import Final

from t4t.domain.loose_xml import Element, decode
from t4t.domain.project import App, AppVersion, Assignment, FileInfo, FileRef, GuiUrl, Message, RssFeed, SchedulerReply, TrickleDown, Workunit
from t4t.domain.project_errors import ReplyUnreadable
from t4t.project.fields import fill, flag, names, text
from t4t.project.replies import root_of

_KIND: Final = "scheduler_reply"
_PRIORITY: Final = re.compile(r"priority\s*+=\s*+[\"']?(\w++)")
_UPLOAD: Final = "file_upload_handler"
"""What BOINC's own client takes for an upload address when the element does not say it."""


def read_scheduler_reply(data: bytes) -> SchedulerReply:
    """The scheduler's reply in ``data``; raises `ReplyUnreadable`, also when its end is missing."""
    root = root_of(data, _KIND, kind=_KIND)
    if f"</{_KIND}>" not in decode(data):
        raise ReplyUnreadable(kind=_KIND, reason="its end is missing")
    return scheduler_reply(root)


def scheduler_reply(root: Element) -> SchedulerReply:
    """``<scheduler_reply>``."""
    return fill(
        SchedulerReply,
        root,
        messages=tuple(_message(message) for message in root.all("message")),
        result_acks=names(root, "result_ack"),
        result_aborts=names(root, "result_abort"),
        result_aborts_if_not_started=names(root, "result_abort_if_not_started"),
        apps=tuple(fill(App, app) for app in root.all("app")),
        file_infos=tuple(file_info(info) for info in root.all("file_info")),
        app_versions=tuple(fill(AppVersion, version, file_refs=_refs(version)) for version in root.all("app_version")),
        workunits=tuple(fill(Workunit, unit, file_refs=_refs(unit)) for unit in root.all("workunit")),
        results=tuple(fill(Assignment, result, file_refs=_refs(result)) for result in root.all("result")),
        delete_files=tuple(filter(None, (text(info.find("name")) or text(info) for info in root.all("delete_file_info")))),
        trickle_downs=tuple(_trickle(trickle) for trickle in root.all("trickle_down")),
        no_rsc_apps=_lacking(root),
        gui_urls=tuple(fill(GuiUrl, url) for holder in root.all("gui_urls") for url in holder.descendants("gui_url")),
        rss_feeds=tuple(fill(RssFeed, feed) for holder in root.all("rss_feeds") for feed in holder.descendants("rss_feed")),
        global_preferences=_whole(root, "global_preferences"),
        project_preferences=_whole(root, "project_preferences"),
    )


def _message(element: Element) -> Message:
    found = _PRIORITY.search(element.attributes)
    return Message(text=text(element).strip(), priority=found[1] if found else "low")


def _trickle(element: Element) -> TrickleDown:
    """What comes after name and time is the application's own."""
    inner = re.sub(r"\s*<(result_name|time)>[^<]*</\1>", "", element.inner).strip()
    return fill(TrickleDown, element, text=inner)


def _whole(root: Element, name: str) -> str:
    """An element that is kept as it was written, its own tags included."""
    element = root.find(name)
    return f"<{name}>\n{element.inner}\n</{name}>" if element else ""


def _lacking(root: Element) -> tuple[str, ...]:
    """The kinds of processors for which the project has no programs; ``no_cpu_apps`` is the old way to say it."""
    old = ("CPU",) if flag(root.find("no_cpu_apps")) else ()
    return tuple(dict.fromkeys((*(text(element) for element in root.all("no_rsc_apps")), *old)))


def _refs(element: Element) -> tuple[FileRef, ...]:
    return tuple(fill(FileRef, ref) for ref in element.all("file_ref"))


def _urls(element: Element, *tags: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (text(child) for child in element.children if child.name in tags))))


def file_info(element: Element) -> FileInfo:
    """``<file_info>``, of a reply or of the ``client_state.xml`` of another client."""
    plain = _urls(element, "url")
    return fill(
        FileInfo,
        element,
        urls=tuple(dict.fromkeys((*(url for url in plain if _UPLOAD not in url), *_urls(element, "download_url")))),
        upload_urls=tuple(dict.fromkeys((*(url for url in plain if _UPLOAD in url), *_urls(element, "upload_url")))),
        gzipped_urls=_urls(element, "gzipped_url", "download_gzipped_url"),
    )
