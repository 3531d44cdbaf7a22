"""The agent of a data folder as whoever updates it sees it: asked to save everything and end, started again, and whether a new one works."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import psutil

from t4t.api.client import Client
from t4t.domain.errors import FolderBusy, T4TError
from t4t.domain.record import record
from t4t.domain.update_errors import UpdateBusy
from t4t.hypervisor.environment import clean_environment
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

PARTS: Final = ("libraries", "resources", "certificates", "vm-host", "agent")
"""Of ``t4t self-check``: what every version must be able to say of itself, on any computer. These words are a promise to older versions."""
AGENT_LOCK: Final = "agent.lock"
_HOST_LOCK: Final = "host.lock"
_HELPERS: Final = ("vm-host", "vbox-api")
"""In the command lines of what an agent has, and what ends with it."""
_SILENT_OPTIONS: Final = frozenset({"--json", "--passphrase-stdin"})
"""Of an agent's words what a second start can't have."""


@record(kw_only=True)
class Patience:
    """Seconds: for the agent to save and end, for a new one to answer and then to go on, for one part of the self-check, and between two looks."""

    saving: float = 600.0
    answer: float = 90.0
    steady: float = 3.0
    part: float = 180.0
    end: float = 30.0
    look: float = 0.2
    exchange: float = 10.0


def words_of(command: Sequence[str]) -> tuple[str, ...]:
    """The words of an agent's own command line with which another one is started."""
    rest = iter(command[3:] if list(command[1:3]) == ["-m", "t4t"] else command[1:])
    words = []
    for word in rest:
        if word == "--data-dir":
            next(rest, None)
        elif word not in _SILENT_OPTIONS and not word.startswith("--data-dir="):
            words.append(word)
    return tuple(words)


class Agents:
    """`t4t.updates.applying.World` of real processes."""

    def __init__(self, data: Path, root: Path, patience: Patience | None = None) -> None:
        """``root``: the folder of the program, none of whose processes may be left when it is exchanged."""
        self._data = data
        self._root = root
        self._patience = patience or Patience()

    def words(self) -> tuple[str, ...] | None:
        """With which words the agent was started; None: none runs."""
        pid = self._pid()
        if pid is None:
            return None
        try:
            return words_of(psutil.Process(pid).cmdline())
        except psutil.Error:
            return ()

    def _pid(self) -> int | None:
        """Of the agent that answers; None: none does."""
        try:
            with Client(self._data, seconds=self._patience.exchange) as client:
                return client.status().pid
        except T4TError:
            return None

    def unfit(self, program: Path) -> str:
        """What a version can't do by its own word, without anything of the volunteer's being touched; empty: all is well."""
        for part in PARTS:
            command = (str(program), "--json", "self-check", part)
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=self._patience.part, check=False, env=_environment())
            except subprocess.TimeoutExpired:
                return f"its part “{part}” hangs"
            except OSError as error:
                return f"it can't be started ({error.strerror})"
            if done.returncode:
                return f"its part “{part}” fails"
        return ""

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """The agent saves everything and ends; as long as this lasts there is none. Raises `UpdateBusy`."""
        agent = self._pid()
        self._wait_for_nobody(lambda: others_of(self._root, agent))
        with contextlib.suppress(T4TError), Client(self._data, seconds=self._patience.exchange) as client:
            client.call("quit")
        with self._patiently(AGENT_LOCK), self._patiently(_HOST_LOCK):  # the second is the VM host's, which may still be saving
            self._wait_for_nobody(lambda: users_of(self._root))
            yield

    def _patiently(self, name: str) -> FolderLock:
        lock = FolderLock(self._data, name)
        end = time.monotonic() + self._patience.saving
        while True:
            try:
                lock.take()
            except FolderBusy as error:
                if time.monotonic() > end:
                    raise UpdateBusy(what=f"process {error.pid} of it is still at work") from error
                time.sleep(self._patience.look)
            else:
                return lock

    def _wait_for_nobody(self, users: Callable[[], Iterable[int]]) -> None:
        """Raises `UpdateBusy` while a window, a command or another agent of this copy runs: its files would change under it."""
        end = time.monotonic() + self._patience.end
        while found := users():
            if time.monotonic() > end:
                raise UpdateBusy(what=f"these processes of it still run: {', '.join(map(str, found))}")
            time.sleep(self._patience.look)

    def start(self, program: Path, words: Sequence[str]) -> None:
        """Start an agent, which outlives us."""
        process = self._started(program, words)
        threading.Thread(target=process.wait, name="reaper", daemon=True).start()

    def fails(self, program: Path, words: Sequence[str]) -> str:
        """Start an agent of a new version on the volunteer's own folder, and see whether it works; empty: it does, and goes on. Else it is ended."""
        pid = self._pid()
        process = None if pid is not None else self._started(program, words)
        said = self._judged(pid, process)
        if said:
            self._end(pid, process)
        elif process is not None:
            threading.Thread(target=process.wait, name="reaper", daemon=True).start()
        return said

    def _started(self, program: Path, words: Sequence[str]) -> subprocess.Popen[bytes]:
        command = (str(program), "--data-dir", str(self._data), *words)
        options: dict[str, Any] = {"creationflags": 0x00000008} if sys.platform == "win32" else {"start_new_session": True}  # DETACHED_PROCESS
        return subprocess.Popen(
            command, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=True, **options
        )

    def _judged(self, pid: int | None, process: subprocess.Popen[bytes] | None) -> str:
        """It must answer, and a while later still be the same one."""
        end = time.monotonic() + self._patience.answer
        while pid is None:
            if process is not None and process.poll() is not None:
                return f"it ended at its start, with {process.returncode}"
            if time.monotonic() > end:
                return "it does not answer"
            time.sleep(self._patience.look)
            pid = self._pid()
        time.sleep(self._patience.steady)
        return "" if self._pid() == pid else "it ended, or answers no longer"

    def _end(self, pid: int | None, process: subprocess.Popen[bytes] | None) -> None:
        """Its VM host sees that it is gone, saves the machines and ends."""
        if process is not None:
            process.kill()
            process.wait()
        elif pid is not None:
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()


def _environment() -> dict[str, str]:
    return clean_environment(os.environ)


def users_of(root: Path) -> dict[int, str]:
    """Processes whose program lies in ``root``, ours apart, by their numbers, with their command lines."""
    found = {}
    psutil.process_iter.cache_clear()  # it would remember the programs of processes that have become others since
    for process in psutil.process_iter(["pid", "exe", "cmdline", "status"]):
        program = process.info["exe"]
        if not program or process.info["pid"] == os.getpid() or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue  # one that has ended and whose maker has not asked how uses nothing any more
        if program.startswith(f"{root}{os.sep}"):
            found[process.info["pid"]] = " ".join(process.info["cmdline"] or ())
    return found


def others_of(root: Path, agent: int | None = None) -> list[int]:
    """As `users_of`, without an ``agent`` (None: who asks is one) and what agents have: windows, commands, agents of other folders."""
    asked = os.getpid() if agent is None else agent
    twins: set[int] = set()
    with contextlib.suppress(psutil.Error):  # a twin that is no VM host yet bears its maker's words
        words = psutil.Process(asked).cmdline()
        twins = {child.pid for child in psutil.Process(asked).children() if child.cmdline() == words}
    known = {asked, *twins}
    return sorted(pid for pid, command in users_of(root).items() if pid not in known and not any(word in command for word in _HELPERS))
