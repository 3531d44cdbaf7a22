"""What is known of a task while it runs: the VM's state, running time, heartbeat, the guest's own account. Observes; decides and does nothing."""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING, Final

from t4t.domain import heartbeat
from t4t.domain.duration import fraction_done, time_up
from t4t.domain.errors import T4TError
from t4t.domain.progress import Progress
from t4t.domain.record import record
from t4t.domain.share import Sample, Share, observed
from t4t.domain.task import TaskFacts
from t4t.domain.vm import VmId, VmInfo, VmState
from t4t.guest import webapp

if TYPE_CHECKING:
    from t4t.domain.clock import WallClock
    from t4t.engine.exchange import Exchange
    from t4t.engine.folder import TaskFolder
    from t4t.engine.record import TaskRecord
    from t4t.hypervisor.driver import Driver

_WEB_TIMEOUT_S: Final = 1.5
_SOON_S: Final = 1.0
_LONGEST_STEP_S: Final = 60.0
"""More running time than this between two looks was sleep, on systems whose monotonic clock goes on in it."""


@record(kw_only=True)
class Pace:
    """How often what does not tell by itself is looked at, in seconds; a VM's states come by `Hypervisor.watch`."""

    look_s: float
    """Files of the shared folder."""
    inspect_s: float
    """The VM in full."""
    web_s: float
    """The guest's own account, on its web page."""
    record_s: float
    """Between two writings of the record while nothing happens."""
    scan_s: float = 30.0
    """For new tasks, where the system does not tell of them."""
    idle_s: float = 60.0
    """The longest time without a turn: free space is looked at then."""


LIVELY: Final = Pace(look_s=1.0, inspect_s=5.0, web_s=2.0, record_s=30.0)
"""For somebody who watches a terminal."""
CALM: Final = Pace(look_s=10.0, inspect_s=60.0, web_s=60.0, record_s=60.0)
"""For days in the background, beside a watch on the folder where the system has one."""


@record(kw_only=True)
class Able:
    """What may be tried now: it is its turn, and it has not just failed."""

    save: bool
    pause: bool
    start: bool
    adjust: bool


class TaskObserver:
    """Watches one task's VM and shared folder, and keeps the running time in its record."""

    def __init__(self, folder: TaskFolder, driver: Driver, record: TaskRecord, exchange: Exchange, *, clock: WallClock, pace: Pace) -> None:
        """Begins with what ``record`` says; nothing is looked at before `first_look`."""
        self.state = VmState.ABSENT
        self.info: VmInfo | None = None
        self.share = Share()
        """What it really uses of its processors."""
        self.seen = False
        """Whether the first look was had."""
        self._pace = pace
        self._job = folder.job
        self._driver = driver
        self._record = record
        self._exchange = exchange
        self._clock = clock
        self._vm = VmId(record.vm_id)
        self._beat = heartbeat.begin(interval_s=self._job.minimum_heartbeat_interval, running_s=record.elapsed_s)
        self._cpu_before = record.cpu_s
        self._last_count = clock.monotonic()
        self._last_inspect = -math.inf
        self._last_web = -math.inf
        self._off_since: float | None = None
        self._web: asyncio.Task[None] | None = None
        self._guest_job: dict[str, object] = {}

    async def first_look(self) -> None:
        """See whether the VM is there, and whose processor time its process has on the clock."""
        await self.inspect()
        # who looked after it before us died: it ran on until it was saved, or until now
        self._record.uncounted |= self._record.expects_running or self.state is VmState.RUNNING
        if self.info is not None and self.state.alive:
            self._cpu_before = max(0.0, self._record.cpu_s - self.info.cpu_seconds)
        self.seen = True

    def new_process(self) -> None:
        """The VM is about to get a process of its own: its heartbeat and its clock of processor time begin anew."""
        self._cpu_before = self._record.cpu_s
        self._beat = heartbeat.begin(interval_s=self._job.minimum_heartbeat_interval, running_s=self._record.elapsed_s)

    def told(self, state: VmState) -> bool:
        """The driver says that the VM's state changed; whether that is news."""
        if state is self.state:
            return False
        self.count()
        self.state = state
        self._measure()
        return True

    def observe(self, info: VmInfo) -> VmInfo:
        """Take over what a command returned."""
        self.count()
        self.info, self.state = info, info.state
        self._measure()
        self._record.cpu_s = max(self._record.cpu_s, self._cpu_before + info.cpu_seconds)
        return info

    def doubt(self) -> None:
        """What was seen may be wrong: the next look is a full one."""
        self._last_inspect = -math.inf

    def gone(self) -> None:
        """There is no such VM any more."""
        self.count()
        self.info, self.state = None, VmState.ABSENT
        self._measure()

    def measure_anew(self) -> None:
        """Another limit is in force: what was measured before it says nothing."""
        self.share = Share()

    def _measure(self) -> None:
        """What its process used of the time since the last look, if it ran all the while."""
        info = self.info
        if info is None or info.pid is None or self.state is not VmState.RUNNING:
            self.share = observed(self.share, None)
            return
        process = (info.pid, info.pid_started or "")
        sample = Sample(at=self._clock.monotonic(), process=process, cpu_s=info.cpu_seconds, cap_percent=info.cap_percent, cores=info.cores)
        self.share = observed(self.share, sample)

    def count(self) -> None:
        """Count the time since the last turn if the VM ran in it."""
        now = self._clock.monotonic()
        if self.state is VmState.RUNNING:
            passed = now - self._last_count
            self._record.elapsed_s += min(passed, _LONGEST_STEP_S)
            self._record.uncounted |= passed > _LONGEST_STEP_S
        self._last_count = now

    async def inspect(self) -> None:
        """Look at the VM in full."""
        self._last_inspect = self._clock.monotonic()
        found = await self._driver.inspect(self._vm)
        if found:
            self.observe(found[0])
        else:
            self.gone()

    @property
    def wants_inspection(self) -> bool:
        """Whether a full look at the VM is due; at one that somebody else is changing, not more often than each second."""
        every = self._pace.inspect_s if self.state.settled else _SOON_S
        return not self.seen or self._clock.monotonic() - self._last_inspect >= every

    def look(self) -> None:
        """One look at everything that needs no driver."""
        self.count()
        now = self._clock.monotonic()
        if self.state is VmState.RUNNING:
            self._record.expects_running = True
            self._beat = heartbeat.observe(self._beat, running_s=self._record.elapsed_s, fingerprint=self._exchange.heartbeat())
            self._ask_guest(now)
        elif self.state is VmState.SAVED:
            self._record.expects_running = False  # if somebody throws the state away, it is off by no fault of the guest's
        off = self.state is VmState.POWERED_OFF
        self._off_since = (now if self._off_since is None else self._off_since) if off else None

    @property
    def next_look_s(self) -> float:
        """Seconds until something is due to be looked at."""
        if not self.state.settled or self._exchange.unsure or (self.state is VmState.POWERED_OFF and self._record.expects_running):
            return _SOON_S
        if not self.state.alive:
            return self._pace.inspect_s
        return self._pace.look_s

    def _ask_guest(self, now: float) -> None:
        """Fetch the guest's own account of its job, in the background: a guest that hangs must not hold us up."""
        port = self.web_port
        if port is None or now - self._last_web < self._pace.web_s or (self._web is not None and not self._web.done()):
            return
        self._last_web = now

        async def ask() -> None:
            with contextlib.suppress(T4TError):
                answer = await webapp.fetch_json(port, "/job/index.json", timeout=_WEB_TIMEOUT_S)
                self._guest_job = answer if isinstance(answer, dict) else {}

        self._web = asyncio.create_task(ask(), name="guest's web page")

    @property
    def web_port(self) -> int | None:
        """The loopback port of the guest's web page, while there is one."""
        return None if self.info is None else next((port.host_port for port in self.info.ports if port.name == "web"), None)

    @property
    def silent_s(self) -> float:
        """Running time since the guest's last sign of life."""
        return self._beat.silent_s

    def progress(self) -> Progress:
        """Where the task is."""
        record = self._record
        fraction = fraction_done(elapsed_s=record.elapsed_s, job_duration_s=self._job.job_duration, reported=self._exchange.fraction())
        return Progress(fraction=fraction, elapsed_s=record.elapsed_s, cpu_s=record.cpu_s, web_port=self.web_port, job=self._guest_job)

    def facts(self, able: Able, *, resting: bool, unfit: bool, checkpoint_due: bool) -> TaskFacts:
        """All that the transition needs."""
        record, job = self._record, self._job
        return TaskFacts(
            vm=self.state,
            ended=bool(record.outcome),
            completed=self._exchange.completion(final=not self.state.alive) is not None,
            rest_asked=self._exchange.rest() is not None,
            resting=resting,
            pulse=self._beat.pulse if job.heartbeat_filename else heartbeat.Pulse.BEATING,
            time_up=time_up(elapsed_s=record.elapsed_s, job_duration_s=job.job_duration, starting=self.state is not VmState.RUNNING),
            expects_running=record.expects_running,
            off_for_s=0.0 if self._off_since is None else self._clock.monotonic() - self._off_since,
            unfit=unfit,
            checkpoint_due=checkpoint_due,
            recoveries=record.recoveries,
            can_save=able.save,
            can_pause=able.pause,
            may_start=able.start,
        )

    async def close(self) -> None:
        """End what goes on in the background."""
        if self._web is not None:
            self._web.cancel()
            await asyncio.gather(self._web, return_exceptions=True)
