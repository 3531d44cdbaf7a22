"""Verbs that ask the agent: what a person reads and what a program reads."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, cast

import pytest

from support.agent_in_process import InProcess, shows, until
from t4t.cli import arguments, verbs
from t4t.domain.energy import Day, Spent
from t4t.domain.errors import AgentMissing
from t4t.domain.policy import Settings
from t4t.domain.readings import Source

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.cli.services import Services


class OnlyData:
    """All that these verbs need of the rest of the program."""

    def __init__(self, data: Path) -> None:
        self.data = data


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


async def say(data: Path, *words: str) -> int:
    args = arguments.parser().parse_args(words)
    return await asyncio.to_thread(verbs.run, args, cast("Services", OnlyData(data)))


class NeverAwake:
    """A system that takes no such request."""

    async def keep(self, _reason: str) -> bool:
        return False

    async def let_go(self) -> None:
        """Nothing is held."""


async def test_what_it_costs_and_that_it_stays_awake_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agent = InProcess(tmp_path / "data", settings=Settings(keep_awake=True))
    agent.awake = NeverAwake()
    agent.add_task("one")
    day = Day(day="2026-11-23", joules={Source.RAPL.value: 3.6e6}, costs={"EUR": 0.3})
    async with agent.running() as engine:
        await shows(engine, lambda view: view.kept_awake is False)
        assert await say(agent.data, "status") == 0
        assert "Electricity" not in capsys.readouterr().out
        agent.spent = Spent(day=day, month=day)
        await engine.checkpoint()
        for verb in ("status", "why"):
            assert await say(agent.data, verb) == 0
            out = capsys.readouterr().out
            assert "can’t be kept awake" in out
            assert ("1.00 kWh · 0.30 EUR this month" in out) is (verb == "status")


async def test_what_a_person_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agent = InProcess(tmp_path / "data")
    agent.add_task("one", pf_guest_port="80")
    agent.add_task("refused", memory_size_mb="x")
    async with agent.running() as engine:
        await until(engine, "running")
        await shows(engine, lambda view: view.finished == 1)
        for words in (
            ["status"],
            ["tasks"],
            ["pause", "1h"],
            ["why"],
            ["prolong"],
            ["run-anyway", "2h"],
            ["run-anyway", "off"],
            ["use-less"],
            ["why"],
            ["use-less", "one-core"],
            ["use-less", "off"],
            ["resume"],
            ["checkpoint"],
            ["finish"],
            ["timeline"],
        ):
            assert await say(agent.data, *words) == 0
        agent.free = 0
        assert await say(agent.data, "why") == 0
        out = capsys.readouterr().out
    for expected in (
        "Working",
        "one: working",
        "http://127.0.0.1:",
        "Paused by you until",
        "you paused it",
        "Paused by you: For 1 hour",
        "Finishing the current work, then pausing",
        "You paused it: for 1 hour.",
        "You added half an hour to your pause.",
        "You said to run anyway, whatever the rules say: for 2 hours.",
        "You let your rules count again.",
        "Using less until",
        "You asked it to use less: reduced power",
        "You asked it to use less: one processor only.",
        "You let it use as much as before.",
        "refused: It can't be run and was put into “failed”: The job description is refused (T4T-TASK-03).",
        "finished so far: 1",
        "refused",
    ):
        assert expected in out
    agent.world.faults.disk_free_bytes = 0


async def test_what_a_program_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agent = InProcess(tmp_path / "data")
    async with agent.running():
        assert await say(agent.data, "why") == 0
        assert "for no project yet: t4t attach URL." in capsys.readouterr().out
        for words in (["status"], ["why"], ["pause", "tomorrow"], ["tasks"], ["quit"]):
            assert await say(agent.data, "--json", *words) == 0
            document = json.loads(capsys.readouterr().out)
            if words == ["why"]:
                assert set(document) == {"level", "deciding", "since", "next_change", "rules"}
            if words[0] == "pause":
                assert document["deciding"] == "manual_pause"


async def test_what_needs_attention_is_read_as_a_notice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agent = InProcess(tmp_path / "data")
    agent.add_task("big", memory_size_mb="900000")
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.notices))
        await say(agent.data, "status")
    out, err = capsys.readouterr()
    assert "One thing needs your attention: Not enough memory." in out
    assert "T4T-MEM-01" in err


async def test_without_an_agent(tmp_path: Path) -> None:
    for verb in ("status", "why", "pause", "prolong", "run-anyway", "use-less", "resume", "finish", "checkpoint", "tasks", "timeline", "quit"):
        with pytest.raises(AgentMissing) as error:
            await say(tmp_path, verb)
        assert error.value.exit_code == 3
