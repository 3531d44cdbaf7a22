"""Tests of the program's own processes, run with a bundle in the place of the sources: on a screen, and with real VirtualBox in its laboratory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.bundles import BUNDLES, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(1200)]

ON_A_SCREEN = ("tests/tray/test_processes.py", "tests/tray/test_first_run.py")
IN_THE_LABORATORY = ("tests/lab/test_vm_host.py",)
"""A VM's life through `t4t vm-host` by each road to VirtualBox: by its API, whose binding the bundle has to load, and by VBoxManage."""


def passed(*command: str, **environment: str) -> int:
    """How many tests passed; all of them had to, and none may be left out."""
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    last = done.stdout.strip().splitlines()[-1]
    assert not re.search(r"skipped|deselected|xfailed", last), last
    found = re.search(r"(\d+) passed", last)
    assert found is not None, last
    return int(found[1])


@pytest.mark.parametrize("kind", sorted(BUNDLES))
def test_agent_tray_and_window_on_a_screen(kind: str, record_property: Callable[[str, object], None]) -> None:
    program = str(BUNDLES[kind] / "t4t")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ON_A_SCREEN)
    record_property("tests passed with it", passed(*command, T4T_PROGRAM=program, T4T_BUNDLES="", T4T_EVIDENCE=""))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="the laboratory needs root")
def test_the_vm_host_with_real_virtualbox(record_property: Callable[[str, object], None]) -> None:
    kind = min(BUNDLES)
    program = f"/checkout/{(BUNDLES[kind] / 't4t').relative_to(ROOT)}"
    enter = (sys.executable, "packaging/lab/enter.py", "--lab", "build/lab", "--appliance", os.environ.get("T4T_APPLIANCE") or "build/appliance")
    inside = ("--env", f"T4T_PROGRAM={program}", "--env", "PYTHONPATH=/checkout/app", "--", "pytest", "-q", "-m", "virtualbox", *IN_THE_LABORATORY)
    record_property("tests passed with it", passed(*enter, *inside))
