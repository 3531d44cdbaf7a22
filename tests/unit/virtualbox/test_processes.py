"""VirtualBox's processes, found among real ones."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from t4t.hypervisor.virtualbox import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from t4t.hypervisor import process

VM = "0f4a1e1c-2b9a-4f1e-9b43-111111111111"
_SLEEPER = """\
#!{python} -ISB
import sys, threading, time

def emt():
    open(f"/proc/self/task/{{threading.get_native_id()}}/comm", "w").write("EMT-0")
    print("there", threading.get_native_id(), flush=True)
    time.sleep(600)

log = open(sys.argv[1], "w") if sys.argv[1].endswith(".log") else None
threading.Thread(target=emt, daemon=True).start()
time.sleep(600)
"""


@contextlib.contextmanager
def program(folder: Path, name: str, *arguments: str, **environment: str) -> Iterator[int]:
    """A process of that name; its pid."""
    file = folder / name
    file.write_text(_SLEEPER.format(python=sys.executable))
    file.chmod(0o755)
    with subprocess.Popen([file, *arguments], env=os.environ | environment, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline().startswith("there ")
            yield child.pid
        finally:
            child.kill()


@pytest.mark.parametrize(
    ("name", "arguments", "fits"),
    [
        ("VBoxHeadless", ["VBoxHeadless", "--comment", "x", "--startvm", VM, "--vrde", "config"], True),
        ("VBoxHeadless.exe", ["C:\\VBoxHeadless.exe", "--startvm", VM], True),
        ("VirtualBoxVM", ["VirtualBoxVM", "--startvm", f"{{{VM}}}"], True),
        ("sh", ["/bin/sh", "/usr/lib/virtualbox/VBoxHeadless", "--startvm", VM], True),
        ("VBoxHeadless", ["VBoxHeadless", "--startvm", VM.replace("1", "2")], False),
        ("VBoxManage", ["VBoxManage", "startvm", VM], False),
        ("vim", ["vim", VM], False),
        ("VBoxHeadless", [], False),
    ],
)
def test_whose_process_it_is(name: str, arguments: list[str], fits: bool) -> None:  # noqa: FBT001 - a table
    assert processes.is_process_of(VM, name, arguments) is fits


def test_a_vms_process_is_found_with_and_without_a_hint(tmp_path: Path) -> None:
    assert processes.find_vm(VM) is None
    with program(tmp_path, "VBoxHeadless", "--startvm", VM) as pid:
        found = processes.find_vm(VM)
        assert found is not None
        assert found.pid == pid
        assert processes.find_vm(VM, pid) == found
        assert processes.find_vm(VM, os.getpid()) == found, "an old hint misleads nobody"
        assert processes.known_vm(VM, pid) == found
        assert processes.known_vm(VM, os.getpid()) is None
        assert processes.progress(found) >= 0
    assert processes.find_vm(VM) is None
    assert processes.known_vm(VM, pid) is None
    assert processes.progress(found) == 0


def test_a_vms_process_computes_in_the_background(tmp_path: Path) -> None:
    with program(tmp_path, "VBoxHeadless", "--startvm", VM) as pid:
        found = processes.find_vm(VM)
        assert found is not None
        processes.make_background(found)
        assert psutil.Process(pid).nice() == 19
        policies = {thread.name: os.sched_getscheduler(int(thread.name)) for thread in Path(f"/proc/{pid}/task").iterdir()}
        assert policies.pop(str(pid)) == os.SCHED_OTHER
        assert list(policies.values()) == [os.SCHED_IDLE]
    processes.make_background(found)


def server(pid: int) -> process.ProcessId:
    """The one that we started, also where real ones run."""
    assert processes.find_server() in list(processes.servers())
    (found,) = [one for one in processes.servers() if one.pid == pid]
    return found


def test_vboxsvc_and_its_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with program(tmp_path, "VBoxSVC", str(home / "VBoxSVC.log")) as pid:
        found = server(pid)
        assert processes.home_of(found) == home
    assert processes.home_of(found) is None


def test_a_home_by_its_environment(tmp_path: Path) -> None:
    with program(tmp_path, "VBoxSVC", "x", VBOX_USER_HOME="/elsewhere") as pid:
        assert processes.home_of(server(pid)) == Path("/elsewhere")
    with program(tmp_path, "VBoxSVC", "x") as pid:
        assert processes.home_of(server(pid)) is None
