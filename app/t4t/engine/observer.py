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
from t4t.domain.task import Intent, TaskFacts
from t4t.domain.vm import VmId, VmInfo, VmState
from t4t.guest import webapp

if TYPE_CHECKING:
    from t4t.domain.clock import Clock
    from t4t.engine.exchange import Exchange
    from t4t.engine.folder import TaskFolder
    from t4t.engine.record import TaskRecord
    from t4t.hypervisor.driver import Driver

_INSPECT_S: Final = 5.0
"""How often the VM is looked at in full while nothing happens; states come by `Hypervisor.watch`."""
_WEB_TIMEOUT_S: Final = 1.5
_WEB_EVERY_S: Final = 2.0


class TaskObserver:
    """Watches one task's VM and shared folder, and keeps the running time in its record."""

    def __init__(self, folder: TaskFolder, driver: Driver, record: TaskRecord, exchange: Exchange, *, clock: Clock) -> None:
        """Begins with what ``record`` says; nothing is looked at before `inspect`."""
        self.state = VmState.ABSENT
        self.info: VmInfo | None = None
        self.changed = asyncio.Event()
        """Set whenever the VM's state changed by itself."""
        self._job = folder.job
        self._driver = driver
        self._record = record
        self._exchange = exchange
        self._clock = clock
        self._vm = VmId(record.vm_id)
        self._beat = heartbeat.begin(interval_s=self._job.minimum_heartbeat_interval, running_s=record.elapsed_s)
        self._cpu_before = record.cpu_s
        self._last_account = clock.monotonic()
        self._last_inspect = -math.inf
        self._last_web = -_WEB_EVERY_S
        self._off_since: float | None = None
        self._web: asyncio.Task[None] | None = None
        self._guest_job: dict[str, object] = {}

    async def first_look(self) -> None:
        """See whether the VM is there, and whose processor time its process has on the clock."""
        await self.inspect()
        if self.info is not None and self.state.alive:
            self._cpu_before = max(0.0, self._record.cpu_s - self.info.cpu_seconds)

    def new_process(self) -> None:
        """The VM is about to get a process of its own: its heartbeat and its clock of processor time begin anew."""
        self._cpu_before = self._record.cpu_s
        self._beat = heartbeat.begin(interval_s=self._job.minimum_heartbeat_interval, running_s=self._record.elapsed_s)

    async def watch(self) -> None:
        """Follow the VM's states for ever; cancel it to end it."""
        async for event in self._driver.watch():
            if event.vm_id == self._vm and event.state is not self.state:
                self._account()
                self.state = event.state
                self.changed.set()

    def observe(self, info: VmInfo) -> VmInfo:
        """Take over what a command returned."""
        self._account()
        self.info, self.state = info, info.state
        self._record.cpu_s = max(self._record.cpu_s, self._cpu_before + info.cpu_seconds)
        return info

    def doubt(self) -> None:
        """What was seen may be wrong: the next look is a full one."""
        self._last_inspect = -math.inf

    def gone(self) -> None:
        """There is no such VM any more."""
        self._account()
        self.info, self.state = None, VmState.ABSENT

    def _account(self) -> None:
        """Count the time since the last turn if the VM ran in it."""
        now = self._clock.monotonic()
        if self.state is VmState.RUNNING:
            self._record.elapsed_s += now - self._last_account
        self._last_account = now

    async def inspect(self) -> None:
        """Look at the VM in full."""
        found = await self._driver.inspect(self._vm)
        if found:
            self.observe(found[0])
        else:
            self.gone()

    async def look(self) -> None:
        """One look at everything that is due."""
        self._account()
        now = self._clock.monotonic()
        if now - self._last_inspect >= _INSPECT_S or not self.state.settled:
            self._last_inspect = now
            await self.inspect()
        if self.state is VmState.RUNNING:
            self._beat = heartbeat.observe(self._beat, running_s=self._record.elapsed_s, fingerprint=self._exchange.heartbeat())
            self._ask_guest(now)
        off = self.state is VmState.POWERED_OFF
        self._off_since = (now if self._off_since is None else self._off_since) if off else None

    def _ask_guest(self, now: float) -> None:
        """Fetch the guest's own account of its job, in the background: a guest that hangs must not hold us up."""
        port = self.web_port
        if port is None or now - self._last_web < _WEB_EVERY_S or (self._web is not None and not self._web.done()):
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

    def facts(self, *, intent: Intent, resting: bool, snapshots: bool) -> TaskFacts:
        """All that the decision needs; ``snapshots`` says whether the driver can take any."""
        record, job = self._record, self._job
        since_checkpoint = record.elapsed_s - record.checkpoint_at_s
        return TaskFacts(
            vm=self.state,
            intent=intent,
            completed=self._exchange.completion(final=not self.state.alive) is not None,
            rest_asked=self._exchange.rest() is not None,
            resting=resting,
            pulse=self._beat.pulse if job.heartbeat_filename else heartbeat.Pulse.BEATING,
            time_up=time_up(elapsed_s=record.elapsed_s, job_duration_s=job.job_duration, starting=self.state is not VmState.RUNNING),
            expects_running=record.expects_running,
            off_for_s=0.0 if self._off_since is None else self._clock.monotonic() - self._off_since,
            checkpoint_due=snapshots and not job.disable_automatic_checkpoints and since_checkpoint >= job.minimum_checkpoint_interval,
            recoveries=record.recoveries,
        )

    async def close(self) -> None:
        """End what goes on in the background."""
        if self._web is not None:
            self._web.cancel()
            await asyncio.gather(self._web, return_exceptions=True)
