"""The frame of a report: its first lines, the titles of its sections, and what is said when it is written.

A report is one plain text: it can be read before it is given away, pasted into a forum, searched, and opened without any program. What a helper needs first
stands first.
"""

from __future__ import annotations

from gettext import gettext
from typing import TYPE_CHECKING, Final

from t4t.domain.anonymity import lines_cut
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_BYTES: Final = 512 * 1024
"""No report is larger; forums take so much as an attachment."""
_LONGEST_LINE: Final = 2000
_RULE: Final = "=" * 100
_ROOM_FOR_THE_END: Final = 2048

TITLES: Final = {
    "versions": "Versions",
    "session": "What it does now",
    "computer": "This computer, as the doctor sees it",
    "tasks": "Task folders",
    "results": "Tasks that ended (the last ones)",
    "timeline": "History (the last lines)",
    "effects": "What was done for tasks (the last steps)",
    "intent": "What the volunteer asked for",
}


@record
class Section:
    """A title and what stands below it."""

    title: str
    text: str


def title(key: str) -> str:
    """The title of a section that every report has."""
    return gettext(TITLES[key])


def compose(sections: Sequence[Section], *, hide: Callable[[str], str], made: str) -> str:
    """The whole report with everything hidden that ``hide`` hides, at most `MOST_BYTES` in UTF-8: what no longer fits is named at the end."""
    left_out: list[str] = []
    parts = [gettext("Report of Test4Theory Desktop, {made}").format(made=made), _promise(), ""]
    size = _size("\n".join(parts))
    for section in sections:
        text = f"{_RULE}\n{hide(section.title)}\n{_RULE}\n{lines_cut(hide(section.text.rstrip()), _LONGEST_LINE)}\n"
        if size + _size(text) + 1 > MOST_BYTES - _ROOM_FOR_THE_END:
            left_out.append(hide(section.title))
            continue
        parts.append(text)
        size += _size(text) + 1
    if left_out:
        parts.append(gettext("Left out, because the report would be too large: {titles}").format(titles=", ".join(left_out)[: _ROOM_FOR_THE_END // 4]))
    return "\n".join(parts) + "\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _promise() -> str:
    return gettext(
        "Names of people, accounts and computers, e-mail addresses, keys, passwords, home folders and network addresses were taken out\n"
        "before this was written. No program knows every name: please read it through before you give it away."
    )


def missing(reason: str) -> str:
    """In place of a section that could not be had."""
    return gettext("(not there: {reason})").format(reason=reason or gettext("no reason was given"))


def no_agent() -> str:
    """In place of what only a running agent knows."""
    return gettext("Test4Theory is not running.")


def no_test_boot() -> str:
    """In place of what a test boot proved."""
    return gettext("No test boot has been made: t4t doctor --boot.")


def test_boot(time: str, version: str) -> str:
    """Above what the last test boot proved; ``time`` may be empty."""
    return gettext("Test boot of {time}, by version {version}:").format(time=time or "?", version=version)


def nothing() -> str:
    """In place of an empty section."""
    return gettext("(nothing)")


def cut(left_out: int, *, at_the_end: bool = False) -> str:
    """Where a file's beginning, or its end, is not shown; nothing if all of it is."""
    if not left_out:
        return ""
    return (gettext("(… {count} bytes after this are left out)\n") if at_the_end else gettext("(… {count} bytes before this are left out)\n")).format(
        count=left_out
    )


def written(path: str, size: int) -> str:
    """The last words of ``t4t report``."""
    return gettext(
        "The report is in {path} ({size} KB).\n"
        "It holds versions, what this computer is, what Test4Theory does and did, and the ends of its logs and of the virtual machines'.\n"
        "Names, addresses, keys and passwords were taken out. Nothing was sent: read it, and give it to whoever helps you."
    ).format(path=path, size=-(-size // 1000))


def shown() -> str:
    """The last words of ``t4t report --print``."""
    return gettext("This is the whole report. Names, addresses, keys and passwords were taken out. Nothing was sent and nothing was written.")
