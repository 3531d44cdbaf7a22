"""The words on attached projects: what they are doing, and why there is no work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.no_work import NoWork
from t4t.wording.in_window import for_window
from t4t.wording.language import Marked, gettext, ngettext
from t4t.wording.notices import TEXTS
from t4t.wording.numbers import decimal
from t4t.wording.screen import Reader, moment, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from t4t.domain.project_view import ProjectView

_LONGEST_NAME: Final = 60

NO_WORK: Final[dict[NoWork, Marked]] = {
    NoWork.NO_VIRTUALBOX: "Its work needs VirtualBox, which is not what runs machines here. t4t doctor says how to get it.",
    NoWork.VIRTUALBOX_UNUSABLE: "VirtualBox is installed here and can't be used. t4t doctor says why.",
    NoWork.VIRTUALBOX_TOO_OLD: "VirtualBox is too old here for its work. Install a newer one.",
    NoWork.NO_VIRTUALIZATION: "Its work needs hardware virtualization, which is missing or switched off here. t4t doctor says what to do.",
    NoWork.PLATFORM: "It has no work for this kind of computer.",
    NoWork.MEMORY: "Its work needs more memory than this computer may give.",
    NoWork.DISK: "Its work needs more disk space than is free here.",
    NoWork.DEADLINE: "It thinks that this computer would not be done in time: it is on, or computes, too little.",
    NoWork.CLIENT_TOO_OLD: "It wants a newer version of this program.",
    NoWork.LIMIT_REACHED: "This computer has as many of its tasks as it may have at once.",
    NoWork.DAILY_QUOTA: "This computer has had as many of its tasks as it may have in a day.",
    NoWork.TOO_RECENT: "It was asked too soon after the last time.",
    NoWork.KEY_CHANGED: "It signs its programs with another key than before; none of them is run.",
    NoWork.NOT_SELECTED: "On your account's page, its applications with work may be switched off.",
    NoWork.NONE_AVAILABLE: "It has none at present. Nothing is wrong on your side.",
    NoWork.UNKNOWN: "It did not say why. Most often it simply has none; nothing is wrong on your side.",
}


def _reason(value: str, *, in_window: bool) -> str:
    """What a newer agent may send has general words."""
    known = next((reason for reason in NoWork if reason.value == value), NoWork.UNKNOWN)
    return gettext(for_window(NO_WORK[known]) if in_window else NO_WORK[known])


def no_project() -> str:
    """Where nothing is attached."""
    return gettext("This computer works for no project yet: t4t attach URL.")


def stages(view: ProjectView) -> str:
    """Where its tasks are."""
    if not view.held:
        return gettext("no tasks")
    parts = [ngettext("{held} task", "{held} tasks", view.held).format(held=view.held)]
    if view.fetching:
        parts.append(gettext("{number} being fetched").format(number=view.fetching))
    if view.sending:
        parts.append(ngettext("{number} upload waiting", "{number} uploads waiting", view.sending).format(number=view.sending))
    if view.reporting:
        parts.append(gettext("{number} to be reported").format(number=view.reporting))
    return ", ".join(parts)


def credit(view: ProjectView) -> str:
    """What the project gave."""
    shape = gettext("credit {total} (now about {recent} a day); this computer {host_total}")
    return shape.format(total=decimal(view.user_total), recent=decimal(view.user_recent, 1), host_total=decimal(view.host_total))


def limits(view: ProjectView) -> str:
    """What the account says of its tasks here, and where that can be changed; empty where it says nothing."""
    jobs = ngettext("{number} task at a time", "{number} tasks at a time", view.max_jobs).format(number=view.max_jobs) if view.max_jobs else ""
    cpus = ngettext("{number} processor each", "{number} processors each", view.max_cpus).format(number=view.max_cpus) if view.max_cpus else ""
    said = ", ".join(filter(None, (jobs, cpus)))
    return gettext("at most {limits} (set in your account, on the project’s page)").format(limits=said) if said else ""


def no_work(view: ProjectView, reader: Reader, *, in_window: bool = False) -> Iterator[str]:
    """What stands against work from a project, or has become of it, for a terminal or the window; nothing where all is well."""
    if view.ended:
        yield gettext("This project has ended. Thank you for your work for it.")
    if view.moved_to:
        yield gettext("It says that it has moved to {address}. Detach and attach again there if you trust that.").format(address=view.moved_to)
    if view.metered:
        yield gettext("This network costs by the byte: files wait, and no new work is asked for. The setting transfers.metered lets them go.")
    if view.no_work_since is not None:
        yield gettext("No work since {time}:").format(time=moment(view.no_work_since, reader))
        yield from (f"  {_reason(reason, in_window=in_window)}" for reason in view.no_work)
        yield from (f"  {gettext('It says: “{text}”').format(text=plain(text))}" for text in view.said)
    if view.trouble:
        title = gettext(TEXTS[view.trouble].title) if view.trouble in TEXTS else gettext("Something does not work")
        yield gettext("{title} ({code}).").format(title=title, code=view.trouble)


def why(view: ProjectView, now: float) -> Iterator[str]:
    """What keeps it from giving work, as far as something does, and until when."""
    yield from no_work(view, Reader(now))
    if view.next_request is not None:
        yield gettext("It is asked again at {time} at the earliest.").format(time=moment(view.next_request, Reader(now)))


def in_short(view: ProjectView, now: float) -> str:
    """A project in one line, for where there is no room for more."""
    name = plain(view.name, _LONGEST_NAME)
    if not view.held and view.no_work_since is not None:
        return gettext("{name}: no work since {time}").format(name=name, time=moment(view.no_work_since, Reader(now)))
    return gettext("{name}: {stages}, credit {total}").format(name=name, stages=stages(view), total=decimal(view.user_total))


def all_in_short(views: Sequence[ProjectView], now: float) -> str:
    """All projects in one line; of several, how many there are and how many tasks."""
    if len(views) <= 1:
        return "".join(in_short(view, now) for view in views)
    held = sum(view.held for view in views)
    tasks = ngettext("{held} task", "{held} tasks", held).format(held=held)
    return gettext("{number} projects, {tasks}").format(number=len(views), tasks=tasks)


def lines(view: ProjectView, now: float) -> Iterator[str]:
    """A project in a few lines; the first is its headline."""
    who = ", ".join(filter(None, (view.user, gettext("team {team}").format(team=view.team) if view.team else "")))
    yield f"{view.name}{f' ({who})' if who else ''}: {stages(view)}"
    yield credit(view)
    if view.max_jobs or view.max_cpus:
        yield limits(view)
    yield from why(view, now)
    if view.unread:
        yield ngettext("{unread} new notice: t4t projects", "{unread} new notices: t4t projects", view.unread).format(unread=view.unread)
