"""What a settings file means: its version brought up to ours, its values checked one by one. Pure; the file itself is `t4t.storage.settings`.

A file has ``version``, and a table for each section with the values that were changed. A deployment file has two such trees: ``default``, and ``locked``.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from t4t.domain.record import record
from t4t.domain.settings.fields import FIELDS, SECTIONS, checked
from t4t.domain.settings.tree import VERSION
from t4t.domain.settings_errors import SettingRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERSION_KEY: Final = "version"
STEPS: Final[dict[int, Callable[[dict[str, Any]], None]]] = {}
"""For each old version what turns a document of it into one of the next, in place. Version 1 is the first: there is no step yet."""


@record(kw_only=True)
class Taken:
    """The values that can be right, by path; the names of those that can't be right or that nobody knows."""

    values: Mapping[str, Any]
    wrong: tuple[str, ...]


def version_of(document: Mapping[str, Any]) -> int:
    """The version that wrote it; one without is taken for the first."""
    version = document.get(VERSION_KEY)
    return version if isinstance(version, int) and not isinstance(version, bool) and version >= 1 else 1


def migrated(document: Mapping[str, Any], *, steps: Mapping[int, Callable[[dict[str, Any]], None]] = STEPS, version: int = VERSION) -> dict[str, Any]:
    """The document as ``version`` would have written it; one of a newer program stays as it is, and is read as far as it is understood."""
    found = copy.deepcopy(dict(document))
    for old in range(version_of(document), version):
        steps[old](found)
        found[VERSION_KEY] = old + 1
    return found


def take(document: Mapping[str, Any]) -> Taken:
    """Read a document of our version, or of a newer one."""
    values, wrong = take_tree(document)
    if version_of(document) > VERSION:
        wrong = [path for path in wrong if path in FIELDS]  # what a newer program has more than we is no mistake
    return Taken(values=values, wrong=tuple(wrong))


def take_tree(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The values of a tree of sections, and the names of what can't be right."""
    values: dict[str, Any] = {}
    wrong = []
    for section, content in document.items():
        if section == VERSION_KEY:
            continue
        if section not in SECTIONS or not isinstance(content, dict):
            wrong.append(section)
            continue
        for name, value in content.items():
            path = f"{section}.{name}"
            if path not in FIELDS:
                wrong.append(path)
                continue
            try:
                values[path] = checked(path, value)
            except SettingRefused:
                wrong.append(path)
    return values, wrong
