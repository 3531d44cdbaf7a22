"""How much of the computer one VM has, and its network link: what should be, and making it so."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from t4t.domain.limits import Limits, cap_for, limits_at
from t4t.domain.policy import Level
from t4t.domain.progress import Happened
from t4t.domain.vm import Feature, VmChange, VmId, VmState

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from t4t.domain.vbox_job import VboxJob
    from t4t.domain.vm import Capabilities, VmInfo
    from t4t.engine.folder import Wishes
    from t4t.engine.observer import TaskObserver
    from t4t.engine.record import TaskRecord
    from t4t.hypervisor.driver import Driver

    class Tell(Protocol):
        """Tells what happened."""

        def __call__(self, what: Happened, detail: str = "") -> None:
            """See `Work`."""
            ...


class Fitting:
    """Of one task's VM."""

    def __init__(
        self,
        driver: Driver,
        seen: TaskObserver,
        record: TaskRecord,
        *,
        wishes: Wishes,
        gentle_percent: int,
        job: VboxJob,
        memory: Callable[[], int],
        tell: Tell,
    ) -> None:
        """``gentle_percent`` as `Settings.gentle_percent`; ``memory``: how much a VM made now would have, in MiB."""
        self._driver = driver
        self._seen = seen
        self._record = record
        self._wishes = wishes
        self._gentle_percent = gentle_percent
        self._network = job.enable_network
        self._memory = memory
        self._tell = tell
        self._vm = VmId(record.vm_id)
        self._relink_asked = False
        self.level = Level.FULL
        """How much it may have while it runs; what is to run at all is another matter."""
        self.capabilities: Capabilities | None = None

    def give(self, wishes: Wishes, gentle_percent: int) -> None:
        """The volunteer gives something else from now on."""
        self._wishes = wishes
        self._gentle_percent = gentle_percent

    def can(self, feature: Feature) -> bool:
        """Whether the driver is known to be able to."""
        return self.capabilities is not None and self.capabilities.has(feature)

    @property
    def _limits(self) -> Limits:
        given = Limits(cores=self._wishes.cores, cap_percent=self._wishes.cap_percent)
        return limits_at(self.level, given, gentle_percent=self._gentle_percent)

    @property
    def wishes(self) -> Wishes:
        """What a VM is made with now."""
        return dataclasses.replace(self._wishes, cores=self._limits.cores, cap_percent=self._limits.cap_percent)

    def ask_relink(self) -> None:
        """The network of this computer is another one: a guest that runs is to ask for addresses and name servers anew."""
        self._relink_asked = True

    @property
    def unfit(self) -> bool:
        """Whether the VM that runs is to be changed: its cap, its bandwidth, or its link, which may have been left down in the middle of `adjust`."""
        info = self._seen.info
        if info is None:
            return False
        capped = not self.can(Feature.CAP) or info.cap_percent == cap_for(self._limits, info.cores)
        linked = not self.can(Feature.LINK) or not self._network or (info.link_up and not self._relink_asked)
        return not (capped and linked) or self._bandwidth(info) is not None

    def _bandwidth(self, info: VmInfo) -> int | None:
        """What the VM's bandwidth is to become (0: no limit); None if it is right, or can't be changed."""
        wanted = self._wishes.bandwidth_kib_s or 0
        right = not self.can(Feature.BANDWIDTH) or not self._network or (info.bandwidth_kib_s or 0) == wanted
        return None if right else wanted

    async def adjust(self) -> None:
        """Put the cap in force, and take the link away and give it back where that was asked for; one that was left down comes up."""
        info = self._seen.info
        if info is not None and self.can(Feature.CAP) and info.cap_percent != (cap := cap_for(self._limits, info.cores)):
            await self._change(VmChange(cap_percent=cap))
            self._tell(Happened.ADJUSTED, f"{cap} %")
        if info is not None and (bandwidth := self._bandwidth(info)) is not None:
            await self._change(VmChange(bandwidth_kib_s=bandwidth))
        if info is not None and self.can(Feature.LINK) and self._network and (self._relink_asked or not info.link_up):
            for up in (False, True):
                await self._change(VmChange(link_up=up))
            self._tell(Happened.RELINKED)
        self._relink_asked = False

    async def before_start(self, info: VmInfo) -> None:
        """What a level asks for is in force from the first moment on. Cores and memory can only change where no state of the VM knows others."""
        limits = self._limits
        if info.state is VmState.POWERED_OFF:
            self._relink_asked = False  # a guest that boots asks by itself
            if not self._record.has_checkpoint and info.cores != limits.cores:
                info = await self._change(VmChange(cores=limits.cores))
            if not self._record.has_checkpoint and info.memory_mib != (memory := self._memory()):
                info = await self._change(VmChange(memory_mib=memory))
        if self.can(Feature.CAP) and info.cap_percent != (cap := cap_for(limits, info.cores)):
            info = await self._change(VmChange(cap_percent=cap))
        if (bandwidth := self._bandwidth(info)) is not None:
            await self._change(VmChange(bandwidth_kib_s=bandwidth))

    async def _change(self, change: VmChange) -> VmInfo:
        return self._seen.observe(await self._driver.reconfigure(self._vm, change))
