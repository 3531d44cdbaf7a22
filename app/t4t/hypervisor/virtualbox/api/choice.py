"""Which road to VirtualBox is taken: one pure decision."""

from __future__ import annotations

import enum


class RoadName(enum.Enum):
    """The two roads; the values are what the command line and logs say."""

    API = "api"
    MANAGE = "vboxmanage"


def choose(platform: str, *, wish: RoadName | None, loads: bool) -> RoadName:
    """The road for ``sys.platform``. ``wish`` is what was asked for, if anything; ``loads``: the API's binding was found and loads.

    Only on Linux the API is the first choice: on Windows that road was never seen working, and on macOS a signed app may not load Oracle's library. A wish is
    followed also where it can't work, so that who asked learns why.
    """
    if wish is not None:
        return wish
    return RoadName.API if loads and platform.startswith("linux") else RoadName.MANAGE
