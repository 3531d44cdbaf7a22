"""Does this copy of the program have all that it needs? Each part is looked at in a process of its own: a library that ends its process is told, not suffered.

It is for whoever builds a bundle, and for who wonders whether an installation is whole. It makes no virtual machine and asks no network.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.api.client import Client
from t4t.bootstrap import machines
from t4t.bootstrap.beginning import has_screen
from t4t.domain.errors import AgentMissing, HypervisorBroken
from t4t.domain.self_check import Checked, Part
from t4t.host.clock import RealClock
from t4t.hypervisor.environment import clean_environment
from t4t.hypervisor.own import own_program
from t4t.hypervisor.virtualbox.api import binding
from t4t.hypervisor.virtualbox.api.wire import encode
from t4t.hypervisor.wire import Request
from t4t.storage import descriptors, tables, world
from t4t.wording import glossary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SECONDS: Final = 120.0
"""A part that takes longer hangs; a slow disk reads 100 MB of libraries at the first start."""
_AGENT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05
_TAIL: Final = 400
PARTS: Final = tuple(Part)
LIBRARIES: Final = (
    *("aiohttp", "aiohttp_socks", "cryptography.hazmat.bindings._rust", "isal.isal_zlib", "keyring", "msgspec", "platformdirs", "psutil", "pycdlib"),
    *("PySide6.QtCore", "qemu.qmp", "segno", "sqlite3", "tomlkit", "truststore", "tuf.ngclient.updater", "virtualbox", "yarl"),
)
_OF_LINUX: Final = (
    "dbus_fast.aio",
    "lzma",
    "keyring.backends.SecretService",
    "setproctitle",
    "pywayland.protocol.ext_idle_notify_v1",
    "xcffib.screensaver",
    "xcffib.sync",
    "xcffib.xproto",
)
_OF_WINDOWS: Final = ("keyring.backends.Windows", "pythoncom", "win32com.client", "pywintypes")
_OF_MACOS: Final = ("AppKit", "keyring.backends.macOS", "Quartz")


def libraries(platform: str = sys.platform) -> tuple[str, ...]:
    """The modules that stand for the libraries that the program uses, also for those that it looks for only when they are needed."""
    return (*LIBRARIES, *{"linux": _OF_LINUX, "win32": _OF_WINDOWS, "darwin": _OF_MACOS}.get(platform, ()))


def check(part: Part | None, *, program: Sequence[str] | None = None) -> tuple[Checked, ...]:
    """One part in this process, or (None) all of them, each in a process that ``program`` (our own) starts."""
    if part is not None:
        return (_look(part),)
    return tuple(_ask(each, program or own_program()) for each in PARTS)


def _look(part: Part) -> Checked:
    try:
        with tempfile.TemporaryDirectory(prefix="t4t-") as folder:
            return Checked(part=part, well=True, detail=looks()[part](Path(folder)))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is wrong with this copy
        return Checked(part=part, well=False, detail=f"{type(error).__name__}: {error}")


def _ask(part: Part, program: Sequence[str]) -> Checked:
    with tempfile.TemporaryDirectory(prefix="t4t-") as folder:  # the volunteer's own folder is nobody's business here
        command = (*program, "--data-dir", folder, "--json", "self-check", part.value)
        try:
            done = subprocess.run(command, env=clean_environment(os.environ), stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return Checked(part=part, well=False, detail=str(error))
    try:
        (said,) = json.loads(done.stdout)["parts"]
        return Checked(part=part, well=bool(said["well"]), detail=str(said["detail"]))
    except (ValueError, KeyError, TypeError):
        return Checked(part=part, well=False, detail=f"{_ended(done.returncode)}: {done.stderr.decode(errors='replace').strip()[-_TAIL:]}")


def _ended(status: int) -> str:
    if status >= 0:
        return f"ended with {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"


def looks() -> dict[Part, Callable[[Path], str]]:
    """How each part is looked at, given an empty folder: what was seen, or an exception."""
    return {
        Part.LIBRARIES: lambda _folder: _import(libraries()),
        Part.BINDING: lambda _folder: _import(binding.STANDARD_MODULES),
        Part.RESOURCES: lambda _folder: _resources(),
        Part.CERTIFICATES: lambda _folder: certificates(),
        Part.KEYRING: lambda _folder: _keyring(),
        Part.VM_HOST: lambda folder: asyncio.run(_vm_host(folder)),
        Part.API_WORKER: lambda _folder: _api_worker(),
        Part.AGENT: _agent,
        Part.TRAY: lambda folder: _agent(folder, "--tray") if has_screen() else "not tried: there is no screen",
        Part.PICTURE: _picture,
        Part.WINDOW: _window,
        Part.WEB: lambda _folder: _web(),
    }


def _import(names: Sequence[str]) -> str:
    for name in names:
        importlib.import_module(name)
    return f"{len(names)} modules"


def _resources() -> str:
    known = tables.load()
    shipped = descriptors.shipped()
    countries = world.load().countries
    if not (shipped and known.versions and known.firmware and glossary.term("beam", "pp") and countries):
        raise RuntimeError("a table is empty")
    return f"{len(shipped)} appliances, {len(known.versions)} versions of VirtualBox, {len(known.firmware)} firmwares, {len(countries)} countries"


def certificates(platform: str = sys.platform) -> str:
    """What a connection to a project would trust; raises `RuntimeError` where that is nobody."""
    import truststore  # noqa: PLC0415 - as in `t4t.transfer.http`

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")  # what the system has is looked for only now
    if platform in {"win32", "darwin"}:
        return "the system itself decides"
    folder = Path(ssl.get_default_verify_paths().capath or "/nonexistent")
    loaded = context._ctx.get_ca_certs()  # noqa: SLF001 - there is no public way to ask what it found
    known = len(loaded) or sum(1 for _ in folder.glob("*.[0-9]"))
    if not known:
        raise RuntimeError("no certificate of an authority was found")
    return f"{known} authorities, {ssl.OPENSSL_VERSION}"


def _keyring() -> str:
    import keyring  # noqa: PLC0415 - only this part needs it
    from keyring.backend import get_all_keyring  # noqa: PLC0415 - as above

    if len(get_all_keyring()) <= 1:  # the one that only fails, and is always there
        raise RuntimeError("no backend of any keyring")
    return f"{len(get_all_keyring())} backends, in use: {keyring.get_keyring().name}"


async def _vm_host(folder: Path) -> str:
    driver = machines.remote("fake", folder, log=folder / "vm-host.log")
    try:
        return f"answers as {(await driver.probe()).hypervisor}"
    finally:
        await driver.close()


def _api_worker() -> str:
    """It is asked for an installation that is not there, which it must say."""
    question = encode(Request(id=1, call="open", args={"folder": "/nonexistent"}))
    command = (*own_program(), machines.API_WORKER)
    done = subprocess.run(command, env=clean_environment(os.environ), input=question, capture_output=True, timeout=_SECONDS, check=True)
    reply = json.loads(done.stdout.splitlines()[0])
    if reply.get("id") != 1 or (reply.get("error") or {}).get("code") != HypervisorBroken.code:
        raise RuntimeError(f"it said {reply}")
    return "answers"


def _agent(folder: Path, *words: str) -> str:
    """From its start to its end, with a hypervisor that is played."""
    with (folder / "said").open("wb") as said:
        command = (*own_program(), "--data-dir", str(folder), "run", *words, "--hypervisor", "fake")
        process = subprocess.Popen(command, env=clean_environment(os.environ), stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        with _client(folder, process) as client:
            state = client.status().state.value
            client.call("quit")
        process.wait(_AGENT_SECONDS)
    except Exception as error:
        tail = (folder / "said").read_text(encoding="utf-8", errors="replace").strip()[-_TAIL:]
        raise RuntimeError(f"{error}; it said: {tail}") from error
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        raise RuntimeError(_ended(process.returncode))
    return f"was “{state}”, ended when asked to"


def _client(folder: Path, process: subprocess.Popen[bytes]) -> Client:
    end = RealClock().monotonic() + _AGENT_SECONDS
    while True:
        try:
            return Client(folder)
        except AgentMissing:
            if process.poll() is not None:
                raise RuntimeError(_ended(process.returncode)) from None
            if RealClock().monotonic() > end:
                raise
            time.sleep(_POLL_SECONDS)


def _picture(folder: Path) -> str:
    from t4t.gui import self_check  # noqa: PLC0415 - a server has no Qt libraries, and need not have them

    return self_check.picture(folder)


def _window(folder: Path) -> str:
    from t4t.bootstrap.services import Services  # noqa: PLC0415 - only this part needs it
    from t4t.bootstrap.window import WindowWork  # noqa: PLC0415 - as above
    from t4t.gui import self_check  # noqa: PLC0415 - as in _picture

    return self_check.window(folder, WindowWork(Services(folder)))


def _web() -> str:
    from t4t.gui import self_check  # noqa: PLC0415 - as in _picture

    return self_check.web()
