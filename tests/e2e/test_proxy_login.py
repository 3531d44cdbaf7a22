"""A proxy's login in a real Secret Service: given by one command, used by the next connection, forgotten by another command."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from support.certificates import Authority
from support.command_line import environment
from support.file_server import FileServer, Serve
from support.keyring_session import IS_HERE, in_session
from support.proxies import TunnelProxy

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.skipif(not IS_HERE, reason="needs gnome-keyring"), pytest.mark.timeout(90)]

_PASSWORD = "päss wörd"  # noqa: S105 (of no use)
_SCRIPT = """
import asyncio, subprocess, sys
from pathlib import Path
from t4t.bootstrap.net import http_of
from t4t.domain.project_errors import ProxyRefused

data, port, ca, password = sys.argv[1:]

def t4t(*words, given=""):
    done = subprocess.run([sys.executable, "-m", "t4t", "--data-dir", data, *words], input=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert password not in done.stdout + done.stderr

async def answer():
    http = http_of(Path(data))
    try:
        return (await http.get("https://project.example/")).body
    except ProxyRefused:
        return b"refused"
    finally:
        await http.close()

t4t("settings", "set", "transfers.proxy=http", "transfers.proxy_host=127.0.0.1", f"transfers.proxy_port={port}", f"transfers.ca_file={ca}")
assert asyncio.run(answer()) == b"refused"
t4t("proxy-login", "--user", "me", "--password-stdin", given=password + "\\n")
assert asyncio.run(answer()) == b"ok"
t4t("proxy-login", "--forget")
assert asyncio.run(answer()) == b"refused"
"""


async def test_given_used_and_forgotten(tmp_path: Path) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    home.mkdir()
    authority = Authority(tmp_path)
    script = home / "script.py"
    script.write_text(_SCRIPT)
    async with (
        FileServer([Serve(b"ok")], authority.server("project.example")) as server,
        TunnelProxy(server.port, ("me", _PASSWORD)) as proxy,
    ):
        given = (str(data), str(proxy.port), str(authority.ca), _PASSWORD)
        done = await asyncio.to_thread(in_session, home, script, *given, seconds=80, PYTHONPATH=environment()["PYTHONPATH"])
        assert done.returncode == 0, done.stdout + done.stderr
        assert proxy.asked == ["project.example:443"]
    kept = [path for folder in (data, home) for path in folder.rglob("*") if path.is_file() and path != script]
    assert any(path.suffix == ".keyring" for path in kept)
    assert [path for path in kept if _PASSWORD.encode() in path.read_bytes()] == []
