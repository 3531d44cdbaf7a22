"""A parser of arguments whose own words (headings, usage, the line on help) are in the language that is spoken; mistakes are told in Python's own words."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from t4t.wording.language import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t.wording.language import Marked

HEADINGS: Final[tuple[Marked, ...]] = ("positional arguments", "options")


class _Formatter(argparse.HelpFormatter):
    def add_usage(
        self, usage: str | None, actions: Iterable[argparse.Action], groups: Iterable[argparse._MutuallyExclusiveGroup], prefix: str | None = None
    ) -> None:
        super().add_usage(usage, actions, groups, f"{gettext('usage:')} " if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        super().start_section(gettext(heading) if heading else heading)


class Parser(argparse.ArgumentParser):
    """See `argparse.ArgumentParser`; those of its verbs are of this kind, too."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - as the base class has them
        """As the base class, but for the line on help."""
        super().__init__(**given, add_help=False, formatter_class=_Formatter)
        self.add_argument("-h", "--help", action="help", default=argparse.SUPPRESS, help=gettext("show this help message and exit"))
