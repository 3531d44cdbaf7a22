"""VBoxManage executed: a real child process that answers, fails, floods, hangs and leaves children behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from support import vboxmanage_double as double
from t4t.domain.errors import CommandFailed, CommandTimeout, HypervisorBroken, HypervisorMissing, VmBusy, VmNotFound, VmWrongState
from t4t.host.clock import RealClock
from t4t.hypervisor.fake.clock import VirtualClock
from t4t.hypervisor.virtualbox import run
from t4t.hypervisor.virtualbox.options import Call
from unit.virtualbox.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCKED = {"status": 1, "err": recorded("startvm-double-locked").err}


class NoWait(VirtualClock):
    """A clock whose pauses are only noted (a real child process takes real time, which a virtual clock would jump over)."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def manage(folder: Path, *plan: dict[str, Any], clock: NoWait | None = None) -> run.VBoxManage:
    return run.VBoxManage(double.install(folder, *plan), clock=clock or NoWait())


def arguments_of(folder: Path) -> list[list[str]]:
    return [call["args"] for call in double.calls(folder)]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Path]:
    """The file that will hold the pid of the child's child; that one is ended after the test."""
    file = tmp_path / "child.pid"
    yield file
    if file.exists():
        with contextlib.suppress(psutil.Error):
            left = psutil.Process(int(file.read_text()))
            if "sleep(600)" in " ".join(left.cmdline()):
                left.kill()


def pid_in(file: Path) -> int:
    return int(file.read_text()) if file.exists() else 0


async def appears(file: Path) -> int:
    async with asyncio.timeout(20):
        while not (pid := pid_in(file)):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    return pid


async def ends(pid: int) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - not our child
                await asyncio.sleep(0.02)
            return True
    return False


# --- one program -----------------------------------------------------------------------------------------------------


async def test_an_answer_has_all_parts(tmp_path: Path) -> None:
    program = double.install(tmp_path, {"status": 3, "out": "a\r\nb", "err": "ü"})
    answer = await run.execute(program, ("list", "a b", "x'\"*"), seconds=20)
    assert (answer.status, answer.out, answer.err) == (3, "a\nb", "ü")
    assert answer.seconds > 0
    assert arguments_of(tmp_path) == [["list", "a b", "x'\"*"]], "no shell in between"


async def test_the_environment_is_plain(tmp_path: Path) -> None:
    dirty = {"PATH": os.environ["PATH"], "LANG": "de_DE.UTF-8", "LANGUAGE": "de", "LC_MESSAGES": "fr", "_MEIPASS2": "/bundle", "HOME": "/h"}
    await run.execute(double.install(tmp_path), (), seconds=20, environment=dirty)
    seen = double.calls(tmp_path)[0]["env"]
    assert seen == {"PATH": os.environ["PATH"], "HOME": "/h", "LC_ALL": "C.UTF-8"} | {name: value for name, value in seen.items() if name == "LC_CTYPE"}


async def test_where_the_vms_are_is_the_volunteers_affair(tmp_path: Path) -> None:
    program = double.install(tmp_path)
    await run.execute(program, (), seconds=20, environment={"PATH": "/bin"})
    await run.execute(program, (), seconds=20, environment={"PATH": "/bin", "VBOX_USER_HOME": "/own"})
    assert [call["env"].get("VBOX_USER_HOME") for call in double.calls(tmp_path)] == [None, "/own"]


async def test_a_flood_is_read_and_cut(tmp_path: Path) -> None:
    answer = await run.execute(double.install(tmp_path, {"out": "first", "flood": 3 * run._MOST // 2}), (), seconds=60)
    assert answer.status == 0
    assert len(answer.out) == len(answer.err) == run._MOST
    assert answer.out.startswith("first")


@pytest.mark.parametrize("kind", ["group", "session"])
async def test_a_child_that_keeps_the_pipes_is_not_waited_for(tmp_path: Path, child: Path, kind: str) -> None:
    """VBoxManage may start VBoxSVC, which stays: it must neither delay the answer nor be ended."""
    begin = time.monotonic()
    answer = await run.execute(double.install(tmp_path, {"child": kind, "out": "done"}), (), seconds=30)
    assert answer.out == "done"
    assert time.monotonic() - begin < 15
    assert psutil.pid_exists(await appears(child))


async def test_what_hangs_is_ended_with_its_children(tmp_path: Path, child: Path) -> None:
    program = double.install(tmp_path, {"hang": True, "child": "group", "ignore": True})
    with pytest.raises(CommandTimeout) as caught:
        await run.execute(program, ("controlvm", "x", "pause"), seconds=3)
    assert (caught.value.command, caught.value.seconds) == ("controlvm pause", 3)
    assert await ends(await appears(child))


async def test_what_left_the_group_is_spared(tmp_path: Path, child: Path) -> None:
    with pytest.raises(CommandTimeout):
        await run.execute(double.install(tmp_path, {"hang": True, "child": "session"}), (), seconds=3)
    assert psutil.Process(await appears(child)).status() != psutil.STATUS_ZOMBIE


async def test_cancelling_ends_it(tmp_path: Path, child: Path) -> None:
    task = asyncio.create_task(run.execute(double.install(tmp_path, {"hang": True, "child": "group"}), (), seconds=60))
    pid = await appears(child)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await ends(pid)


async def test_a_number_that_is_another_process_by_now_is_not_killed() -> None:
    """The handle says that our child is gone: its group is left alone."""
    first = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    handle = os.pidfd_open(first.pid)
    first.kill()
    await first.wait()
    other = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    run._end_tree(other.pid, handle)
    os.close(handle)
    await asyncio.sleep(0.1)
    assert other.returncode is None
    run._end_tree(other.pid, None)
    assert await other.wait() == -signal.SIGKILL


async def test_no_program(tmp_path: Path) -> None:
    with pytest.raises(HypervisorMissing):
        await run.execute(str(tmp_path / "none"), (), seconds=1)


async def test_a_program_that_can_not_be_executed(tmp_path: Path) -> None:
    file = tmp_path / "VBoxManage"
    file.write_text("x")
    with pytest.raises(HypervisorBroken):
        await run.execute(str(file), (), seconds=1)


def test_processes_are_created_in_one_place() -> None:
    """The import contract can't see asyncio's way."""
    files = Path(run.__file__).parent.glob("*.py")
    assert [file.name for file in files if re.search(r"subprocess|posix_spawn|os\.system|popen", file.read_text(encoding="utf-8"))] == ["run.py"]


# --- judged ----------------------------------------------------------------------------------------------------------


async def test_success(tmp_path: Path) -> None:
    tool = manage(tmp_path, {"out": recorded("list-vms").out})
    assert (await tool.run("list", "vms")).out.startswith('"g1"')


@pytest.mark.parametrize(
    ("case", "leaf"), [("startvm-unknown-vm", VmNotFound), ("discardstate-no-state", VmWrongState), ("controlvm-savestate-disk-full", CommandFailed)]
)
async def test_refusals_are_leaves(tmp_path: Path, case: str, leaf: type[Exception]) -> None:
    real = recorded(case)
    tool = manage(tmp_path, {"status": real.status, "out": real.out, "err": real.err})
    with pytest.raises(leaf) as caught:
        await tool.run(*real.arguments, vm="mine")
    assert vars(caught.value)["vm"] == "mine"
    assert len(arguments_of(tmp_path)) == 1


async def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    clock = NoWait()
    tool = manage(tmp_path, LOCKED, LOCKED, {"out": "done"}, clock=clock)
    assert (await tool.run("startvm", "g1")).out == "done"
    assert clock.slept == [0.25, 0.5]


async def test_patience_ends(tmp_path: Path) -> None:
    clock = NoWait()
    tool = manage(tmp_path, LOCKED, clock=clock)
    with pytest.raises(VmBusy):
        await tool.run("startvm", "g1")
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 4.0]
    assert len(arguments_of(tmp_path)) == 6


async def test_impatience(tmp_path: Path) -> None:
    clock = NoWait()
    with pytest.raises(VmBusy):
        await manage(tmp_path, LOCKED, clock=clock).run("startvm", "g1", patient=False)
    assert clock.slept == []


async def test_a_timeout_names_the_vm(tmp_path: Path) -> None:
    tool = run.VBoxManage(double.install(tmp_path, {"hang": True}), clock=RealClock())
    with pytest.raises(CommandTimeout) as caught:
        await tool.run("startvm", "g1", vm="mine", seconds=2)
    assert caught.value.vm == "mine"
    (one,) = tool.replay()
    assert one.status is None
    assert "T4T-HV-04" in one.err
    assert one.seconds > 1


async def test_every_command_is_in_the_replay(tmp_path: Path) -> None:
    tool = manage(tmp_path, LOCKED, {"out": "y" * 5000, "err": "0%...100%"})
    await tool.run("startvm", "g1")
    first, second = tool.replay()
    assert first.arguments == second.arguments == ("startvm", "g1")
    assert (first.status, second.status) == (1, 0)
    assert len(second.out) == 2000
    assert second.err == ""


async def test_the_replay_forgets(tmp_path: Path) -> None:
    tool = run.VBoxManage(str(tmp_path / "none"), clock=NoWait())
    for number in range(run._KEPT_COMMANDS + 5):
        with pytest.raises(HypervisorMissing):
            await tool.run("list", str(number))
    assert len(tool.replay()) == run._KEPT_COMMANDS
    assert tool.replay()[0].arguments == ("list", "5")


def test_slow_commands_have_longer_limits() -> None:
    assert run.SECONDS["controlvm savestate"] > run._ENOUGH
    assert set(run.SECONDS) >= {"startvm", "snapshot take", "convertfromraw"}


# --- plans -----------------------------------------------------------------------------------------------------------

UNKNOWN = {"status": 1, "err": recorded("modifyvm-unknown-option").err}


async def test_a_plan_is_carried_out_in_order(tmp_path: Path) -> None:
    tool = manage(tmp_path, {"out": "1"}, {"out": "2"})
    answers = await tool.perform((Call(("a",)), Call(("b",), instead=(Call(("never",)),))))
    assert [answer.out for answer in answers] == ["1", "2"]
    assert arguments_of(tmp_path) == [["a"], ["b"]]


async def test_an_option_that_is_not_known_costs_only_itself(tmp_path: Path) -> None:
    plan = (Call(("all",), instead=(Call(("certain",)), Call(("new",), may_fail=True), Call(("old",), may_fail=True))), Call(("next",)))
    await manage(tmp_path, UNKNOWN, {}, UNKNOWN, {}).perform(plan)
    assert arguments_of(tmp_path) == [["all"], ["certain"], ["new"], ["old"], ["next"]]


async def test_a_plan_stops_at_a_failure(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed):
        await manage(tmp_path, {"status": 1, "err": "VBoxManage: error: no\n"}).perform((Call(("a",), instead=(Call(("x",)),)), Call(("b",))))
    assert arguments_of(tmp_path) == [["a"]]
