"""Where the settings are read, checked, changed and undone: by the agent for whoever asks it, or by a verb while no agent runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from t4t.domain.settings.fields import FIELDS, SECTIONS, checked, field_of, values
from t4t.domain.settings.layers import NOBODY, Deployment, Origin, Set, in_force
from t4t.domain.settings.presets import values_of
from t4t.domain.settings.view import Changed, effects, shown
from t4t.domain.settings_errors import SettingLocked
from t4t.durable import to_the_end
from t4t.engine.showing import notice_view
from t4t.storage.settings import SettingsFile, read_deployment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from t4t.domain.errors import T4TError
    from t4t.domain.settings.layers import InForce
    from t4t.domain.settings.presets import Computer, Preset
    from t4t.domain.settings.view import SettingsView

_NO_RUN: Final[dict[str, Any]] = {}


class SettingsDesk:
    """The settings of one data folder; who has it is alone with the folder. All methods block for a moment; changes raise leaves of `UsageError`."""

    def __init__(
        self,
        folder: Path,
        *,
        deployment: Path,
        computer: Computer,
        now: Callable[[], float],
        run: Mapping[str, Any] = _NO_RUN,
        account: Callable[[], Set] = lambda: NOBODY,
    ) -> None:
        """``deployment``: the file of whoever looks after this computer; ``run``: what the command line says; ``account``: what the account says now."""
        self._file = SettingsFile(folder)
        self._deployment_path = deployment
        self._computer = computer
        self._now = now
        self._run = {path: checked(path, value) for path, value in run.items()}
        self._account = account
        self._deployment = Deployment()
        self._troubles: list[T4TError] = []
        self.here = Set()
        """What the volunteer set on this computer, as it was read last."""
        self.force = self.load()
        """What is in force, as it was read last."""

    def load(self) -> InForce:
        """Read everything again."""
        self._deployment, troubles = read_deployment(self._deployment_path)
        self.here = self._file.read()
        self._troubles = [*self._file.troubles, *troubles]
        self.force = in_force(self._computer, self.here, deployment=self._deployment, account=self._account(), run=self._run)
        return self.force

    @property
    def troubles(self) -> tuple[T4TError, ...]:
        """What is wrong with the files."""
        return tuple(self._troubles)

    def view(self) -> SettingsView:
        """All settings, read again."""
        self.load()
        return self._shown()

    def _shown(self) -> SettingsView:
        notices = tuple(notice_view(error) for error in self._troubles)
        return shown(self.force, self._computer, can_undo=self._file.can_undo, deployment=self._deployment.path, notices=notices)

    def change(self, wanted: Mapping[str, Any]) -> Changed:
        """Set values by path (plain data; None: as if it had never been set here). All of them or none. Raises `SettingLocked` and others."""
        fine = {}
        for name, value in wanted.items():
            path = field_of(name).path
            fine[path] = None if value is None else checked(path, value)
        before = self.load()
        for path in fine:
            if before.origin(path) is Origin.LOCKED:
                raise SettingLocked(name=path, path=self._deployment.path)
        self._file.change(fine, now=self._now())
        return self._changed(before)

    def preset(self, preset: Preset) -> Changed:
        """Give as much as a preset does; what is locked stays as it is."""
        before = self.load()
        fine = {path: value for path, value in values_of(preset, self._computer).items() if before.origin(path) is not Origin.LOCKED}
        self._file.change(fine, now=self._now())
        return self._changed(before)

    def undo(self) -> Changed:
        """Take the last change back; raises `NothingToUndo`."""
        before = self.load()
        self._file.undo(now=self._now())
        return self._changed(before)

    def reset(self, names: Sequence[str]) -> Changed:
        """These settings, those of these sections, or all where none is named: as if they had never been set here."""
        before = self.load()
        paths = [path for name in names for path in _named(name)] if names else list(FIELDS)
        self._file.change(dict.fromkeys(paths), now=self._now())
        return self._changed(before)

    def _changed(self, before: InForce) -> Changed:
        was = values(before.tree)
        self.load()
        return Changed(effects=effects(was, values(self.force.tree)), settings=self._shown())


def _named(name: str) -> list[str]:
    """The settings of a section, or the one setting; raises `SettingUnknown`."""
    if name in SECTIONS:
        return [path for path, field in FIELDS.items() if field.section == name]
    return [field_of(name).path]


class LiveSettings:
    """A desk while the agent runs: one change after the other, each in force when it is answered."""

    def __init__(self, desk: SettingsDesk, apply: Callable[[InForce], Awaitable[object]]) -> None:
        """``apply`` puts what it is given in force."""
        self._desk = desk
        self._apply = apply
        self._one_at_a_time = asyncio.Lock()
        self._applied = values(desk.force.tree)

    async def view(self) -> SettingsView:
        """All settings; what somebody changed in the files is in force from now on."""
        async with self._one_at_a_time:
            view = await to_the_end(self._desk.view)
            await self._put_in_force()
            return view

    async def change(self, wanted: Mapping[str, Any]) -> Changed:
        """See `SettingsDesk.change`."""
        return await self._do(lambda: self._desk.change(wanted))

    async def preset(self, preset: Preset) -> Changed:
        """See `SettingsDesk.preset`."""
        return await self._do(lambda: self._desk.preset(preset))

    async def undo(self) -> Changed:
        """See `SettingsDesk.undo`."""
        return await self._do(self._desk.undo)

    async def reset(self, names: Sequence[str]) -> Changed:
        """See `SettingsDesk.reset`."""
        return await self._do(lambda: self._desk.reset(names))

    async def _do(self, work: Callable[[], Changed]) -> Changed:
        async with self._one_at_a_time:
            changed = await to_the_end(work)
            await self._put_in_force()
            return changed

    async def _put_in_force(self) -> None:
        now = values(self._desk.force.tree)
        if now != self._applied:
            self._applied = now
            await self._apply(self._desk.force)
