"""Which colours hold now: the system's scheme, or its own palette where it asks for high contrast."""

from __future__ import annotations

import os
import sys
from typing import Final

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication, QPalette

from t4t.gui.theme.tokens import DARK, LIGHT, Colors

_WINDOWS_PANEL: Final = r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
_DARK_PANELS: Final = frozenset({"gnome", "unity", "budgie", "pantheon"})
"""Desktops whose panel is dark also with light windows."""
_MIDDLE: Final = 0.5


def is_dark(palette: QPalette, scheme: Qt.ColorScheme) -> bool:
    """The scheme as the system tells it; where it does not, what its palette looks like."""
    if scheme is Qt.ColorScheme.Unknown:
        return palette.color(QPalette.ColorRole.Window).lightnessF() < _MIDDLE
    return scheme is Qt.ColorScheme.Dark


def wants_contrast() -> bool:
    """Whether the system asks for high contrast; systems and versions of Qt that can't tell: no."""
    hints = QGuiApplication.styleHints()
    accessibility = getattr(hints, "accessibility", None)  # since Qt 6.10
    if accessibility is None:
        return False
    return bool(accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast)


def of_palette(palette: QPalette) -> Colors:
    """The system's own colours by role, and no other: what somebody chose in order to see."""

    def name(role: QPalette.ColorRole) -> str:
        return palette.color(role).name().upper()

    text, window = name(QPalette.ColorRole.WindowText), name(QPalette.ColorRole.Window)
    return Colors(
        window=window,
        surface=name(QPalette.ColorRole.Base),
        line=text,
        control=text,
        text=text,
        muted=text,
        accent=name(QPalette.ColorRole.Highlight),
        on_accent=name(QPalette.ColorRole.HighlightedText),
        accent_soft=window,
        good=text,
        attention=text,
        bad=text,
    )


def current(palette: QPalette) -> Colors:
    """The colours for the running application; ``palette`` is the system's, not one of ours."""
    if wants_contrast():
        return of_palette(palette)
    return DARK if is_dark(palette, QGuiApplication.styleHints().colorScheme()) else LIGHT


def panel_is_dark() -> bool:
    """Whether the panel that shows the tray is likely dark; its own colour can't be asked anywhere."""
    if sys.platform == "win32":
        return not bool(QSettings(_WINDOWS_PANEL, QSettings.Format.NativeFormat).value("SystemUsesLightTheme", 0, int))
    else:  # noqa: RET505 - mypy would call the rest unreachable
        desktops = os.environ.get("XDG_CURRENT_DESKTOP", "").lower().split(":")
        if not _DARK_PANELS.isdisjoint(desktops):
            return True
        return is_dark(QGuiApplication.palette(), QGuiApplication.styleHints().colorScheme())
