"""What the command line's verbs get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from t4t import desktop
from t4t.bootstrap import beginning
from t4t.domain.errors import NoScreen
from t4t.domain.record import record
from t4t.host.clock import RealClock
from t4t.storage import appliance, paths

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from t4t.bootstrap.attach import ProjectVerbs
    from t4t.bootstrap.settings import SettingsVerbs
    from t4t.bootstrap.updating import UpdateVerbs
    from t4t.cli.services import DemoResult, MachineOptions
    from t4t.domain.appliance_descriptor import Descriptor
    from t4t.domain.autostart import AutostartState
    from t4t.domain.changes import Change, Fetch, Fix, Pending, Plan
    from t4t.domain.contribution import Contribution
    from t4t.domain.diagnosis.findings import Diagnosis, Finding
    from t4t.domain.energy import Day
    from t4t.domain.progress import TaskEvent, TaskResult
    from t4t.domain.project import Decoded
    from t4t.domain.removal import Part as Removable
    from t4t.domain.removal import Removal, Removed
    from t4t.domain.self_check import Checked, Part
    from t4t.domain.virtualbox_install import Purpose
    from t4t.host.resume import Resume
    from t4t.hypervisor.twin import Twin


@record
class Services:
    """`t4t.cli.services.Services` on one data folder."""

    data: Path
    twin: Twin | None = None
    """What will be the agent's VM host."""

    def run_task(self, folder: Path, options: MachineOptions, listen: Callable[[TaskEvent], None]) -> TaskResult:
        """See `Services.run_task`."""
        from t4t.bootstrap import tasks  # noqa: PLC0415 - the agent, which lives long, has no use for it

        return tasks.run_task(self.data, folder, options, listen)

    def run_demo(self, options: MachineOptions, runspec: str | None, listen: Callable[[TaskEvent], None]) -> DemoResult:
        """See `Services.run_demo`."""
        from t4t.bootstrap import demo_round  # noqa: PLC0415 - the agent, which lives long, has no use for it

        return demo_round.run_demo(self.data, options, runspec, listen)

    def serve_demo_project(self, tell: Callable[[str, str], None]) -> None:
        """See `Services.serve_demo_project`."""
        from t4t.bootstrap import demo_project  # noqa: PLC0415 - only this verb needs it

        demo_project.serve(self.data, tell)

    def appliance_folder(self) -> Path:
        """See `Services.appliance_folder`."""
        return appliance.load(paths.appliance_dir(self.data)).folder

    def appliance_fetch(self, address: str, tell: Callable[[int, int], None]) -> Mapping[str, object]:
        """See `Services.appliance_fetch`."""
        from t4t.bootstrap.updating import fetch_appliance  # noqa: PLC0415 - only this verb needs it

        found = fetch_appliance(self.data, address, tell)
        return {"path": str(found.folder), **msgspec.to_builtins(found.manifest)}

    def appliance_info(self) -> Mapping[str, object]:
        """See `Services.appliance_info`."""
        found = appliance.load(paths.appliance_dir(self.data))
        for name in (appliance.DISK, appliance.ISO):
            found.verified(name)
        return {"path": str(found.folder), **msgspec.to_builtins(found.manifest)}

    def appliance_descriptors(self) -> Sequence[Descriptor]:
        """See `Services.appliance_descriptors`."""
        from t4t.storage import descriptors  # noqa: PLC0415 - only this verb needs them

        return descriptors.shipped()

    def appliance_descriptor(self, name: str) -> Descriptor:
        """See `Services.appliance_descriptor`."""
        from t4t.storage import descriptors  # noqa: PLC0415 - only this verb needs them

        return descriptors.named(name)

    def decode(self, file: Path) -> Decoded:
        """See `Services.decode`."""
        from t4t.project.decode import decode_file  # noqa: PLC0415 - only this verb needs it

        return decode_file(file)

    def doctor(self, *, reach: bool, boot: bool = False) -> Diagnosis:
        """See `Services.doctor`."""
        from t4t.bootstrap import checks  # noqa: PLC0415 - the agent, which lives long, has no use for it

        return checks.doctor(self.data, reach=reach, boot=boot)

    def report(self) -> str:
        """See `Services.report`."""
        from t4t.bootstrap import report  # noqa: PLC0415 - the agent, which lives long, has no use for it

        return report.report(self.data)

    def virtualbox_health(self) -> tuple[Finding, ...]:
        """See `Services.virtualbox_health`."""
        from t4t.bootstrap import checks  # noqa: PLC0415 - the agent, which lives long, has no use for it

        return checks.health_of_virtualbox(self.data)

    def virtualbox_plan(self, purpose: Purpose) -> Plan | None:
        """See `Services.virtualbox_plan`."""
        from t4t.bootstrap import installation  # noqa: PLC0415 - HTTP and all that: a quarter of a second that only this needs

        return installation.virtualbox_plan(self.data, purpose)

    def fix_plan(self, name: str) -> Fix:
        """See `Services.fix_plan`."""
        from t4t.bootstrap import installation  # noqa: PLC0415 - HTTP and all that: a quarter of a second that only this needs

        return installation.fix_plan(self.data, name)

    def carry_out(self, plan: Plan, tell: Callable[[Change | Fetch, int], None]) -> bool:
        """See `Services.carry_out`."""
        from t4t.bootstrap import installation  # noqa: PLC0415 - HTTP and all that: a quarter of a second that only this needs

        return installation.carry_out(self.data, plan, tell)

    def _resume(self) -> Resume:
        from t4t.host.resume import Resume  # noqa: PLC0415 - an agent that starts by itself has no use for it

        return Resume(self.data, boot=RealClock().boot())

    def prepare_resume(self, check: str, remedy: str) -> None:
        """See `Services.prepare_resume`."""
        from t4t.bootstrap.first_run import WizardWork  # noqa: PLC0415 - as above

        page = ("computer",) if WizardWork(self).setup().done else ()  # else the first run, which goes on where it was
        self._resume().prepare(check, remedy, desktop.command(self.data, "window", *page))

    def drop_resume(self) -> None:
        """See `Services.drop_resume`."""
        self._resume().drop()

    def resumed(self) -> Pending | None:
        """See `Services.resumed`."""
        return self._resume().take()

    def follow(self, *, reach: bool, listen: Callable[[Diagnosis], None]) -> None:
        """See `Services.follow`."""
        from t4t.bootstrap import following  # noqa: PLC0415 - the events of the computer, which only this verb needs

        following.follow(self.data, reach=reach, listen=listen)

    def autostart(self, *, on: bool | None) -> AutostartState:
        """See `Services.autostart`."""
        from t4t.bootstrap import login  # noqa: PLC0415 - only this verb needs it

        return login.autostart_of(self.data, on=on)

    def energy(self) -> Sequence[Day]:
        """See `Services.energy`."""
        from t4t.bootstrap import costs  # noqa: PLC0415 - only this verb needs it

        return costs.days_of(self.data, self.of_settings().view())

    def contribution(self) -> Contribution:
        """See `Services.contribution`."""
        from t4t.bootstrap import done  # noqa: PLC0415 - only this verb needs it

        return done.contribution_of(self.data)

    def self_check(self, part: Part | None) -> Sequence[Checked]:
        """See `Services.self_check`."""
        from t4t.bootstrap import self_check  # noqa: PLC0415 - only this verb needs it

        return self_check.check(part)

    def has_screen(self) -> bool:
        """See `Services.has_screen`."""
        return beginning.has_screen()

    def run_agent(self, options: MachineOptions, *, tasks: int | None, once: bool, tray: bool = False, passphrase: str = "") -> None:
        """See `Services.run_agent`."""
        beginning.run_agent(self.data, options, tasks=tasks, once=once, tray=tray, passphrase=passphrase, twin=self.twin)

    def of_projects(self) -> ProjectVerbs:
        """See `Services.of_projects`."""
        from t4t.bootstrap.attach import ProjectVerbs  # noqa: PLC0415 - the agent, which lives long, has no use for it

        return ProjectVerbs(self.data)

    def of_settings(self) -> SettingsVerbs:
        """See `Services.of_settings`."""
        from t4t.bootstrap.settings import SettingsVerbs  # noqa: PLC0415 - a tray and a window are on the screen before they need it

        return SettingsVerbs(self.data)

    def of_updates(self) -> UpdateVerbs:
        """See `Services.of_updates`."""
        from t4t.bootstrap.updating import UpdateVerbs  # noqa: PLC0415 - as above

        return UpdateVerbs(self.data)

    def move(self, to: Path, tell: Callable[[int, int], None]) -> Path:
        """See `Services.move`."""
        from t4t.bootstrap import moving  # noqa: PLC0415 - only this verb needs it

        return moving.move(self.data, to, tell)

    def end(self) -> bool:
        """See `Services.end`."""
        from t4t.bootstrap import ending  # noqa: PLC0415 - only this verb needs it

        return ending.end(self.data)

    def removal(self) -> Removal:
        """See `Services.removal`."""
        from t4t.bootstrap import removal  # noqa: PLC0415 - the agent, which lives long, has no use for it

        return removal.look(self.data)

    def remove(self, keep: Collection[Removable], tell: Callable[[Removable], None]) -> Removed:
        """See `Services.remove`."""
        from t4t.bootstrap import removal  # noqa: PLC0415 - the agent, which lives long, has no use for it

        return removal.remove(self.data, keep, self.of_projects(), tell)

    def proxy(self) -> str:
        """See `Services.proxy`."""
        from t4t.bootstrap import net  # noqa: PLC0415 - only this verb needs it here

        return net.proxy_of(net.tree_of(self.data))

    def proxy_login(self, login: tuple[str, str] | None) -> None:
        """See `Services.proxy_login`."""
        from t4t.bootstrap import net  # noqa: PLC0415 - as above
        from t4t.transfer.proxy import Login  # noqa: PLC0415 - as above

        proxy, logins = self.proxy(), net.ProxyLogins()
        if login is None:
            logins.forget(proxy)
        else:
            logins.keep(proxy, Login(user=login[0], password=login[1]))

    def show_window(self, page: str) -> None:
        """See `Services.show_window`."""
        if not self.has_screen():
            raise NoScreen(detail="")
        self._resume().started()
        from t4t.bootstrap.window import WindowWork  # noqa: PLC0415 - the agent, which lives long, has no use for it

        desktop.show_window(self.data, page, WindowWork(self))
