"""Real processes that are to be tried: an agent of this very program, and programs that fail in each way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from support.command_line import environment, processes_of
from t4t.domain.update_errors import UpdateBusy
from t4t.storage.files import FolderLock
from t4t.updates import trial
from t4t.updates.trial import PARTS, Agents, Patience, others_of, users_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs that are tried are shell scripts")
QUICK = Patience(saving=0.3, answer=30.0, steady=0.1, part=20.0, end=0.2, look=0.05, exchange=5.0)
WORDS = ("run", "--hypervisor", "fake")


def program(folder: Path, text: str) -> Path:
    path = folder / "t4t"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """This very program, as somebody's folder has it."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    yield program(tmp_path, f'exec {sys.executable} -m t4t "$@"')
    for process in processes_of(tmp_path):
        process.kill()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("/opt/t4t/t4t",), ()),
        (("/opt/t4t/t4t", "--data-dir", "/d", "run", "--cores", "2"), ("run", "--cores", "2")),
        (("/usr/bin/python3", "-m", "t4t", "--data-dir=/d", "--json", "run", "--passphrase-stdin"), ("run",)),
    ],
)
def test_with_which_words_it_was_started(command: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert words_of(command) == words


def test_an_agent_that_works_is_asked_to_end_and_started_again(tmp_path: Path, real: Path) -> None:
    data = tmp_path / "data"
    agents = Agents(data, tmp_path / "apps", Patience(saving=30.0, answer=30.0, steady=0.1, look=0.05))
    assert agents.words() is None
    assert agents.fails(real, WORDS) == ""
    assert agents.words() == WORDS
    assert agents.fails(real, WORDS) == ""  # the one that runs is judged
    with agents.quiet():
        assert agents.words() is None
    agents.start(real, WORDS)
    end = time.monotonic() + 30
    while agents.words() is None:
        assert time.monotonic() < end
    with agents.quiet():
        pass


def test_one_that_ends_at_its_start(tmp_path: Path) -> None:
    assert Agents(tmp_path, tmp_path / "apps", QUICK).fails(program(tmp_path, "exit 3"), WORDS) == "it ended at its start, with 3"


def test_one_that_never_answers(tmp_path: Path) -> None:
    hangs = program(tmp_path, "exec sleep 1000")
    agents = Agents(tmp_path, tmp_path / "apps", Patience(answer=0.2, look=0.05))
    assert agents.fails(hangs, ("run", str(tmp_path))) == "it does not answer"
    assert processes_of(tmp_path) == []


def test_one_that_answers_and_then_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter((None, 4711, None))
    agents = Agents(tmp_path, tmp_path / "apps", QUICK)
    monkeypatch.setattr(agents, "_pid", lambda: next(said))
    assert "no longer" in agents.fails(program(tmp_path, "exec sleep 1000"), (str(tmp_path),))
    assert processes_of(tmp_path) == []


def test_one_that_runs_already_and_answers_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"]) as other:
        said = iter((other.pid, None))
        agents = Agents(tmp_path, tmp_path / "apps", QUICK)
        monkeypatch.setattr(agents, "_pid", lambda: next(said))
        assert "no longer" in agents.fails(tmp_path / "never started", WORDS)
        assert other.wait(10) != 0


def test_an_agent_that_nobody_can_ask_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agents = Agents(tmp_path, tmp_path / "apps", QUICK)
    monkeypatch.setattr(agents, "_pid", lambda: 4194304 + 1)
    assert agents.words() == ()


def test_somebody_is_still_at_work(tmp_path: Path) -> None:
    with FolderLock(tmp_path, trial.AGENT_LOCK), pytest.raises(UpdateBusy), Agents(tmp_path, tmp_path / "apps", QUICK).quiet():
        pass


def test_a_window_is_open(tmp_path: Path) -> None:
    """A process whose program lies in the folder that is to be exchanged: here that of Python."""
    own = psutil.Process().exe()
    root = Path(own).parent
    with subprocess.Popen([own, "-c", "import time; time.sleep(1000)"]) as process:
        assert process.pid in users_of(root)
        assert process.pid in others_of(root)
        assert process.pid not in others_of(root, process.pid)
        with pytest.raises(UpdateBusy), Agents(tmp_path, root, QUICK).quiet():
            pass
        process.kill()
    with subprocess.Popen([own, "-c", "import time; time.sleep(1000)", "vm-host"]) as process:
        assert process.pid in users_of(root)
        assert process.pid not in others_of(root)
        process.kill()
        if sys.platform != "win32":
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked how: as an agent whose maker never does
        assert process.pid not in users_of(root)


def test_what_a_version_says_of_itself(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    agents = Agents(tmp_path, tmp_path / "apps", QUICK)
    assert agents.unfit(program(tmp_path, f'echo "$3" >> {asked}')) == ""
    assert tuple(asked.read_text().split()) == PARTS
    assert agents.unfit(program(tmp_path, 'test "$3" != resources')) == "its part “resources” fails"
    assert "hangs" in Agents(tmp_path, tmp_path / "apps", Patience(part=0.1)).unfit(program(tmp_path, "exec sleep 1000"))
    assert "can't be started" in agents.unfit(tmp_path / "nothing")


def test_the_parts_are_words_that_this_version_knows() -> None:
    from t4t.domain.self_check import Part  # noqa: PLC0415 - only here

    assert {*PARTS} <= {part.value for part in Part}
