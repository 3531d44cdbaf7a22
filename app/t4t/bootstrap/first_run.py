"""What the first run has done in the window's process, by the verbs' own services."""

from __future__ import annotations

import contextlib
import time
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from t4t.api.client import Client
from t4t.bootstrap import language as spoken
from t4t.domain.errors import AgentMissing, ApplianceMissing
from t4t.domain.project_errors import NotAttached
from t4t.domain.record import record
from t4t.domain.setting_up import Setup, Step
from t4t.domain.update_errors import UpdatesNotSetUp
from t4t.storage import setting_up
from t4t.storage.paths import ATTACHED, appliance_dir

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from t4t.cli.services import Services
    from t4t.domain.autostart import AutostartState
    from t4t.domain.changes import Pending
    from t4t.domain.language import Language
    from t4t.domain.offers import Offer
    from t4t.domain.project import Team
    from t4t.domain.project_view import Keep, ProjectDetails
    from t4t.domain.settings.presets import Preset
    from t4t.domain.signup import ProjectOffer, Signup
    from t4t.domain.trial_load import Trying

_PATIENCE_S: Final = 300.0
"""The demo project unpacks and signs its image first."""
_START_S: Final = 60.0
"""For an agent that the window has just started, on a slow computer."""
_LOOK_S: Final = 0.1


@record
class WizardWork:
    """See `t4t.gui.wizard.services.WizardServices`."""

    services: Services

    def setup(self) -> Setup:
        """See `WizardServices`. Who has a project already needs no first run, and neither has who has a task."""
        found = setting_up.load(self.services.data)
        if found is not None:
            return found
        used = any(path.is_dir() and any(path.iterdir()) for path in (self.services.data / name for name in (ATTACHED, "tasks")))
        return Setup(step=Step.DONE) if used else Setup()

    def keep_setup(self, setup: Setup) -> None:
        """See `WizardServices`."""
        setting_up.keep(self.services.data, setup)

    def language(self) -> Language:
        """See `WizardServices`."""
        return spoken.of_settings(self.services.data)

    def speak(self, language: Language) -> None:
        """See `WizardServices`."""
        spoken.settle(language)

    def keep_language(self, language: Language) -> None:
        """See `WizardServices`."""
        self._await_agent()
        self.services.of_settings().change({spoken.PATH: language.value})

    def resumed(self) -> Pending | None:
        """See `WizardServices`."""
        return self.services.resumed()

    def offers(self) -> Sequence[Offer]:
        """See `WizardServices`."""
        from t4t.domain.offers import offers  # noqa: PLC0415 - the window is on the screen before somebody sees an offer
        from t4t.host import energy  # noqa: PLC0415 - the meters, which only this needs

        return offers(self.services.of_settings().computer(), real_cores=energy.real_cores(), processor=energy.processor_name())

    def _await_agent(self) -> None:
        """Wait for the agent that the window has started. Raises `AgentMissing`.

        Verbs do without one what they can, and hold its lock meanwhile: an agent that begins at that moment would find another one at work, and end.
        """
        end = time.monotonic() + _START_S
        while True:
            try:
                Client(self.services.data).close()
            except AgentMissing:
                if time.monotonic() >= end:
                    raise
                time.sleep(_LOOK_S)
            else:
                return

    def chosen(self) -> Preset:
        """See `WizardServices`."""
        self._await_agent()
        return self.services.of_settings().view().preset

    def choose(self, preset: Preset) -> None:
        """See `WizardServices`."""
        self._await_agent()
        self.services.of_settings().preset(preset)

    def price(self) -> tuple[float, str]:
        """See `WizardServices`."""
        self._await_agent()
        said = {one.path: one.value for one in self.services.of_settings().view().settings}
        return float(said["energy.price_per_kwh"]), str(said["energy.currency"])

    def try_load(self, cores: int, tell: Callable[[Trying], None], stop: threading.Event) -> None:
        """See `WizardServices`."""
        from t4t.host import trial_load  # noqa: PLC0415 - only this needs it

        trial_load.burn(cores, tell=tell, stop=stop)

    def offer(self, address: str) -> ProjectOffer:
        """See `WizardServices`."""
        return self.services.of_projects().offer(address)

    def teams(self, project: str, name: str) -> Sequence[Team]:
        """See `WizardServices`."""
        return self.services.of_projects().teams(project, name)

    def account_key(self, found: ProjectOffer, signup: Signup) -> str:
        """See `WizardServices`."""
        return self.services.of_projects().account_key(found, signup)

    def attach(self, found: ProjectOffer, key: str, keep: Keep, passphrase: str) -> ProjectDetails:
        """See `WizardServices`. Only what is joined takes the demo's place."""
        self._await_agent()
        joined = self.services.of_projects().attach(found, key, keep, passphrase)
        with contextlib.suppress(AgentMissing, NotAttached), Client(self.services.data, seconds=_PATIENCE_S) as client:
            client.call("demo", on=False)
        return joined

    def try_demo(self) -> None:
        """See `WizardServices`."""
        self._await_agent()
        self._have_appliance()
        with Client(self.services.data, seconds=_PATIENCE_S) as client:
            client.call("demo", on=True)

    def _have_appliance(self) -> None:
        """A copy that was installed comes without; where there is nobody to ask for it, the agent says so."""
        from t4t.bootstrap.updating import fetch_appliance  # noqa: PLC0415 - only this needs it
        from t4t.storage import appliance  # noqa: PLC0415 - as above

        data = self.services.data
        try:
            appliance.load(appliance_dir(data))
        except ApplianceMissing:
            with contextlib.suppress(UpdatesNotSetUp):
                fetch_appliance(data, "", lambda _done, _size: None)

    def sent(self) -> Sequence[tuple[str, object]]:
        """See `WizardServices`. The numbers by which a server would know this computer again are the project's own, and made when it is joined."""
        from t4t.host import facts  # noqa: PLC0415 - only this needs it

        folder = next(one for one in (self.services.data, *self.services.data.parents) if one.exists())
        version = next((str(one.data.get("version", "")) for one in self.services.virtualbox_health() if "version" in one.data), "")
        told = facts.host_info(folder, host_cpid="", virtualbox_version=version, vm_extensions_disabled=False)
        return tuple((field.name, getattr(told, field.name)) for field in fields(told))

    def autostart(self, *, on: bool | None) -> AutostartState:
        """See `WizardServices`."""
        return self.services.autostart(on=on)
