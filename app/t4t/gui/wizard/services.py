"""What the first run has done beside the local API.

All block but `setup`, `keep_setup`, `language` and `speak`, which are about small files; they are called in threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from t4t.domain.autostart import AutostartState
    from t4t.domain.changes import Pending
    from t4t.domain.language import Language
    from t4t.domain.offers import Offer
    from t4t.domain.project import Team
    from t4t.domain.project_view import Keep, ProjectDetails
    from t4t.domain.setting_up import Setup
    from t4t.domain.settings.presets import Preset
    from t4t.domain.signup import ProjectOffer, Signup
    from t4t.domain.trial_load import Trying


class WizardServices(Protocol):
    """Raises leaves of `T4TError`."""

    def setup(self) -> Setup:
        """How far somebody is; done where there is a project already."""
        ...

    def keep_setup(self, setup: Setup) -> None:
        """Write it down."""
        ...

    def language(self) -> Language:
        """The one that is chosen, which may be the system's."""
        ...

    def speak(self, language: Language) -> None:
        """Speak it in this process from now on."""
        ...

    def keep_language(self, language: Language) -> None:
        """Let it be the chosen one, everywhere."""
        ...

    def resumed(self) -> Pending | None:
        """What waited for the restart of the computer that has happened; told once."""
        ...

    def offers(self) -> Sequence[Offer]:
        """What each preset means on this computer."""
        ...

    def chosen(self) -> Preset:
        """The preset that holds now."""
        ...

    def choose(self, preset: Preset) -> None:
        """Let it hold."""
        ...

    def price(self) -> tuple[float, str]:
        """Of a kilowatt-hour, and its currency; 0: not known."""
        ...

    def try_load(self, cores: int, tell: Callable[[Trying], None], stop: threading.Event) -> None:
        """Keep so many processors busy for ten seconds, or until ``stop`` is set."""
        ...

    def offer(self, address: str) -> ProjectOffer:
        """What the project at ``address`` says of itself."""
        ...

    def teams(self, project: str, name: str) -> Sequence[Team]:
        """The teams of a project whose names are like ``name``."""
        ...

    def account_key(self, found: ProjectOffer, signup: Signup) -> str:
        """The account's key, from the project; of a new account where that is wanted."""
        ...

    def attach(self, found: ProjectOffer, key: str, keep: Keep, passphrase: str) -> ProjectDetails:
        """Work for a project from now on; a demo that was tried before is left."""
        ...

    def try_demo(self) -> None:
        """Work for the demo project inside of the agent from now on."""
        ...

    def sent(self) -> Sequence[tuple[str, object]]:
        """What a project is told of this computer, by the names of the wire."""
        ...

    def autostart(self, *, on: bool | None) -> AutostartState:
        """Start with the session, or not; None: how it is."""
        ...
