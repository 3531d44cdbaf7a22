"""What Windows' messages to a window mean for us; pure.

Facts: Microsoft's pages on WM_QUERYENDSESSION, WM_ENDSESSION, WM_POWERBROADCAST, WM_WTSSESSION_CHANGE and WM_TIMECHANGE. Whether the session ends is in
``wParam`` of WM_ENDSESSION; ``lParam`` says how, and 0 *means* a shutdown or restart.
"""

from __future__ import annotations

import enum
from typing import Final

from t4t.domain.host_events import Ending
from t4t.domain.record import record

WM_DESTROY: Final = 0x0002
WM_QUERYENDSESSION: Final = 0x0011
WM_ENDSESSION: Final = 0x0016
WM_TIMECHANGE: Final = 0x001E
WM_POWERBROADCAST: Final = 0x0218
WM_WTSSESSION_CHANGE: Final = 0x02B1

ENDSESSION_CLOSEAPP: Final = 0x00000001
ENDSESSION_CRITICAL: Final = 0x40000000
ENDSESSION_LOGOFF: Final = 0x80000000

PBT_APMSUSPEND: Final = 0x0004
PBT_APMRESUMECRITICAL: Final = 0x0006
PBT_APMRESUMESUSPEND: Final = 0x0007
PBT_APMPOWERSTATUSCHANGE: Final = 0x000A
PBT_APMRESUMEAUTOMATIC: Final = 0x0012
PBT_POWERSETTINGCHANGE: Final = 0x8013

WTS_CONSOLE_CONNECT: Final = 1
WTS_CONSOLE_DISCONNECT: Final = 2
WTS_REMOTE_CONNECT: Final = 3
WTS_REMOTE_DISCONNECT: Final = 4


class News(enum.Enum):
    """What a message says."""

    END_ASKED = "end_asked"
    """The session wants to end: the first word of it, and the time to begin saving."""
    ENDS = "ends"
    """It ends: this process is ended when its windows have answered."""
    END_CANCELLED = "end_cancelled"
    SLEEPS = "sleeps"
    WAKES = "wakes"
    AWAY = "away"
    BACK = "back"
    POWER = "power"
    """Look at the battery."""
    CLOCK = "clock"
    """Look at the clocks."""


@record(kw_only=True)
class Told:
    """News, for an end also which one."""

    news: News
    ending: Ending | None = None


_POWER: Final = {
    PBT_APMSUSPEND: News.SLEEPS,
    PBT_APMRESUMECRITICAL: News.WAKES,
    PBT_APMRESUMESUSPEND: News.WAKES,
    PBT_APMRESUMEAUTOMATIC: News.WAKES,
    PBT_APMPOWERSTATUSCHANGE: News.POWER,
    PBT_POWERSETTINGCHANGE: News.POWER,
}
_SESSION: Final = {
    WTS_CONSOLE_CONNECT: News.BACK,
    WTS_REMOTE_CONNECT: News.BACK,
    WTS_CONSOLE_DISCONNECT: News.AWAY,
    WTS_REMOTE_DISCONNECT: News.AWAY,
}


def decode(message: int, wparam: int, lparam: int) -> Told | None:
    """What a message says; None if nothing to us."""
    match message:
        case 0x0011:  # WM_QUERYENDSESSION
            return Told(news=News.END_ASKED, ending=_ending(lparam))
        case 0x0016 if wparam:  # WM_ENDSESSION
            return Told(news=News.ENDS, ending=_ending(lparam))
        case 0x0016:
            return Told(news=News.END_CANCELLED)
        case 0x001E:  # WM_TIMECHANGE
            return Told(news=News.CLOCK)
        case 0x0218 if news := _POWER.get(wparam):  # WM_POWERBROADCAST
            return Told(news=news)
        case 0x02B1 if news := _SESSION.get(wparam):  # WM_WTSSESSION_CHANGE
            return Told(news=news)
        case _:
            return None


def _ending(lparam: int) -> Ending:
    """The bits of ``lParam``, which ctypes may hand over as a negative number. A log-off counts first: the restart manager is only a part of one then."""
    if lparam & ENDSESSION_LOGOFF:
        return Ending.LOG_OFF
    return Ending.CLOSE if lparam & ENDSESSION_CLOSEAPP else Ending.SHUTDOWN
