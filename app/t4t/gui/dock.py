"""MacOS' Dock: the app is in the menu bar alone (``LSUIElement``), so that its window's process says itself that it wants a place there while it lives."""

from __future__ import annotations

import sys

if sys.platform == "darwin":
    import AppKit

    def show_in_dock() -> None:
        """Have a place in the Dock, a menu, and the keyboard; there must be an application."""
        AppKit.NSApplication.sharedApplication().setActivationPolicy_(AppKit.NSApplicationActivationPolicyRegular)

else:

    def show_in_dock() -> None:
        """A window is enough elsewhere."""
