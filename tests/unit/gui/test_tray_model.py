"""The tray as a value: for any session there is an icon, a tooltip and a menu that makes sense."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from support.scripted_engine import a_view
from support.views import NOW, SESSIONS
from t4t.domain.policy import LessKind, Level, PauseKind
from t4t.domain.project_view import ProjectView
from t4t.domain.session import TrayState
from t4t.gui.commands import LESSES, PAUSES, Command, is_done, is_ending, is_paused, lesses
from t4t.gui.tray.model import LINES, Slot, present
from t4t.wording.screen import Reader

AT = Reader(NOW)
COMMANDS = st.none() | st.sampled_from(Command)
VIEWS = st.none() | SESSIONS


@given(VIEWS, COMMANDS)
def test_any_session_can_be_shown(view: Any, pending: Command | None) -> None:
    model = present(view, AT, pending=pending)
    slots = [slot for slot, _ in model.menu]
    assert slots == [slot for slot in Slot if slot in slots]  # in order, each once
    assert 1 <= len(model.tooltip) <= 127
    assert model.tooltip.replace("\N{NO-BREAK SPACE}", " ").isprintable()
    assert sum(slot not in LINES for slot in slots) <= 12
    assert {Slot.STATUS, Slot.OPEN, Slot.QUIT} <= set(slots)
    assert all(row.text for slot, row in model.menu if slot not in LINES)
    assert slots[0] not in LINES
    assert slots[-1] not in LINES
    assert not any(first in LINES and second in LINES for first, second in itertools.pairwise(slots))


@given(SESSIONS)
def test_what_can_be_done_can_be_clicked(view: Any) -> None:
    model = present(view, AT)
    resume, pause, status = model.row(Slot.RESUME), model.row(Slot.PAUSE), model.row(Slot.STATUS)
    assert status is not None
    assert status.text.startswith(model.tooltip[:100])
    assert model.state is view.state
    if is_ending(view):
        assert resume is None
        assert pause is None
        assert model.row(Slot.QUIT).enabled is False  # type: ignore[union-attr] # it is always there
        return
    assert pause is not None
    assert pause.below[: len(PAUSES)] == PAUSES
    assert (resume is not None) == (is_paused(view) or view.finishing)
    assert (Command.FINISH in pause.below) == bool(view.tasks and not view.finishing and not is_paused(view))


@given(SESSIONS, st.sampled_from(Command))
def test_a_click_is_seen_at_once(view: Any, command: Command) -> None:
    model = present(view, AT, pending=command)
    assert model.tooltip == command.at_once
    if command in PAUSES:
        assert model.state is TrayState.PAUSED_BY_YOU
    if command is Command.QUIT:
        assert model.row(Slot.QUIT).enabled is False  # type: ignore[union-attr] # it is always there


def test_the_project_has_a_line() -> None:
    view = a_view(projects=(ProjectView(url="u", name="Small", held=2),))
    row = present(view, AT).row(Slot.PROJECT)
    assert row is not None
    assert (row.text, row.enabled) == ("Small: 2 tasks, credit 0", False)
    assert present(a_view(), AT).row(Slot.PROJECT) is None


def test_the_rest_of_a_pause_is_counted() -> None:
    view = a_view(state=TrayState.PAUSED_BY_YOU, deciding="manual_pause", level=Level.PAUSED, next_change=NOW + 47 * 60)
    row = present(view, AT).row(Slot.COUNTDOWN)
    assert row is not None
    assert (row.text, row.enabled) == ("47 min left", False)
    assert present(view, AT, pending=Command.RESUME).row(Slot.COUNTDOWN) is None
    assert present(view, Reader(NOW + 48 * 60)).row(Slot.COUNTDOWN) is None


def test_half_an_hour_more_is_offered_for_a_pause_that_has_an_end() -> None:
    timed = a_view(state=TrayState.PAUSED_BY_YOU, deciding="manual_pause", level=Level.PAUSED, next_change=NOW + 47 * 60)
    row = present(timed, AT).row(Slot.PROLONG)
    assert row is not None
    assert (row.text, row.enabled) == ("Add 30 minutes", True)
    assert present(timed, AT, pending=Command.PROLONG).row(Slot.PROLONG).enabled is False  # type: ignore[union-attr] # it is still there
    for other in (a_view(), a_view(state=TrayState.PAUSED_BY_YOU, deciding="manual_pause", level=Level.PAUSED, next_change=None)):
        assert present(other, AT).row(Slot.PROLONG) is None


def test_a_rule_that_can_be_overruled_is_named_where_it_is_offered() -> None:
    held = a_view(state=TrayState.WAITING, level=Level.PAUSED, deciding="battery")
    row = present(held, AT).row(Slot.ANYWAY)
    assert row is not None
    assert row.text == "Run anyway for 1 hour (the computer runs on battery)"
    assert present(held, AT).row(Slot.OBEY) is None
    assert present(held, AT, pending=Command.RUN_ANYWAY).row(Slot.ANYWAY).enabled is False  # type: ignore[union-attr] # it is still there
    for other in (a_view(), a_view(state=TrayState.WAITING, level=Level.PAUSED, deciding="disk"), a_view(deciding="manual_pause", level=Level.PAUSED)):
        assert present(other, AT).row(Slot.ANYWAY) is None
    anyway = present(a_view(deciding="run_anyway", anyway_until=NOW + 3600), AT)
    assert (anyway.row(Slot.ANYWAY), anyway.row(Slot.OBEY).text) == (None, "Follow the rules again")  # type: ignore[union-attr] # it is there


def test_less_is_offered_unless_it_stands_still_by_hand_and_so_is_the_way_back() -> None:
    row = present(a_view(), AT).row(Slot.LESS)
    assert row is not None
    assert (row.text, [command.label for command in row.below]) == ("Use less for now", ["Reduced power for 1 hour", "One processor only"])
    less = present(a_view(using_less=LessKind.GENTLE), AT).row(Slot.LESS)
    assert less is not None
    assert [command.label for command in less.below] == ["One processor only", "Back to normal"]
    for other in (a_view(deciding="manual_pause", level=Level.PAUSED), a_view(level=Level.STOPPED, deciding="quitting")):
        assert present(other, AT).row(Slot.LESS) is None
        assert lesses(other) == ()
    assert [command.params for command in (*LESSES, Command.USE_MORE)] == [{"kind": "gentle"}, {"kind": "one-core"}, {"kind": None}]


def test_commands_speak_the_api() -> None:
    assert {command.pause for command in PAUSES} == set(PauseKind)
    assert [command.params for command in (Command.PAUSE_HOUR, Command.RESUME)] == [{"kind": "1h"}, {}]
    assert [command.params for command in (Command.RUN_ANYWAY, Command.OBEY_RULES)] == [{"kind": "1h"}, {"kind": None}]
    assert {command.method for command in Command} == {"pause", "prolong", "resume", "run_anyway", "use_less", "finish", "quit"}
    assert all(command.label and command.at_once for command in Command)


def test_what_is_done_is_seen() -> None:
    working = a_view()
    paused = a_view(deciding="manual_pause", level=Level.SAVED)
    finishing = a_view(finishing=True)
    ending = a_view(level=Level.STOPPED, deciding="quitting")
    seen = {command: [is_done(command, view) for view in (working, paused, finishing, ending)] for command in Command}
    assert seen[Command.PAUSE_HOUR] == [False, True, False, False]
    assert seen[Command.PROLONG] == [False, True, False, False]
    assert seen[Command.RESUME] == [True, False, False, True]
    assert seen[Command.FINISH] == [False, True, True, False]
    running = a_view(anyway_until=NOW)
    assert [is_done(command, view) for command in (Command.RUN_ANYWAY, Command.OBEY_RULES) for view in (working, running)] == [False, True, True, False]
    less = a_view(using_less=LessKind.GENTLE)
    assert [is_done(command, view) for command in (*LESSES, Command.USE_MORE) for view in (working, less)] == [False, True, False, False, True, False]
    assert seen[Command.QUIT] == [False, False, False, True]
