"""What the agent does, as people read it: one sentence for everything, words for rules, tasks and commands.

Pure. A reader is never shown a code, a key or a name out of the program, and never told that it is their fault.
"""

from __future__ import annotations

import contextlib
import math
from datetime import UTC, datetime, timedelta
from gettext import gettext, ngettext
from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.errors import T4TError, from_wire
from t4t.domain.policy import BASE, Level, PauseKind
from t4t.domain.record import record
from t4t.domain.session import Activity, TrayState
from t4t.wording import rules as of_rules
from t4t.wording.commands import pause_label
from t4t.wording.notices import Notice, notice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from t4t.domain.policy import Value
    from t4t.domain.session import NoticeView, RuleView, SessionView, TaskView, Why

_LONGEST: Final = 120
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 86_400.0
_FARTHEST: Final = 3660 * _DAY
_GIB: Final = 1 << 30
_FULL: Final = 100


def _clock_24(at: datetime) -> str:
    return at.strftime("%H:%M")


@record
class Reader:
    """Who reads, and when: seconds since 1970, and how their time of day is written."""

    now: float
    time_of_day: Callable[[datetime], str] = _clock_24


@record
class Said:
    """One sentence without its full stop, and a second one that says more (or nothing)."""

    sentence: str
    detail: str = ""


@record
class RuleText:
    """One rule: what it watches, and what it sees now."""

    title: str
    value: str
    holds: bool


@record
class TaskText:
    """One task: its name, what it is doing, how far it is."""

    name: str
    doing: str
    progress: str
    fraction: float


def plain(text: str, longest: int = _LONGEST) -> str:
    """Somebody else's text as one printable line."""
    shown = "".join(character if character.isprintable() else " " for character in text[:longest]).strip()
    return shown if len(text) <= longest else shown + "…"


# --- time ------------------------------------------------------------------------------------------------------------


def moment(at: float, reader: Reader) -> str:
    """A moment as a reader says it: the time today, the day too if it is another one; nothing if it makes no sense."""
    if not abs(at - reader.now) < _FARTHEST:
        return ""
    then, today = (datetime.fromtimestamp(when, UTC).astimezone() for when in (at, reader.now))
    time = reader.time_of_day(then)
    if then.date() == today.date():
        return time
    if then.date() == today.date() + timedelta(days=1):
        return gettext("tomorrow at {time}").format(time=time)
    return gettext("{date}, {time}").format(date=then.date().isoformat(), time=time)


def span(seconds: float) -> str:
    """A length of time in its two largest units, rounded up to minutes: what is still to come is never said to be over."""
    if not 0 <= seconds < _FARTHEST:
        return ""
    if seconds < _MINUTE:
        return gettext("less than a minute")
    minutes = -(-int(seconds + 0.5) // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return gettext("{days} d {hours} h").format(days=days, hours=hours)
    if hours:
        return gettext("{hours} h {minutes} min").format(hours=hours, minutes=minutes) if minutes else gettext("{hours} h").format(hours=hours)
    return gettext("{minutes} min").format(minutes=minutes)


def _share(fraction: float) -> float:
    """Between 0 and 1; what is no number is nothing done."""
    return 0.0 if math.isnan(fraction) else min(max(fraction, 0.0), 1.0)


def _percent(fraction: float) -> str:
    return gettext("{percent}\N{NO-BREAK SPACE}%").format(percent=int(_share(fraction) * 100))


# --- the session -----------------------------------------------------------------------------------------------------


def said(view: SessionView, reader: Reader) -> Said:
    """What is going on and why: the one sentence that tray, window and command line show."""
    match view.state:
        case TrayState.WORKING | TrayState.GENTLE:
            return _working(view, reader)
        case TrayState.PAUSED_BY_YOU:
            return Said(_until(gettext("Paused by you until {time}"), gettext("Paused by you"), view.next_change, reader), _safe(view))
        case TrayState.WAITING:
            return _waiting(view, reader)
        case TrayState.NO_WORK:
            return Said(gettext("No work right now"), gettext("It starts by itself as soon as there is some."))
        case TrayState.SETTING_UP:
            return Said(gettext("Getting the next work ready"), _first_task(view))
        case TrayState.SAVING:
            return _saving(view)
        case TrayState.NEEDS_YOU:
            return _needs_you(view)
        case _:
            assert_never(view.state)


def _until(with_time: str, without: str, at: float | None, reader: Reader) -> str:
    time = "" if at is None else moment(at, reader)
    return with_time.format(time=time) if time else without


def _running(view: SessionView) -> list[TaskView]:
    return [task for task in view.tasks if task.activity in {Activity.RUNNING, Activity.FINISHING}]


def _working(view: SessionView, reader: Reader) -> Said:
    running = _running(view)
    if view.finishing:
        begin = gettext("Finishing the current work, then pausing")
    elif view.state is TrayState.GENTLE and view.deciding == "use_less":
        begin = _until(gettext("Using less until {time}, as you asked"), gettext("Using less, as you asked"), view.next_change, reader)
    elif view.state is TrayState.GENTLE:
        begin = gettext("Working slowly") if view.deciding == BASE else gettext("Working slowly because {why}").format(why=because(view.deciding))
    else:
        begin = gettext("Working")
    if not running:
        return Said(begin)
    done = _percent(sum(task.fraction for task in running) / len(running))
    cores = sum(task.cores for task in running)
    about = ngettext("{done} done, {cores} core", "{done} done, {cores} cores", cores).format(done=done, cores=cores)
    return Said(gettext("{begin}: {about}").format(begin=begin, about=about), _first_task(view))


def _first_task(view: SessionView) -> str:
    busy = [task for task in view.tasks if task.activity is not Activity.QUEUED]
    if not busy:
        return ""
    if len(busy) == 1:
        return plain(busy[0].name)
    return ngettext("{count} task", "{count} tasks", len(busy)).format(count=len(busy))


def _safe(view: SessionView) -> str:
    if view.level is Level.PAUSED and any(task.vm.alive for task in view.tasks):
        return gettext("Your work is kept in memory.")
    return gettext("Your work is saved.") if view.tasks else ""


_LEVELS: Final = {
    Level.FULL: "Full power",
    Level.GENTLE: "Reduced power",
    Level.ONE_CORE: "One processor only",
    Level.PAUSED: "Standing still, kept in memory",
    Level.SAVED: "Standing still, saved to disk",
    Level.STOPPED: "Saving everything and ending",
}


def because(rule: str) -> str:
    """Why, in the middle of a sentence, by the rule that decides."""
    return gettext(of_rules.BECAUSE.get(rule, "one of your rules"))


def explained(why: Why, reader: Reader) -> str:
    """The decision in one sentence: how much, why, since when, and until when as far as that is known."""
    since, until = moment(why.since, reader), "" if why.next_change is None else moment(why.next_change, reader)
    text = gettext("{level}: {why}").format(level=gettext(_LEVELS[why.level]), why=because(why.deciding))
    text = gettext("{text}, since {time}").format(text=text, time=since) if since else text
    return gettext("{text}, until {time}").format(text=text, time=until) if until else text


def _waiting(view: SessionView, reader: Reader) -> Said:
    sentence, change = (
        gettext(text) for text in of_rules.HELD.get(view.deciding, ("Waiting: one of your rules holds the work back", "“Why?” shows which one."))
    )
    at = "" if view.next_change is None else moment(view.next_change, reader)
    return Said(sentence, gettext("It goes on at {time} at the earliest.").format(time=at) if at else change)


def _saving(view: SessionView) -> Said:
    if 1 <= view.save_s < _HOUR:
        seconds = round(view.save_s)
        return Said(ngettext("Saving the work: about {seconds} second", "Saving the work: about {seconds} seconds", seconds).format(seconds=seconds))
    return Said(gettext("Saving the work"))


def _needs_you(view: SessionView) -> Said:
    told = [read(found) for found in view.notices]
    if not told:
        return Said(gettext("One thing needs your attention"))
    if len(told) == 1:
        return Said(gettext("One thing needs your attention: {title}").format(title=plain(told[0].title)), plain(told[0].body, 2 * _LONGEST))
    sentence = ngettext("{count} thing needs your attention", "{count} things need your attention", len(told)).format(count=len(told))
    return Said(sentence, plain(" · ".join(one.title for one in told), 2 * _LONGEST))


def read(view: NoticeView, *, in_window: bool = True) -> Notice:
    """A notice's words for the window or a terminal; one of a newer agent that we have no words for is told as such."""
    error = from_wire({"code": view.code, "data": view.data})
    if error.code == view.code:  # else it has other data than ours of that name
        with contextlib.suppress(ValueError, TypeError):  # or data of another kind
            return notice(error, in_window=in_window)
    return Notice(code=view.code, title=gettext("Something needs a look"), body=gettext("The details are in the log."), remedies=())


# --- rules and tasks -------------------------------------------------------------------------------------------------


def rules(views: Sequence[RuleView]) -> list[RuleText]:
    """The lines of “Why?”: all rules but the silent ones, and those of which nothing is known."""
    return [rule(view) for view in views if of_rules.is_worth_a_line(view)]


def rule(view: RuleView) -> RuleText:
    """One rule's line."""
    match view.id:
        case "manual_pause":
            return _manual_pause(view)
        case "quitting":
            return RuleText(gettext("The program is being ended") if view.holds else gettext("The program stays on"), "", view.holds)
        case name if name in of_rules.TITLES:
            value = of_rules.overruled() if view.overruled else of_rules.shown_value(view)
            return RuleText(gettext(of_rules.TITLES[name][0 if view.holds or view.overruled else 1]), value, view.holds)
        case "disk":
            title = gettext("The disk is almost full") if view.holds else gettext("Enough space on the disk")
            return RuleText(title, _space(view), view.holds)
        case _:
            return RuleText(gettext("Another rule"), _value(view.value), view.holds)


def _manual_pause(view: RuleView) -> RuleText:
    if not view.holds:
        return RuleText(gettext("Not paused by you"), "", view.holds)
    kind = next((kind for kind in PauseKind if kind.value == view.value), None)
    return RuleText(gettext("Paused by you"), "" if kind is None else pause_label(kind), view.holds)


def _space(view: RuleView) -> str:
    if isinstance(view.value, bool) or not isinstance(view.value, int | float) or isinstance(view.limit, bool) or not isinstance(view.limit, int | float):
        return ""
    if not 0 <= view.value < _GIB << 20 or not 0 <= view.limit < _GIB << 20:
        return ""
    return gettext("{free} GB free, {limit} GB needed").format(free=f"{view.value / _GIB:.1f}", limit=f"{view.limit / _GIB:.1f}")


def _value(value: Value) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _FARTHEST else ""


_DOING: Final = {
    Activity.QUEUED: "waits for its turn",
    Activity.SETTING_UP: "getting ready",
    Activity.RUNNING: "working",
    Activity.PAUSED: "paused, kept in memory",
    Activity.SAVING: "saving",
    Activity.SAVED: "saved",
    Activity.RESTING: "rests for a while, as the job asked",
    Activity.RECOVERING: "going back to its last checkpoint",
    Activity.FINISHING: "almost done",
    Activity.TROUBLE: "had a problem and is tried again",
}


def task(view: TaskView, reader: Reader) -> TaskText:
    """One task's line."""
    doing = gettext(_DOING[view.activity])
    again = "" if view.retry_at is None or view.retry_at < reader.now else moment(view.retry_at, reader)
    if view.activity is Activity.TROUBLE and again:
        doing = gettext("had a problem and is tried again at {time}").format(time=again)
    facts = [_percent(view.fraction)]
    if view.elapsed_s >= _MINUTE and (worked := span(view.elapsed_s)):
        facts.append(gettext("{span} of work").format(span=worked))
    if view.cap_percent < _FULL and view.measured_percent is not None and abs(view.measured_percent) < _FARTHEST:
        limit = gettext("limit {limit}\N{NO-BREAK SPACE}%, measured {measured}\N{NO-BREAK SPACE}%")
        facts.append(limit.format(limit=view.cap_percent, measured=round(view.measured_percent)))
    if view.last_checkpoint is not None and (at := moment(view.last_checkpoint, reader)):
        facts.append(gettext("checkpoint {time}").format(time=at))
    return TaskText(plain(view.name), doing, " · ".join(facts), _share(view.fraction))


# --- nothing to say --------------------------------------------------------------------------------------------------


def connecting() -> Said:
    """Before the agent has said anything."""
    return Said(gettext("Starting…"))


def gone() -> Said:
    """The agent does not answer."""
    return Said(gettext("Test4Theory is not running"))


def time_left(seconds: float) -> str:
    """How much of a pause is still to come."""
    return gettext("{span} left").format(span=span(seconds)) if span(seconds) else ""


def saving_first(seconds: float) -> str:
    """Why the end of the session has to wait; the system shows it beside our name."""
    whole = max(1, round(seconds))
    return ngettext("Saving the work: about {seconds} second", "Saving the work: about {seconds} seconds", whole).format(seconds=whole)


def no_tray() -> str:
    """This desktop shows no icons of programs."""
    return gettext("This desktop has no place for an icon. Test4Theory works all the same; “t4t window” shows what it does.")


def no_tray_here() -> str:
    """The same, in the window."""
    return gettext(
        "This desktop has no place for an icon, so only this window shows what is done. The work goes on when it is closed; “t4t window” opens it again."
    )


def no_screen() -> str:
    """There is nothing to show an icon on."""
    return gettext("No screen here: working without an icon, as “t4t run” does.")


# --- the window ------------------------------------------------------------------------------------------------------


def tasks_title() -> str:
    """Over the list of tasks."""
    return gettext("Work on this computer")


def no_tasks() -> str:
    """Where the list is empty."""
    return gettext("There is no work here now. It appears as soon as there is some.")


def not_running() -> str:
    """Beside that button."""
    return gettext("It works in the background, also while this window is closed. Its work goes on where it stopped.")


def refused(error: T4TError) -> str:
    """Why a click had no effect."""
    told = notice(error)
    return gettext("{title}. {body}").format(title=told.title, body=told.body)


def spoken_rule(rule: RuleText) -> str:
    """A rule for who listens."""
    says = gettext("holds the work back") if rule.holds else gettext("does not hold the work back")
    return f"{rule.title}, {says}. {rule.value}".strip()


def spoken_task(task: TaskText) -> str:
    """A task for who listens."""
    return gettext("{name}, {doing}, {progress}").format(name=task.name, doing=task.doing, progress=task.progress)


def spoken_pause(text: str, sentence: str) -> str:
    """The pause button for who listens: what it does and what is going on."""
    return gettext("{button}, opens a menu. Now: {sentence}").format(button=text, sentence=sentence)
