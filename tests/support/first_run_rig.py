"""What the first run has done beside the API, by a test's hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.scripted_projects import URL, a_project
from t4t.domain.autostart import AutostartState
from t4t.domain.language import Language
from t4t.domain.offers import offers
from t4t.domain.project import ProjectConfig, Team
from t4t.domain.project_view import Keep, ProjectDetails
from t4t.domain.setting_up import Setup, Step, kept
from t4t.domain.settings.presets import Computer, Preset
from t4t.domain.signup import OtherAccount, ProjectOffer, Signup
from t4t.domain.trial_load import Trying
from t4t.storage.resources import resource_folder
from t4t.wording import language as spoken

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from t4t.domain.changes import Pending
    from t4t.domain.errors import T4TError
    from t4t.domain.offers import Offer

COMPUTER = Computer(cores=8, memory_bytes=16 << 30, disk_bytes=500 << 30)
OFFER = ProjectOffer(config=ProjectConfig(name="LHC@home", master_url=URL, min_passwd_length=8, terms_of_use="Be kind.\nShare your results."))
OTHER = OtherAccount(user_name="Ada", folder="/var/lib/boinc", key="0123456789abcdef")
KEY = "f" * 32


class ScriptedFirstRun:
    """`t4t.gui.wizard.services.WizardServices`: a list of what was asked, and answers that a test sets. No secret is in the list."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuse_with: T4TError | None = None
        self.place = Setup(step=Step.DONE)
        self.cannot_keep: T4TError | None = None
        self.tongue = Language.SYSTEM
        self.pending: Pending | None = None
        self.preset = Preset.CUSTOM
        self.offered = OFFER
        self.signups: list[Signup] = []
        self.attached: list[tuple[str, Keep, str]] = []
        self.login = AutostartState(on=False)
        self.per_kwh = (0.0, "EUR")
        self.team_names: tuple[str, ...] = ("Physics class 10b",)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.refuse_with is not None:
            raise self.refuse_with

    def setup(self) -> Setup:
        return self.place

    def keep_setup(self, setup: Setup) -> None:
        if self.cannot_keep is not None:
            raise self.cannot_keep
        self.place = kept(setup)

    def language(self) -> Language:
        return self.tongue

    def speak(self, language: Language) -> None:
        spoken.speak(language, resource_folder("locale"))
        self.tongue = language

    def keep_language(self, language: Language) -> None:
        self._ask(f"language {language.value}")

    def resumed(self) -> Pending | None:
        pending, self.pending = self.pending, None
        return pending

    def offers(self) -> Sequence[Offer]:
        self._ask("offers")
        return offers(COMPUTER, real_cores=4, processor="Intel(R) Core(TM) i5-10400")

    def chosen(self) -> Preset:
        return self.preset

    def choose(self, preset: Preset) -> None:
        self._ask(f"choose {preset.value}")
        self.preset = preset

    def price(self) -> tuple[float, str]:
        return self.per_kwh

    def try_load(self, cores: int, tell: Callable[[Trying], None], stop: threading.Event) -> None:
        self._ask(f"try {cores}")
        tell(Trying(left_s=7.0, busy_cores=cores - 0.1))
        stop.wait(20)
        self.asked.append("tried")

    def offer(self, address: str) -> ProjectOffer:
        self._ask(f"offer {address}")
        return self.offered

    def teams(self, project: str, name: str) -> Sequence[Team]:
        self._ask(f"teams {project} {name}")
        return tuple(Team(id=7, name=one) for one in self.team_names)

    def account_key(self, found: ProjectOffer, signup: Signup) -> str:
        self._ask(f"account {found.config.name} {signup.way.value}")
        self.signups.append(signup)
        return KEY

    def attach(self, found: ProjectOffer, key: str, keep: Keep, passphrase: str) -> ProjectDetails:
        self._ask(f"attach {found.config.name} {keep.value}")
        self.attached.append((key, keep, passphrase))
        return ProjectDetails(project=a_project())

    def try_demo(self) -> None:
        self._ask("demo")

    def sent(self) -> Sequence[tuple[str, object]]:
        return (("p_model", "Intel Core i5"), ("p_ncpus", 8), ("m_nbytes", float(16 << 30)), ("os_name", "Linux Debian"), ("virtualbox_version", ""))

    def autostart(self, *, on: bool | None) -> AutostartState:
        self._ask(f"autostart {on}")
        if on is not None:
            self.login = AutostartState(on=on)
        return self.login
