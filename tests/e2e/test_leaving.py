"""What an uninstaller asks of the program: to end, to say what is there, and to leave nothing where nothing was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.agent_shell import agent_on
from support.command_line import t4t

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def test_the_end_is_the_end(tmp_path: Path) -> None:
    with agent_on(tmp_path, tmp_path) as shell:
        agent = shell.start("--hypervisor", "fake")
        assert shell.ask("quit", "--wait").status == 0
        assert agent.wait(5) == 0
        refused = t4t("quit", "--wait", data=shell.data)
        assert (refused.status, refused.is_notice("T4T-RUN-03")) == (3, True), refused.err


def test_its_own_folder_goes_and_one_of_somebodys_choice_stays(tmp_path: Path) -> None:
    for data, stays in ((tmp_path / "share" / "t4t", False), (tmp_path / "chosen", True)):
        for words in (("--show",), ("--yes",)):
            asked = t4t("--json", "remove-everything", *words, data=data)
            assert (asked.status, json.loads(asked.out)["pieces"], data.exists()) == (0, [], False), asked.err
        assert t4t("settings", "set", "when.away_after_min=7", data=data).status == 0
        before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
        assert t4t("remove-everything", "--show", data=data).status == 0
        assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before, "to ask changes nothing"
        done = t4t("--json", "remove-everything", "--yes", data=data)
        assert done.status == 0, done.err
        assert (data.exists(), json.loads(done.out)["folder_stays"]) == (stays, stays)
        assert not stays or list(data.iterdir()) == []
