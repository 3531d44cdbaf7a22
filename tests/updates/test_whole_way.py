"""What goes wrong on the way from one version to the next, with real copies of this program, real agents and a real server; `make update-check`."""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from support.command_line import contents
from support.update_computer import Computer, computer_in, until
from t4t.domain.app_update import Step
from t4t.updates.book import Book

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)

pytestmark = [pytest.mark.updates, pytest.mark.timeout(290)]


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    with computer_in(tmp_path) as made:
        yield made


def test_never_to_one_that_fails_and_back_by_word_of_mouth(computer: Computer) -> None:
    agent = computer.run()
    first = computer.status()
    computer.publish("1.1.0", poison=True)  # it ends as soon as it sees the volunteer's work
    done = computer.t4t("app-update", "install")
    assert done.is_notice("T4T-UPD-05"), done.err
    assert agent.wait(30) == 0
    assert computer.version() == "1.0.0"
    back = computer.status()
    assert back.pid != first.pid
    assert contents(computer.data / "vms") == computer.before
    assert computer.t4t("app-update", "install").is_notice("T4T-UPD-09")

    computer.publish("1.2.0")
    done = computer.t4t("app-update", "install")
    assert done.status == 0, done.err
    assert json.loads(done.out)["previous"] == "1.0.0"
    assert computer.version() == "1.2.0"
    assert computer.status().pid != back.pid

    done = computer.t4t("app-update", "roll-back")
    assert done.status == 0, done.err
    assert computer.version() == "1.0.0"
    assert computer.update().installed == "1.0.0"
    assert contents(computer.data / "vms") == computer.before
    assert computer.t4t("app-update", "install").is_notice("T4T-UPD-09")  # it is not taken again unasked
    assert computer.t4t("quit").status == 0


@pytest.mark.parametrize("wait_s", [1.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0])
def test_killed_on_the_way(computer: Computer, wait_s: float) -> None:
    """Everything of the program at once, at a moment of its own; whoever starts it again has a version that works, and it ends on the new one."""
    computer.run()
    computer.publish("1.1.0")
    installing = computer.begin("app-update", "install")
    time.sleep(wait_s)  # a moment is what is wanted, whatever the program is doing by then
    installing.kill()
    installing.wait()
    for process in computer.processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait(10)
    found = computer.version()
    _log.info("killed after %s s: %s, %s in place", wait_s, Book(computer.data).record.step.value, found)
    assert found in {"1.0.0", "1.1.0"}
    assert contents(computer.data / "vms") == computer.before
    computer.run()
    assert computer.answers()

    def settled() -> bool:
        done = computer.t4t("app-update", "status")
        return done.status == 0 and json.loads(done.out)["step"] not in {"switching", "trial", "returning"}

    until(settled, 120)  # the agent that was started takes it up by itself
    if computer.version() == "1.0.0":
        done = computer.t4t("app-update", "install")
        assert done.status == 0, done.err
    assert computer.version() == "1.1.0"
    until(computer.answers)
    assert contents(computer.data / "vms") == computer.before


def test_the_agent_installs_it_by_itself(computer: Computer) -> None:
    """Nobody asks for anything: the settings' own defaults do."""
    computer.publish("1.1.0")
    computer.run()
    until(lambda: computer.version() == "1.1.0", 200)
    until(lambda: computer.answers() and computer.update().step is Step.IDLE, 60)
    assert computer.update().installed == "1.1.0"
    assert contents(computer.data / "vms") == computer.before


def test_a_copy_that_belongs_to_somebody_else(computer: Computer) -> None:
    """Where there is no right to write beside it, nothing is begun, and it is said."""
    agent = computer.run()
    computer.publish("1.1.0")
    assert computer.t4t("app-update", "download").status == 0
    shutil.rmtree(computer.root.with_name(".t4t-previous"), ignore_errors=True)
    computer.root.with_name(".t4t-previous.part").write_text("in the way")
    done = computer.t4t("app-update", "apply")
    assert done.is_notice("T4T-UPD-06"), done.err
    assert agent.poll() is None  # nobody's work was interrupted
    assert json.loads(computer.t4t("app-update", "status").out)["failure"]["code"] == "T4T-UPD-06"


def test_a_package_manager_exchanges_it_under_an_agent(computer: Computer) -> None:
    """As dpkg and rpm do it, without a word to anybody: the agent saves everything and goes on as the new version, as the same process."""
    marker = computer.root / "_internal" / "installation.json"
    said = json.loads(marker.read_text())
    marker.write_text(json.dumps(said | {"kind": "deb"}))
    agent = computer.run()
    assert computer.update().installed == "1.0.0"
    for path, text in ((marker, json.dumps(said | {"kind": "deb", "version": "1.1.0"})), (computer.root / "t4t", (computer.root / "t4t").read_text() + "\n")):
        new = path.with_name(f"{path.name}.dpkg-new")
        new.write_text(text)
        new.chmod(0o755)
        new.replace(path)
    until(lambda: computer.answers() and computer.update().installed == "1.1.0")
    assert computer.status().pid == agent.pid
    assert contents(computer.data / "vms") == computer.before
    assert computer.t4t("quit", "--wait").status == 0
    assert agent.wait(30) == 0
