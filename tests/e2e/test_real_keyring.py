"""An account's key in a real Secret Service: the commands of a volunteer, one process after another, and an agent among them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from support.command_line import end, environment, processes_of
from support.demo_rig import small_appliance
from support.keyring_session import IS_HERE, in_session
from t4t.demo.project import DemoProject
from t4t.demo.project.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.skipif(not IS_HERE, reason="needs gnome-keyring"), pytest.mark.timeout(120)]

_SCRIPT = """
import json, subprocess, sys
import secretstorage

data, address, code = sys.argv[1:]
said = {}

def t4t(name, *words, given="", status=0):
    command = [sys.executable, "-m", "t4t", "--data-dir", data, *words]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)
    said[name] = done.stdout + done.stderr
    if done.returncode != status:
        sys.exit(f"{name}: {done.returncode} {said[name]}")

def is_up():
    return subprocess.run([sys.executable, "-m", "t4t", "--data-dir", data, "status"], capture_output=True).returncode == 0

new = ("--create", "--email", "v@example.org", "--name", "V", "--invite", code, "--accept-terms", "--password-stdin")
t4t("attach", "attach", address, *new, given="correct horse battery\\n")
t4t("another process", "--json", "update")
agent = [sys.executable, "-m", "t4t", "--data-dir", data, "run", "--hypervisor", "fake"]
with subprocess.Popen(agent, stderr=subprocess.DEVNULL) as running:
    while not is_up():
        assert running.poll() is None
    t4t("agent", "--json", "update")
    secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
    t4t("locked", "update", status=3)
    t4t("status", "status")
    t4t("quit", "quit")
    assert running.wait(60) == 0
print(json.dumps(said))
"""


async def test_the_key_is_found_again_by_whoever_comes_next(tmp_path: Path) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    home.mkdir()
    script = home / "script.py"
    script.write_text(_SCRIPT)
    async with DemoProject(tmp_path / "server", small_appliance(tmp_path / "appliance"), settings=Settings(request_delay=0.5, jobs=0)) as project:
        path = environment()["PYTHONPATH"]
        given = (str(data), project.address, project.settings.invite_code)
        try:
            done = await asyncio.to_thread(in_session, home, script, *given, seconds=100, PYTHONPATH=path)
        finally:
            end(processes_of(data))
        assert done.returncode == 0, done.stdout + done.stderr
        said = json.loads(done.stdout)
        for name in ("another process", "agent"):
            assert json.loads(said[name])["project"]["user"] == "V"
        assert "The keyring is locked (T4T-KEY-02)" in said["locked"]  # nobody is there who could open it: said, and nothing else is tried
        assert "T4T-KEY-02" in said["status"]
        account = project.book.accounts[1]
        secrets = (account.key.encode(), account.weak_key.encode(), b"correct horse")
        assert project.complaints == []
    kept = [path for folder in (data, home) for path in folder.rglob("*") if path.is_file() and path != script]
    assert any(path.suffix == ".keyring" for path in kept)
    assert [path for path in kept if any(word in path.read_bytes() for word in secrets)] == []
