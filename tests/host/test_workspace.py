"""The notices of NSWorkspace for real, posted to its own notification centre; only on a Mac."""

from __future__ import annotations

import sys

import pytest


@pytest.mark.skipif(sys.platform != "darwin", reason="needs macOS")
def test_notices_and_the_block() -> None:
    if sys.platform == "darwin":
        import AppKit  # noqa: PLC0415 - macOS only

        from t4t.host.session_end.workspace import NAMES, SharedWorkspace  # noqa: PLC0415 - macOS only

        workspace, heard = SharedWorkspace(), list[str]()
        center = AppKit.NSWorkspace.sharedWorkspace().notificationCenter()
        workspace.observe(heard.append)
        for name in NAMES.values():
            center.postNotificationName_object_(name, None)
        workspace.pump()
        assert heard == list(NAMES)
        workspace.block("a test of Test4Theory")
        workspace.unblock()
        workspace.forget()
        center.postNotificationName_object_(NAMES["away"], None)
        assert heard == list(NAMES)
