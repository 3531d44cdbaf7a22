"""What kind of project the demo is; everything that a test or a curious volunteer may want otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from t4t.demo import RUNSPECS

PATH: Final = "/t4t/"
"""Below it lie the website and the files; the master address ends with it."""
SCHEDULER: Final = "/t4t_cgi/cgi"
UPLOAD: Final = "/t4t_cgi/file_upload_handler"

APP: Final = "t4t_demo"
APP_TITLE: Final = "Test4Theory demo"
VERSION: Final = 101
VBOX_CLASS: Final = "vbox64"
QEMU_CLASS: Final = "qemu64"
"""Our own: it says that the task may run in QEMU. A computer without VirtualBox gets it, and never has to claim that it has one."""
BRAND: Final = "t4t"
"""Part of a client's brand, in any case, without which no client is taken for one that knows our class."""

PLATFORMS: Final = {
    "x86_64-pc-linux-gnu": "Linux running on an AMD x86_64 or Intel EM64T CPU",
    "windows_x86_64": "Microsoft Windows running on an AMD x86_64 or Intel EM64T CPU",
    "x86_64-apple-darwin": "Intel 64-bit Mac OS 10.5 or later",
}
OTHER_PLATFORMS: Final = frozenset({"i686-pc-linux-gnu", "windows_intelx86"})
"""Known, but without programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times in seconds. ``invite_code`` empty: everybody may join; ``runspecs`` are handed out one after the other, with ``{seed}`` filled in."""

    name: str = "Test4Theory Demo"
    terms: str = "This project lives on your own computer & ends with it.\nNothing that you tell it leaves this computer."
    invite_code: str = "t4t-demo"
    min_password_length: int = 6
    request_delay: float = 7.0
    failed_login_delay: float = 5.0
    deadline: float = 86400.0
    jobs: int | None = None
    """How many there are; None: without end."""
    runspecs: tuple[str, ...] = RUNSPECS
    tasks_per_computer: int = 4
    tasks_per_request: int = 2
    tries: int = 3
    """A job that so many computers could not do is given up."""
    min_client_version: int = 70000
    closed: bool = False
    web_stopped: bool = False
    scheduler_stopped: bool = False
    account_changes: bool = True
    """Whether `am_set_info` works, as on servers from before March 2026."""
    ended: bool = False
    credit_per_event: float = 0.05
    """Nothing is compared with real projects."""
