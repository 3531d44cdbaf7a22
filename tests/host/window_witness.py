"""Run by Windows' own Python, on Windows or under wine: the real hidden window gets real messages, and what came of them is printed."""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t4t.domain.host_events import HostEvent

SECONDS = 30


def named(event: object) -> str:
    """An event in one line."""
    return str(event).removeprefix("<").replace("Ending.", "")


if sys.platform == "win32":
    from ctypes import wintypes

    from t4t.domain.host_events import Power
    from t4t.host.feed import Feed
    from t4t.host.host_events import open_host_events
    from t4t.host.session_end import messages as m
    from t4t.host.session_end.window import HiddenWindow, listen_for_network
    from t4t.host.session_end.windows import WindowEvents
    from t4t.host.watches import Watched

    USER = ctypes.WinDLL("user32")
    USER.SendMessageTimeoutW.argtypes = (
        wintypes.HWND,
        wintypes.UINT,
        wintypes.WPARAM,
        wintypes.LPARAM,
        wintypes.UINT,
        wintypes.UINT,
        ctypes.POINTER(ctypes.c_size_t),
    )
    for _function in (USER.IsWindow, USER.IsWindowVisible):
        _function.argtypes = (wintypes.HWND,)

    class Witness:
        """The window, and what it told."""

        def __init__(self) -> None:
            self.window = HiddenWindow()
            self.feed = Feed()
            self.events = WindowEvents(self.feed, self.window, look_at_power=lambda: Power(on_battery=True, percent=40.0))
            self.told: list[str] = []

        @property
        def handle(self) -> int:
            assert self.window._handle
            return self.window._handle

        def send(self, message: int, wparam: int = 0, lparam: int = 0) -> int:
            """The window's answer; it is another thread's window, so Windows waits for it."""
            answer = ctypes.c_size_t()
            if not USER.SendMessageTimeoutW(self.handle, message, wparam, lparam, 0, SECONDS * 1000, ctypes.byref(answer)):
                raise ctypes.WinError()
            return answer.value

        async def answer(self, message: int, wparam: int = 0, lparam: int = 0) -> int:
            return await asyncio.wait_for(asyncio.to_thread(self.send, message, wparam, lparam), SECONDS)

        async def next(self) -> HostEvent:
            event = await asyncio.wait_for(self.feed.next(), SECONDS)
            assert event is not None
            self.told.append(named(event))
            return event

        def reason(self) -> str | None:
            """What Windows would show; None under a wine that knows no reasons."""
            query = getattr(USER, "ShutdownBlockReasonQuery", None)
            if query is None:
                return None
            query.argtypes = (wintypes.HWND, wintypes.LPWSTR, ctypes.POINTER(wintypes.DWORD))
            size = wintypes.DWORD(100)
            text = ctypes.create_unicode_buffer(100)
            return text.value if query(self.handle, text, ctypes.byref(size)) else ""

        async def run(self) -> dict[str, object]:
            """Everything, one after another."""
            facts: dict[str, object] = {}
            await self.events.start()
            facts["missing"] = sorted(kind.value for kind in self.events.missing)
            await self.next()  # the battery
            facts["visible"] = bool(USER.IsWindowVisible(self.handle))
            facts["top_level"] = self.is_top_level()

            await self.events.hold("saving a VM")
            facts["reason"] = self.reason()
            facts["agrees"] = await self.answer(m.WM_QUERYENDSESSION, 0, m.ENDSESSION_LOGOFF)
            await self.next()
            ends = asyncio.ensure_future(self.answer(m.WM_ENDSESSION, 1, m.ENDSESSION_LOGOFF))
            done, _ = await asyncio.wait([ends], timeout=0.5)
            facts["end_waits"] = not done
            await self.events.release()
            await ends
            facts["reason_after"] = self.reason()
            await self.answer(m.WM_ENDSESSION, 0)
            await self.next()
            facts["reason_again"] = self.reason()
            await self.events.release()

            for message, wparam in (
                (m.WM_POWERBROADCAST, m.PBT_APMSUSPEND),
                (m.WM_POWERBROADCAST, m.PBT_APMRESUMEAUTOMATIC),
                (m.WM_WTSSESSION_CHANGE, m.WTS_CONSOLE_DISCONNECT),
                (m.WM_WTSSESSION_CHANGE, m.WTS_CONSOLE_CONNECT),
            ):
                await self.answer(message, wparam)
                await self.next()
            await self.answer(m.WM_TIMECHANGE)
            handle = self.handle
            self.events.close()
            facts["closed"] = not USER.IsWindow(handle)
            facts["told"] = self.told
            return facts

        def is_top_level(self) -> bool:
            """Message-only windows are not among these."""
            found: list[int] = []
            callback_type = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)

            def one(handle: int, _: int) -> bool:
                found.append(handle)
                return True

            USER.EnumWindows(callback_type(one), 0)
            return self.handle in found

    async def main() -> None:
        """Print what happened."""
        facts = await Witness().run()
        try:
            with listen_for_network(lambda: None):
                facts["network"] = "listens"
        except (OSError, AttributeError) as error:
            facts["network"] = str(error)
        async with open_host_events(Watched(folder=Path.cwd())) as events:
            await events.block_shutdown("all together")
            facts["all_missing"] = sorted(kind.value for kind in events.missing)
            await events.release()
        json.dump(facts, sys.stdout)

    if __name__ == "__main__":
        asyncio.run(main())
