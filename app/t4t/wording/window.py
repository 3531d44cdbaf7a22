"""The words of the window's pages. Plain text; what other modules have words for is said with theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from t4t.domain.vm import VmState
from t4t.wording.language import Marked, gettext, ngettext
from t4t.wording.notices import hypervisor_name, notice
from t4t.wording.numbers import decimal
from t4t.wording.projects import stages
from t4t.wording.screen import moment, plain, span

if TYPE_CHECKING:
    from t4t.domain.diagnosis.findings import Status
    from t4t.domain.errors import T4TError
    from t4t.domain.project_view import NewsView, ProjectView
    from t4t.domain.session import SessionView, TaskView
    from t4t.wording.screen import Reader

_TITLES: Final[dict[str, Marked]] = {
    "home": "Home",
    "science": "Science",
    "contribution": "Contribution",
    "community": "Community",
    "news": "News",
    "computer": "Computer",
    "help": "Help",
    "settings": "Settings",
}
_WORDS: Final[dict[str, Marked]] = {
    "pages": "Pages",
    "close": "Close",
    "hide_why": "Hide the reasons",
    "your_part": "Your part",
    "tasks_done": "tasks done on this computer",
    "electricity": "electricity this month",
    "costs": "What it costs",
    "credit": "credit",
    "credit_here": "from this computer",
    "credit_a_day": "a day, at present",
    "project": "Project",
    "account": "Account",
    "team": "Team",
    "its_work": "Its work here",
    "next_contact": "Asked again",
    "contact_now": "Contact it now",
    "website": "Open its website",
    "contribution_below": "What this computer has done, and what the project credits for it once its servers have checked a result.",
    "no_project": "No project yet",
    "no_project_text": "Work comes from a project such as LHC@home. You can join one, or try it without an account.",
    "not_running_text": "This is known again as soon as Test4Theory runs.",
    "no_news": "No news",
    "no_news_text": "What the project wants you to know is shown here.",
    "read_all": "Mark all as read",
    "only_new": "Only what is new",
    "all_read": "All is read",
    "servers": "Work from the project",
    "new": "New",
    "show_more": "Show more",
    "link": "Read it on the website",
    "ready_question": "Is this computer ready?",
    "looking": "Looking at this computer…",
    "check_again": "Check again",
    "details": "Show all",
    "fewer": "Show less",
    "box": "The science box",
    "box_text": "A small computer inside your computer, sealed off from your files. Its proper name is virtual machine.",
    "no_box": "There is none now. It is made when work begins.",
    "checkpoint": "Take a checkpoint now",
    "history": "What happened",
    "no_history": "Nothing yet.",
    "state": "State",
    "runs_on": "Runs on",
    "memory": "Memory",
    "cores": "Processor cores",
    "limit": "Processor limit",
    "worked": "Has worked",
    "processor_time": "Processor time",
    "checkpoints": "Checkpoints",
    "restarts": "Started anew",
    "lost": "Work lost",
    "do_it": "Do it",
    "changing": "Doing it. Please leave the window open…",
    "plan_above": "This is what will be done, with the exact commands. Where an administrator is needed, your system asks you.",
    "by_hand": "This is for you to do:",
    "phone": "Show it on my phone",
    "phone_above": "Point your phone’s camera at it: it shows the same steps, as text. Nothing is sent.",
    "other_ways": "Other ways",
    "undo": "How to undo it",
    "changed": "Done.",
    "search": "Search: what went wrong, or a code such as T4T-DISK-01",
    "problems": "What can go wrong",
    "nothing_found": "Nothing found. The report below tells those who help what is going on.",
    "report": "A report for whoever helps",
    "report_text": "One text with versions, what this computer is, what was done and the ends of the logs. Names, addresses, keys and passwords are taken out. "
    "You see it before anything else happens, and nothing is sent.",
    "make_report": "Make a report",
    "logs": "The logs",
    "show_logs": "Look at the logs",
    "making_report": "Gathering the report…",
    "save_report": "Save as a file…",
    "copy_report": "Copy",
    "copied": "The report is in the clipboard.",
    "keyboard": "Keyboard",
    "about": "About",
    "libraries": "Libraries and their licences",
    "licence": "The licence",
    "licence_text": "Free software under the GNU General Public License, version 3 or later. It comes without any warranty.",
    "in_browser": "Open in the browser",
    "which_job": "Which job",
    "science_below": "What the science box computes at this moment, on its own pages.",
    "show_again": "Show it again",
    "no_entries": "no entries",
}
_KEYS: Final[tuple[tuple[Marked, Marked], ...]] = (
    ("Ctrl+1 … Ctrl+7", "go to a page"),
    ("Ctrl+,", "settings"),
    ("Ctrl+P", "pause"),
    ("Ctrl+R", "continue"),
    ("F6", "from the page to the navigation and back"),
    ("F1", "help"),
    ("Ctrl+W", "close the window; the work goes on"),
)
_STATUS: Final[dict[str, Marked]] = {"ok": "well", "warn": "needs a look", "fail": "stands in the way", "unknown": "not known"}
_FULL: Final = 100
_MUCH: Final = 1e6
_VM: Final[dict[VmState, Marked]] = {
    VmState.ABSENT: "not made yet",
    VmState.POWERED_OFF: "switched off",
    VmState.STARTING: "starting",
    VmState.RUNNING: "running",
    VmState.PAUSED: "standing still, kept in memory",
    VmState.SAVING: "being saved to disk",
    VmState.SAVED: "saved to disk",
    VmState.RESTORING: "being loaded from disk",
    VmState.STOPPING: "being switched off",
    VmState.ABORTED: "ended by itself; it is started again",
    VmState.STUCK: "stuck; it is started again",
}
_GUEST: Final[dict[str, tuple[Marked, Marked]]] = {
    "gone": ("The science box is not there", "It appears as soon as Test4Theory runs."),
    "nothing": ("No work right now", "When there is some, this page shows the physics that your computer simulates, live."),
    "resting": ("The science box stands still", "Its pages are back when the work goes on."),
    "starting": ("The science box is starting", "Its pages appear by themselves, most often within a minute."),
    "waiting": ("Almost there", "The science box is running and gets its pages ready."),
    "no_page": ("This job has no pages", "It works all the same; “Home” shows how far it is."),
    "outside": ("The pages of the science box are ready", "They are shown in your browser. They come from this computer only and need no internet."),
    "crashed": ("The page could not be shown", "The work goes on. You can show it again, or open it in your browser."),
}


def title(page: str) -> str:
    """A page's name."""
    return gettext(_TITLES[page])


def word(key: str) -> str:
    """A word, or a sentence that never changes."""
    return gettext(_WORDS[key])


def guest(stage: str) -> tuple[str, str]:
    """What stands in place of the guest's pages: a title and a sentence."""
    first, second = _GUEST[stage]
    return gettext(first), gettext(second)


def keyboard() -> list[tuple[str, str]]:
    """The keys and what they do."""
    return [(gettext(key), gettext(does)) for key, does in _KEYS]


# --- navigation ------------------------------------------------------------------------------------------------------


def news_with(unread: int) -> str:
    """The navigation's entry for news."""
    return gettext("{title} ({unread})").format(title=title("news"), unread=unread) if unread else title("news")


def spoken_news(unread: int) -> str:
    """The same for who listens."""
    return (
        ngettext("{title}, {unread} new notice", "{title}, {unread} new notices", unread).format(title=title("news"), unread=unread)
        if unread
        else title("news")
    )


def spoken_pages(current: str) -> str:
    """The button that stands for the navigation where it is narrow."""
    return gettext("Pages, opens a menu. Now: {page}").format(page=current)


# --- home ------------------------------------------------------------------------------------------------------------


def since(view: SessionView, reader: Reader) -> str:
    """Since when it is as it is; empty where that makes no sense."""
    at = moment(view.since, reader) if view.since <= reader.now else ""
    return gettext("since {time}").format(time=at) if at else ""


def number(value: float) -> str:
    """A number of credits or tasks; a dash where it is not known."""
    if not 0 < value < 1e15:  # noqa: PLR2004 - more is no credit
        return "–"
    return decimal(value)


def count(value: int) -> str:
    """A number that may be 0."""
    return number(value) if value else "0"


def project_line(view: ProjectView) -> str:
    """A project in one line."""
    return gettext("{name}: {stages}").format(name=plain(view.name), stages=stages(view))


# --- contribution ----------------------------------------------------------------------------------------------------


def team(view: ProjectView) -> str:
    """The volunteer's team, with its credit where the project has told it."""
    name = plain(view.team)
    if not name or view.team_total <= 0:
        return name
    shape = gettext("{team}: {total} credit in all, {recent} a day at present")
    return shape.format(team=name, total=number(view.team_total), recent=number(view.team_recent))


def project_facts(view: ProjectView, reader: Reader) -> list[tuple[str, str]]:
    """What is known of an attached project, as names and values."""
    facts = [(word("account"), plain(view.user)), (word("team"), team(view)), (word("its_work"), stages(view))]
    if view.next_request is not None and view.next_request > reader.now:
        facts.append((word("next_contact"), moment(view.next_request, reader)))
    return [(name, value) for name, value in facts if value]


# --- news ------------------------------------------------------------------------------------------------------------


def news_date(view: NewsView, project: str, reader: Reader) -> str:
    """When it was written, and by whom."""
    at = moment(view.time, reader)
    return gettext("{date} · {project}").format(date=at, project=plain(project)) if at else plain(project)


def news_title(view: NewsView) -> str:
    """Its title; a notice of the scheduler has none."""
    return plain(view.title) or gettext("A notice")


# --- computer --------------------------------------------------------------------------------------------------------


def status(found: Status) -> str:
    """How a check ended."""
    return gettext(_STATUS[found.value])


def spoken_check(check: str, found: Status, summary: str) -> str:
    """A check for who listens."""
    return gettext("{check}: {status}. {summary}").format(check=check, status=status(found), summary=summary)


def box_title(view: TaskView) -> str:
    """Over the facts of one virtual machine."""
    return plain(view.name)


def box_facts(view: TaskView, hypervisor: str, reader: Reader) -> list[tuple[str, str]]:
    """What is known of a task's virtual machine."""
    checkpoints = count(view.checkpoints)
    if view.last_checkpoint is not None and (at := moment(view.last_checkpoint, reader)):
        checkpoints = gettext("{number}, the last one {time}").format(number=checkpoints, time=at)
    facts = [
        (word("state"), gettext(_VM.get(view.vm, "being looked at"))),
        (word("runs_on"), gettext("a simulation for tests") if hypervisor == "fake" else plain(hypervisor_name(hypervisor))),
        (word("memory"), gettext("{mib} MB").format(mib=view.memory_mib) if view.memory_mib > 0 else ""),
        (word("cores"), str(view.cores) if view.cores > 0 else ""),
        (word("limit"), _limit(view)),
        (word("worked"), span(view.elapsed_s) if view.elapsed_s > 0 else ""),
        (word("processor_time"), span(view.cpu_s) if view.cpu_s > 0 else ""),
        (word("checkpoints"), checkpoints),
        (word("restarts"), count(view.restarts) if view.restarts else ""),
        (word("lost"), span(view.lost_s) if view.lost_s > 0 else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _limit(view: TaskView) -> str:
    """The limit of the processor, and beside it what was measured: the proof."""
    if view.cap_percent >= _FULL and view.measured_percent is None:
        return ""
    limit = gettext("{percent}\N{NO-BREAK SPACE}% of each").format(percent=view.cap_percent) if view.cap_percent < _FULL else gettext("none")
    if view.measured_percent is None or not 0 <= view.measured_percent < _MUCH:
        return limit
    return gettext("{limit}, measured {percent}\N{NO-BREAK SPACE}%").format(limit=limit, percent=round(view.measured_percent))


def day_and_time(at: float, reader: Reader) -> str:
    """When something happened."""
    return moment(at, reader)


def open_page(page: str) -> str:
    """The button that leads to a page."""
    return gettext("Open {page}").format(page=title(page))


def went_wrong(error: T4TError) -> str:
    """Why something that was asked for was not done."""
    told = notice(error, in_window=True)
    return " ".join(part for part in (f"{told.title}.", told.body, *told.remedies) if part)


# --- help ------------------------------------------------------------------------------------------------------------


def version(number_of_it: str) -> str:
    """The program's name and version."""
    return gettext("Test4Theory Desktop {version}").format(version=number_of_it)


def report_saved(path: str) -> str:
    """After the report was written."""
    return gettext("The report is in {path}. Nothing was sent.").format(path=path)


def report_name() -> str:
    """The name that is proposed for its file."""
    return datetime.now(UTC).astimezone().strftime("t4t-report-%Y-%m-%d-%H%M.txt")
