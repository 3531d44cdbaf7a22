"""The verbs that move what there is, end what runs, or remove what stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t4t.domain.errors import AgentMissing
from t4t.domain.leftovers import Leftovers
from unit.cli.test_verbs import Services, run


class Leaving(Services):
    """Has something left, until it is removed."""

    def leftovers(self, *, remove: bool) -> Leftovers:
        self.asked.append(("leftovers", remove))
        return Leftovers(folder="" if remove else "/da\x1bta", machines=("t4t-\x1b1",), hypervisor="virtualbox")


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


def test_leftovers_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    services = Leaving()
    assert run(services, "leftovers") == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert text.splitlines()[0] == "1 virtual machine in VirtualBox:"
    assert run(services, "--json", "leftovers", "--remove") == 0
    assert json.loads(capsys.readouterr().out)["machines"] == ["t4t-\x1b1"]
    assert services.asked == [("leftovers", False), ("leftovers", True)]
