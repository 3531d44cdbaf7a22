"""Version N becomes N+1 over a server on loopback, all of it real: copies of this very program in the shape of the archive, their agents, the signed lists."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import Ended, contents, end, environment, processes_of
from support.update_rig import PLATFORM, Release

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the archive is Linux's")

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = '#!/bin/sh\nPYTHONPATH="$(dirname "$(readlink -f "$0")")/_internal" exec {python} -m t4t "$@"\n'
POISON = 'from pathlib import Path as _Path\nimport sys as _sys\n_sys.exit(7) if (_Path(_sys.argv[2]) / "vms").is_dir() and "run" in _sys.argv else None\n'
"""It is well by its own word, and ends at its start on a folder with work in it."""


def program(root: Path, version: str, release: Release, address: str, *, poison: bool = False) -> Path:
    """This program as a version, unpacked."""
    home = root / "_internal"
    shutil.copytree(ROOT / "app" / "t4t", home / "t4t")
    for name in ("appliances", "checks", "icons", "physics"):
        shutil.copytree(ROOT / "resources" / name, home / "t4t" / "resources" / name)
    updates = home / "t4t" / "resources" / "updates"
    updates.mkdir()
    (updates / "root.json").write_bytes(release.root)
    (updates / "place.json").write_text(json.dumps({"address": address}))
    (home / "installation.json").write_text(json.dumps({"kind": "tar", "platform": PLATFORM, "version": version}))
    (home / "t4t" / "__init__.py").write_text(f'"""Test4Theory Desktop."""\n\n__version__ = "{version}"\n')
    if poison:
        main = home / "t4t" / "__main__.py"
        main.write_text(POISON + main.read_text().replace("from __future__ import annotations\n", ""))
    (root / "t4t").write_text(LAUNCHER.format(python=sys.executable))
    (root / "t4t").chmod(0o755)
    return root


class Computer:
    """A volunteer's: version 1.0.0 unpacked, its agent at work, and work of hours in the data folder."""

    def __init__(self, folder: Path) -> None:
        self.release = Release(folder / "release")
        self.release.publish("0.9.0")
        handler = partial(QuietHandler, directory=str(self.release.folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.folder = folder
        self.root = program(folder / "apps" / "t4t", "1.0.0", self.release, self.address)
        self.data = folder / "data"
        (self.data / "vms" / "a").mkdir(parents=True)
        (self.data / "vms" / "a" / "disk").write_bytes(os.urandom(10_000))
        self.before = contents(self.data / "vms")

    def publish(self, version: str, *, poison: bool = False) -> None:
        source = program(self.folder / f"built-{version}" / "t4t", version, self.release, self.address, poison=poison)
        archive = self.folder / f"t4t-{version}.tar.xz"
        with tarfile.open(archive, "w:xz", preset=0) as tar:
            tar.add(source, "t4t")
        self.release.publish(version, archive=archive)

    def t4t(self, *words: str) -> Ended:
        command = [str(self.root / "t4t"), "--data-dir", str(self.data), "--json", *words]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=150, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    def run(self) -> subprocess.Popen[bytes]:
        agent = subprocess.Popen(
            [str(self.root / "t4t"), "--data-dir", str(self.data), "run", "--hypervisor", "fake"],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: self.t4t("status").status == 0)
        return agent

    def status(self) -> dict[str, Any]:
        done = self.t4t("status")
        assert done.status == 0, done.err
        return dict(json.loads(done.out))

    def version(self) -> str:
        return subprocess.run([self.root / "t4t", "--version"], capture_output=True, text=True, env=environment(), check=True).stdout.split()[1]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        end(processes_of(self.folder))


class QuietHandler(SimpleHTTPRequestHandler):
    """Says nothing of requests."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """See above."""


def until(check: Any, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < limit
        time.sleep(0.1)


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Computer]:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    made = Computer(tmp_path)
    yield made
    made.close()


@pytest.mark.timeout(200)
def test_from_one_version_to_the_next_and_never_to_one_that_fails(computer: Computer) -> None:
    agent = computer.run()
    first = computer.status()
    assert first["update"]["installed"] == "1.0.0"

    computer.publish("1.1.0", poison=True)  # it ends as soon as it sees the volunteer's work
    done = computer.t4t("app-update", "install")
    assert done.is_notice("T4T-UPD-05"), done.err
    assert agent.wait(30) == 0  # it was asked to end, and saved everything
    assert computer.version() == "1.0.0"
    back = computer.status()
    assert back["pid"] != first["pid"]
    assert contents(computer.data / "vms") == computer.before

    computer.publish("1.2.0")
    done = computer.t4t("app-update", "install")
    assert done.status == 0, done.err
    view = json.loads(done.out)
    assert (view["installed"], view["previous"], view["failure"]) == ("1.2.0", "1.0.0", None)
    assert computer.version() == "1.2.0"
    now = computer.status()
    assert now["pid"] not in {first["pid"], back["pid"]}
    assert now["update"]["installed"] == "1.2.0"
    assert contents(computer.data / "vms") == computer.before

    done = computer.t4t("app-update", "roll-back")
    assert done.status == 0, done.err
    assert computer.version() == "1.0.0"
    assert computer.status()["update"]["installed"] == "1.0.0"
    assert computer.t4t("quit").status == 0
