"""The words of what pops up: what happened, what it means, what can be done. Plain text."""

from __future__ import annotations

from gettext import gettext, ngettext
from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.notification_policy import Event
from t4t.domain.record import record
from t4t.wording import commands
from t4t.wording.screen import moment, plain, read, span
from t4t.wording.window import open_page

if TYPE_CHECKING:
    from t4t.domain.session import MessageView
    from t4t.wording.screen import Reader

_LONGEST: Final = 240


@record
class MessageText:
    """A title, one or two sentences, and the words of what can be clicked."""

    title: str
    body: str
    open: str
    mute: str
    prolong: str = ""
    """Only where a pause ends."""


def message(view: MessageView, reader: Reader) -> MessageText:
    """A message in words."""
    head, body = _said(view, reader)
    prolong = commands.label("prolong") if view.event is Event.PAUSE_ENDS else ""
    return MessageText(plain(head), plain(body, _LONGEST), open_page(view.page), gettext("Don't tell me this again"), prolong)


def _said(view: MessageView, reader: Reader) -> tuple[str, str]:
    match view.event:
        case Event.NEEDS_YOU if view.notice is not None:
            told = read(view.notice)
            return told.title, told.body
        case Event.FIRST_RESULT:
            return gettext("Your first result"), gettext("Your computer has finished its first simulation for physics. Thank you!")
        case Event.PAUSE_ENDS:
            at = moment(_number(view, "until"), reader)
            return (
                gettext("Your pause ends soon"),
                gettext("The work goes on at {time}.").format(time=at) if at else gettext("The work goes on in a few minutes."),
            )
        case Event.LONG_PAUSE:
            paused = span(reader.now - _number(view, "since"))
            head = gettext("Paused by you for {span}").format(span=paused) if paused else gettext("Paused by you for a long time")
            return head, gettext("Your work waits. This is the only reminder.")
        case Event.PROJECT_NOTICE:
            return gettext("News from {project}").format(project=view.data.get("project", "")), str(view.data.get("text", ""))
        case Event.WEEKLY_SUMMARY:
            return gettext("Your week"), _week(view)
        case Event.SECURITY_UPDATE | Event.UPDATE:
            return gettext("An update is ready"), gettext("Version {version}. Help has more.").format(version=view.data.get("version", ""))
        case Event.NEEDS_YOU | Event.REPAIRED | Event.HELD_BY_RULE | Event.MILESTONE | Event.NO_WORK:
            return gettext("Something needs a look"), gettext("The details are in the log.")
        case _:
            assert_never(view.event)


def _number(view: MessageView, name: str) -> float:
    value = view.data.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")


def _week(view: MessageView) -> str:
    tasks = view.data.get("tasks")
    count = tasks if isinstance(tasks, int) else 0
    text = ngettext("{count} task finished", "{count} tasks finished", count).format(count=count)
    worked = span(_number(view, "seconds"))
    return gettext("{text}, {span} of work. Thank you!").format(text=text, span=worked) if worked else gettext("{text}. Thank you!").format(text=text)
