"""VirtualBox's driver, on the road that works here."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from t4t.bootstrap.machines import API_WORKER, owner
from t4t.host.clock import RealClock
from t4t.hypervisor.own import own_program
from t4t.hypervisor.virtualbox.api.choice import RoadName, choose, opens
from t4t.hypervisor.virtualbox.api.road import COMMAND, ApiRoad
from t4t.hypervisor.virtualbox.driver import VirtualBoxDriver
from t4t.hypervisor.virtualbox.manage import ManageRoad

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.hypervisor.virtualbox.api.inside import Inside
    from t4t.hypervisor.virtualbox.road import Road

_ROAD: Final = "T4T_VIRTUALBOX_ROAD"


async def virtualbox(data: Path, inside: Inside) -> VirtualBoxDriver:
    """The driver of one data folder; ``inside``: where VirtualBox's API lives first."""
    clock = RealClock()
    return VirtualBoxDriver(data, owner=owner(data), road=await road(clock, inside if sys.platform == "linux" else None), clock=clock)


async def road(clock: Clock, inside: Inside | None = None) -> Road:
    """VirtualBox's API where it is the first choice and works, else VBoxManage; `_ROAD` in the environment may name one."""
    wish = next((one for one in RoadName if one.value == os.environ.get(_ROAD)), None)
    api = ApiRoad(clock=clock, twin=inside, command=(*own_program(), API_WORKER) if getattr(sys, "frozen", False) else COMMAND)
    loads = wish is None and choose(sys.platform, wish=None, loads=True) is RoadName.API and await opens(api)
    return api if choose(sys.platform, wish=wish, loads=loads) is RoadName.API else ManageRoad(clock=clock)
