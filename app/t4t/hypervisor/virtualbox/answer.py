"""One answer of VBoxManage as plain data, and the text in it that is an error. Pure: `run` fills it, `errors` judges it."""

from __future__ import annotations

import re
from typing import Final

from t4t.domain.record import record

_PROGRESS: Final = re.compile(r"^(?:[0-9]{1,3}%\.\.\.)+(?:100%)?", re.MULTILINE)
_ERROR: Final = re.compile(r"^(?:[\w.-]+: )?(?:error|Error)(?:: ?| (?=-[0-9]))(.*)$", re.MULTILINE)
_ERROR_NAME: Final = re.compile(r"^((?:NS_ERROR|VBOX_E|E)_[A-Z_]+)$", re.MULTILINE)
_TECHNICAL: Final = re.compile(r"^(?:Details: |Context: |Code .* \(extended info not available\)|/|[A-Za-z]:\\)")
_TAIL: Final = 500
_WITH_ACTION: Final = frozenset({"controlvm", "snapshot", "bandwidthctl"})
_SECOND_WORD: Final = frozenset({"list", "sharedfolder", "guestproperty", "metrics"})


@record(kw_only=True)
class Answer:
    """What VBoxManage answered. ``arguments`` are those after the program; ``status`` is the exit status (negative: the signal that ended it)."""

    arguments: tuple[str, ...]
    status: int
    out: str = ""
    err: str = ""
    seconds: float = 0.0

    @property
    def command(self) -> str:
        """What was asked, in one or two words: ``controlvm pause``."""
        return command_name(self.arguments)

    @property
    def error(self) -> str:
        """The text of the error, empty if there is none; see `error_text`."""
        return error_text(self.err) or (self.err.strip() or self.out.strip() if self.status else "")[-_TAIL:]


def command_name(arguments: tuple[str, ...]) -> str:
    """The command in one or two words, without names and values."""
    words = arguments[:1]
    if words and words[0] in _WITH_ACTION:
        words += arguments[2:3]
    elif words and words[0] in _SECOND_WORD:
        words += arguments[1:2]
    return " ".join(words)


def without_progress(text: str) -> str:
    """``text`` without "0%...10%..." at the beginning of its lines; what was glued to it stays, on a line of its own."""
    return _PROGRESS.sub("", text)


def error_text(err: str) -> str:
    """All error lines in what was written to standard error, one a line, without their prefix.

    Warnings, progress and pages of usage are no errors. VBoxManage writes errors also where it ends with 0.
    """
    text = without_progress(err.replace("\r\n", "\n"))
    spans = sorted((match.start(), match[1]) for pattern in (_ERROR, _ERROR_NAME) for match in pattern.finditer(text))
    return "\n".join(line.strip() for _, line in spans).strip()


def message(error: str) -> str:
    """The part of an `error_text` that says what happened, without places in source files; its first line if nothing else is left."""
    lines = [line for line in error.splitlines() if not _TECHNICAL.match(line)] or error.splitlines()[:1]
    return "; ".join(dict.fromkeys(lines))[:_TAIL]
