"""A volunteer's computer with copies of this very program in the shape of the archive for Linux, their agents, and a server of updates on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import tomllib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.command_line import Ended, contents, end, environment, processes_of
from support.update_rig import PLATFORM, Release
from t4t.api.client import Client
from t4t.domain.errors import AgentMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psutil

    from t4t.domain.app_update import UpdateView
    from t4t.domain.session import SessionView

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = {
    source: place
    for source, place in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"].items()
    if source.startswith("resources/")
}
LAUNCHER = '#!/bin/sh\nPYTHONPATH="$(dirname "$(readlink -f "$0")")/_internal" exec {python} -m t4t "$@"\n'
POISON = 'from pathlib import Path as _Path\nimport sys as _sys\n_sys.exit(7) if (_Path(_sys.argv[2]) / "vms").is_dir() and "run" in _sys.argv else None\n'
"""It is well by its own word, and ends at its start on a folder with work in it."""


def program(root: Path, version: str, release: Release, address: str, *, poison: bool = False) -> Path:
    """This program as a version, unpacked."""
    home = root / "_internal"
    shutil.copytree(ROOT / "app" / "t4t", home / "t4t")
    for source, place in RESOURCES.items():
        shutil.copytree(ROOT / source, home / place)
    updates = home / "t4t" / "resources" / "updates"
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
        self.started: list[subprocess.Popen[bytes]] = []
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

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        command = [str(self.root / "t4t"), "--data-dir", str(self.data), *words]
        self.started.append(subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return self.started[-1]

    def processes(self) -> list[psutil.Process]:
        return processes_of(self.data)

    def run(self) -> subprocess.Popen[bytes]:
        agent = self.begin("run", "--hypervisor", "fake")
        until(self.answers)
        return agent

    def answers(self) -> bool:
        try:
            Client(self.data).close()
        except AgentMissing:
            return False
        return True

    def status(self) -> SessionView:
        with Client(self.data) as client:
            return client.status()

    def update(self) -> UpdateView:
        """What is shown of updates."""
        update = self.status().update
        assert update is not None
        return update

    def place_of(self) -> str:
        """The version that is in place, by its files."""
        return str(json.loads((self.root / "_internal" / "installation.json").read_bytes())["version"])

    def version(self) -> str:
        return subprocess.run([self.root / "t4t", "--version"], capture_output=True, text=True, env=environment(), check=True).stdout.split()[1]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        end(processes_of(self.folder))
        for one in self.started:
            one.wait(10)


class QuietHandler(SimpleHTTPRequestHandler):
    """Says nothing of requests."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """See above."""


def until(check: Callable[[], bool], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < limit
        time.sleep(0.1)


@contextlib.contextmanager
def computer_in(folder: Path) -> Iterator[Computer]:
    """One, all of whose processes end with this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("XDG_RUNTIME_DIR", raising=False)
        patch.setenv("XDG_CONFIG_DIRS", str(folder / "etc"))
        made = Computer(folder)
        try:
            yield made
        finally:
            made.close()
