"""A computer on which everything goes wrong, by a seed: the real engine, state files and task folders; the fake hypervisor; a virtual clock.

A schedule is a function of its seed. While it is played, every command to the hypervisor is checked, and what the engine shows is compared with what is.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from support.chaos_agent import MOMENTS, Ambush, Doom, DoomedSpool, DoomedState, HostedDriver, Killed, Told, Violation, WatchedWorld
from support.chaos_computer import JUMPS_S, ChaoticComputer
from support.task_folders import RUNSPEC, boot_sector, make_task
from t4t.domain.errors import FolderUnwritable
from t4t.domain.host_events import DiskState
from t4t.domain.policy import PauseKind, Settings
from t4t.domain.vm import BootDisk, DiskFormat, VmId, VmSpec, VmState
from t4t.engine.engine import Engine
from t4t.engine.folder import TaskFolder, Wishes
from t4t.engine.observer import Pace
from t4t.engine.parts import Parts
from t4t.host.folder_watch import NoFolderWatch
from t4t.hypervisor.fake import FakeHypervisor, ScriptedGuest, VirtualClock
from t4t.hypervisor.fake.guest import result_archive
from t4t.storage.state import INTENT, NAME

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from t4t.domain.session import SessionView
    from t4t.hypervisor.driver import Driver
    from t4t.hypervisor.fake.world import FakeVm

JOB_S: Final = 2400.0
PACE: Final = Pace(look_s=45.0, inspect_s=90.0, web_s=3600.0, record_s=90.0, scan_s=90.0, idle_s=90.0)
CHECKPOINT_S: Final = 240.0
_LATE_S: Final = 5.0
"""How much later than its time a checkpoint may be there: taking it takes a moment."""
_TURNS: Final = 9
"""Fewer than the clock's idle turns: time stands still meanwhile."""
_QUIET_S: Final = 91.0
"""After the last thing that went wrong, what is shown is what is."""
_SETS_GOING: Final = frozenset({"start", "resume"})
_GOES_BACK: Final = frozenset({"create", "start", "restore_snapshot"})
_STRANGERS: Final = (VmId("99999999-0000-4000-8000-000000000000"), VmId("99999999-0000-4000-8000-000000000001"))
"""Somebody else's machines: one is off, on a task's own disk; one runs."""
_FOREIGN: Final = b"somebody's own\n"
_LENGTH_S: Final = {PauseKind.HALF_HOUR: 1800.0, PauseKind.HOUR: 3600.0, PauseKind.THREE_HOURS: 10_800.0}


class Chaos:
    """One schedule."""

    def __init__(self, folder: Path, seed: int, *, tasks: int = 2, events: int = 8) -> None:
        self.tasks = tasks
        self.events = events
        self.counts: Counter[str] = Counter()
        self.violations: list[str] = []
        self.data = folder / "data"
        self.chance = random.Random(seed)  # noqa: S311 - repeatable is what is wanted
        self.clock = VirtualClock(start=1_000_000.0, idle_turns=11)
        self.world = WatchedWorld(self.clock, lambda: ScriptedGuest(job_seconds=JOB_S, heartbeat_seconds=300, progress_steps=16), self._changed)
        self.names = [f"task{number}" for number in range(self.tasks)]
        for name in self.names:
            changes = {"pf_guest_port": None, "minimum_checkpoint_interval": "240", "minimum_heartbeat_interval": "1800"}
            (make_task(self.data / "tasks" / name, changes=changes) / "notes.txt").write_bytes(_FOREIGN)
        (self.data / "theirs.txt").write_bytes(_FOREIGN)
        self.told = Told()
        self.set_by = 0.0
        """By how much the clock was set, all in all."""
        self.retired: list[str] = []
        self.commands: list[tuple[float, str, VmId]] = []
        self.open_commands: Counter[VmId] = Counter()
        self.disturbed = self.clock.monotonic()
        self.views: list[tuple[float, SessionView]] = []
        self.engine: Engine | None = None
        self.agent: asyncio.Task[None] | None = None
        self.doom = Doom()
        self.state: DoomedState | None = None
        self.driver: HostedDriver | None = None
        self.free = 1 << 40
        self.full = False
        self.log: list[str] = []
        self.expected: dict[VmId, float] = {}
        """What a machine that is being started must at least go on from: the guest's seconds."""
        self.runs_since: dict[VmId, float] = {}
        self.computer = ChaoticComputer(self)
        self.record_lost = False
        """Both copies of a task's record were ruined at once: its machine can't be known any more."""

    # --- what is checked at every command ------------------------------------------------------------------------------

    def commanded(self, name: str, vm_id: VmId) -> None:
        now = self.clock.monotonic()
        self.commands.append((now, name, vm_id))
        self.counts[f"command {name}"] += 1
        if vm_id in _STRANGERS:
            self.violations.append(f"{name} for somebody else's machine")
        if self.open_commands[vm_id]:
            self.violations.append(f"{name} while another command changes the same machine")
        self.open_commands[vm_id] += 1
        if name in _SETS_GOING and self.paused():
            self.violations.append(f"{name} while it is paused by hand")
        vm = self.world.vms.get(vm_id)
        if vm is None:
            return
        completed = vm.share is not None and (vm.share / "shutdown").exists()
        if name in _GOES_BACK and completed:
            self.violations.append(f"{name} although its result is there")
        if name == "delete" and not completed and not self.record_lost:
            self.violations.append("delete of a machine whose task is not done")
        if name == "start" and not vm.state.alive:
            self.expected[vm_id] = vm.restore_from if vm.saved is None and vm.restore_from is not None else self.world.best_origin(vm)

    def _changed(self, vm: FakeVm) -> None:
        """A machine is in another state now."""
        if vm.owner != "fake":
            self.violations.append(f"somebody else's machine became {vm.state}")
        alive = [other.spec.vm_id for other in self.world.vms.values() if other.state.alive and other.owner == "fake" and other.spec.boot == vm.spec.boot]
        if len(alive) > 1:
            self.violations.append("two machines at work on one disk")
        if vm.state is VmState.RUNNING:
            self.runs_since[vm.spec.vm_id] = self.clock.monotonic()
            if vm.guest_seconds < self.expected.pop(vm.spec.vm_id, 0.0):
                self.violations.append(f"work was thrown away: it goes on from {vm.guest_seconds}")

    def answered(self, vm_id: VmId | None) -> None:
        if vm_id is not None:
            self.open_commands[vm_id] -= 1

    def paused(self) -> bool:
        """Whether a pause that was promised holds; in its last seconds either is right."""
        if self.told.kind is None:
            return False
        if self.told.kind is PauseKind.RESTART:
            return self.told.boot == self.clock.boot()
        return self.told.until is None or self.clock.wall() < self.told.until - 1

    # --- the agent -----------------------------------------------------------------------------------------------------

    def start_agent(self) -> None:
        self.doom = Doom()
        self.state = DoomedState.__new__(DoomedState)
        self.state.doom, self.state.full = Doom(), False
        self.state.__init__(self.data, now=self.clock.wall)  # type: ignore[misc] # it must not be doomed while it opens
        self.state.doom, self.state.full = self.doom, self.full
        source = DoomedSpool(self.data)
        source.doom, source.retired = self.doom, self.retired
        self.driver = HostedDriver(self, self.doom, goes_on=lambda: self.chance.random() < 0.5)

        async def at_once(read: Callable[[], TaskFolder]) -> TaskFolder:
            await asyncio.sleep(0)
            return read()

        self.engine = Engine(
            Parts(
                driver=cast("Driver", self.driver),
                source=source,
                state=self.state,
                clock=self.clock,
                settings=Settings(checkpoint_s=CHECKPOINT_S, tasks=2),
                wishes=Wishes(),
                data_dir=self.data,
                free_bytes=lambda: self.free,
                folder_watch=NoFolderWatch(),
                pace=PACE,
                in_thread=at_once,
                host=self.computer.new_agent(),
                block_reason=lambda seconds: f"{seconds:.0f} s",
                reopen=self.computer.reopen,
            )
        )
        self.agent = asyncio.create_task(self.engine.run(), name="agent")
        agent = self.agent
        self.doom.struck = agent.cancel
        self.engine.subscribe(self._saw)

    def _saw(self, view: SessionView) -> None:
        self.views.append((self.clock.monotonic(), view))

    async def bury(self) -> None:
        """The agent is dead: its locks are released by the system, its files are as they are."""
        self.doom.dead = True
        assert self.agent is not None
        self.agent.cancel()
        with contextlib.suppress(asyncio.CancelledError, Killed):
            await self.agent
        assert self.engine is not None
        for lock in self.engine._intake._locks.values():
            lock.release()
        assert self.state is not None
        self.state.close()
        assert self.driver is not None
        await self.driver.settle()
        await self.driver.close()
        self.world.watchers.clear()
        self.open_commands.clear()
        self.agent, self.engine = None, None

    async def host_saves(self) -> None:
        """What the VM host does when its agent is gone."""
        host = FakeHypervisor(self.world)
        for info in await host.inspect():
            if info.state in {VmState.RUNNING, VmState.PAUSED} and not self.full:
                await host.save(info.vm_id)
            elif info.state is VmState.RUNNING:
                await host.pause(info.vm_id)

    # --- what goes wrong -----------------------------------------------------------------------------------------------

    async def disturb(self) -> None:
        """One thing of the list, by chance."""
        event = self.chance.choice(_EVENTS)
        self.counts[event] += 1
        self.log.append(f"{self.clock.monotonic() - 1_000_000:.0f} {event}")
        await self._move(event)()
        self.disturbed = self.clock.monotonic()

    def _move(self, event: str) -> Callable[[], Awaitable[None]]:
        """What is done to the agent and its machines is ours, what is done to the computer is the computer's."""
        found = getattr(self.computer, event, None) or getattr(self, event, None) or getattr(self, f"_{event}")
        return cast("Callable[[], Awaitable[None]]", found)

    async def _kill_agent(self) -> None:
        """At a random contact with the world from here on: between any intent and its result."""
        self.doom.contacts = self.chance.randint(1, 25)
        agent = self.agent
        assert agent is not None
        for _ in range(40):
            if agent.done() or self.doom.dead:
                break
            await self.clock.sleep(self.chance.uniform(1, 40))
        await self.bury()
        if self.chance.random() < 0.6:
            await self.host_saves()
            await self.clock.sleep(self.chance.uniform(0, 120))
        if self.chance.random() < 0.4:
            self._corrupt()
        self.start_agent()

    async def quit_agent(self) -> None:
        """SIGTERM: it saves and ends by itself."""
        assert self.engine is not None
        assert self.agent is not None
        self.engine.quit()
        for _ in range(60):
            if self.agent.done():
                break
            await self.clock.sleep(5)
        else:
            raise Violation("it does not end")
        running = [vm.spec.name for vm in self.ours() if vm.state is VmState.RUNNING]
        assert not running, f"{running} after the end"
        await self.bury()
        await self.clock.sleep(self.chance.uniform(0, 300))
        self.start_agent()

    async def power_cut(self) -> None:
        self._cut_power()
        await self._after_power_cut()

    def _cut_power(self) -> None:
        """Everything ends at once."""
        self.doom.dead = True
        assert self.agent is not None
        self.agent.cancel()
        for vm in self.ours():
            if vm.state.alive:
                self.world.kill(vm.spec.vm_id)
        assert self.driver is not None
        self.driver.kill_host(undone=True)

    async def _after_power_cut(self) -> None:
        await self.bury()
        self.clock.reboot()
        await self.clock.sleep(60)
        if self.chance.random() < 0.4:
            self._corrupt()
        self.start_agent()

    def ours(self) -> list[FakeVm]:
        return [vm for vm in self.world.vms.values() if vm.owner == "fake"]

    async def _ambush(self) -> None:
        """Something happens at a moment of a command: between an intent and its result."""
        assert self.driver is not None
        what = self.chance.choice(_BLOWS)
        driver, ambush = self.driver, Ambush(self.chance.randint(1, 2), self.chance.choice(MOMENTS), functools.partial(self._strike, what))
        ambush.after_s = self.chance.uniform(0.02, 0.95)
        ambush.spares = "take_snapshot" if self.chance.random() < 0.7 else ""  # the most frequent one
        driver.ambush = ambush
        if self.chance.random() < 0.9:  # so that something is to be done
            await getattr(self, "_resume" if self.paused() else self.chance.choice(("_pause", "_kill_vm", "_kill_host")))()
        for _ in range(40):
            if ambush.sprung:
                break
            await self.clock.sleep(self.chance.uniform(1, 40))
        driver.ambush = None
        await self.clock.sleep(1.0)
        if not ambush.sprung:
            self.counts["ambush in vain"] += 1
            return
        self.counts[f"{what} when {ambush.sprung} is {ambush.moment}"] += 1
        self.log.append(f"{what} when {ambush.sprung} is {ambush.moment}")
        match what:
            case "power cut":
                await self._after_power_cut()
            case "service killed":
                await self.clock.sleep(self.chance.uniform(1, 300))
                self.world.service_up()
            case "disk full":
                await self.clock.sleep(self.chance.uniform(10, 1500))
                self.set_full(full=False)
            case "clock set":
                await self.clock.sleep(90)
            case _:
                pass

    def _strike(self, what: str, vm_id: VmId) -> None:
        assert self.driver is not None
        match what:
            case "host killed":
                self.driver.kill_host()
            case "vm killed":
                if vm_id in self.world.vms and self.world.vms[vm_id].state.alive:
                    self.world.kill(vm_id)
            case "service killed":
                self.driver.kill_host()
                self.world.faults.service_down = True
            case "power cut":
                self._cut_power()
            case "disk full":
                self.set_full(full=True)
            case "computer asleep":
                self.computer.fell_asleep(self.chance.uniform(60, 40_000))
            case "clock set":
                self.set_clock_by(self.chance.choice(JUMPS_S))
            case _:
                raise AssertionError(what)

    async def _ruin_states(self) -> None:
        """What the hypervisor wrote can't be read any more: saved states, snapshots, or both."""
        for vm in self.ours():
            kind = self.chance.choice(("state", "snapshot", "both"))
            if kind != "snapshot" and vm.saved is not None and not vm.state.alive:
                self.counts["corrupt saved state"] += 1
                self.world.ruined_states.add(vm.spec.vm_id)
            if kind != "state" and vm.snapshots:
                self.counts["corrupt snapshot"] += 1
                self.world.ruined_snapshots[vm.spec.vm_id] = self.chance.random() < 0.5
            self.log.append(f"ruined {kind}")

    def _corrupt(self) -> None:
        """One file of ours, at rest, is no longer what was written, or the two in which a task's record is."""
        found = [path for path in (self.data / NAME, self.data / INTENT, *self.data.glob("tasks/*/.t4t/task.json")) if path.is_file()]
        path = self.chance.choice(found)
        self._garble(path)
        if path.name == "task.json" and (self.data / NAME).is_file() and self.chance.random() < 0.3:
            self.record_lost = True
            self._garble(self.data / NAME)

    def _garble(self, path: Path) -> None:
        self.counts[f"corrupt {path.name}"] += 1
        self.log.append(f"corrupt {path.name}")
        content = bytearray(path.read_bytes())
        if self.chance.random() < 0.5 or len(content) < 200:
            path.write_bytes(b"\0" * len(content))
        else:
            content[20:180] = bytes(self.chance.randrange(256) for _ in range(160))
            path.write_bytes(bytes(content))
        if path.name == NAME:
            for tail in ("-wal", "-shm"):
                (self.data / (NAME + tail)).unlink(missing_ok=True)

    async def _kill_host(self) -> None:
        assert self.driver is not None
        self.driver.kill_host()

    async def _kill_vm(self) -> None:
        alive = [vm for vm in self.ours() if vm.state.alive]
        if alive:
            self.world.kill(self.chance.choice(alive).spec.vm_id)

    async def _kill_service(self) -> None:
        assert self.driver is not None
        self.driver.kill_host()
        self.world.faults.service_down = True
        await self.clock.sleep(self.chance.uniform(1, 300))
        self.world.service_up()

    def set_full(self, *, full: bool) -> None:
        self.full = full
        self.free = (1 << 20) if full else (1 << 40)
        self.world.faults.disk_free_bytes = self.free
        assert self.state is not None
        self.state.full = full
        self.computer.disk(DiskState.FULL if full else DiskState.FINE)

    def set_clock_by(self, by: float) -> None:
        self.clock.set_wall(by)
        self.set_by += by
        self.computer.clock_was_set(by)
        if self.told.kind in _LENGTH_S and self.told.until is not None:
            self.told.until += by  # an hour's pause stays an hour

    async def _pause(self) -> None:
        assert self.engine is not None
        kind = self.chance.choice(list(PauseKind))
        until = self.clock.wall() + _LENGTH_S[kind] if kind in _LENGTH_S else self.clock.morning() if kind is PauseKind.TOMORROW else None
        set_by = self.set_by
        try:
            await self.engine.pause(kind)
        except FolderUnwritable:
            assert self.full
        if kind in _LENGTH_S and until is not None:
            until += self.set_by - set_by  # meanwhile
        self.told = Told(kind, until, self.clock.boot())

    async def _resume(self) -> None:
        assert self.engine is not None
        self.told = Told()
        with contextlib.suppress(FolderUnwritable):
            await self.engine.resume()

    async def _pause_by_hand_of_the_hypervisor(self) -> None:
        running = [vm for vm in self.ours() if vm.state is VmState.RUNNING and not self.open_commands[vm.spec.vm_id]]
        if running:
            self.chance.choice(running).halt(VmState.PAUSED)

    # --- the play ------------------------------------------------------------------------------------------------------

    async def play(self) -> None:
        """From the first start to the end of all tasks; raises `Violation` or AssertionError."""
        strangers = await self._strangers()
        self.start_agent()
        for _ in range(self.events):
            await self._wait(self.chance.uniform(5, 900))
            await self.disturb()
        await self._converge()
        assert self._seen_strangers() == strangers, "somebody else's machine was touched"
        await self.bury()

    async def _strangers(self) -> Any:
        other = FakeHypervisor(self.world, owner="somebody")
        for vm_id, name in zip(_STRANGERS, (self.names[0], self.names[-1]), strict=True):
            disk = self.data / "tasks" / name / "vm_image.raw"
            await other.create(VmSpec(vm_id=vm_id, name="theirs", boot=BootDisk(str(disk), DiskFormat.RAW)))
        await other.start(_STRANGERS[1])
        self.violations.clear()
        return self._seen_strangers()

    def _seen_strangers(self) -> Any:
        seen = [self.world.vms[vm_id] for vm_id in _STRANGERS]
        return [(vm.spec, vm.state, vm.pid, vm.saved, vm.restore_from, dict(vm.snapshots)) for vm in seen]

    async def _wait(self, seconds: float) -> None:
        """Let time pass, and look now and then."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(left, 90.0))
            await self._check()

    async def _check(self) -> None:
        """What is shown is what is; nothing runs in a pause."""
        assert not self.violations, self.violations
        assert self.agent is not None
        if self.agent.done():
            await self.agent
            raise Violation("the agent ended by itself")
        assert self.engine is not None
        quiet = self.clock.monotonic() - self.disturbed
        if quiet > 2 * _QUIET_S and self.paused():
            assert not any(vm.state is VmState.RUNNING for vm in self.ours()), "it runs in a pause"
        self.counts["checks"] += 1
        if quiet < _QUIET_S or not self._comparable():
            return
        self.counts["comparisons"] += 1
        if self._lies():
            for _ in range(_TURNS):
                await asyncio.sleep(0)  # what ends at this very moment is told and shown
            assert not (self._comparable() and self._lies()), self._lies()
        if quiet > CHECKPOINT_S + _LATE_S + _QUIET_S:
            await self._no_more_at_risk_than_promised()
        if self.paused():
            running = [vm.spec.name for vm in self.ours() if vm.state is VmState.RUNNING]
            assert not running, f"{running} in a pause"
            assert self.engine.why().deciding == "manual_pause"

    def _comparable(self) -> bool:
        """Whether nothing is under way, so that what is shown must be what is."""
        assert self.engine is not None
        busy = any(charge.busy for charge in self.engine._reconciler.charges.values())
        return not busy and self.engine._view is not None and bool(self.engine.view.tasks)

    def _lies(self) -> list[str]:
        """What is shown and is not."""
        assert self.engine is not None
        lies = []
        for task, charge in zip(self.engine.view.tasks, self.engine._reconciler.charges.values(), strict=False):
            vm = self.world.vms.get(charge.work.vm)
            real = VmState.ABSENT if vm is None else vm.state
            if task.key != charge.key or task.vm is not real:
                lies.append(f"shown is {task.key} {task.vm}, it is {charge.key} {real}")
        return lies

    @staticmethod
    def _at_risk(vm: FakeVm) -> float:
        """The guest's seconds that its death would cost."""
        vm.catch_up()
        return vm.guest_seconds - max(vm.snapshots.values(), default=0.0)

    async def _no_more_at_risk_than_promised(self) -> None:
        for vm in self.ours():
            if vm.state is VmState.RUNNING and self.clock.monotonic() - self.runs_since[vm.spec.vm_id] > _LATE_S:
                at_risk = self._at_risk(vm)
                for _ in range(_TURNS):
                    if at_risk > CHECKPOINT_S + _LATE_S:
                        await asyncio.sleep(0)
                assert at_risk <= CHECKPOINT_S + _LATE_S or self._at_risk(vm) < at_risk or not self._comparable(), f"{at_risk} s of work would be lost"
                self.counts["work at risk was looked at"] += 1

    async def _converge(self) -> None:
        """Left alone, everything comes to its end, and nothing is lost or counted twice."""
        await self._resume()
        calm = self.clock.monotonic()
        for _ in range(400):
            await self._wait(120)
            if sorted(path.name for path in (self.data / "done").glob("*")) == self.names:
                break
        else:
            raise Violation(f"it does not come to an end: {self.engine.view if self.engine else None}")
        await self._wait(60)
        self._no_flapping(calm)
        assert self.engine is not None
        assert not list((self.data / "tasks").iterdir())
        assert not (self.data / "failed").exists()
        assert sorted(self.retired) == self.names, f"handed back: {self.retired}"
        assert self.engine.view.finished == self.tasks, f"counted {self.engine.view.finished}"
        assert set(self.world.vms) == set(_STRANGERS), "machines are left over"
        assert (self.data / "theirs.txt").read_bytes() == _FOREIGN
        for name in self.names:
            record = json.loads((self.data / "done" / name / ".t4t" / "task.json").read_bytes())
            assert (record["outcome"], record["exit_code"]) == ("done", 0)
            folder = self.data / "done" / name
            assert (folder / "shared" / "output.tgz").read_bytes() == result_archive({"runspec": RUNSPEC})
            assert (folder / "notes.txt").read_bytes() == _FOREIGN
            assert (folder / "vm_image.raw").read_bytes() == boot_sector()

    def _no_flapping(self, calm: float) -> None:
        """With nothing going wrong, a task is set going and brought to a halt at most as often as its life needs."""
        for vm_id in {vm_id for _, _, vm_id in self.commands}:
            names = [name for at, name, vm in self.commands if at > calm + _QUIET_S and vm == vm_id and name in {"start", "pause", "resume", "save"}]
            assert len(names) <= 3, f"it flaps: {names}"
        shown = [view.state for at, view in self.views if at > calm + _QUIET_S]
        changes = [one for one, other in itertools.pairwise(shown) if one is not other]
        self.counts[f"calm with {len(changes)} changes shown"] += 1
        assert len(changes) <= 2 + 2 * self.tasks, f"what is shown flaps: {changes}"


_BLOWS: Final = ("host killed", "host killed", "vm killed", "vm killed", "service killed", "power cut", "disk full", "computer asleep", "clock set")
_EVENTS: Final = (
    "ambush",
    "ambush",
    "ambush",
    "ambush",
    "kill_agent",
    "kill_agent",
    "kill_agent",
    "quit_agent",
    "ruin_states",
    "power_cut",
    "kill_host",
    "kill_vm",
    "kill_vm",
    "kill_service",
    "fill_disk",
    "set_clock",
    "sleep_computer",
    "lose_network",
    "end_session",
    "end_session",
    "announce_sleep",
    "run_out_of_power",
    "lose_folder",
    "replace_hypervisor",
    "switch_user",
    "pause",
    "pause",
    "resume",
    "pause_by_hand_of_the_hypervisor",
)
