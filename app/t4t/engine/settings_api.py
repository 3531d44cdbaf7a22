"""The settings' part of the local API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from t4t.api.messages import PresetParams, ResetParams, SettingsParams

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from t4t.api.messages import Params
    from t4t.domain.settings.presets import Preset
    from t4t.domain.settings.view import Changed, SettingsView

METHODS: Final = frozenset({"settings", "settings_set", "settings_preset", "settings_undo", "settings_reset"})


class SettingsCommands(Protocol):
    """What the API offers of the settings."""

    async def view(self) -> SettingsView:
        """See `LiveSettings`."""
        ...

    async def change(self, wanted: Mapping[str, Any]) -> Changed:
        """See `LiveSettings`."""
        ...

    async def preset(self, preset: Preset) -> Changed:
        """See `LiveSettings`."""
        ...

    async def undo(self) -> Changed:
        """See `LiveSettings`."""
        ...

    async def reset(self, names: Sequence[str]) -> Changed:
        """See `LiveSettings`."""
        ...


async def answer(commands: SettingsCommands, method: str, params: Params) -> SettingsView | Changed:
    """Do what one of `METHODS` asks for."""
    match params:
        case SettingsParams():
            return await commands.change(params.values)
        case PresetParams():
            return await commands.preset(params.preset)
        case ResetParams():
            return await commands.reset(params.names)
        case _ if method == "settings_undo":
            return await commands.undo()
        case _:
            return await commands.view()
