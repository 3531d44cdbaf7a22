"""An agent whose processes are killed by their roles, at any moment, and what came of it: how long until it went on, and what the guest had lost."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from support.agent_shell import AgentShell
from support.unwatched import let_work
from t4t.api.client import Client
from t4t.domain.errors import T4TError
from t4t.domain.vm import VmState
from t4t.storage.state import NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from t4t.domain.session import SessionView

TESTS: Final = Path(__file__).resolve().parents[1]
_SERVICE: Final = ("VBoxSVC", "VBoxXPCOMIPCD")
_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Recovery:
    """What came after a blow."""

    seconds: float
    """Until all processes were there again, the VM ran by the agent's account, and its guest had written a new sign of life."""
    guest_lost_s: float
    """Seconds of the guest's running that are gone, by its own clock."""


class KillShell(AgentShell):
    """`AgentShell` with processes by role: ``agent``, ``host`` (the VM host), ``machine`` (the VM's), ``worker`` (of VirtualBox's API), ``service``."""

    def __init__(self, folder: Path, appliance: Path, *, hypervisor: str, checkpoint_s: float) -> None:
        super().__init__(folder, appliance)
        let_work(self.data)
        self.hypervisor = hypervisor
        self.checkpoint_s = checkpoint_s
        self.patience_s = 400.0 if hypervisor == "virtualbox" else 150.0
        """Until a task that was struck must go on; VirtualBox computes each instruction by a program of its own in the laboratory."""

    def add_waiting_task(self, name: str, runspec: str, **changes: str | None) -> None:
        """A task whose guest tells each second how long it has run; ``copy_to_shared=None``: it waits for its input."""
        self.add_task(name, runspec, **({"minimum_checkpoint_interval": "1", "pf_guest_port": None} | changes))
        folder = self.spool / name
        (folder / "shared").mkdir()
        (folder / "shared" / "context").write_text("T4T_HEARTBEAT_SECONDS=1\n")

    def launch(self) -> None:
        """Start an agent, without waiting for it."""
        words = ("--data-dir", str(self.data), "run", "--cores", "1", "--hypervisor", self.hypervisor)
        command = (sys.executable, "-m", "support.quick_agent", str(self.checkpoint_s), *words)
        paths = os.pathsep.join((str(TESTS.parent / "app"), str(TESTS)))
        with (self.folder / "err.log").open("ab") as err:
            self.agents.append(subprocess.Popen(command, stdout=err, stderr=err, env=os.environ | {"PYTHONPATH": paths}))

    # --- what is there ---------------------------------------------------------------------------------------------

    def view(self) -> SessionView | None:
        """What the agent shows; None while it does not answer."""
        with contextlib.suppress(T4TError), Client(self.data, seconds=5) as client:
            return client.status()
        return None

    def answer(self) -> SessionView:
        """What the agent shows, once it answers: one that was started a moment ago does not yet."""
        end = time.monotonic() + 60
        while (view := self.view()) is None:
            assert time.monotonic() < end, f"the agent does not answer: {self._said()}"
            self._still_there()
            time.sleep(_POLL_S)
        return view

    def roles(self) -> dict[str, list[psutil.Process]]:
        """Our processes by role, as far as they are there."""
        found: dict[str, list[psutil.Process]] = {}
        for process in psutil.process_iter(["name", "cmdline", "ppid"]):
            role = self._role(process)
            if role:
                found.setdefault(role, []).append(process)
        hosts = {process.pid for process in found.get("host", ())}
        found["worker"] = [process for process in found.get("worker", ()) if process.info["ppid"] in hosts]
        return {role: processes for role, processes in found.items() if processes}

    def _role(self, process: psutil.Process) -> str:
        name, words = process.info["name"] or "", process.info["cmdline"] or []
        line = " ".join(words)  # a twin's whole line is its first word
        ours = str(self.data) in line
        if process.pid == self.agents[-1].pid:
            return "agent" if words else ""
        if ours and "vm-host" in line:
            return "host"
        if ours and "qemu-system" in name:
            return "machine"
        if self.hypervisor != "virtualbox" or not words:
            return ""
        if process.pid in self._recorded():
            return "machine"
        if "t4t.hypervisor.virtualbox.api.worker" in line:
            return "worker"
        return "service" if name in _SERVICE else ""

    def _recorded(self) -> set[int]:
        """The processes that VirtualBox's driver noted for its VMs."""
        found = set()
        for file in self.data.glob("vms/*/vm.json"):
            with contextlib.suppress(OSError, ValueError, KeyError):
                found.add(json.loads(file.read_bytes())["pid"])
        return found - {None}

    def beat(self, name: str) -> tuple[float, str]:
        """The guest's last sign of life: its seconds since it was booted, and the whole line."""
        for folder in (self.spool / name, self.data / "done" / name, self.data / "failed" / name):
            with contextlib.suppress(OSError, ValueError, IndexError):
                line = (folder / "shared" / "heartbeat").read_text()
                return float(line.split()[0]), line
        return 0.0, ""

    def ended(self) -> bool:
        """Whether the task was handed back."""
        return not any(path.is_dir() and not path.name.startswith(".") for path in self.spool.iterdir())

    def checkpoints_s(self) -> list[float]:
        """How long each checkpoint took, by the agent's own account: from when it was begun until it was told."""
        with contextlib.closing(sqlite3.connect(f"file:{self.data / NAME}?mode=ro", uri=True)) as state:
            begun = [at for (at,) in state.execute("SELECT begun FROM effects WHERE step = 'checkpoint' AND outcome = 'done' ORDER BY id")]
            told = [at for (at,) in state.execute("SELECT at FROM timeline WHERE what = 'checkpoint' ORDER BY id")]
        return [next(end for end in told if end >= at) - at for at in begun if told and told[-1] >= at]

    # --- blows -----------------------------------------------------------------------------------------------------

    def strike(self, roles: Iterable[str], there: dict[str, list[psutil.Process]]) -> list[str]:
        """SIGKILL at once to those ``there`` that have one of the roles; an agent is started again, as its keeper would. Who was killed."""
        victims = [(role, process) for role in roles for process in there.get(role, ())]
        killed = []
        for role, process in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                killed.append(role)
        if "agent" in killed:
            self.agents[-1].wait()
            self.launch()
        psutil.wait_procs([process for _, process in victims], timeout=20)
        return sorted(set(killed))

    def killed_and_back(self, name: str, *roles: str) -> Recovery:
        """One blow, and what came of it."""
        before, there = self.beat(name)[0], self.roles()
        struck_at = time.monotonic()
        killed = self.strike(roles, there)
        assert killed == sorted(roles), f"only {killed} of {roles} were there"
        gone = {process.pid for role in {*killed, *(("host",) if "agent" in killed else ())} for process in there[role]}
        recovery = self.goes_on(name, without=gone, struck_at=struck_at, before=before)
        assert recovery is not None, "the task ended meanwhile"
        return recovery

    def goes_on(self, name: str, *, without: set[int], struck_at: float, before: float) -> Recovery | None:
        """Wait until the task is at work again; None if it ended first. ``without``: processes that can't be part of it."""
        end = time.monotonic() + self.patience_s
        line = ""
        while time.monotonic() < end:
            if self.ended():
                return None
            there = self.roles()
            self.favour(there)
            whole = {"agent", "host", "machine"} <= set(there) and not without & {process.pid for found in there.values() for process in found}
            view = self.view() if whole else None
            runs = view is not None and any(task.key == name and task.vm is VmState.RUNNING for task in view.tasks)
            uptime, now = self.beat(name)
            if not runs:
                line = ""
            elif not line:
                line = now or "none yet"  # the next one is written by a guest that is looked after
            elif now not in {line, ""}:
                return Recovery(round(time.monotonic() - struck_at, 2), round(max(0.0, before - uptime), 2))
            self._still_there()
            time.sleep(_POLL_S)
        raise TimeoutError(f"it does not go on: {self.view()} {self._said()}")

    def until_ended(self, seconds: float) -> None:
        """Wait for the task's end."""
        end = time.monotonic() + seconds
        while not self.ended():
            if time.monotonic() > end:
                raise TimeoutError(f"it does not come to its end: {self.view()} {self._said()}")
            self.favour(self.roles())
            self._still_there()
            time.sleep(_POLL_S)

    def _still_there(self) -> None:
        assert self.agents[-1].poll() is None, f"the agent ended by itself: {self._said()}"

    def _said(self) -> str:
        log = self.data / "logs" / "t4t.log"
        return log.read_text(errors="replace")[-3000:] if log.is_file() else (self.folder / "err.log").read_text(errors="replace")[-3000:]

    @staticmethod
    def favour(there: dict[str, list[psutil.Process]]) -> None:
        """Give the VM an ordinary share of a computer on which others work too: how it yields to them is not what is tested (needs root)."""
        for process in there.get("machine", ()):
            with contextlib.suppress(psutil.Error, OSError):
                for thread in process.threads():
                    if os.sched_getscheduler(thread.id) != os.SCHED_OTHER or os.getpriority(os.PRIO_PROCESS, thread.id) > 0:
                        os.sched_setscheduler(thread.id, os.SCHED_OTHER, os.sched_param(0))
                        os.setpriority(os.PRIO_PROCESS, thread.id, 0)

    def quit(self) -> int:
        """Ask the agent to end; how many processes of ours are left then."""
        self.answer()
        with Client(self.data) as client:
            client.call("quit")
        assert self.agents[-1].wait(120) == 0
        _, left = psutil.wait_procs(self.ours(), timeout=30)
        return len(left)


@contextlib.contextmanager
def killable(folder: Path, appliance: Path, *, hypervisor: str, checkpoint_s: float) -> Iterator[KillShell]:
    """A shell, with an agent, until all is over."""
    shell = KillShell(folder, appliance, hypervisor=hypervisor, checkpoint_s=checkpoint_s)
    try:
        yield shell
    finally:
        shell.close()
