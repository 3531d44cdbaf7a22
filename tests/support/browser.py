"""A real browser without a window, told what to do through the DevTools protocol; it hears of every request, error and refusal."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import pytest

from support.desktop import a_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SECONDS: Final = 60.0
_AXE: Final = Path(__file__).resolve().parents[2] / "build" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
_FLAGS: Final = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--mute-audio",
    "--password-store=basic",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
_KEYS: Final = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, " ": 32}


class Page:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._session = ""
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.requests: list[str] = []
        """Addresses of everything that was asked for."""
        self.complaints: list[str] = []
        """Exceptions of scripts, refusals of the content-security policy, and what the browser's console calls an error."""

    async def listen(self) -> None:
        """Take what the browser says until it ends."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                answer = self._waiting.pop(said["id"])
                if not answer.done():
                    answer.set_result(said)
            else:
                self._hear(said["method"], said["params"])

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description") or details["text"])
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.complaints.append(f"{params['entry']['source']}: {params['entry']['text']} {params['entry'].get('url', '')}")
            case _:
                pass

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol and its result."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params} | ({"sessionId": self._session} if self._session else {}))
        said = await asyncio.wait_for(answer, _SECONDS)
        assert "error" not in said, f"{method}: {said['error']}"
        result: dict[str, Any] = said["result"]
        return result

    async def begin(self) -> None:
        """Make the page and hear everything of it."""
        made = await self.call("Target.createTarget", url="about:blank")
        self._session = (await self.call("Target.attachToTarget", targetId=made["targetId"], flatten=True))["sessionId"]
        for domain in ("Network", "Runtime", "Log", "Page"):
            await self.call(f"{domain}.enable")

    async def look(self, width: int, height: int, *, dark: bool = False, still: bool = True) -> None:
        """The window's size, light or dark, and whether less motion is asked for."""
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        await self.call("Emulation.setScrollbarsHidden", hidden=True)
        motion = "reduce" if still else "no-preference"
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}, {"name": "prefers-reduced-motion", "value": motion}]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def open(self, url: str) -> None:
        await self.call("Page.navigate", url=url)

    async def run(self, expression: str) -> Any:
        """The value of a JavaScript expression, promises waited for."""
        said = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"].get("exception", {}).get("description")
        return said["result"].get("value")

    async def until(self, expression: str, *, seconds: float = 30.0) -> Any:
        """The expression's value as soon as it is true; nothing outside tells when a page has changed."""
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(AssertionError):  # between two pages there is nothing to ask
                if value := await self.run(expression):
                    return value
            assert time.monotonic() < end, f"waited in vain for {expression}; complaints: {self.complaints}"
            await asyncio.sleep(0.05)

    async def text(self, selector: str) -> str:
        value: str = await self.run(f"document.querySelector({json.dumps(selector)}).textContent")
        return value

    async def click(self, selector: str) -> None:
        await self.run(f"document.querySelector({json.dumps(selector)}).click()")

    async def press(self, *keys: str) -> None:
        """Keys as from a keyboard, to whatever has the focus."""
        for key in keys:
            code = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": _KEYS[key]}
            text = {"text": {"Enter": "\r", " ": " "}[key]} if key in {"Enter", " "} else {}
            await self.call("Input.dispatchKeyEvent", type="keyDown", **code, **text)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    async def picture(self, path: Path, *, whole: bool = True) -> None:
        """A PNG of the page."""
        shot = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))  # noqa: ASYNC240 - a small file of a test


def program() -> str:
    """The browser that ``make test`` installs, or Google's build of it. Its absence is a failure, never a skip."""
    found = shutil.which("chromium") or shutil.which("google-chrome-stable")
    if found is None:
        pytest.fail("no browser: run packaging/setup/prepare.py test")
    return found


@contextlib.asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """A browser with one page; its profile lies in ``folder``."""
    profile = folder / "profile"
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium's sandbox does not work for root
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    command = (program(), *_FLAGS, *sandbox, f"--user-data-dir={profile}", "about:blank")
    quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
    async with a_process(*command, environment=os.environ | home, **quiet) as process, aiohttp.ClientSession() as session:
        port, way = await _address(process, profile / "DevToolsActivePort")
        async with session.ws_connect(f"ws://127.0.0.1:{port}{way}", max_msg_size=0) as socket:
            page = Page(socket)
            listener = asyncio.create_task(page.listen())
            try:
                await page.begin()
                yield page
            finally:
                listener.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await listener


async def _address(process: asyncio.subprocess.Process, file: Path) -> tuple[int, str]:
    end = time.monotonic() + _SECONDS
    while True:
        lines = file.read_text(encoding="ascii").split() if file.exists() else []  # noqa: ASYNC240 - a few bytes
        if len(lines) == 2:
            return int(lines[0]), lines[1]
        assert process.returncode is None, f"the browser ended with {process.returncode}"
        assert time.monotonic() < end, "the browser did not start"
        await asyncio.sleep(0.05)


async def axe_faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page as it stands."""
    source = _AXE.read_text(encoding="utf-8")
    await page.run(f"if (!window.axe) {{ {source} }} 0")
    found = await page.run("axe.run(document, { resultTypes: ['violations'] })")
    assert len(found["passes"]) > 20, "it has looked"
    return [
        f"{fault['id']} ({fault['impact']}): {', '.join(str(node['target']) for node in fault['nodes'])}"
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]
