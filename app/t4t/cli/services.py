"""What the verbs need of the rest of the program; `t4t.bootstrap` gives it to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from t4t.domain.app_update import UpdateView
    from t4t.domain.appliance_descriptor import Descriptor
    from t4t.domain.autostart import AutostartState
    from t4t.domain.boards import BoardsView
    from t4t.domain.changes import Change, Fetch, Fix, Pending, Plan
    from t4t.domain.community import CommunityView
    from t4t.domain.contribution import Contribution
    from t4t.domain.diagnosis.findings import Diagnosis, Finding
    from t4t.domain.energy import Day
    from t4t.domain.histogram import Histogram
    from t4t.domain.progress import TaskEvent, TaskResult
    from t4t.domain.project import Decoded, Team
    from t4t.domain.project_view import Keep, ProjectDetails
    from t4t.domain.removal import Part as Removable
    from t4t.domain.removal import Removal, Removed
    from t4t.domain.self_check import Checked, Part
    from t4t.domain.settings.presets import Computer, Preset
    from t4t.domain.settings.view import Changed, SettingsView
    from t4t.domain.signup import ProjectOffer, Signup
    from t4t.domain.virtualbox_install import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOptions:
    """What the command line says about the virtual machine; None: the default."""

    hypervisor: str
    cores: int | None
    cap_percent: int | None
    memory_mib: int | None
    cmdline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCredit:
    """What the project made of a result; ``why`` it is not valid, if it is not."""

    project: str
    address: str
    valid: bool
    why: str
    granted: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """A finished demo task: what was computed, where it lies, and what the project gave for it (None: stopped before that)."""

    task: TaskResult
    runspec: str
    folder: Path
    result: Path | None
    picture: Path | None
    histograms: tuple[Histogram, ...]
    job: Mapping[str, object]
    credit: DemoCredit | None = None


class ProjectServices(Protocol):
    """Projects of the data folder: through the agent if it runs, else in process."""

    def offer(self, address: str) -> ProjectOffer:
        """Ask a project what it is; raises what stands against working for it."""
        ...

    def account_key(self, found: ProjectOffer, signup: Signup) -> str:
        """The key of the account that ``signup`` makes or means; raises leaves of `AccountError` and `ProjectError`."""
        ...

    def attach(self, found: ProjectOffer, key: str, keep: Keep, passphrase: str) -> ProjectDetails:
        """Work for the project from now on; raises what keeping the key raises."""
        ...

    def projects(self) -> list[ProjectDetails]:
        """All attached projects."""
        ...

    def teams(self, project: str, name: str) -> Sequence[Team]:
        """Ask the project at this address for its teams of this name; raises what went wrong."""
        ...

    def community(self, project: str, *, fetch: bool, agreed: bool) -> CommunityView:
        """All volunteers of the project at this address: what is known here, or (``fetch``) the newest, at most weekly.

        Raises what went wrong where nothing is known; `MeteredLink` is such a thing on a network that costs, unless that was ``agreed``.
        """
        ...

    def boards(self, project: str, *, fetch: bool) -> BoardsView:
        """What is new on the message boards of the project at this address: what is known here, or (``fetch``) the newest, at most every ten minutes.

        Raises what went wrong where nothing is known.
        """
        ...

    def update(self, project: str, passphrase: str) -> ProjectDetails:
        """Contact a project now; raises what went wrong. A ``passphrase`` opens the file with the keys first."""
        ...

    def detach(self, project: str, passphrase: str, *, force: bool) -> str:
        """Leave a project; its name. Raises what would be lost by it, unless ``force``. A ``passphrase`` opens the file with the keys first."""
        ...

    def locked(self) -> bool:
        """Whether keys are in a file that a passphrase must open."""
        ...

    def unlock(self, passphrase: str) -> None:
        """Open that file for the agent that runs."""
        ...

    def mark_read(self, ids: tuple[str, ...]) -> None:
        """These notices were seen."""
        ...


class SettingsServices(Protocol):
    """Settings of the data folder: through the agent if it runs, else in process. Changes raise leaves of `t4t.domain.settings_errors`."""

    def view(self) -> SettingsView:
        """All settings in force."""
        ...

    def change(self, values: Mapping[str, Any]) -> Changed:
        """Set values by path, as plain data; None: as if it had never been set here."""
        ...

    def preset(self, preset: Preset) -> Changed:
        """Give as much as a preset does."""
        ...

    def undo(self) -> Changed:
        """Take the last change back."""
        ...

    def reset(self, names: Sequence[str]) -> Changed:
        """These settings and sections, or all, as if they had never been set here."""
        ...

    def computer(self) -> Computer:
        """What presets are computed of."""
        ...

    def take_boinc(self, file: Path, venue: str) -> Changed:
        """Set here what a file of BOINC's preferences says; raises `PreferencesUnreadable`."""
        ...

    def give_boinc(self, file: Path) -> tuple[str, ...]:
        """Write the settings into a file of BOINC's preferences; which of its fields were set. Raises `PreferencesUnreadable`, `FolderUnwritable`."""
        ...


class UpdateServices(Protocol):
    """Newer versions of this program. Raises leaves of `t4t.domain.update_errors`, and what stands against reading where they come from."""

    def view(self) -> UpdateView:
        """What is here, and what is known."""
        ...

    def check(self, address: str) -> UpdateView:
        """Ask; at ``address``, or where this copy was built to."""
        ...

    def download(self, address: str, tell: Callable[[int, int], None], *, again: bool) -> UpdateView:
        """Ask, and bring it here; ``tell`` hears bytes, of how many. ``again``: also what failed or was skipped."""
        ...

    def apply(self, root: Path | None) -> UpdateView:
        """Put in place what is here, or go on with it. Without ``root`` this process becomes the kept copy, which is told the place."""
        ...

    def roll_back(self) -> UpdateView:
        """Put the previous version in place; as `apply`."""
        ...

    def skip(self, version: str) -> UpdateView:
        """Never take it unasked."""
        ...


class Services(Protocol):
    """In-process services."""

    def run_task(self, folder: Path, options: MachineOptions, listen: Callable[[TaskEvent], None]) -> TaskResult:
        """Run a task folder to its end or to Ctrl-C."""
        ...

    def run_agent(self, options: MachineOptions, *, tasks: int | None, once: bool, tray: bool = False, passphrase: str = "") -> None:
        """Be the agent until it is asked to quit, with a ``tray`` where there is a screen; ``passphrase`` opens the file with the keys.

        Raises `AgentRunning`, `PassphraseWrong`.
        """
        ...

    def of_projects(self) -> ProjectServices:
        """What is done with projects."""
        ...

    def of_settings(self) -> SettingsServices:
        """What is done with settings."""
        ...

    def of_updates(self) -> UpdateServices:
        """What is done with newer versions of this program."""
        ...

    def move(self, to: Path, tell: Callable[[int, int], None]) -> Path:
        """Move the virtual machines to another disk, or back into the data folder; where they are then. ``tell`` hears bytes copied, of how many.

        Raises leaves of `t4t.domain.move_errors`, `NotEnoughDisk`, `FolderUnwritable`, `FolderBusy`; the machines stay where they were then.
        """
        ...

    def end(self) -> bool:
        """End the agent, if it runs, and wait until everything is saved; whether it ran. Raises `FolderBusy`, `AgentNotUnderstood`."""
        ...

    def removal(self) -> Removal:
        """All that this program made here; changes nothing."""
        ...

    def remove(self, keep: Collection[Removable], tell: Callable[[Removable], None]) -> Removed:
        """Remove it, but for what is to be kept. Raises `FolderShared`, `FolderBusy`, and what stands against removing a machine."""
        ...

    def proxy(self) -> str:
        """The proxy in use, as it is shown; raises `NoProxySet`, or `ProxyRefused` where its host is missing."""
        ...

    def proxy_login(self, login: tuple[str, str] | None) -> None:
        """Keep name and password for the proxy in use, or forget them; raises as `proxy`, and what the keyring has against it."""
        ...

    def show_window(self, page: str) -> None:
        """Be the window until it is closed; starts the agent if there is none. Raises `NoScreen`."""
        ...

    @property
    def data(self) -> Path:
        """The data folder."""
        ...

    def run_demo(self, options: MachineOptions, runspec: str | None, listen: Callable[[TaskEvent], None]) -> DemoResult:
        """Run the next task of the demo project (or the one that was interrupted), from account to credit."""
        ...

    def serve_demo_project(self, tell: Callable[[str, str], None]) -> None:
        """Be a project on loopback until Ctrl-C; ``tell`` gets its address and invitation code. Raises `ApplianceMissing`, `FolderBusy` and others."""
        ...

    def appliance_folder(self) -> Path:
        """Where the reference appliance lies; raises `ApplianceMissing`."""
        ...

    def appliance_fetch(self, address: str, tell: Callable[[int, int], None]) -> Mapping[str, object]:
        """Bring the newest here, from ``address`` or where updates come from; ``tell`` gets how much of how much came. Its manifest; raises `UpdateError`."""
        ...

    def appliance_info(self) -> Mapping[str, object]:
        """The appliance's manifest."""
        ...

    def appliance_descriptors(self) -> Sequence[Descriptor]:
        """Every appliance that comes with the program; raises `DescriptorsMissing`."""
        ...

    def appliance_descriptor(self, name: str) -> Descriptor:
        """The appliance ``name``; raises `ApplianceUnknown`."""
        ...

    def has_screen(self) -> bool:
        """Whether a window could be shown."""
        ...

    def energy(self) -> Sequence[Day]:
        """What each day's work cost, the oldest first."""
        ...

    def contribution(self) -> Contribution:
        """What this computer has done, day by day."""
        ...

    def autostart(self, *, on: bool | None) -> AutostartState:
        """Switch the start with the user's session on or off (None: neither); how it is then. Raises `FolderUnwritable`."""
        ...

    def self_check(self, part: Part | None) -> Sequence[Checked]:
        """Whether this copy of the program has all that it needs: one part in this process, or (None) all of them, each in its own."""
        ...

    def decode(self, file: Path) -> Decoded:
        """A recorded reply, read; raises `RecordUnreadable`."""
        ...

    def doctor(self, *, reach: bool, boot: bool = False) -> Diagnosis:
        """Look at this computer; ``reach``: also try to connect to the project's servers; ``boot``: really start a tiny machine."""
        ...

    def report(self) -> str:
        """Everything that a helper needs to know, without anything that tells who somebody is; asks no network."""
        ...

    def virtualbox_health(self) -> tuple[Finding, ...]:
        """VirtualBox's ladder, up to the first rung that fails."""
        ...

    def virtualbox_plan(self, purpose: Purpose) -> Plan | None:
        """How VirtualBox would be installed or repaired; None if nothing is to be done. Raises leaves of `HostError` and `ProjectError`."""
        ...

    def fix_plan(self, name: str) -> Fix:
        """What ``name`` (a remedy's id, or a check's) would do here. Raises `NothingToFix` and what `virtualbox_plan` raises."""
        ...

    def carry_out(self, plan: Plan, tell: Callable[[Change | Fetch, int], None]) -> bool:
        """Do it; whether the computer must be restarted before it acts. Raises leaves of `HostError` and `ProjectError`."""
        ...

    def prepare_resume(self, check: str, remedy: str) -> None:
        """Go on by itself after the restart of the computer that is to come."""
        ...

    def drop_resume(self) -> None:
        """No restart is to come after all."""
        ...

    def resumed(self) -> Pending | None:
        """What waited for a restart that has happened; told once."""
        ...

    def follow(self, *, reach: bool, listen: Callable[[Diagnosis], None]) -> None:
        """Look again whenever something changes, until the computer is ready; ``listen`` gets each diagnosis that says something new."""
        ...
