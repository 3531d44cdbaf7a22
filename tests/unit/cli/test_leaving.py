"""The verbs that move what there is, or end what runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t4t.domain.errors import AgentMissing
from unit.cli.test_verbs import Services, run


def test_move_says_how_far_it_is_to_people_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services()
    assert run(services, "move", "/disk") == 0
    assert capsys.readouterr() == (f"The virtual machines are in {Path('/disk/t4t-vms-1')} now.\n", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run(services, "--json", "move", "/disk") == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {"place": str(Path("/disk/t4t-vms-1"))}
    assert [one.split(":")[1].strip() for one in told.err.split("\r")[1:]] == ["0\N{NO-BREAK SPACE}%", "50\N{NO-BREAK SPACE}%", "100\N{NO-BREAK SPACE}%"]
    assert services.asked == [(Path("/disk").absolute(),)] * 2


def test_who_waits_for_the_end_is_told_whether_there_was_one(capsys: pytest.CaptureFixture[str]) -> None:
    services = Services()
    services.agent_runs = True
    assert run(services, "quit", "--wait") == 0
    services.agent_runs = False
    with pytest.raises(AgentMissing):
        run(services, "quit", "--wait")
    assert capsys.readouterr().out == ""
