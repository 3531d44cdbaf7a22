"""The window's place in macOS' Dock, at a double of AppKit that knows only what is asked of it; elsewhere a window is enough."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from t4t.gui import dock

if TYPE_CHECKING:
    import pytest

REGULAR = 0
"""AppKit's NSApplicationActivationPolicyRegular; an agent of the menu bar (LSUIElement) is 1."""


class Application:
    """The one that is shared."""

    policy = 1

    def setActivationPolicy_(self, policy: int) -> bool:  # noqa: N802 - AppKit's name
        assert policy == REGULAR
        self.policy = policy
        return True


def test_the_windows_process_is_an_app_as_others(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = Application()
    kit = ModuleType("AppKit")
    kit.__dict__["NSApplicationActivationPolicyRegular"] = REGULAR
    kit.__dict__["NSApplication"] = type("NSApplication", (), {"sharedApplication": staticmethod(lambda: shared)})
    with monkeypatch.context() as mac:
        mac.setattr(sys, "platform", "darwin")
        mac.setitem(sys.modules, "AppKit", kit)
        importlib.reload(dock).show_in_dock()
    assert shared.policy == REGULAR
    importlib.reload(dock).show_in_dock()
