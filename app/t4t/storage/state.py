"""What the agent must know after any death of its process: one SQLite file, and the volunteer's intent in a file beside it too.

The write-ahead log is synchronised at each commit, so that what was answered survives a power cut. A damaged file is set aside and a new one begun: the tasks'
own records and the intent's copy have what is needed to go on.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from t4t.domain.errors import FolderUnwritable
from t4t.domain.policy import Intent
from t4t.domain.progress import Outcome
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_T = TypeVar("_T")

SCHEMA: Final = 1
NAME: Final = "state.sqlite3"
INTENT: Final = "intent.json"
TIMELINE_S: Final = 366 * 86_400.0
TIMELINE_ROWS: Final = 20_000
EFFECT_ROWS: Final = 2_000
RESULT_ROWS: Final = 20_000
"""Results that are kept one by one; older ones are kept as a number."""
LONGEST: Final = 500
"""Characters of a line's data: an error's own text has no end of its own."""
_FORGOTTEN: Final = "results forgotten"
_WAL_BYTES: Final = 1 << 20
_PRUNE_EVERY: Final = 500

_MIGRATIONS: Final = (
    """
    CREATE TABLE documents (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE effects (id INTEGER PRIMARY KEY, task TEXT NOT NULL, step TEXT NOT NULL, begun REAL NOT NULL, outcome TEXT);
    CREATE TABLE records (task TEXT PRIMARY KEY, record BLOB NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE results (vm TEXT PRIMARY KEY, task TEXT NOT NULL, outcome TEXT NOT NULL, error TEXT NOT NULL, elapsed_s REAL NOT NULL, at REAL NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE timeline (id INTEGER PRIMARY KEY, at REAL NOT NULL, what TEXT NOT NULL, task TEXT NOT NULL, detail TEXT NOT NULL, lost_s REAL NOT NULL);
    CREATE INDEX timeline_at ON timeline (at);
    """,
)
"""One script a version; what stands here never changes."""


class Happening(msgspec.Struct, frozen=True):
    """One line of the timeline: when (seconds since 1970), what, of which task; ``detail`` is data; ``lost_s`` is running time whose work is gone."""

    at: float
    what: str
    task: str = ""
    detail: str = ""
    lost_s: float = 0.0


class _Kept(msgspec.Struct, frozen=True):
    """The intent with a number that grows, so that the newer of two copies is known."""

    number: int
    intent: Intent


def _forgotten(connection: sqlite3.Connection) -> int:
    """How many results are known by their number alone."""
    row = connection.execute("SELECT value FROM documents WHERE key = ?", (_FORGOTTEN,)).fetchone()
    return int(row[0]) if row is not None and bytes(row[0]).isdigit() else 0


class State:
    """The agent's durable state in one data folder. Every method raises `FolderUnwritable` when nothing can be written."""

    def __init__(self, folder: Path, *, now: Callable[[], float]) -> None:
        """Open or begin it; ``now`` is the clock on the wall."""
        self._folder = folder
        self._path = folder / NAME
        self._now = now
        self._number = 0
        self._written = 0
        self.set_aside: list[str] = []
        """Files that could not be read, by their new names."""
        self._connection = self._open()

    # --- the file --------------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        try:
            try:
                return self._connect()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and not self._path.exists():
                    raise
                self._put_aside()
                return self._connect()
        except (OSError, sqlite3.Error) as error:
            raise FolderUnwritable(path=str(self._folder), reason=str(error)) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        try:
            self._path.chmod(0o600)  # SQLite gives its other files the same mode
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
            self._check(connection)
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _check(connection: sqlite3.Connection) -> None:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)

    @staticmethod
    def _migrate(connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise sqlite3.DatabaseError(f"written by a later version ({version})")
        for number in range(version, SCHEMA):
            connection.executescript(f"BEGIN IMMEDIATE; {_MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;")

    def _put_aside(self) -> None:
        aside = self._path.with_name(f"{NAME}.unreadable")
        self._path.replace(aside)
        for tail in ("-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._path.with_name(NAME + tail).unlink()
        self.set_aside.append(aside.name)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _do(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        """One transaction; a file that turns out to be damaged is replaced, once."""
        try:
            return self._transact(action)
        except sqlite3.OperationalError as error:
            raise FolderUnwritable(path=str(self._folder), reason=str(error)) from error
        except sqlite3.DatabaseError:
            self._connection.close()
            with contextlib.suppress(OSError):
                self._put_aside()
            self._connection = self._open()
        try:
            return self._transact(action)
        except sqlite3.Error as error:
            raise FolderUnwritable(path=str(self._folder), reason=str(error)) from error

    def _transact(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            done = action(connection)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return done

    # --- the volunteer's intent ------------------------------------------------------------------------------------

    def intent(self) -> Intent:
        """What the volunteer asked for last: the newer of the two copies; nothing was asked if there is none.

        A copy that is gone or older is written again, or the next accident would find only one.
        """
        copies = [self._intent_in_file(), self._intent_in_database()]
        kept = max((copy for copy in copies if copy is not None), key=lambda copy: copy.number, default=_Kept(0, Intent()))
        self._number = kept.number
        if kept.number and copies != [kept, kept]:
            self.keep_intent(kept.intent)
        return kept.intent

    def _intent_in_file(self) -> _Kept | None:
        path = self._folder / INTENT
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            with contextlib.suppress(OSError):
                path.replace(path.with_suffix(".unreadable"))
            self.set_aside.append(path.with_suffix(".unreadable").name)
            return None

    def _intent_in_database(self) -> _Kept | None:
        row = self._do(lambda c: c.execute("SELECT value FROM documents WHERE key = 'intent'").fetchone())
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, TypeError):
            return None if row is None else msgspec.json.decode(row[0], type=_Kept)
        return None

    def keep_intent(self, intent: Intent) -> None:
        """Write it, in both places."""
        self._number += 1
        data = msgspec.json.encode(_Kept(self._number, intent))
        try:
            write_atomic(self._folder / INTENT, data)
        except OSError as error:
            raise FolderUnwritable(path=str(self._folder), reason=error.strerror or str(error)) from error
        self._do(lambda c: c.execute("INSERT OR REPLACE INTO documents VALUES ('intent', ?)", (data,)))

    # --- effects ---------------------------------------------------------------------------------------------------

    def begin(self, task: str, step: str) -> int:
        """``step`` is about to be done for ``task``; returns the entry's number."""
        return self._do(lambda c: c.execute("INSERT INTO effects (task, step, begun) VALUES (?, ?, ?)", (task, step, self._now())).lastrowid or 0)

    def end(self, entry: int, outcome: str, *, task: str, record: bytes) -> None:
        """The entry's outcome, and the task's record as it is now: a copy for a day on which its own file can't be read."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE effects SET outcome = ? WHERE id = ?", (outcome, entry))
            self._keep_record(connection, task, record)

        self._do(write)
        self._wrote(1)

    def _wrote(self, rows: int) -> None:
        """Now and then what is too much goes, whatever it is that grows."""
        self._written += rows
        if self._written >= _PRUNE_EVERY:
            self._written = 0
            self.prune()

    def interrupted(self) -> list[tuple[str, str]]:
        """Task and step of the effects that were begun and never ended, oldest first; they are told once."""

        def take(connection: sqlite3.Connection) -> list[tuple[str, str]]:
            found = connection.execute("SELECT task, step FROM effects WHERE outcome IS NULL ORDER BY id").fetchall()
            connection.execute("UPDATE effects SET outcome = 'interrupted' WHERE outcome IS NULL")
            return [(str(task), str(step)) for task, step in found]

        return self._do(take)

    def _keep_record(self, connection: sqlite3.Connection, task: str, record: bytes) -> None:
        connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (task, record, self._now()))

    def keep_record(self, task: str, record: bytes) -> None:
        """Keep a copy of a task's record."""
        self._do(lambda c: self._keep_record(c, task, record))

    def record(self, task: str) -> bytes | None:
        """The copy of a task's record."""
        row = self._do(lambda c: c.execute("SELECT record FROM records WHERE task = ?", (task,)).fetchone())
        return None if row is None or not isinstance(row[0], bytes) else row[0]

    # --- documents of others -----------------------------------------------------------------------------------------

    def documents(self, kind: str) -> dict[str, bytes]:
        """Every document of a kind, by name."""
        query = "SELECT key, value FROM documents WHERE key LIKE ? ESCAPE '#'"
        begin = f"{kind}/"
        rows: list[Any] = self._do(lambda c: c.execute(query, (f"{begin}%",)).fetchall())
        return {str(key).removeprefix(begin): bytes(value) for key, value in rows}

    def put_documents(self, kind: str, changes: Mapping[str, bytes | None]) -> None:
        """Write documents (None: forget it), all or none."""
        self.put_documents_of({kind: changes})

    def put_documents_of(self, changes: Mapping[str, Mapping[str, bytes | None]]) -> None:
        """The same for several kinds, all or none."""

        def write(connection: sqlite3.Connection) -> None:
            for key, value in ((f"{kind}/{name}", value) for kind, of_kind in changes.items() for name, value in of_kind.items()):
                if value is None:
                    connection.execute("DELETE FROM documents WHERE key = ?", (key,))
                else:
                    connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", (key, value))

        self._do(write)

    # --- results ---------------------------------------------------------------------------------------------------

    def count_result(self, vm: str, *, task: str, outcome: str, error: str, elapsed_s: float) -> bool:
        """Note a task's end, once; whether it was new."""
        row = (vm, task, outcome, error, elapsed_s, self._now())
        return self._do(lambda c: c.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?)", row).rowcount == 1)

    def forget(self, task: str) -> None:
        """The task was handed back: the copy of its record goes."""
        self._do(lambda c: c.execute("DELETE FROM records WHERE task = ?", (task,)))

    def finished(self) -> int:
        """How many tasks have ended."""
        return self._do(lambda c: int(c.execute("SELECT count(*) FROM results").fetchone()[0]) + _forgotten(c))

    def done(self, *, since: float = 0.0) -> tuple[int, float]:
        """How many tasks ended well after ``since``, of those that are kept one by one, and their seconds of running time together."""
        query = "SELECT count(*), coalesce(sum(elapsed_s), 0) FROM results WHERE outcome = ? AND at >= ?"
        count, seconds = self._do(lambda c: c.execute(query, (Outcome.DONE.value, since)).fetchone())
        return int(count), float(seconds)

    # --- timeline --------------------------------------------------------------------------------------------------

    def tell(self, lines: Sequence[Happening]) -> None:
        """Lines more, all or none."""
        rows = [(line.at, line.what[:LONGEST], line.task[:LONGEST], line.detail[:LONGEST], line.lost_s) for line in lines]
        self._do(lambda c: c.executemany("INSERT INTO timeline (at, what, task, detail, lost_s) VALUES (?, ?, ?, ?, ?)", rows))
        self._wrote(len(rows))

    def timeline(self, limit: int = 100) -> list[Happening]:
        """The last lines, oldest first."""
        query = "SELECT at, what, task, detail, lost_s FROM timeline ORDER BY id DESC LIMIT ?"
        rows: list[Any] = self._do(lambda c: c.execute(query, (limit,)).fetchall())
        return [Happening(*row) for row in reversed(rows)]

    def prune(self) -> None:
        """Forget what is older than a year, and whatever is too much."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM timeline WHERE at < ?", (self._now() - TIMELINE_S,))
            for table, most in (("timeline", TIMELINE_ROWS), ("effects", EFFECT_ROWS)):
                connection.execute(f"DELETE FROM {table} WHERE id <= (SELECT max(id) FROM {table}) - ?", (most,))  # noqa: S608 - names of ours
            excess = int(connection.execute("SELECT count(*) FROM results").fetchone()[0]) - RESULT_ROWS
            if excess > 0:
                connection.execute("DELETE FROM results WHERE vm IN (SELECT vm FROM results ORDER BY at LIMIT ?)", (excess,))
                connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", (_FORGOTTEN, str(_forgotten(connection) + excess).encode()))

        self._do(write)
