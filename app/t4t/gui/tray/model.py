"""What the tray shows, as one value: pure, so that each state can be tested without a screen.

The menu is a list of rows in the order of `Slot`; a slot without a row is hidden. Menus are changed in place and never rebuilt while they are open.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from t4t.domain.session import TrayState
from t4t.gui.commands import PAUSES, Command, asks_first, can_run_anyway, is_ending, is_paused, lesses
from t4t.wording import commands, projects
from t4t.wording import screen as words

if TYPE_CHECKING:
    from t4t.domain.session import SessionView
    from t4t.wording.screen import Reader, Said

NAME: Final = "Test4Theory"
_LONGEST_TOOLTIP: Final = 127
"""Windows shows no more."""


class Slot(enum.Enum):
    """The places of the menu, from top to bottom; the value is the name by which a test finds it."""

    STATUS = "status"
    DETAIL = "detail"
    PROJECT = "project"
    COUNTDOWN = "countdown"
    FIRST_LINE = "first line"
    RESUME = "resume"
    PROLONG = "prolong"
    PAUSE = "pause"
    LESS = "less"
    ANYWAY = "anyway"
    OBEY = "obey"
    WHY = "why"
    SECOND_LINE = "second line"
    OPEN = "open"
    THIRD_LINE = "third line"
    QUIT = "quit"


LINES: Final = frozenset({Slot.FIRST_LINE, Slot.SECOND_LINE, Slot.THIRD_LINE})
"""Slots that are separators."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its words (plain text), whether it can be clicked, and what is below it."""

    text: str
    enabled: bool = True
    below: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class TrayModel:
    """Icon, tooltip and menu."""

    state: TrayState
    tooltip: str
    menu: tuple[tuple[Slot, Row], ...]

    def row(self, slot: Slot) -> Row | None:
        """The row in ``slot``, if it is shown."""
        return dict(self.menu).get(slot)


def present(view: SessionView | None, reader: Reader, *, pending: Command | None = None) -> TrayModel:
    """What to show; ``view`` is None before the agent has said anything, ``pending`` what was clicked and is not done yet."""
    said = words.connecting() if view is None else words.said(view, reader)
    sentence = said.sentence if pending is None else pending.at_once
    rows = {slot: row for slot, row in _rows(view, said, reader, sentence=sentence, pending=pending).items() if row.text or slot in LINES}
    tooltip = sentence if len(sentence) <= _LONGEST_TOOLTIP else sentence[: _LONGEST_TOOLTIP - 1] + "…"
    return TrayModel(state=_state(view, pending), tooltip=tooltip, menu=tuple((slot, rows[slot]) for slot in Slot if slot in rows))


def _state(view: SessionView | None, pending: Command | None) -> TrayState:
    """A click shows at once; all else is what the agent says."""
    if pending is not None and pending.method == "pause":
        return TrayState.PAUSED_BY_YOU
    if pending is Command.QUIT:
        return TrayState.SAVING
    return TrayState.SETTING_UP if view is None else view.state


def _rows(view: SessionView | None, said: Said, reader: Reader, *, sentence: str, pending: Command | None) -> dict[Slot, Row]:
    line = Row("")
    rows = {
        Slot.STATUS: Row(sentence),
        Slot.DETAIL: Row(said.detail if pending is None else "", enabled=False),
        Slot.PROJECT: Row("" if view is None else projects.all_in_short(view.projects, reader.now), enabled=False),
        Slot.FIRST_LINE: line,
        Slot.SECOND_LINE: line,
        Slot.OPEN: Row(commands.label("open")),
        Slot.THIRD_LINE: line,
    }
    if view is None or is_ending(view) or pending is Command.QUIT:
        del rows[Slot.FIRST_LINE]
        return rows | {Slot.QUIT: Row(commands.label("quit"), enabled=view is not None and not is_ending(view) and pending is None)}
    paused = is_paused(view)
    if paused and pending is None and view.next_change is not None and view.next_change > reader.now:
        rows[Slot.COUNTDOWN] = Row(words.time_left(view.next_change - reader.now), enabled=False)
    if paused or view.finishing:
        rows[Slot.RESUME] = Row(commands.label("resume"), enabled=pending is not Command.RESUME)
    finish = () if view.finishing or paused or not view.tasks else (Command.FINISH,)
    if paused and view.next_change is not None:
        rows[Slot.PROLONG] = Row(commands.label("prolong"), enabled=pending is None)
    rows[Slot.PAUSE] = Row(commands.label("change_pause" if paused else "pause"), below=(*PAUSES, *finish))
    if less := lesses(view):
        rows[Slot.LESS] = Row(commands.label("use_less"), below=less)
    if view.anyway_until is not None:
        rows[Slot.OBEY] = Row(commands.label("obey_rules"), enabled=pending is None)
    elif can_run_anyway(view):
        rows[Slot.ANYWAY] = Row(commands.anyway_label(words.because(view.deciding)), enabled=pending is None)
    rows[Slot.WHY] = Row(commands.label("why"))
    rows[Slot.QUIT] = Row(commands.label("quit_asking" if asks_first(view) else "quit"))
    return rows
