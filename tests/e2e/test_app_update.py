"""Version N becomes N+1 over a server on loopback, all of it real; what needs longer is in tests/updates."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from support.command_line import contents
from support.update_computer import computer_in

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(sys.platform != "linux", reason="the archive is Linux's")
@pytest.mark.timeout(200)
def test_from_one_version_to_the_next(tmp_path: Path) -> None:
    with computer_in(tmp_path) as computer:
        agent = computer.run()
        first = computer.status()
        assert computer.update().installed == "1.0.0"
        computer.publish("1.1.0")
        done = computer.t4t("app-update", "install")
        assert done.status == 0, done.err
        view = json.loads(done.out)
        assert (view["installed"], view["previous"], view["failure"]) == ("1.1.0", "1.0.0", None)
        assert agent.wait(30) == 0  # it was asked to end, and saved everything
        assert computer.status().pid != first.pid
        assert computer.update().installed == computer.place_of() == "1.1.0"
        assert contents(computer.data / "vms") == computer.before
