"""The connection to the agent and what is made of it: real server, real socket, Qt's own event loop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtNetwork import QLocalServer

from support.scripted_engine import a_view
from t4t.domain.errors import AgentMissing, AgentNotUnderstood, NotEnoughDisk, T4TError
from t4t.domain.policy import Level
from t4t.domain.session import TrayState, Why
from t4t.gui.commands import Command
from t4t.gui.link import AgentLink
from t4t.gui.session import Session, reader

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread


def test_views_come_by_themselves(qtbot: QtBot, agent: ApiThread, session: Session) -> None:
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    agent.show(state=TrayState.NO_WORK)
    qtbot.waitUntil(lambda: session.view is not None and session.view.state is TrayState.NO_WORK)
    assert session.lost is None


def test_a_click_is_shown_at_once_and_until_it_is_done(qtbot: QtBot, agent: ApiThread, session: Session) -> None:
    agent.hold()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    shown: list[Command | None] = []
    session.changed.connect(lambda: shown.append(session.pending))
    session.send(Command.PAUSE_HOUR)
    assert shown == [Command.PAUSE_HOUR]  # before the agent can have heard of it
    agent.show(hypervisor="another")  # any view that is not what was asked for
    qtbot.waitUntil(lambda: session.view is not None and session.view.hypervisor == "another")
    assert session.pending is Command.PAUSE_HOUR
    agent.let_go()
    qtbot.waitUntil(lambda: session.pending is None)
    assert session.view is not None
    assert session.view.level is Level.PAUSED
    assert agent.engine.asked == ["pause 1h"]


def test_a_refused_click_is_taken_back_and_told(qtbot: QtBot, agent: ApiThread, session: Session) -> None:
    agent.engine.refuse_with = NotEnoughDisk(path="/d", needed_mib=2, free_mib=1)
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    told: list[T4TError] = []
    session.refused.connect(told.append)
    session.send(Command.RESUME)
    qtbot.waitUntil(lambda: bool(told))
    assert session.pending is None
    assert isinstance(told[0], NotEnoughDisk)
    assert told[0].needed_mib == 2


def test_a_click_that_leads_to_nothing_is_forgotten(qtbot: QtBot, agent: ApiThread, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session._patience, "interval", lambda: 1)
    session._patience.setInterval(1)
    agent.hold()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    session.send(Command.FINISH)
    qtbot.waitUntil(lambda: session.pending is None)
    agent.let_go()


def test_the_rules_can_be_asked_for(qtbot: QtBot, agent: ApiThread, session: Session) -> None:
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    answers: list[Why] = []
    session.explained.connect(answers.append)
    session.ask_why()
    qtbot.waitUntil(lambda: bool(answers))
    assert answers[0] == agent.engine.why()


def test_an_agent_that_goes_is_missed_and_found_again(qtbot: QtBot, agent: ApiThread, session: Session) -> None:
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    agent.hold()
    session.send(Command.RESUME)
    agent.stop()
    qtbot.waitUntil(lambda: session.view is None)
    assert isinstance(session.lost, AgentMissing)
    assert session.pending is None
    session.send(Command.RESUME)  # a click meanwhile is answered too
    assert session.pending is None
    agent.start()
    qtbot.waitUntil(lambda: session.view is not None)
    assert session.lost is None


def test_an_agent_that_is_being_started_is_waited_for(qtbot: QtBot, tmp_path: Path) -> None:
    session = Session(AgentLink(tmp_path / "nobody.sock"))
    session.open()
    qtbot.waitUntil(lambda: session.lost is not None)
    session.wait_anew(200)
    assert session.lost is None
    qtbot.waitUntil(lambda: session.lost is not None)
    session.close()


@pytest.mark.parametrize(
    "line",
    [b"nonsense\n", b'{"jsonrpc":"2.0","method":"view","params":{"state":"unheard of"}}\n', b"[]\n", b"\xff\xfe\n", b"x" * (5 << 20)],
    ids=["not JSON", "another view", "a list", "not text", "endless"],
)
def test_who_speaks_otherwise_is_not_believed(qtbot: QtBot, tmp_path: Path, line: bytes) -> None:
    server = QLocalServer()
    path = tmp_path / "other.sock"
    assert server.listen(str(path))
    link = AgentLink(path)
    lost: list[Any] = []
    link.lost.connect(lost.append)
    link.open()
    qtbot.waitUntil(server.hasPendingConnections)
    other = server.nextPendingConnection()
    assert other is not None
    other.write(line)
    qtbot.waitUntil(lambda: bool(lost))
    assert isinstance(lost[0], AgentNotUnderstood)
    link.close()
    server.close()


@pytest.mark.parametrize(("code", "kind"), [(2, "another version"), (-32603, "-32603")])
def test_an_agent_of_another_version_is_told(qtbot: QtBot, tmp_path: Path, code: int, kind: str) -> None:
    server = QLocalServer()
    path = tmp_path / "other.sock"
    assert server.listen(str(path))
    link = AgentLink(path)
    lost: list[Any] = []
    link.lost.connect(lost.append)
    link.open()
    qtbot.waitUntil(server.hasPendingConnections)
    other = server.nextPendingConnection()
    assert other is not None
    other.write(b'{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":"no"}}\n{"jsonrpc":"2.0","id":77,"result":1}\n' % code)
    qtbot.waitUntil(lambda: bool(lost))
    assert str(lost[0]) == str(AgentNotUnderstood(detail=f"{kind}: no"))
    link.close()
    server.close()


def test_the_time_of_day_is_written_as_here() -> None:
    at = reader()
    assert abs(at.now - time.time()) < 60
    assert a_view().since < at.now
