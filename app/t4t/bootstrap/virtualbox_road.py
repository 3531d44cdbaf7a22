"""VirtualBox's driver, on the road that works here."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from t4t.bootstrap.machines import API_WORKER, owner
from t4t.host.clock import RealClock
from t4t.hypervisor.own import own_program
from t4t.hypervisor.twin import fork
from t4t.hypervisor.virtualbox.api import worker
from t4t.hypervisor.virtualbox.api.choice import RoadName, choose
from t4t.hypervisor.virtualbox.api.road import COMMAND, ApiRoad, opens
from t4t.hypervisor.virtualbox.driver import VirtualBoxDriver
from t4t.hypervisor.virtualbox.manage import ManageRoad

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.hypervisor.twin import Twin
    from t4t.hypervisor.virtualbox.road import Road

_ROAD: Final = "T4T_VIRTUALBOX_ROAD"


def api_twin() -> Twin | None:
    """A process for VirtualBox's API, where it may be wanted; to be made before anything runs."""
    wish = _wish()
    return fork(lambda _command: worker.main()) if choose(sys.platform, wish=wish, loads=wish is None) is RoadName.API else None


async def virtualbox(data: Path, twin: Twin | None) -> VirtualBoxDriver:
    """The driver of one data folder; ``twin`` is `api_twin`."""
    clock = RealClock()
    return VirtualBoxDriver(data, owner=owner(data), road=await road(clock, twin), clock=clock)


def _wish() -> RoadName | None:
    return next((one for one in RoadName if one.value == os.environ.get(_ROAD)), None)


async def road(clock: Clock, twin: Twin | None = None) -> Road:
    """VirtualBox's API where it is the first choice and works, else VBoxManage; `_ROAD` in the environment may name one."""
    wish = _wish()
    api = ApiRoad(clock=clock, twin=twin, command=(*own_program(), API_WORKER) if getattr(sys, "frozen", False) else COMMAND)
    loads = wish is None and choose(sys.platform, wish=None, loads=True) is RoadName.API and await opens(api)
    if choose(sys.platform, wish=wish, loads=loads) is RoadName.API:
        return api
    if twin is not None:
        twin.drop()
    return ManageRoad(clock=clock)
