"""The history in words: one sentence for each thing that happened, in the order of a day and not of a program.

Total: what a newer agent wrote down is told in general words. Names and codes come out of the agent's own history; they are data and never format anything.
"""

from __future__ import annotations

from gettext import gettext, ngettext
from typing import TYPE_CHECKING, Final

from t4t.domain.policy import BASE, AnywayKind, LessKind, Level, PauseKind
from t4t.wording.commands import anyway_length, less_label, pause_label
from t4t.wording.notices import TEXTS
from t4t.wording.screen import because, plain, span

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST: Final = 200
_FREED_MIB: Final = 1024.0

PLAIN: Final = {
    "agent_started": "Test4Theory was started.",
    "prolonged_by_you": "You added half an hour to your pause.",
    "resumed_by_you": "You let it go on.",
    "rules_by_you": "You let your rules count again.",
    "anyway_over": "The time to run anyway is over; your rules count again.",
    "more_by_you": "You let it use as much as before.",
    "less_over": "The hour in which it was to use less is over.",
    "finishing": "You asked to finish the work at hand and then pause.",
    "all_finished": "The work at hand is finished. It is paused now, as you asked.",
    "pause_over": "Your pause is over.",
    "task_gone": "Its folder was taken away, and its virtual machine was removed.",
    "session_goes_on": "The session goes on after all.",
    "falls_asleep": "The computer goes to sleep.",
    "zone_changed": "The computer's time zone changed.",
    "user_away": "Somebody else uses the computer now.",
    "user_back": "You are back at the computer.",
    "network_changed": "The computer is in another network.",
    "network_lost": "The computer lost its network.",
    "program_gone": "The program that runs virtual machines was removed.",
    "program_replaced": "The program that runs virtual machines was replaced.",
    "session_ends": "The session ends; the work is saved first.",
    "on_battery": "The computer runs on battery.",
    "on_mains": "The computer is plugged in again.",
    "battery_fine": "The battery is charged well enough again.",
    "battery_low": "The battery is low.",
    "battery_critical": "The battery is nearly empty.",
    "disk_fine": "There is enough space on the disk again.",
    "disk_low": "Space on the disk is getting short.",
    "disk_full": "The disk is full.",
    "disk_gone": "The folder with the work can't be reached.",
    "adjusted": "The virtual machine may use more or less of the processor from now on.",
    "relinked": "The virtual machine's network was taken away and given back, so that it finds its way anew.",
    "created": "A virtual machine was made.",
    "started": "The virtual machine was started.",
    "restored": "The virtual machine goes on where it was saved.",
    "adopted": "The virtual machine was still running and is looked after again.",
    "checkpoint": "A checkpoint was written.",
    "saved": "The virtual machine was saved to disk.",
    "paused": "The virtual machine stands still; its work is kept in memory.",
    "resumed": "The virtual machine goes on.",
    "completed": "Done. The result is complete.",
}
"""What needs no data."""

_RECOVERED: Final = {
    "checkpoint": "The virtual machine had ended by itself; it goes on from its last checkpoint.",
    "boot": "The virtual machine had ended by itself; it begins anew, because there was no checkpoint.",
    "new": "The virtual machine could not be opened any more; a new one is made.",
}
_STEPS: Final = {
    "create": "making the virtual machine",
    "start": "starting the virtual machine",
    "pause": "pausing the virtual machine",
    "checkpoint": "writing a checkpoint",
    "save": "saving the virtual machine",
    "rest": "saving the virtual machine",
    "recover": "going back to the last checkpoint",
    "collect": "collecting the result",
    "end_of_time": "collecting the result",
    "clear_away": "tidying up",
}


def sentence(what: str, detail: str, lost_s: float) -> str:
    """One line of the history; empty if another line says the same (a pause by hand is told by itself, not as a level too)."""
    text = gettext(PLAIN[what]) if what in PLAIN else WITH_DATA.get(what, _unknown)(plain(detail, _LONGEST))
    lost = span(lost_s) if lost_s > 0 else ""
    return gettext("{sentence} Work of {span} was lost.").format(sentence=text, span=lost) if text and lost else text


def _unknown(_detail: str) -> str:
    return gettext("Something happened that this version has no words for.")


def _interrupted(step: str) -> str:
    doing = _STEPS.get(step)
    if doing is None:
        return gettext("The program had ended in the middle of its work; what was going on was looked at again.")
    return gettext("The program had ended in the middle of {doing}; it was looked at again.").format(doing=gettext(doing))


def _paused_by_you(kind: str) -> str:
    label = next((pause_label(one) for one in PauseKind if one.value == kind), "")
    return gettext("You paused it: {how_long}.").format(how_long=label[:1].lower() + label[1:]) if label else gettext("You paused it.")


def _anyway_by_you(kind: str) -> str:
    length = next((anyway_length(one) for one in AnywayKind if one.value == kind), "")
    told = gettext("You said to run anyway, whatever the rules say")
    return gettext("{told}: {how_long}.").format(told=told, how_long=length[:1].lower() + length[1:]) if length else f"{told}."


def _less_by_you(kind: str) -> str:
    much = next((less_label(one) for one in LessKind if one.value == kind), "")
    told = gettext("You asked it to use less")
    return gettext("{told}: {how_much}.").format(told=told, how_much=much[:1].lower() + much[1:]) if much else f"{told}."


def _level(detail: str) -> str:
    name, _, rule = detail.partition(" ")
    if rule == "manual_pause":
        return gettext("Saved to disk: your pause is a longer one.") if name == Level.SAVED.value else ""
    if rule == BASE:
        return gettext("Nothing holds the work back any more.")
    if rule in {"run_anyway", "use_less"}:
        return ""
    why = because(rule)
    match name:
        case Level.GENTLE.value | Level.ONE_CORE.value:
            return gettext("Slowed down: {why}.").format(why=why)
        case Level.PAUSED.value:
            return gettext("Waiting: {why}.").format(why=why)
        case Level.SAVED.value:
            return gettext("Saved to disk: {why}.").format(why=why)
        case Level.STOPPED.value:
            return gettext("The program is being ended; everything is saved.")
        case _:
            return gettext("Works at full power.")


def _numbers(detail: str, count: int) -> list[float] | None:
    """``count`` numbers of at most 12 digits, or None."""
    words = detail.split()
    found = [float(word) for word in words if len(word.lstrip("-")) in range(1, 13) and word.lstrip("-").isascii() and word.lstrip("-").isdigit()]
    return found if len(found) == len(words) == count else None


def _orphans(detail: str) -> str:
    numbers = _numbers(detail, 2)
    if numbers is None or min(numbers) < 0:
        return gettext("Virtual machines of ours that belonged to nothing were removed.")
    count = int(numbers[0])
    text = ngettext(
        "{count} virtual machine of ours that belonged to nothing was removed", "{count} virtual machines of ours that belonged to nothing were removed", count
    )
    return gettext("{removed}; {freed} GB are free again.").format(removed=text.format(count=count), freed=f"{numbers[1] / _FREED_MIB:.1f}")


def _clock_set(detail: str) -> str:
    numbers = _numbers(detail, 1)
    by = span(abs(numbers[0])) if numbers else ""
    if not by or numbers is None:
        return gettext("The computer's clock was set.")
    return (gettext("The computer's clock was set forward by {span}.") if numbers[0] > 0 else gettext("The computer's clock was set back by {span}.")).format(
        span=by
    )


def _slept(detail: str) -> str:
    numbers = _numbers(detail, 1)
    slept = span(numbers[0]) if numbers else ""
    return gettext("The computer slept for {span}.").format(span=slept) if slept else gettext("The computer slept.")


def _resting(detail: str) -> str:
    numbers = _numbers(detail, 1)
    rest = span(numbers[0]) if numbers else ""
    return gettext("The job asked for a rest of {span}.").format(span=rest) if rest else gettext("The job asked for a rest.")


def _set_aside(name: str) -> str:
    return gettext("A file of the program could not be read. It was put aside as {file}, and the work goes on.").format(file=name)


def _recovered(where: str) -> str:
    return gettext(_RECOVERED.get(where, _RECOVERED["boot"]))


def _discarded(_detail: str) -> str:
    return gettext("The saved state could not be read and was discarded.")


def because_of(code: str) -> str:
    """What an error is about, and its code; only the code where its title needs data that is not kept."""
    title = gettext(TEXTS[code].title) if code in TEXTS else ""
    return f"{title} ({code})" if title and "{" not in title else code


def went_to_failed(task: str, code: str, message: str) -> str:
    """A task that ended without success, as one line of a terminal."""
    why = because_of(code) if not message else f"{because_of(code)}: {plain(message, _LONGEST)}"
    return gettext("{task} was put into the folder “failed”: {why}.").format(task=plain(task), why=why.rstrip("."))


def _skipped(code: str) -> str:
    return gettext("No checkpoint this time: {why}.").format(why=because_of(code))


def _refused(code: str) -> str:
    return gettext("It can't be run and was put into “failed”: {why}.").format(why=because_of(code))


def _failed(code: str) -> str:
    return gettext("It failed: {why}.").format(why=because_of(code))


WITH_DATA: Final[dict[str, Callable[[str], str]]] = {
    "interrupted": _interrupted,
    "paused_by_you": _paused_by_you,
    "anyway_by_you": _anyway_by_you,
    "less_by_you": _less_by_you,
    "level": _level,
    "orphans_removed": _orphans,
    "clock_set": _clock_set,
    "computer_slept": _slept,
    "resting": _resting,
    "state_set_aside": _set_aside,
    "recovered": _recovered,
    "state_discarded": _discarded,
    "checkpoint_skipped": _skipped,
    "refused": _refused,
    "failed": _failed,
}
"""What is said with the line's data."""
