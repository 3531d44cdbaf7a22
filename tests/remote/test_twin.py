"""Twins of this process: real forks, opened, dropped, killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from support.command_line import environment
from t4t.hypervisor import twin

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="twins are Linux'"), pytest.mark.timeout(60)]

_MAKER = """
import asyncio, json, os, sys
from pathlib import Path
from t4t.hypervisor.twin import fork

folder = Path(sys.argv[1])
shared = object()

def be(command):
    print("to the log", file=sys.stderr, flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "fail":
            raise RuntimeError("as asked")
        if word == "exit":
            sys.exit(7)
        said = {"command": command, "A": os.environ.get("A"), "HOME": os.environ.get("HOME"), "files": sorted(map(int, os.listdir("/proc/self/fd")))[:4],
                "session": os.getsid(0) == os.getpid(), "title": Path("/proc/self/cmdline").read_bytes().rstrip(b"\\0").decode()}
        print(json.dumps(said), flush=True)
    return 5

kept = open(folder / "kept", "w")  # what a maker has open is not the twin's
twin = fork(be)

async def play():
    child = await twin.open(["t4t", "a b"], environment={"A": "1"}, log=folder / "log", limit=1 << 20)
    assert await twin.open([], environment={}, log=None, limit=1) is None
    child.stdin.write(b"tell\\n")
    await child.stdin.drain()
    said = json.loads(await child.stdout.readline())
    how = sys.argv[2]
    if how == "kill":
        child.kill()
    elif how == "close":
        child.stdin.close()
        child.stdin.close()
    else:
        child.stdin.write(how.encode() + b"\\n")
    status = await child.wait()
    assert status == child.returncode == await child.wait()
    try:
        child.kill()
    except ProcessLookupError:
        print(json.dumps(said | {"status": status, "pid": child.pid != os.getpid(), "rest": (await child.stdout.read()).decode()}))

asyncio.run(play())
twin.drop()
"""


def _made(folder: Path, how: str) -> str:
    done = subprocess.run([sys.executable, "-c", _MAKER, str(folder), how], env=environment() | {"HOME": "/x"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("how", "status"), [("close", 5), ("kill", -9), ("exit", 7), ("fail", 1)])
def test_a_twin_is_opened_and_ends(tmp_path: Path, how: str, status: int) -> None:
    said = _made(tmp_path, how)
    assert f'"status": {status}' in said
    for word in ('"command": ["t4t", "a b"]', '"A": "1"', '"HOME": null', '"files": [0, 1, 2, 3]', '"session": true', '"title": "t4t \'a b\'"', '"pid": true'):
        assert word in said
    log = (tmp_path / "log").read_text()
    assert log.startswith("to the log\n")
    assert ("RuntimeError: as asked" in log) == (how == "fail")


def _only_made(line: str) -> subprocess.CompletedProcess[str]:
    code = f"from t4t.hypervisor.twin import fork\nimport os, signal\ntwin = fork(lambda _: 1)\nprint(twin._pid, flush=True)\n{line}"
    return subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("line", ["twin.drop(); assert not os.path.exists(f'/proc/{twin._pid}'); twin.drop()", "os.kill(os.getpid(), signal.SIGKILL)", ""])
def test_a_twin_that_nobody_opens_ends(line: str) -> None:
    done = _only_made(line)
    assert done.returncode == (-9 if "SIGKILL" in line else 0), done.stderr
    try:
        left = psutil.Process(int(done.stdout))
    except psutil.NoSuchProcess:
        return
    left.wait(20)


def test_no_twin_beside_threads() -> None:
    with_thread = threading.Thread(target=threading.Event().wait, args=(20,), daemon=True)
    with_thread.start()
    assert twin.fork(lambda _: 0) is None


_DEAD = """
import asyncio, os, signal
from t4t.hypervisor.twin import fork

twin = fork(lambda _: 0)
os.kill(twin._pid, signal.SIGKILL)
os.waitid(os.P_PID, twin._pid, os.WEXITED | os.WNOWAIT)
print(asyncio.run(twin.open(["x"], environment={}, log=None, limit=1 << 16)))
"""


def test_a_twin_that_has_died_is_none() -> None:
    done = subprocess.run([sys.executable, "-c", _DEAD], env=environment(), capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("None\n", 0), done.stderr


async def test_the_agents_host_is_its_twin_and_the_next_one_is_not(tmp_path: Path) -> None:
    """What the agent starts with is a fork of it; when that one is killed, another one is started from the program."""
    command = [sys.executable, "-m", "t4t", "--data-dir", str(tmp_path / "data"), "run", "--hypervisor", "fake"]
    agent = await asyncio.create_subprocess_exec(*command, env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        first = await _host(agent.pid, 0)
        assert _stack(first) == _stack(agent.pid)
        psutil.Process(first).kill()
        second = await _host(agent.pid, first)
        assert _stack(second) != _stack(agent.pid)
    finally:
        agent.terminate()
        assert await agent.wait() == 0


def _stack(pid: int) -> str:
    """Where a process's stack is: the system chooses it anew for each program that is started."""
    return next(line for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if line.endswith("[stack]")).split()[0].split("-")[1]


async def _host(agent: int, before: int) -> int:
    async with asyncio.timeout(40):
        while True:
            for one in psutil.Process(agent).children():
                if one.pid != before and "vm-host" in " ".join(one.cmdline()):
                    return one.pid
            await asyncio.sleep(0.05)
