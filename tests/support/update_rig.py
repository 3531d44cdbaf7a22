"""A place of updates made by the release's own script, a server of it on loopback, and copies of the program as the archive for Linux unpacks them."""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
import stat
import sys
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from update_repository import Installer, Repository, make_key

from t4t.domain.app_update import Kind
from t4t.updates.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

PLATFORM = "linux-x86_64"
PASSPHRASE = "correct horse"  # noqa: S105 - of the tests' own key
SCRIPT = "#!/bin/sh\nexit 0\n"


def tree(root: Path, version: str, *, script: str = SCRIPT, kind: Kind = Kind.TAR, size: int = 0) -> Path:
    """A copy of a version, of the shape of our archive: a program, and a folder of what it needs."""
    home = root / "_internal"
    (home / "lib").mkdir(parents=True)
    (home / "installation.json").write_text(json.dumps({"kind": kind.value, "platform": PLATFORM, "version": version}))
    (home / "lib" / "libthing.so.1").write_text(f"library of {version}")
    if sys.platform == "win32":
        (home / "lib" / "libthing.so").write_text(f"library of {version}")
    else:
        (home / "lib" / "libthing.so").symlink_to("libthing.so.1")
    (home / "noise").write_bytes(random.Random(size).randbytes(size))  # noqa: S311 - noise that does not compress
    program = root / "t4t"
    program.write_text(script)
    program.chmod(0o755)
    return root


def packed(folder: Path, version: str, **how: Any) -> Path:
    """The archive of a version."""
    source = tree(folder / f"tree-{version}" / "t4t", version, **how)
    archive = folder / f"t4t-{version}.tar.xz"
    with tarfile.open(archive, "w:xz", preset=0) as tar:
        tar.add(source, "t4t")
    shutil.rmtree(source.parent)
    return archive


def installed(root: Path, version: str = "1.0.0", **how: Any) -> Installation:
    """A copy that is in place."""
    tree(root, version, **how)
    return Installation(kind=Kind.TAR, platform=PLATFORM, version=version, root=root)


def versions(root: Path) -> dict[str, str]:
    """What lies in and beside the place of a program."""
    return {path.parents[1].name: json.loads(path.read_text())["version"] for path in root.parent.glob("*/_internal/installation.json")}


def is_whole(root: Path, version: str) -> bool:
    """The copy at ``root`` is all of this version and nothing of another one."""
    home = root / "_internal"
    return (
        json.loads((home / "installation.json").read_text())["version"] == version
        and (home / "lib" / "libthing.so").read_text() == f"library of {version}"
        and bool((root / "t4t").stat().st_mode & stat.S_IXUSR)
    )


class Release:
    """A place of updates with keys of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "place"
        self.keys = folder / "keys"
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        self.time = dt.datetime.now(dt.UTC)
        signers = {role: make_key(self.keys, role, PASSPHRASE if role == "root" else "") for role in ("root", "targets", "snapshot", "timestamp")}
        self.root = self.repository.first_root(signers)

    @property
    def repository(self) -> Repository:
        return Repository(self.folder, self.keys, lambda: self.time)

    def publish(self, version: str, *, security: bool = False, platform: str = PLATFORM, archive: Path | None = None, **how: Any) -> Path:
        archive = archive or packed(self.work, version, **how)
        self.repository.publish(version, [Installer(path=archive, platform=platform)], security=security)
        return archive

    def target(self, name: str = f"t4t-{PLATFORM}.tar.xz") -> Path:
        """The newest installer in the folder."""
        return max((self.folder / "targets").glob(f"*.{name}"), key=lambda path: path.stat().st_mtime_ns)


@dataclass
class Server:
    """A static server of a folder; ``cut`` breaks the connection after so many bytes of a target, and the server with it; ``down`` refuses everything."""

    folder: Path
    cut: int = 0
    down: bool = False
    status: int = 503
    asked: list[tuple[str, str]] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    address: str = ""

    async def start(self) -> Server:
        app = web.Application()
        app.router.add_get("/{name:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append((name, request.headers.get("Range", "")))
        if self.down:
            return web.Response(status=self.status)
        path = self.folder / name
        if not path.is_file():
            return web.Response(status=404)
        data = path.read_bytes()
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        headers = {"ETag": '"1"', "Content-Length": str(len(data) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        await response.prepare(request)
        body = data[start:]
        if self.cut and name.startswith("targets/"):
            body, self.down = body[: self.cut], True
        await response.write(body)
        if len(body) < len(data) - start and request.transport is not None:
            request.transport.close()
        return response
