"""The settings file of a data folder, its history, and the deployment file of the computer.

The file is TOML that people may write too: comments, order and keys that nobody here knows stay as they are. Only what was changed is in it.
When a value was set, and what it was before, is in a file beside it that is no concern of people's.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

import msgspec
import platformdirs

from t4t.domain.settings.document import VERSION_KEY, migrated, take, take_tree, version_of
from t4t.domain.settings.fields import FIELDS
from t4t.domain.settings.layers import Deployment, Set
from t4t.domain.settings.tree import VERSION
from t4t.domain.settings_errors import NothingToUndo, SettingsIgnored, SettingsSetAside, SettingsUnreadable
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from t4t.domain.errors import T4TError

FILE: Final = "settings.toml"
HISTORY: Final = "settings.history.json"
_STEPS: Final = 50
"""How many changes can be undone."""
_LARGEST: Final = 1024 * 1024
_HEAD: Final = "Settings of Test4Theory Desktop. Only what was changed is here; t4t settings show lists all."


def deployment_file() -> Path:
    """Where whoever looks after this computer writes what holds for all its users."""
    return platformdirs.site_config_path("t4t", appauthor=False) / "settings.toml"


def read_deployment(path: Path) -> tuple[Deployment, list[T4TError]]:
    """What the deployment file says, if there is one, and what is wrong with it; it is never changed."""
    try:
        document = _load(path)
    except FileNotFoundError:
        return Deployment(), []
    except OSError as error:
        return Deployment(), [SettingsUnreadable(path=str(path), reason=error.strerror or str(error))]
    except ValueError as error:
        return Deployment(), [SettingsUnreadable(path=str(path), reason=str(error))]
    trees = {}
    wrong = [name for name in document if name not in {VERSION_KEY, "default", "locked"}]
    for name in ("default", "locked"):
        content = document.get(name, {})
        trees[name], bad = take_tree(content) if isinstance(content, dict) else ({}, [""])
        wrong += [f"{name}.{path}".rstrip(".") for path in bad]
    told: list[T4TError] = [SettingsIgnored(path=str(path), names=", ".join(wrong))] if wrong else []
    return Deployment(path=str(path), defaults=trees["default"], locked=trees["locked"]), told


def _load(path: Path) -> dict[str, Any]:
    """The document in ``path``; raises `OSError`, or ``ValueError`` with what is wrong with it."""
    with path.open("rb") as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise ValueError(f"over {_LARGEST} bytes")
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def look(folder: Path) -> Mapping[str, Any]:
    """What is set in a data folder, by path, for who is not alone with it; nothing where that can't be read."""
    try:
        return take(migrated(_load(folder / FILE))).values
    except (OSError, ValueError):
        return {}


class _History(msgspec.Struct):
    """``was_set``: when a value was set, and which (another one in the file was written by hand). ``undo``: what changes replaced, the last one last."""

    was_set: dict[str, tuple[float, Any]] = msgspec.field(default_factory=dict)
    undo: list[dict[str, Any]] = msgspec.field(default_factory=list)


class SettingsFile:
    """The file of one data folder; whoever uses it is alone with the folder. Writing raises `SettingsUnreadable`."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self.path = folder / FILE
        self._history = folder / HISTORY
        self.troubles: list[T4TError] = []
        """What was wrong when it was read last."""
        self._aside: list[T4TError] = []

    def read(self) -> Set:
        """What the volunteer set here. A file that can't be right is set aside, and nothing is set then."""
        self.troubles = []
        try:
            document = _load(self.path)
            time = self.path.stat().st_mtime
        except FileNotFoundError:
            self.troubles = [*self._aside]
            return Set()
        except OSError as error:
            self.troubles = [*self._aside, self._unreadable(error)]
            return Set()
        except ValueError as error:
            self._set_aside(str(error))
            self.troubles = [*self._aside]
            return Set()
        taken = take(migrated(document))
        told: list[T4TError] = [SettingsIgnored(path=str(self.path), names=", ".join(taken.wrong))] if taken.wrong else []
        self.troubles = [*self._aside, *told]
        was_set = self._past().was_set
        times = {path: was_set[path][0] for path, value in taken.values.items() if path in was_set and was_set[path][1] == value}
        return Set(values=taken.values, times=times, time=time)

    def _unreadable(self, error: OSError) -> SettingsUnreadable:
        return SettingsUnreadable(path=str(self.path), reason=error.strerror or str(error))

    def _set_aside(self, reason: str) -> None:
        """It may hold an hour of somebody's work: it is kept under another name, beside those that were kept before."""
        kept = next(path for number in range(1, 10_000) if not (path := self.path.with_name(f"{FILE}.damaged-{number}")).exists())
        try:
            self.path.replace(kept)
        except OSError as error:
            self._aside.append(self._unreadable(error))
            return
        self._aside.append(SettingsSetAside(path=str(self.path), kept=kept.name, reason=reason))

    def change(self, changes: Mapping[str, Any], *, now: float) -> None:
        """Set values by path (plain data; None: no longer set here); this can be undone."""
        before = self.read()
        step = {path: before.values.get(path) for path, value in changes.items() if before.values.get(path) != value}
        if step:
            past = self._past()
            past.undo = [*past.undo, step][-_STEPS:]
            self._put({path: changes[path] for path in step}, past, now)

    def undo(self, *, now: float) -> Mapping[str, Any]:
        """Take the last change back; what was set again, as for `change`. Raises `NothingToUndo`."""
        before = self.read()
        past = self._past()
        while past.undo:
            step = {path: value for path, value in past.undo.pop().items() if path in FIELDS and before.values.get(path) != value}
            if step:
                self._put(step, past, now)
                return step
        raise NothingToUndo(path=str(self.path))

    @property
    def can_undo(self) -> bool:
        """Whether a change is left that could be undone."""
        return bool(self._past().undo)

    def _past(self) -> _History:
        """A history that can't be read is as good as none."""
        try:
            return msgspec.json.decode(self._history.read_bytes(), type=_History)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return _History()

    def _put(self, changes: Mapping[str, Any], past: _History, now: float) -> None:
        """The history goes first: a step of it that changes nothing is passed over, and a value that is not the file's counts for nothing."""
        past.was_set |= {path: (now, value) for path, value in changes.items()}
        text = self._edited(changes)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._history, msgspec.json.encode(past))
            write_atomic(self.path, text.encode())
        except OSError as error:
            raise self._unreadable(error) from error

    def _edited(self, changes: Mapping[str, Any]) -> str:
        """The file's text with these values; everything else stays as somebody wrote it."""
        import tomlkit  # noqa: PLC0415 - only who changes settings has a use for it

        try:
            document = tomlkit.parse(self.path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            document = tomlkit.parse(f"# {_HEAD}\n{VERSION_KEY} = {VERSION}\n")
        except OSError as error:
            raise self._unreadable(error) from error
        except ValueError as error:  # what could not be set aside is not overwritten either
            raise SettingsUnreadable(path=str(self.path), reason=str(error)) from error
        if version_of(document) < VERSION:
            document = tomlkit.parse(tomlkit.dumps(migrated(document.unwrap())))  # its comments speak of another version
        for path, value in changes.items():
            section, _, name = path.partition(".")
            table = document.get(section)
            if not isinstance(table, dict):
                document[section] = table = tomlkit.table()
            if value is None:
                table.pop(name, None)
            else:
                table[name] = _item(value)
        return tomlkit.dumps(document)


def _item(value: object) -> object:
    """A list of hours stays inside its table."""
    if not isinstance(value, list):
        return value
    import tomlkit  # noqa: PLC0415 - only who changes settings has a use for it

    array = tomlkit.array()
    for one in value:
        if isinstance(one, dict):
            inline = tomlkit.inline_table()
            inline.update(one)
            array.append(inline)
        else:
            array.append(one)
    return array
