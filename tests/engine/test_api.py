"""The local API through its real socket: who may speak, what is answered, and who waits for whom."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.agent_in_process import InProcess, until
from t4t.api.client import Client
from t4t.api.endpoint import endpoint, make_private
from t4t.api.messages import MAX_REQUEST_BYTES
from t4t.domain.errors import AgentMissing, AgentNotUnderstood, FolderUnwritable
from t4t.domain.policy import Level, PauseKind
from t4t.domain.session import TrayState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def agent(tmp_path: Path) -> InProcess:
    return InProcess(tmp_path / "data")


async def exchange(path: Path, *lines: bytes, answers: int = 1) -> list[dict[str, Any]]:
    """Send raw lines, read so many answers."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        for line in lines:
            writer.write(line)
        async with asyncio.timeout(20):
            return [json.loads(await reader.readline()) for _ in range(answers)]
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_socket_that_somebody_removes_is_there_again(agent: InProcess, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("t4t.engine.sockets._LOOK_S", 0.01)
    path = endpoint(agent.data)

    def ask(client: Client) -> TrayState:
        return client.status().state

    async def until_so(check: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not check():  # noqa: ASYNC110 - a file, or a line of the log, and nobody tells of it
                await asyncio.sleep(0.01)

    async with agent.running():
        with await asyncio.to_thread(Client, agent.data) as before:
            path.unlink()
            await until_so(path.exists)
            assert await asyncio.to_thread(ask, before) is TrayState.NO_WORK, "who was connected still is"
        shutil.rmtree(path.parent)
        path.parent.write_text("in the way", encoding="utf-8")
        await until_so(lambda: "the socket is gone" in caplog.text)  # it is tried again and again
        path.parent.unlink()
        await until_so(path.exists)
        with await asyncio.to_thread(Client, agent.data) as after:
            assert await asyncio.to_thread(ask, after) is TrayState.NO_WORK
    assert not path.exists()


async def test_a_clients_day(agent: InProcess) -> None:
    agent.add_task("one")
    async with agent.running() as engine:
        await until(engine, "running")

        def talk() -> None:
            with Client(agent.data) as client:
                status = client.status()
                assert (status.state, status.level, status.tasks[0].name) == (TrayState.WORKING, Level.FULL, "one")
                paused = client.call("pause", kind="1h")
                assert (paused["state"], paused["tasks"][0]["vm"]) == ("paused_by_you", "paused")
                why = client.why()
                assert (why.level, why.deciding) == (Level.PAUSED, "manual_pause")
                assert why.next_change == pytest.approx(why.since + 3600)
                assert client.call("prolong")["next_change"] == pytest.approx(why.since + 5400)
                assert client.call("resume")["level"] == "full"
                anyway = client.call("run_anyway", kind="30m")
                assert anyway["anyway_until"] == pytest.approx(client.why().since + 1800)
                assert (client.why().deciding, client.call("run_anyway", kind=None)["anyway_until"]) == ("run_anyway", None)
                less = client.call("use_less", kind="one-core")
                assert (less["using_less"], less["level"], less["next_change"]) == ("one-core", "one_core", None)
                assert client.call("use_less", kind=None)["using_less"] is None
                assert client.call("finish")["finishing"]
                assert [task["key"] for task in client.call("tasks")] == ["one"]
                client.call("checkpoint")
                assert client.call("contribution") == {"since": "", "days": []}
                assert {"agent_started", "paused_by_you", "resumed_by_you"} <= {line["what"] for line in client.call("timeline", limit=50)}

        await asyncio.to_thread(talk)
    with pytest.raises(AgentMissing):
        Client(agent.data)


async def test_subscribers_see_each_change(agent: InProcess) -> None:
    agent.add_task("one")
    async with agent.running() as engine:
        await until(engine, "running")
        seen: list[TrayState] = []
        first = asyncio.Event()
        loop = asyncio.get_running_loop()

        def watch() -> None:
            with Client(agent.data, seconds=None) as client:
                serial = 0
                for view in client.views():
                    assert view.serial > serial
                    serial = view.serial
                    seen.append(view.state)
                    loop.call_soon_threadsafe(first.set)
                    if TrayState.PAUSED_BY_YOU in seen and view.state is TrayState.WORKING:
                        return

        watching = asyncio.create_task(asyncio.to_thread(watch))
        await first.wait()
        await engine.pause(PauseKind.HOUR)
        await engine.resume()
        async with asyncio.timeout(20):
            await watching
        assert seen[0] is TrayState.WORKING


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{\n", -32700),
        (b"\xff\xfe\n", -32700),
        (b"[]\n", -32600),
        (b'{"method":"status","id":1}\n', -32600),
        (b'{"jsonrpc":"2.0","method":7,"id":1}\n', -32600),
        (b'{"jsonrpc":"2.0","method":"status","id":[1]}\n', -32600),
        (b'{"jsonrpc":"2.0","method":"format_disk","id":1}\n', -32601),
        (b'{"jsonrpc":"2.0","method":"pause","id":1,"params":{"kind":"a while"}}\n', -32602),
        (b'{"jsonrpc":"2.0","method":"pause","id":1,"params":[1]}\n', -32602),
        (b'{"jsonrpc":"2.0","method":"status","id":1,"params":{"more":1}}\n', -32602),
        (b'{"jsonrpc":"2.0","method":"status","id":1,"params":{"version":99}}\n', 2),
    ],
)
async def test_what_is_no_request_is_answered_properly(agent: InProcess, line: bytes, code: int) -> None:
    good = b'{"jsonrpc":"2.0","method":"status","id":"after"}\n'
    async with agent.running():
        refused, answered = await exchange(endpoint(agent.data), line, good, answers=2)
    assert refused["error"]["code"] == code
    assert refused["id"] in {1, None}
    assert answered["id"] == "after"
    assert answered["result"]["version"] == 1


async def test_a_notification_is_done_and_not_answered(agent: InProcess) -> None:
    async with agent.running() as engine:
        lines = [b'{"jsonrpc":"2.0","method":"pause","params":{"kind":"3h"}}\n', b'{"jsonrpc":"2.0","method":"why","id":2}\n']
        (answer,) = await exchange(endpoint(agent.data), *lines)
        assert (answer["id"], answer["result"]["deciding"]) == (2, "manual_pause")
        assert engine.view.level is Level.PAUSED


async def test_a_request_without_end_is_cut_off(agent: InProcess) -> None:
    async with agent.running():
        reader, writer = await asyncio.open_unix_connection(endpoint(agent.data))
        writer.write(b"x" * (2 * MAX_REQUEST_BYTES))
        async with asyncio.timeout(20):
            said = await reader.readline()
        assert json.loads(said)["error"]["code"] == -32600
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def fill(pipe: socket.socket, data: bytes) -> None:
    while True:
        pipe.send(data)


async def test_who_does_not_read_holds_up_nobody(agent: InProcess) -> None:
    async with agent.running() as engine:
        deaf = socket.socket(socket.AF_UNIX)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.connect(str(endpoint(agent.data)))
        deaf.settimeout(0)
        line = b'{"jsonrpc":"2.0","method":"status","id":1}\n'
        with pytest.raises(BlockingIOError):
            fill(deaf, line * 100)
        (answer,) = await exchange(endpoint(agent.data), line)
        assert answer["result"]["serial"] <= engine.view.serial
        deaf.close()


async def test_a_crowd_is_let_in_as_far_as_there_is_room(agent: InProcess) -> None:
    async with agent.running():
        crowd = [await asyncio.open_unix_connection(endpoint(agent.data)) for _ in range(40)]
        for _, writer in crowd:
            writer.write(b'{"jsonrpc":"2.0","method":"why","id":1}\n')
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(reader.readline() for reader, _ in crowd), return_exceptions=True)
        served = [answer for answer in answers if isinstance(answer, bytes) and answer]
        assert len(served) == 32
        for _, writer in crowd:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in crowd), return_exceptions=True)


async def test_an_answer_of_another_kind_of_program(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    path = endpoint(data)
    make_private(path.parent)
    answers = iter(
        [b'{"jsonrpc":"2.0","id":1,"result":{"unknown":true}}\n', b"HTTP/1.0 400\n", b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"?"}}\n', b""]
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(next(answers))
        writer.close()

    async with await asyncio.start_unix_server(answer, path):

        def ask() -> None:
            with Client(data) as client:
                client.status()

        for _ in range(3):
            with pytest.raises(AgentNotUnderstood):
                await asyncio.to_thread(ask)
        with pytest.raises(AgentMissing):
            await asyncio.to_thread(ask)


# --- who may come in -------------------------------------------------------------------------------------------------


async def test_the_socket_is_the_users_own(agent: InProcess) -> None:
    async with agent.running():
        path = endpoint(agent.data)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


@pytest.fixture
def other_user() -> Iterator[int]:
    """A second account of this computer, made for the test and removed after it."""
    if os.getuid() != 0 or shutil.which("useradd") is None:
        pytest.skip("making an account needs root")
    name = f"t4t{secrets.token_hex(4)}"
    subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/false", name], check=True)
    try:
        yield pwd.getpwnam(name).pw_uid
    finally:
        subprocess.run(["userdel", name], check=True)


_KNOCK = """
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
knocking = socket.socket(socket.AF_UNIX)
try:
    knocking.connect(sys.argv[1])
    knocking.sendall(b'{"jsonrpc":"2.0","method":"quit","id":1}\\n')
    print("heard:", knocking.recv(1000))
except PermissionError:
    print("no entry")
except ConnectionError:
    print("turned away")
"""


async def knock(path: Path, uid: int) -> str:
    """What another account hears."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KNOCK, str(path), str(uid), stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode().strip()


async def test_another_user_of_the_computer_is_kept_out(other_user: int) -> None:
    with tempfile.TemporaryDirectory(prefix="t4t-door-") as folder:  # not pytest's own, which each other run of pytest closes again
        agent = InProcess(Path(folder) / "data")
        async with agent.running():
            path = endpoint(agent.data)
            assert await knock(path, other_user) == "no entry"
            # even where every door on the way stands open, the system's word on who it is decides
            path.chmod(0o777)
            for door in (path.parent, agent.data, Path(folder)):
                door.chmod(0o755)
            assert await knock(path, other_user) in {"turned away", "heard: b''"}
            assert (await knock(path, os.getuid())).startswith("heard: b'{")


def test_where_it_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoint(tmp_path).parent == tmp_path / "run"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert endpoint(tmp_path / "data").parent == tmp_path / "t4t"
    assert endpoint(tmp_path / "data") != endpoint(tmp_path / "other")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    deep = tmp_path / ("long" * 30)
    assert len(os.fsencode(endpoint(deep))) <= 100


def test_a_folder_of_somebody_elses_making_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_to_all = tmp_path / "run"
    open_to_all.mkdir(mode=0o777)
    make_private(open_to_all)
    assert stat.S_IMODE(open_to_all.stat().st_mode) == 0o700
    link = tmp_path / "link"
    link.symlink_to(open_to_all)
    with pytest.raises(FolderUnwritable):
        make_private(link)
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderUnwritable):
        make_private(tmp_path / "file")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(FolderUnwritable):
        make_private(open_to_all)
