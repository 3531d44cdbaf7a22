"""What can go wrong, as a list to be searched: the words of all errors without what only a case of its own has."""

from __future__ import annotations

import re
from typing import Final

from t4t.domain.record import record
from t4t.wording.in_window import for_window
from t4t.wording.language import Marked, gettext
from t4t.wording.notices import TEXTS

COMMON: Final = ("T4T-RUN-03", "T4T-HV-01", "T4T-HV-02", "T4T-DISK-01", "T4T-MEM-01", "T4T-NET-01", "T4T-KEY-02", "T4T-VM-05")
"""Shown before anything is searched for."""
_FIELD: Final = re.compile(r"\{[^{}]*\}")
_GENERAL: Final[dict[str, Marked]] = {"{hypervisor}": "VirtualBox or QEMU", "{project}": "the project", "{element}": "an element"}
"""What stands for data in titles."""
_WORD: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


@record
class Problem:
    """One error in the window's words; ``body`` is empty where it would be data for the most part."""

    code: str
    title: str
    body: str
    remedies: tuple[str, ...]


def _told(code: str) -> Problem:
    text = TEXTS[code]

    def general(template: str) -> str:
        return _FIELD.sub(lambda found: gettext(_GENERAL.get(found[0], "…")), gettext(template))

    body = gettext(text.body)
    title = general(text.title)
    remedies = tuple(general(one) for one in map(for_window, text.remedies) if one)
    return Problem(code, title[:1].upper() + title[1:], "" if _FIELD.search(body) else body, remedies)


def common() -> list[Problem]:
    """The most common ones."""
    return [_told(code) for code in COMMON]


def search(words: str) -> list[Problem]:
    """Those in which each of ``words`` begins a word, those that have them in their code or title first; nothing for no words."""
    wanted = _WORD.findall(words.casefold())
    if not wanted:
        return []
    found = [(rank, problem) for problem in map(_told, sorted(TEXTS)) if (rank := _rank(problem, wanted)) is not None]
    return [problem for _, problem in sorted(found, key=lambda pair: pair[0])]


def _rank(problem: Problem, wanted: list[str]) -> int | None:
    first = _parts(f"{problem.code} {problem.title}")
    everything = first | _parts(" ".join((problem.body, *problem.remedies)))
    if not all(any(part.startswith(one) for part in everything) for one in wanted):
        return None
    return sum(not any(part.startswith(one) for part in first) for one in wanted)


def _parts(text: str) -> frozenset[str]:
    """Words, and the parts of words with hyphens."""
    words = _WORD.findall(text.casefold())
    return frozenset(words) | frozenset(part for word in words for part in word.split("-"))
