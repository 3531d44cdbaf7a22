"""A hypervisor with a machine of ours in its list, for tests of what takes it out of there."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from t4t.domain.errors import HypervisorMissing
from t4t.domain.vm import VmId, VmInfo, VmState

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.hypervisor.remote import RemoteHypervisor


class Driver:
    """A hypervisor that has one machine of each data folder in its list, and may have something against it."""

    def __init__(self) -> None:
        self.listed = [VmInfo(vm_id=VmId("b"), name="t4t-b", state=VmState.SAVED)]
        self.against: Exception | None = None
        self.missing = False
        self.open = 0

    def remote(self, kind: str, _data: Path, *, log: Path) -> RemoteHypervisor:
        assert kind == "virtualbox"
        assert log.parent.is_dir()
        self.open += 1
        return cast("RemoteHypervisor", self)

    async def inspect(self) -> tuple[VmInfo, ...]:
        assert self.open == 1
        if self.missing:
            raise HypervisorMissing(hypervisor="virtualbox")
        return tuple(self.listed)

    async def delete(self, vm_id: VmId) -> None:
        assert self.open == 1
        if self.against is not None:
            raise self.against
        self.listed = [info for info in self.listed if info.vm_id != vm_id]

    async def close(self) -> None:
        self.open -= 1
