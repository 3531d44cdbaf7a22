"""Linux: logind and UPower on the system bus, the network by netlink."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from t4t.host.network import linux as network
from t4t.host.network.watch import NetworkWatch
from t4t.host.session_end.bus import SystemBus
from t4t.host.session_end.logind import Logind
from t4t.host.session_end.upower import UPower

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.clock import Clock
    from t4t.host.feed import Feed
    from t4t.host.host_events import Source

if sys.platform == "linux":

    def sources(feed: Feed, clock: Clock, *, bus_address: str | None = None) -> Sequence[Source]:
        """The watchers of this system; ``bus_address`` None is the system's own bus."""
        return (
            SystemBus([Logind(feed, uid=os.getuid()), UPower(feed)], clock, address=bus_address),
            NetworkWatch(feed, clock, look=network.look, listen=network.listen),
        )
