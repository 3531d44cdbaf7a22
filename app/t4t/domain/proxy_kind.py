"""Where the way to the internet comes from."""

from __future__ import annotations

import enum


class ProxyKind(enum.Enum):
    """None, the system's (its settings, or the environment's), or one of the volunteer's own."""

    NONE = "none"
    SYSTEM = "system"
    HTTP = "http"
    SOCKS5 = "socks5"
