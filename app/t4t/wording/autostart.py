"""What ``t4t autostart`` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.wording.language import gettext

if TYPE_CHECKING:
    from t4t.domain.autostart import AutostartState


def said(state: AutostartState) -> tuple[str, ...]:
    """How it is, in a line or two."""
    if state.on:
        first = gettext("Test4Theory starts when you log in.")
    elif state.refused:
        first = gettext("Test4Theory does not start when you log in: that is switched off in this system's own settings. `t4t autostart on` switches it on.")
    else:
        first = gettext("Test4Theory does not start when you log in.")
    lines = [first]
    if state.other:
        lines.append(gettext("What is started is another installation or another data folder: {command}").format(command=state.command))
    return tuple(lines)
