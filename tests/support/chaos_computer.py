"""The computer under a chaotic agent (`support.chaos`): it ends its session, sleeps, loses power, disk and network, gets another hypervisor; and tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from support.host_by_hand import HostByHand
from t4t.domain.host_events import (
    AboutToSleep,
    Charge,
    ClockJumped,
    DiskChanged,
    DiskState,
    Ending,
    NetworkChanged,
    Power,
    PowerChanged,
    ProgramReplaced,
    Route,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    UserBack,
    Woke,
)
from t4t.domain.shutdown import budget
from t4t.domain.vm import VmState

if TYPE_CHECKING:
    from support.chaos import Chaos
    from t4t.domain.host_events import HostEvent

JUMPS_S: Final = (-86_400.0, -3600.0, 3600.0, 86_400.0, 400 * 86_400.0)
"""By how much somebody sets the clock."""
_MAINS: Final = Power()
_SETTLED_S: Final = 100.0
"""So long after an event everything that it asks for is done."""
_NEVER_SLEPT_S: Final = 200.0
"""So long after a sleep was announced that did not come, the agent no longer waits for it."""


class ChaoticComputer:
    """What a schedule does to the computer, and how the agent hears of it. Each move leaves the computer as it was."""

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos
        self._power = _MAINS
        self._disk = DiskState.FINE
        self._networks = 0
        self._reopened = 0
        self.host = HostByHand(chaos.clock, chaos.world)

    def new_agent(self) -> HostByHand:
        """The events as a new agent hears them: first how things are."""
        self.host = HostByHand(self._chaos.clock, self._chaos.world)
        if self._power != _MAINS:
            self.tell(PowerChanged(power=self._power))
        if self._disk is not DiskState.FINE:
            self.tell(DiskChanged(state=self._disk, free_mib=0))
        return self.host

    def tell(self, event: HostEvent) -> None:
        self.host.tell(event)

    async def reopen(self) -> None:
        """The agent lets go of the hypervisor: the one that runs the machines is not the one that is installed."""
        alive = [vm.spec.name for vm in self._chaos.ours() if vm.state in {VmState.RUNNING, VmState.PAUSED, VmState.SAVING}]
        if alive and not self._chaos.full:
            self._chaos.violations.append(f"it lets go of the hypervisor while {alive} are at work")
        await self._chaos.clock.sleep(0.3)
        self._reopened += 1

    # --- what happens to it --------------------------------------------------------------------------------------------

    def fell_asleep(self, seconds: float) -> None:
        """Nobody announced it; waking is told."""
        self._chaos.clock.suspend(seconds)
        self.tell(Woke(slept_s=seconds))

    def clock_was_set(self, by: float) -> None:
        self.tell(ClockJumped(seconds=by))

    def disk(self, state: DiskState) -> None:
        """Full, gone, or fine again."""
        self._disk = state
        self.tell(DiskChanged(state=state, free_mib=0 if state is not DiskState.FINE else 1 << 20))

    async def _until_let_go(self, seconds: float | None) -> bool:
        """Hold the end or the sleep back as long as the agent may ask for it; whether it let go in time."""
        clock, released = self._chaos.clock, len(self.host.released)
        end = clock.monotonic() + budget(seconds)
        while clock.monotonic() < end:
            await clock.sleep(0.25)
            if len(self.host.released) > released:
                return True
        return False

    def _none_at_work(self, states: frozenset[VmState], why: str) -> None:
        at_work = [f"{vm.spec.name} {vm.state.value}" for vm in self._chaos.ours() if vm.state in states]
        if at_work and not self._chaos.full:
            self._chaos.violations.append(f"{at_work} {why}")

    async def sleep_computer(self) -> None:
        """Nobody announced it."""
        self.fell_asleep(self._chaos.chance.uniform(60, 40_000))

    async def set_clock(self) -> None:
        """Somebody sets the clock."""
        self._chaos.set_clock_by(self._chaos.chance.choice(JUMPS_S))
        await self._chaos.clock.sleep(90)  # an agent that is dead while somebody sets the clock can't know

    async def fill_disk(self) -> None:
        """Somebody else fills the disk, and makes room again."""
        self._chaos.set_full(full=True)
        await self._chaos.clock.sleep(self._chaos.chance.uniform(10, 1500))
        self._chaos.set_full(full=False)

    async def end_session(self) -> None:
        """The computer is shut down, or it is called off."""
        chance, clock = self._chaos.chance, self._chaos.clock
        seconds = chance.choice((None, 5.0, 30.0))
        self.tell(SessionEnding(ending=chance.choice(list(Ending)), seconds=seconds))
        in_time = await self._until_let_go(seconds)
        if in_time:
            self._chaos.counts["a session's end that waited for the work"] += 1
            self._none_at_work(frozenset({VmState.RUNNING, VmState.PAUSED, VmState.SAVING}), "when the session may end")
        await clock.sleep(chance.uniform(0.0, 60.0))
        if chance.random() < 0.5:
            self.tell(SessionEndCancelled())
        else:
            await self._chaos.power_cut()

    async def announce_sleep(self) -> None:
        """The computer sleeps, or only says that it will."""
        chance, clock = self._chaos.chance, self._chaos.clock
        seconds = chance.choice((None, 5.0))
        self.tell(AboutToSleep(seconds=seconds))
        if await self._until_let_go(seconds):
            self._none_at_work(frozenset({VmState.RUNNING}), "when the computer may sleep")
        if chance.random() < 0.2:
            await clock.sleep(_NEVER_SLEPT_S)
            return
        slept = chance.uniform(60, 40_000)
        clock.suspend(slept)
        await clock.sleep(chance.uniform(0.0, 5.0))
        self.tell(Woke(slept_s=slept))

    async def run_out_of_power(self) -> None:
        """On battery, low or critical, and back on mains; an agent that is started meanwhile is told."""
        chance = self._chaos.chance
        self._power = Power(on_battery=True, percent=4.0, charge=chance.choice((Charge.LOW, Charge.CRITICAL)))
        self.tell(PowerChanged(power=self._power))
        if chance.random() < 0.3:
            await self._chaos.quit_agent()
        await self._settled_for(chance.uniform(1, 1500), frozenset({VmState.RUNNING, VmState.PAUSED}), "on an empty battery")
        self._power = _MAINS
        self.tell(PowerChanged(power=_MAINS))

    async def lose_folder(self) -> None:
        """The data folder can't be reached for a while, as the computer says."""
        self.disk(DiskState.GONE)
        await self._settled_for(self._chaos.chance.uniform(1, 600), frozenset({VmState.RUNNING}), "without their folder")
        self.disk(DiskState.FINE)

    async def _settled_for(self, seconds: float, never: frozenset[VmState], why: str) -> None:
        await self._chaos.clock.sleep(seconds)
        if seconds > _SETTLED_S:
            self._none_at_work(never, why)

    async def lose_network(self) -> None:
        """Offline for a while; or from one network to another at once."""
        chance = self._chaos.chance
        if chance.random() < 0.7:
            self._chaos.world.online = False
            self.tell(NetworkChanged(routes=frozenset()))
            await self._chaos.clock.sleep(chance.uniform(1, 600))
            self._chaos.world.online = True
        self._networks += 1
        self.tell(NetworkChanged(routes=frozenset({Route(link="lan", address=f"192.0.2.{self._networks}")})))

    async def replace_hypervisor(self) -> None:
        """An upgrade: the program is gone for a while, then another one is there; the agent changes over to it."""
        chance, clock, before = self._chaos.chance, self._chaos.clock, self._reopened
        if chance.random() < 0.5:
            self.tell(ProgramReplaced(path="VBoxManage", present=False))
            await clock.sleep(chance.uniform(1, 60))
        self.tell(ProgramReplaced(path="VBoxManage", present=True))
        await clock.sleep(_SETTLED_S)
        if self._reopened == before:
            self._chaos.violations.append("the hypervisor was replaced, and the agent still has the old one")

    async def switch_user(self) -> None:
        """Somebody else takes the screen for a while."""
        self.tell(UserAway())
        await self._chaos.clock.sleep(self._chaos.chance.uniform(1, 300))
        self.tell(UserBack())
