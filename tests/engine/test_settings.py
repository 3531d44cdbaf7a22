"""Settings changed while the engine runs: through the real socket, in force when they are answered."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from support.agent_in_process import InProcess, shows, until
from support.volunteer import volunteer
from t4t.api.client import Client
from t4t.bootstrap.settings import Giving
from t4t.domain.boinc_settings import account_of
from t4t.domain.errors import AgentNotUnderstood, from_wire
from t4t.domain.language import Language
from t4t.domain.policy import PauseKind
from t4t.domain.settings.derived import decisions
from t4t.domain.settings.layers import Origin, Set
from t4t.domain.settings.meta import Effect
from t4t.domain.settings.presets import Computer, Preset
from t4t.domain.settings.view import Changed, SettingsView
from t4t.domain.settings_errors import NothingToUndo, SettingLocked, SettingRefused, SettingsIgnored, SettingUnknown
from t4t.domain.vm import VmState
from t4t.engine.folder import Wishes
from t4t.engine.server import ApiServer
from t4t.engine.settings_desk import LiveSettings, SettingsDesk
from t4t.wording.language import gettext, speak_english

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from t4t.domain.settings.layers import InForce
    from t4t.engine.engine import Engine

COMPUTER = Computer(cores=8)


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def desk_in(folder: Path, **more: Any) -> SettingsDesk:
    return SettingsDesk(folder, deployment=folder / "deployment.toml", computer=COMPUTER, now=lambda: 5.0, **more)


# --- the desk -----------------------------------------------------------------------------------------------------------


def test_a_desks_day(tmp_path: Path) -> None:
    desk = desk_in(tmp_path)
    assert (desk.view().preset, desk.view().can_undo) == (Preset.BALANCED, False)
    changed = desk.change({"cores": 3, "resources.cap_percent": 50})
    assert changed.effects == {"resources.cores": Effect.SAFE_POINT, "resources.cap_percent": Effect.NOW}
    assert (desk.force.tree.resources.cores, changed.settings.preset, changed.settings.can_undo) == (3, Preset.CUSTOM, True)
    assert desk.preset(Preset.GENTLE).settings.preset is Preset.GENTLE
    assert desk.undo().settings.preset is Preset.CUSTOM
    assert desk.reset(["cap_percent"]).effects == {"resources.cap_percent": Effect.NOW}
    assert desk.reset(["resources"]).effects == {"resources.cores": Effect.SAFE_POINT}
    assert desk.reset([]).effects == {}
    assert (desk.force.origins, desk.troubles) == ({}, ())


def test_all_of_a_change_or_nothing(tmp_path: Path) -> None:
    desk = desk_in(tmp_path)
    for wrong, error in (({"cores": 2, "tasks": 0}, SettingRefused), ({"cores": 2, "x": 1}, SettingUnknown)):
        with pytest.raises(error):
            desk.change(wrong)
    with pytest.raises(SettingUnknown):
        desk.reset(["cores", "nothing"])
    with pytest.raises(NothingToUndo):
        desk.undo()
    assert desk.view().can_undo is False


def test_what_is_locked(tmp_path: Path) -> None:
    (tmp_path / "deployment.toml").write_text("[locked.resources]\ncores = 1\n[default.when]\nin_use = 'pause'\n[x]\n")
    desk = desk_in(tmp_path)
    with pytest.raises(SettingLocked) as caught:
        desk.change({"when.in_use": "go-on", "cores": 2})
    assert (caught.value.name, caught.value.path) == ("resources.cores", str(tmp_path / "deployment.toml"))
    assert desk.force.tree.when.in_use.value == "pause", "all of a change or nothing"
    desk.preset(Preset.EVERYTHING)
    assert (desk.force.tree.resources.cores, desk.force.tree.when.in_use.value) == (1, "go-on")
    assert [notice.code for notice in desk.view().notices] == [SettingsIgnored.code]
    assert isinstance(from_wire({"code": SettingsIgnored.code, "data": desk.view().notices[0].data}), SettingsIgnored)


def test_the_command_line_holds_for_this_run(tmp_path: Path) -> None:
    desk = desk_in(tmp_path, run={"resources.cores": 5})
    changed = desk.change({"cores": 2})
    assert (changed.effects, desk.force.tree.resources.cores, desk.force.origin("resources.cores")) == ({}, 5, Origin.COMMAND_LINE)
    assert desk_in(tmp_path).force.tree.resources.cores == 2


def test_the_account(tmp_path: Path) -> None:
    said = [Set(values={"resources.cap_percent": 70}, time=4.0)]
    desk = desk_in(tmp_path, account=lambda: said[0])
    assert desk.force.origin("resources.cap_percent") is Origin.ACCOUNT
    desk.change({"cap_percent": 60})
    assert desk.force.tree.resources.cap_percent == 60
    said[0] = Set(values={"resources.cap_percent": 80}, time=6.0)
    assert desk.load().tree.resources.cap_percent == 80


# --- while the engine runs ----------------------------------------------------------------------------------------------


class Agent(InProcess):
    """With settings, as the program's own agent has them."""

    @contextlib.asynccontextmanager
    async def with_settings(self) -> AsyncIterator[tuple[Engine, LiveSettings]]:
        desk = desk_in(self.data)
        self.settings, self.cores = decisions(desk.force.tree), desk.force.tree.resources.cores
        async with self.running() as engine:

            async def apply(force: InForce) -> None:
                given = force.tree.resources
                wishes = Wishes(cores=given.cores, cap_percent=given.cap_percent, memory_mib=given.memory_mib or None, bandwidth_kib_s=given.vm_kib_s or None)
                await engine.give(decisions(force.tree), wishes)

            live = LiveSettings(desk, apply)
            server = ApiServer(engine, self.data, settings=live)
            await server.start()
            try:
                yield engine, live
            finally:
                await server.close()

    async def ask(self, work: Callable[[Client], Any]) -> Any:
        def there() -> Any:
            with Client(self.data) as client:
                return work(client)

        return await asyncio.to_thread(there)


def changed_by(answer: Any) -> Changed:
    return msgspec.convert(answer, Changed)


async def test_a_change_through_the_socket(tmp_path: Path) -> None:
    """What a hypervisor can change while the machine runs is changed when the answer comes."""
    agent = Agent(tmp_path / "data")
    agent.add_task("one")
    async with agent.with_settings() as (engine, _live):
        await until(engine, "running")
        wanted = {"resources.cap_percent": 40, "resources.cores": 4, "resources.vm_kib_s": 64}
        changed = changed_by(await agent.ask(lambda client: client.call("settings_set", values=wanted)))
        assert set(changed.effects.values()) == {Effect.NOW, Effect.SAFE_POINT}
        (vm,) = agent.world.vms.values()
        assert (vm.spec.cap_percent, vm.spec.bandwidth_kib_s, vm.spec.cores) == (40, 64, 2), "cores: at the next boot"
        assert engine.view.tasks[0].cap_percent == 40
        view = msgspec.convert(await agent.ask(lambda client: client.call("settings")), SettingsView)
        assert {one.path: one.value for one in view.settings}["resources.cores"] == 4
        await agent.ask(lambda client: client.call("settings_undo"))
        assert (vm.spec.cap_percent, vm.spec.bandwidth_kib_s) == (100, None)
        changed = changed_by(await agent.ask(lambda client: client.call("settings_preset", preset="gentle")))
        assert changed.settings.preset is Preset.GENTLE
        changed = changed_by(await agent.ask(lambda client: client.call("settings_reset")))
        assert changed.settings.preset is Preset.BALANCED
        with pytest.raises(SettingRefused):
            await agent.ask(lambda client: client.call("settings_set", values={"resources.cores": 0}))


async def test_what_changes_during_a_pause_acts_from_the_first_moment_after_it(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "data")
    agent.add_task("one")
    async with agent.with_settings() as (engine, live):
        await until(engine, "running")
        await engine.pause(PauseKind.FOREVER)
        await live.change({"resources.cap_percent": 70, "resources.vm_kib_s": 32})
        (vm,) = agent.world.vms.values()
        assert (vm.spec.cap_percent, vm.spec.bandwidth_kib_s) == (100, None)
        await engine.resume()
        await until(engine, "running")
        assert (vm.spec.cap_percent, vm.spec.bandwidth_kib_s) == (70, 32)
        await live.change({"resources.vm_kib_s": None})
        assert (vm.spec.bandwidth_kib_s, engine.view.tasks[0].bandwidth_kib_s) == (None, None)


async def test_cores_and_memory_at_the_next_boot(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "data")
    agent.add_task("one", memory_size_mb="512")
    async with agent.with_settings() as (engine, live):
        await until(engine, "running")
        await live.change({"resources.cores": 4, "resources.memory_mib": 640})
        (vm,) = agent.world.vms.values()
        assert (vm.spec.cores, vm.spec.memory_mib) == (2, 512)
        agent.world.kill(vm.spec.vm_id)
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING and view.tasks[0].restarts == 1)
        assert (vm.spec.cores, vm.spec.memory_mib) == (4, 640)
        await live.change({"resources.memory_mib": None})
        agent.world.kill(vm.spec.vm_id)
        await shows(engine, lambda view: view.tasks[0].vm is VmState.RUNNING and view.tasks[0].restarts == 2)
        assert vm.spec.memory_mib == 512, "as much as the work asks for"


async def test_fewer_machines_and_what_is_written_by_hand(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "data")
    (agent.data / "settings.toml").write_text("[resources]\ntasks = 2\n")
    agent.add_task("one")
    agent.add_task("two")
    async with agent.with_settings() as (engine, live):
        await shows(engine, lambda view: [task.vm for task in view.tasks] == [VmState.RUNNING] * 2)
        (agent.data / "settings.toml").write_text("[resources]\ntasks = 1\n")
        await live.view()
        await shows(engine, lambda view: sorted(task.vm.value for task in view.tasks) == ["running", "saved"])


async def test_an_agent_without_settings_says_so(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "data")
    async with agent.running():
        with pytest.raises(AgentNotUnderstood):
            await agent.ask(lambda client: client.call("settings"))


async def test_what_is_given_before_and_after_a_run(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "data")
    async with agent.running() as engine:
        await engine.give(agent.settings, Wishes(cores=3))
        await engine.ready()
    await engine.give(agent.settings, Wishes(cores=2))


async def test_the_agent_speaks_a_language_as_soon_as_it_is_chosen(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one, one.running() as (engine, projects):
        desk = SettingsDesk(one.data, deployment=tmp_path / "none", computer=COMPUTER, now=one.clock.wall)
        giving = Giving(desk, projects, cmdline="")
        before = giving.language
        try:
            await giving.live(engine).change({"general.language": "de"})
            assert (before, giving.language) == (Language.SYSTEM, Language.GERMAN)
            assert gettext("Help") == "Hilfe"
        finally:
            speak_english()
            await giving.close()


async def test_all_that_shows_the_view_is_told_of_the_language(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "data")
    async with agent.running() as engine:
        await shows(engine, lambda view: view.language is None)
        agent.language = Language.GERMAN
        await engine.give(agent.settings, Wishes())
        await shows(engine, lambda view: view.language is Language.GERMAN)


PREFERENCES = "<global_preferences><mod_time>{}</mod_time><cpu_usage_limit>60</cpu_usage_limit><disk_max_used_gb>30</disk_max_used_gb></global_preferences>"


async def test_the_account_is_followed_and_projects_hear_what_is_in_force(tmp_path: Path) -> None:
    """Other preferences come with a reply: the machine that runs is held to them, and the next request says what holds here."""
    async with volunteer(tmp_path) as one, one.running() as (engine, projects):
        states = projects._book.projects

        def account() -> Set:
            return account_of(states.values(), cores=8, now=one.clock.wall())

        desk = SettingsDesk(one.data, deployment=tmp_path / "none", computer=COMPUTER, now=one.clock.wall, account=account)
        desk.change({"resources.disk_max_gib": 25})
        giving = Giving(desk, projects, cmdline="")
        giving.live(engine)
        one.project.extra = PREFERENCES.format(one.clock.wall() - 1000)
        await shows(engine, lambda view: any(task.cap_percent == 60 for task in view.tasks))
        assert desk.force.origin("resources.cap_percent") is Origin.ACCOUNT
        assert desk.force.origin("resources.disk_max_gib") is Origin.HERE
        seen = len(one.project.bodies)
        await one.until_reported(engine, len(one.project.reported) + 1)
        said = one.project.bodies[seen].partition("<working_global_preferences>")[2]
        assert "<disk_max_used_gb>25.0" in said
        assert "<cpu_usage_limit>60.0" in said
        await giving.close()
