"""Somebody at an X server: moves the mouse and has windows, as a window manager tells of them."""

from __future__ import annotations

from typing import Any

import xcffib
import xcffib.xproto
import xcffib.xtest

_KEY_PRESS, _KEY_RELEASE, _PRESS, _RELEASE, _MOTION = 2, 3, 4, 5, 6


class XUser:
    """One connection; `close` it."""

    def __init__(self, display: str) -> None:
        connect: Any = xcffib.connect
        self._x = connect(display=display)
        self._screen = self._x.get_setup().roots[0]
        self._at = 100

    def _atom(self, name: str) -> int:
        return int(self._x.core.InternAtom(False, len(name), name).reply().atom)  # noqa: FBT003 - the protocol's

    def move_mouse(self) -> None:
        self._at = 300 - self._at
        self._x(xcffib.xtest.key).FakeInput(_MOTION, 0, 0, 0, self._at, 100, 0)
        self._x.flush()

    def click(self, x: int, y: int) -> None:
        """A left click there."""
        fake = self._x(xcffib.xtest.key).FakeInput
        fake(_MOTION, 0, 0, 0, x, y, 0)
        for what in (_PRESS, _RELEASE):
            fake(what, 1, 0, 0, 0, 0, 0)
        self._x.flush()

    def press(self, keysym: int, times: int = 1) -> None:
        """Press and release the key with this symbol, so often."""
        setup = self._x.get_setup()
        low, count = setup.min_keycode, setup.max_keycode - setup.min_keycode + 1
        mapping = self._x.core.GetKeyboardMapping(low, count).reply()
        code = low + list(mapping.keysyms).index(keysym) // mapping.keysyms_per_keycode
        for _ in range(times):
            for what in (_KEY_PRESS, _KEY_RELEASE):
                self._x(xcffib.xtest.key).FakeInput(what, code, 0, 0, 0, 0, 0)
        self._x.flush()

    def window(self, *, full: bool) -> int:
        """A window in front; its id."""
        window = int(self._x.generate_id())
        self._x.core.CreateWindow(self._screen.root_depth, window, self._screen.root, 0, 0, 300, 200, 0, 1, self._screen.root_visual, 0, [])
        states = [self._atom("_NET_WM_STATE_FULLSCREEN")] if full else []
        self._put(window, self._atom("_NET_WM_STATE"), xcffib.xproto.Atom.ATOM, states)
        self._put(self._screen.root, self._atom("_NET_ACTIVE_WINDOW"), xcffib.xproto.Atom.WINDOW, [window])
        return window

    def _put(self, window: int, prop: int, kind: int, value: list[int]) -> None:
        self._x.core.ChangeProperty(xcffib.xproto.PropMode.Replace, window, prop, kind, 32, len(value), value)
        self._x.flush()

    def close(self) -> None:
        self._x.disconnect()
