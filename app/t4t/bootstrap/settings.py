"""The settings of a data folder: for the agent, and for the verb, which asks the agent if it runs and else does it here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from t4t.api.client import Client
from t4t.bootstrap import language
from t4t.bootstrap.computer import computer
from t4t.bootstrap.net import proxy_settings
from t4t.bootstrap.projects import attached
from t4t.domain.boinc_settings import account_of, to_preferences, to_settings
from t4t.domain.errors import AgentMissing, FolderUnwritable
from t4t.domain.loose_xml import LooseXmlRefused
from t4t.domain.preferences_file import EMPTY, PreferencesFile
from t4t.domain.settings.derived import decisions
from t4t.domain.settings.fields import put
from t4t.domain.settings.tree import Tree
from t4t.domain.settings.view import Changed, SettingsView
from t4t.domain.settings_errors import PreferencesUnreadable
from t4t.durable import write_atomic
from t4t.engine.folder import Wishes
from t4t.engine.settings_desk import LiveSettings, SettingsDesk
from t4t.host import resources
from t4t.host.clock import RealClock
from t4t.storage.files import FolderLock
from t4t.storage.settings import deployment_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from t4t.boinc.projects import Projects
    from t4t.cli.services import MachineOptions
    from t4t.domain.policy import Settings
    from t4t.domain.settings.layers import InForce, Set
    from t4t.domain.settings.presets import Computer, Preset
    from t4t.engine.engine import Engine
    from t4t.transfer.proxy import ProxySettings

_T = TypeVar("_T")


def run_of(options: MachineOptions, tasks: int | None) -> dict[str, Any]:
    """What the command line of an agent says, by path."""
    said = {"cores": options.cores, "cap_percent": options.cap_percent, "memory_mib": options.memory_mib, "tasks": tasks}
    return {f"resources.{name}": value for name, value in said.items() if value is not None}


def desk_of(data: Path, *, run: Mapping[str, Any] | None = None) -> SettingsDesk:
    """The desk of a data folder that nobody else writes to; ``run``: what the command line says."""
    found = computer(data)
    clock = RealClock()

    def account() -> Set:
        return account_of(attached(data), cores=found.cores, now=clock.wall())

    return SettingsDesk(data, deployment=deployment_file(), computer=found, now=clock.wall, run=run or {}, account=account)


def wishes_of(tree: Tree, *, cmdline: str) -> Wishes:
    """What a VM is made with."""
    given = tree.resources
    return Wishes(
        cores=given.cores, cap_percent=given.cap_percent, memory_mib=given.memory_mib or None, bandwidth_kib_s=given.vm_kib_s or None, cmdline=cmdline
    )


class Giving:
    """Puts the settings in force while the agent runs: in the engine, and for the projects."""

    def __init__(self, desk: SettingsDesk, projects: Projects, *, cmdline: str, proxy: Callable[[ProxySettings], None] = lambda _way: None) -> None:
        """What is in force now holds for ``projects`` at once; the engine is made with `settings` and `wishes`; ``proxy`` gets the way to the internet."""
        self._desk = desk
        self._projects = projects
        self._cmdline = cmdline
        self._proxy = proxy
        self._cores = resources.cores()
        self._following: set[asyncio.Task[object]] = set()
        self.language = desk.force.tree.general.language
        """Chosen, and spoken in this process: who is told of it can go by what `t4t.wording` says from then on."""
        self._tell_projects()

    @property
    def settings(self) -> Settings:
        """As decisions need them."""
        return decisions(self._desk.force.tree)

    @property
    def wishes(self) -> Wishes:
        """What a VM is made with."""
        return wishes_of(self._desk.force.tree, cmdline=self._cmdline)

    def live(self, engine: Engine) -> LiveSettings:
        """What the local API changes; a project that sends other preferences of the account is followed, too."""

        async def apply(_force: InForce) -> None:
            self._tell_projects()
            self._speak()
            await engine.give(self.settings, self.wishes)

        live = LiveSettings(self._desk, apply)

        def follow() -> None:
            task = asyncio.create_task(live.view(), name="account's preferences")
            self._following.add(task)
            task.add_done_callback(self._following.discard)

        self._projects.when_answered(follow)
        return live

    def _speak(self) -> None:
        chosen = self._desk.force.tree.general.language
        if chosen is not self.language:
            language.settle(chosen)
            self.language = chosen

    def _tell_projects(self) -> None:
        tree, here = self._desk.force.tree, self._desk.here
        time = max((here.at(path) for path in here.values), default=0.0)
        self._proxy(proxy_settings(tree.transfers))
        self._projects.give(
            tasks=tree.resources.tasks,
            cores=tree.resources.cores,
            preferences=to_preferences(tree, cores=self._cores),
            time=time,
            on_metered=tree.transfers.metered,
        )

    async def close(self) -> None:
        """Follow nothing any more."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)


class SettingsVerbs:
    """See `t4t.cli.services.SettingsServices`."""

    def __init__(self, data: Path) -> None:
        """Nothing is opened before it is needed."""
        self._data = data

    def _ask(self, method: str, kind: type[_T], here: Callable[[SettingsDesk], _T], **params: object) -> _T:
        """The agent's answer, or what ``here`` returns where there is no agent. Raises `FolderBusy` if one begins meanwhile."""
        try:
            with Client(self._data) as client:
                return msgspec.convert(client.call(method, **params), kind)
        except AgentMissing:
            with FolderLock(self._data, "agent.lock"):
                return here(desk_of(self._data))

    def view(self) -> SettingsView:
        """See `SettingsServices.view`."""
        return self._ask("settings", SettingsView, lambda desk: desk.view())

    def change(self, values: Mapping[str, Any]) -> Changed:
        """See `SettingsServices.change`."""
        return self._ask("settings_set", Changed, lambda desk: desk.change(values), values=dict(values))

    def preset(self, preset: Preset) -> Changed:
        """See `SettingsServices.preset`."""
        return self._ask("settings_preset", Changed, lambda desk: desk.preset(preset), preset=preset.value)

    def undo(self) -> Changed:
        """See `SettingsServices.undo`."""
        return self._ask("settings_undo", Changed, lambda desk: desk.undo())

    def reset(self, names: Sequence[str]) -> Changed:
        """See `SettingsServices.reset`."""
        return self._ask("settings_reset", Changed, lambda desk: desk.reset(names), names=tuple(names))

    def computer(self) -> Computer:
        """See `SettingsServices.computer`."""
        return computer(self._data)

    def take_boinc(self, file: Path, venue: str) -> Changed:
        """See `SettingsServices.take_boinc`."""
        try:
            found = PreferencesFile(_bytes(file)).preferences(venue)
        except LooseXmlRefused as error:
            raise PreferencesUnreadable(path=str(file), reason=str(error)) from error
        return self.change(to_settings(found.fields, cores=resources.cores()))

    def give_boinc(self, file: Path) -> tuple[str, ...]:
        """See `SettingsServices.give_boinc`."""
        tree = put(Tree(), {one.path: one.value for one in self.view().settings})
        wanted = to_preferences(tree, cores=resources.cores())
        before = PreferencesFile(_bytes(file) if file.exists() else EMPTY)
        try:
            after = before.changed(wanted, now=RealClock().wall())
        except LooseXmlRefused as error:
            raise PreferencesUnreadable(path=str(file), reason=str(error)) from error
        try:
            write_atomic(file, after.data)
        except OSError as error:
            raise FolderUnwritable(path=str(file), reason=error.strerror or str(error)) from error
        return tuple(wanted)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PreferencesUnreadable(path=str(file), reason=error.strerror or str(error)) from error
