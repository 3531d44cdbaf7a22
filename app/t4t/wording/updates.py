"""The words about newer versions of the program, for the terminal and the window."""

from __future__ import annotations

from gettext import gettext
from typing import TYPE_CHECKING, Final

from t4t.domain.app_update import UNDER_WAY, Step, Verdict
from t4t.domain.errors import from_wire
from t4t.wording.notices import notice

if TYPE_CHECKING:
    from t4t.domain.app_update import UpdateView

_SAID: Final = {
    Verdict.NOTHING: "Version {installed}, the newest.",
    Verdict.TELL: "Version {installed}. Version {newest} is out: your package manager installs it.",
    Verdict.BAD: "Version {installed}. Version {newest} was tried and does not work here; the next one will be tried.",
    Verdict.SKIPPED: "Version {installed}. Version {newest} is skipped, as you wish.",
    Verdict.TAKE: "Version {installed}. Version {newest} is out. It is installed by itself, if Settings say so, or by t4t app-update install.",
}
_UNKNOWN: Final = "Version {installed}. Nobody has been asked yet whether there is a newer one."
_READY: Final = (
    "Version {installed}. Version {newest} is downloaded and verified. It is installed by itself at a moment when no work is lost by it, if Settings say so, "
    "or by t4t app-update install."
)
_NOW: Final = "Version {installed}. Version {newest} is being installed."


def sentence(view: UpdateView) -> str:
    """What is here and what is out, in a line."""
    text = _SAID[view.verdict]
    if view.step in UNDER_WAY:
        text = _NOW
    elif view.verdict is Verdict.TAKE and view.step is Step.READY:
        text = _READY
    elif view.verdict is Verdict.NOTHING and not view.checked_at:
        text = _UNKNOWN
    return gettext(text).format(installed=view.installed, newest=view.newest)


def way_back(view: UpdateView) -> str:
    """To what one can go back; empty: to nothing."""
    return gettext("Version {previous} is kept: t4t app-update roll-back puts it back.").format(previous=view.previous) if view.previous else ""


def trouble(view: UpdateView) -> str:
    """What went wrong the last time, in a line; empty: nothing."""
    if view.failure is None:
        return ""
    told = notice(from_wire({"code": view.failure.code, "data": view.failure.data}))
    return f"{told.title}. {told.body}"


def downloaded(percent: int) -> str:
    """While it comes."""
    return gettext("{percent} % downloaded").format(percent=percent)
