"""What the demo project knows, in one file that survives restarts: accounts, computers, teams, jobs and tasks. Times are Unix times, sizes bytes."""

from __future__ import annotations

import hashlib
import math
import secrets
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.demo.project.keys import md5_of
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

_DAY: Final = 86400.0
_HALF_LIFE: Final = 7 * _DAY
_SMALL: Final = 1e-6

SENT: Final = "sent"
REPORTED: Final = "reported"
VALID: Final = "valid"
INVALID: Final = "invalid"
FAILED: Final = "failed"
ABANDONED: Final = "abandoned"


class Credit(msgspec.Struct):
    """Credit of one account, computer or team; the average is as of its time."""

    total: float = 0.0
    average: float = 0.0
    average_time: float = 0.0

    def grant(self, amount: float, *, since: float, now: float) -> None:
        """Add ``amount`` for work begun at ``since``, as BOINC averages: it halves every week."""
        self.total += amount
        if self.average_time:
            passed = max(0.0, now - self.average_time)
            weight = math.exp(-passed * math.log(2) / _HALF_LIFE)
            self.average *= weight
            if 1.0 - weight > _SMALL:
                self.average += (1.0 - weight) * amount * _DAY / passed
            else:
                self.average += math.log(2) * amount * _DAY / _HALF_LIFE
        else:
            self.average = amount * _DAY / max(now - since, _DAY)
        self.average_time = now


class Account(msgspec.Struct):
    """One volunteer. ``proof`` is what is kept of the password's hash."""

    id: int
    email: str
    name: str
    key: str
    salt: str
    proof: str
    cross_project_id: str
    created: float
    country: str = "International"
    url: str = ""
    teamid: int = 0
    venue: str = ""
    global_preferences: str = ""
    project_preferences: str = ""
    credit: Credit = msgspec.field(default_factory=Credit)

    @property
    def weak_key(self) -> str:
        """The key that only computes."""
        return f"{self.id}_{md5_of(self.key + self.proof)}"

    @property
    def feed_key(self) -> str:
        """The key of the account's notices."""
        return f"{self.id}_{md5_of(self.key + self.proof + 'notify_rss')}"

    @property
    def cpid(self) -> str:
        """The id that statistics show."""
        return md5_of(self.cross_project_id + self.email)

    def knows(self, passwd_hash: str) -> bool:
        """Whether this is the password's hash; the key itself serves as a password too, as with BOINC."""
        return secrets.compare_digest(self.proof, md5_of(self.salt + passwd_hash)) or passwd_hash == md5_of(self.key + self.email)


class Computer(msgspec.Struct):
    """One host record."""

    id: int
    userid: int
    cpid: str
    created: float
    rpc_seqno: int = 0
    rpc_time: float = 0.0
    quiet_until: float = 0.0
    venue: str = ""
    p_vendor: str = ""
    p_model: str = ""
    p_ncpus: int = 0
    os_name: str = ""
    os_version: str = ""
    m_nbytes: float = 0.0
    credit: Credit = msgspec.field(default_factory=Credit)


class Team(msgspec.Struct):
    """One team."""

    id: int
    name: str
    userid: int
    created: float
    country: str = "International"
    credit: Credit = msgspec.field(default_factory=Credit)


class Job(msgspec.Struct):
    """A workunit: one runspec, given to one computer at a time until one computed it."""

    name: str
    runspec: str
    done: bool = False
    tries: int = 0


class Task(msgspec.Struct):
    """A result in BOINC's words: one computer's try at one job."""

    name: str
    job: str
    output: str
    hostid: int
    platform: str
    plan_class: str
    sent: float
    deadline: float
    state: str = SENT
    reports: int = 0
    received: float = 0.0
    exit_status: int = 0
    client_state: int = 0
    cpu_time: float = 0.0
    elapsed_time: float = 0.0
    md5: str = ""
    stderr: str = ""
    credit: float = 0.0
    why: str = ""


class Notice(msgspec.Struct):
    """A word to one volunteer, or to all (``userid`` 0)."""

    id: int
    userid: int
    time: float
    title: str
    text: str


class Message(msgspec.Struct):
    """A trickle that came up from a task."""

    hostid: int
    result_name: str
    time: int
    variety: str
    text: str


class Word(msgspec.Struct):
    """A trickle that goes down to a task; ``text`` is sent as it is, as BOINC's server sends what an application's own programs wrote."""

    hostid: int
    result_name: str
    time: int
    text: str
    handled: bool = False


class Book(msgspec.Struct):
    """Everything."""

    port: int = 0
    """Where the project was last; its address is its name to those who joined."""
    accounts: dict[int, Account] = {}
    computers: dict[int, Computer] = {}
    teams: dict[int, Team] = {}
    jobs: dict[str, Job] = {}
    tasks: dict[str, Task] = {}
    notices: list[Notice] = []
    messages: list[Message] = []
    words: list[Word] = []
    credit_time: float = 0.0
    """When credit was last granted: the date of the statistics."""

    def account_of(self, key: str) -> Account | None:
        """The account with this full key."""
        return next((one for one in self.accounts.values() if secrets.compare_digest(one.key, key)), None) if key.isascii() else None

    def account_of_weak(self, key: str) -> Account | None:
        """The account with this weak key."""
        return next((one for one in self.accounts.values() if secrets.compare_digest(one.weak_key, key)), None) if key.isascii() else None

    def account_with(self, email: str) -> Account | None:
        """The account with this address, whatever its case."""
        return next((one for one in self.accounts.values() if one.email == email.lower()), None)

    def tasks_of(self, hostid: int) -> list[Task]:
        """The tasks that a computer is to hold, the oldest first."""
        return [task for task in self.tasks.values() if task.hostid == hostid and task.state == SENT]

    def tell(self, userid: int, title: str, text: str, now: float) -> None:
        """A notice for one volunteer."""
        self.notices.append(Notice(id=len(self.notices) + 1, userid=userid, time=now, title=title, text=text))

    def grant(self, task: Task, amount: float, now: float) -> None:
        """Credit for a valid task, to all who get some."""
        task.state, task.credit = VALID, amount
        self.jobs[task.job].done = True
        self.credit_time = now
        computer = self.computers[task.hostid]
        account = self.accounts[computer.userid]
        receivers = [computer.credit, account.credit]
        if account.teamid in self.teams:
            receivers.append(self.teams[account.teamid].credit)
        for credit in receivers:
            credit.grant(amount, since=task.sent, now=now)


def md5_of_bytes(data: bytes) -> str:
    """MD5 of a file's content in hex."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Ledger:
    """The book on disk, written whole and at once after each change."""

    def __init__(self, path: Path) -> None:
        """Read ``path``, or begin anew. Raises `OSError`, or msgspec's `DecodeError` for a file that is none of ours."""
        self._path = path
        self.book = msgspec.json.decode(path.read_bytes(), type=Book) if path.exists() else Book()

    def save(self) -> None:
        """Write it. Raises `OSError`."""
        write_atomic(self._path, msgspec.json.encode(self.book))
