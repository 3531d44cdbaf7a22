"""What the program says of itself: one part after the other, each in a process of its own."""

from __future__ import annotations

import enum

from t4t.domain.record import record


class Part(enum.Enum):
    """What is looked at; the values are what the command line says."""

    LIBRARIES = "libraries"
    BINDING = "binding"
    RESOURCES = "resources"
    CERTIFICATES = "certificates"
    KEYRING = "keyring"
    VM_HOST = "vm-host"
    API_WORKER = "vbox-api"
    AGENT = "agent"
    TRAY = "tray"
    PICTURE = "picture"
    WINDOW = "window"
    WEB = "web"


@record(kw_only=True)
class Checked:
    """How a part is; ``detail``: what was seen, or what went wrong."""

    part: Part
    well: bool
    detail: str
