"""The words of what the tray opens: the small panel and the question before the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.wording.language import gettext, ngettext

if TYPE_CHECKING:
    from t4t.domain.session import SessionView


_HOUR: Final = 3600.0


def quit_title() -> str:
    """The question."""
    return gettext("Quit Test4Theory?")


def quit_saves(view: SessionView) -> str:
    """What becomes of the work, and how long it takes."""
    if not 1 <= view.save_s < _HOUR:
        return gettext("Your work is saved first. It goes on from there when Test4Theory is started again.")
    seconds = round(view.save_s)
    text = ngettext("Your work is saved first; that takes about {seconds} second.", "Your work is saved first; that takes about {seconds} seconds.", seconds)
    return gettext("{text} It goes on from there when Test4Theory is started again.").format(text=text.format(seconds=seconds))


def quit_or_pause() -> str:
    """What else could be wanted."""
    return gettext("If your computer only has to be quiet for a while, pause instead: Test4Theory stays here, and its work is not lost.")


def save_and_quit() -> str:
    """The button that ends the program."""
    return gettext("Save and quit")


def pause_instead() -> str:
    """The button that only pauses."""
    return gettext("Pause instead")


def cancel() -> str:
    """The button that changes nothing."""
    return gettext("Cancel")


def open_window() -> str:
    """The button that opens the window, where there is little room."""
    return gettext("Open")


def panel() -> str:
    """The small panel, for who listens."""
    return gettext("Test4Theory in short")
