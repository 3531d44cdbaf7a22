"""Run alone in a network namespace: changes links with ``ip``, and prints what the watch of the network told after each change."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

from t4t.domain.host_events import NetworkChanged
from t4t.host.clock import RealClock
from t4t.host.feed import Feed
from t4t.host.network import linux, watch

CHANGES = (
    (
        "up",
        (
            "link add t4t0 type veth peer name t4t1",
            "link set t4t1 up",
            "link set t4t0 up",
            "address add 192.0.2.2/24 dev t4t0",
            "route add default via 192.0.2.1 dev t4t0",
        ),
    ),
    ("second address", ("address add 192.0.2.3/24 dev t4t0",)),
    ("carrier lost", ("link set t4t1 down",)),
    ("carrier back, route kept", ("link set t4t1 up",)),
    ("IPv6", ("-6 address add 2001:db8::2/64 dev t4t0 nodad", "-6 route add default via 2001:db8::1 dev t4t0")),
    ("route gone", ("route delete default",)),
    ("link gone", ("link delete t4t0",)),
)


class Hasty(RealClock):
    """A tenth of the patience."""

    async def sleep(self, seconds: float) -> None:
        """Sleep a tenth."""
        await super().sleep(seconds / 10)


async def main() -> None:
    """Make the changes one after another."""
    if sys.platform != "linux":
        return
    feed = Feed()
    network = watch.NetworkWatch(feed, Hasty(), look=linux.look, listen=linux.listen)
    told = []
    await network.start()
    running = asyncio.create_task(network.run())
    for name, commands in (("start", ()), *CHANGES):
        for command in commands:
            done = await asyncio.to_thread(subprocess.run, ["ip", *command.split()], check=False, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"ip {command}: {done.stderr}")
        event = await asyncio.wait_for(feed.next(), 30)
        if not isinstance(event, NetworkChanged):
            sys.exit(f"told {event}")
        told.append([name, sorted([route.link, route.address] for route in event.routes)])
    running.cancel()
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
