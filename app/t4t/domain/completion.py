"""The small text files with which a guest reports: completion, temporary exit, fraction done; read tolerantly and never raising.

The forms are vboxwrapper's: line 1 a number, line 2 whether the message is a notice for the volunteer, the rest the message.
"""

from __future__ import annotations

import re
from typing import Final

from t4t.domain.record import record

MAX_MESSAGE: Final = 4096
"""Characters of a message; longer ones are cut."""
MAX_READ: Final = 64 * 1024
"""Bytes of a file that count; a caller need not read more of it."""
MAX_DELAY_S: Final = 86_400
DEFAULT_DELAY_S: Final = 300
"""Taken when a delay is none or out of range, as the BOINC client takes it."""

_INT32_MAX: Final = 2**31 - 1
_LEADING_INTEGER: Final = re.compile(r"\s*([+-]?[0-9]{1,32})")
_NUMBER: Final = re.compile(rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PROGRESS_READ: Final = 4096


@record(kw_only=True)
class Completion:
    """The guest's last word: a BOINC exit code (0 = success) and a message, for the volunteer if ``is_notice``.

    ``well_formed`` is False when line 1 is not an integer. As in BOINC an empty file means 0; a file that holds something else is no success.
    """

    exit_code: int
    is_notice: bool
    message: str
    well_formed: bool


GARBLED_EXIT_CODE: Final = 195
"""BOINC's "child failed": what a completion file without a readable exit code stands for."""


@record(kw_only=True)
class TemporaryExit:
    """The guest wants to rest: seconds until it may go on, and a message."""

    delay_s: int
    is_notice: bool
    message: str


def parse_completion(data: bytes) -> Completion:
    """The completion file's content; `Completion.well_formed` tells whether line 1 could be read."""
    first, second, message = _lines(data)
    if not data.strip():
        return Completion(exit_code=0, is_notice=False, message="", well_formed=True)
    code = _integer(first)
    if code is None:
        return Completion(exit_code=GARBLED_EXIT_CODE, is_notice=bool(_integer(second)), message=message, well_formed=False)
    return Completion(exit_code=code, is_notice=bool(_integer(second)), message=message, well_formed=True)


def parse_temporary_exit(data: bytes) -> TemporaryExit:
    """The temporary exit trigger's content; a delay outside 0–86 400 s becomes 300 s."""
    first, second, message = _lines(data)
    delay = _integer(first)
    if delay is None or not 0 <= delay <= MAX_DELAY_S:
        delay = DEFAULT_DELAY_S
    return TemporaryExit(delay_s=delay, is_notice=bool(_integer(second)), message=message)


def parse_fraction_done(data: bytes) -> float | None:
    """The last number of a progress file, brought into 0–1; None when it holds none."""
    tail = data[-_PROGRESS_READ:]
    words = tail.split()
    if len(data) > len(tail) and not tail[:1].isspace():
        words = words[1:]  # the cut may have gone through a number
    for word in reversed(words):
        if _NUMBER.fullmatch(word):
            return min(max(float(word), 0.0), 1.0)
    return None


def _lines(data: bytes) -> tuple[str, str, str]:
    text = data[:MAX_READ].decode("utf-8", errors="replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first, second, *rest = [*lines, "", ""]
    return first, second, _printable("\n".join(rest))[:MAX_MESSAGE].strip()


def _printable(text: str) -> str:
    """``text`` with all characters but printable ones and line breaks as blanks: the message goes to logs, terminals and notices."""
    return "".join(character if character == "\n" or character.isprintable() else " " for character in text)


def _integer(line: str) -> int | None:
    """The integer that the line begins with, within 32 bits; None when it begins with something else."""
    found = _LEADING_INTEGER.match(line)
    if found is None:
        return None
    return min(max(int(found.group(1)), -_INT32_MAX - 1), _INT32_MAX)
