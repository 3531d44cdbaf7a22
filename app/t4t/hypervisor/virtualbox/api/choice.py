"""Which road to VirtualBox is taken: one pure decision, and a try."""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import T4TError

if TYPE_CHECKING:
    from t4t.hypervisor.virtualbox.api.road import ApiRoad

_LOG: Final = logging.getLogger(__name__)


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


async def opens(road: ApiRoad) -> bool:
    """Whether the API works here, which only a try tells; the road stays open if it does, and is closed if not."""
    try:
        await road.open()
        await road.home()
    except T4TError as error:
        _LOG.info("no API road: %s", error)
        await road.close()
        return False
    return True
