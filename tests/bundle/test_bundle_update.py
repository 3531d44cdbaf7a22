"""A bundle as it is handed out becomes the next one, over a server on loopback, by its own verb and with an agent at work; and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.bundles import BUNDLES
from support.command_line import contents
from support.update_computer import Computer, bundled, computer_in, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(900)]


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    with computer_in(tmp_path, bundled(BUNDLES["without-web"])) as made:
        yield made


def runs_from(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


def test_from_one_bundle_to_the_next_and_back(computer: Computer) -> None:
    agent = computer.run()
    first = computer.status()
    assert computer.update().installed == "1.0.0"
    assert runs_from(first.pid) == computer.root / "t4t"

    computer.publish("1.1.0", poison=True)  # well by its own word; it ends as soon as it sees the volunteer's work
    done = computer.t4t("app-update", "install")
    assert done.is_notice("T4T-UPD-05"), done.err
    assert agent.wait(30) == 0
    assert computer.place_of() == "1.0.0"
    back = computer.status()
    assert back.pid != first.pid
    assert contents(computer.data / "vms") == computer.before

    computer.publish("1.2.0")
    done = computer.t4t("app-update", "install")
    assert done.status == 0, done.err
    view = json.loads(done.out)
    assert (view["installed"], view["previous"], view["failure"]) == ("1.2.0", "1.0.0", None)
    assert computer.place_of() == computer.update().installed == "1.2.0"
    now = computer.status()
    assert now.pid != back.pid
    assert runs_from(now.pid) == computer.root / "t4t"

    done = computer.t4t("app-update", "roll-back")
    assert done.status == 0, done.err
    assert computer.place_of() == computer.update().installed == "1.0.0"
    assert computer.t4t("app-update", "install").is_notice("T4T-UPD-09"), "it is not taken again unasked"
    assert contents(computer.data / "vms") == computer.before
    assert computer.t4t("quit", "--wait").status == 0
    until(lambda: not computer.processes())


def test_a_bundle_with_a_broken_library_is_never_put_in_place(computer: Computer) -> None:
    agent = computer.run()
    computer.publish("1.1.0", change=lambda root: next((root / "_internal").glob("libsqlite3*")).write_bytes(b""))
    done = computer.t4t("app-update", "install")
    assert done.is_notice("T4T-UPD-05"), done.err
    assert computer.place_of() == "1.0.0"
    assert agent.poll() is None, "nobody's work was interrupted"
    assert contents(computer.data / "vms") == computer.before
