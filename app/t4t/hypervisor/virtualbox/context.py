"""What all VMs of one VirtualBox driver share, and what is known of VBoxSVC."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from t4t.hypervisor import process
from t4t.hypervisor.virtualbox import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.domain.vm import VmId, VmState
    from t4t.hypervisor.process import ProcessId
    from t4t.hypervisor.virtualbox.bases import Bases
    from t4t.hypervisor.virtualbox.record import Records
    from t4t.hypervisor.virtualbox.road import Road
    from t4t.hypervisor.virtualbox.versions import Version


@dataclass(kw_only=True)
class Context:
    """What all VMs of one driver share. ``homes`` are the folders in which VirtualBox's registry may be."""

    records: Records
    road: Road
    bases: Bases
    clock: Clock
    owner: str
    background: bool
    stall_seconds: float
    free_bytes: Callable[[Path], int]
    publish: Callable[[VmId, VmState], None]
    homes: tuple[Path, ...]
    all_servers: Callable[[], Iterable[ProcessId]]
    seen_process: Callable[[VmId, ProcessId], None]
    """Called with each process of a VM that is seen, so that its end can be waited for."""
    server: ProcessId | None = field(default=None, init=False)
    _checked: ProcessId | None = field(default=None, init=False)

    async def connect(self) -> Version:
        """Be ready for a command; `HypervisorMissing`, `HypervisorBroken`, also when VBoxSVC keeps another registry than this user's."""
        version = await self.road.open()
        await self.check_home()
        return version

    def find_server(self) -> ProcessId | None:
        """VBoxSVC, looked for only when the one that we knew is gone."""
        if self.server is not None and process.is_alive(self.server):
            return self.server
        found = next(iter(self.all_servers()), None)
        self.server = found or self.server  # one that is dead is remembered: it knew VMs
        return found

    def forgot(self, owned: ProcessId) -> bool:
        """Whether VirtualBox knows nothing of this living process of a VM: the VBoxSVC that knew it was ended, and those that are there are younger.

        Where no VBoxSVC was ever seen, nothing is concluded but on Linux, where all processes can be seen.
        """
        born = process.age_rank(owned)
        if self.server is not None and process.is_alive(self.server) and process.age_rank(self.server) <= born:
            return False
        there = tuple(self.all_servers())
        return all(process.age_rank(one) > born for one in there) and (bool(there) or self.server is not None or sys.platform == "linux")

    async def check_home(self) -> None:
        """`HypervisorBroken` if this VBoxSVC keeps its registry elsewhere: then "not found" must not be believed."""
        server = self.find_server()
        if server is None or server == self._checked:
            return
        seen = await self.road.home()
        if seen is not None:
            locate.check_home(str(seen), self.homes)
        self._checked = server
