"""The words on settings that are not at the fields themselves: presets, origins, effects."""

from __future__ import annotations

from gettext import gettext, ngettext
from typing import TYPE_CHECKING, Any, Final

from t4t.domain.settings.layers import Origin
from t4t.domain.settings.meta import Effect
from t4t.domain.settings.presets import CHOICES, Preset, values_of

if TYPE_CHECKING:
    from t4t.domain.settings.presets import Computer
    from t4t.domain.settings.view import SettingsView, SettingView

ORIGINS: Final = {
    Origin.DEFAULT: "default on this computer",
    Origin.DEPLOYMENT: "set by whoever looks after this computer",
    Origin.ACCOUNT: "from your account's preferences",
    Origin.HERE: "set here",
    Origin.COMMAND_LINE: "from the command line, for this run",
    Origin.LOCKED: "locked by whoever looks after this computer",
}
EFFECTS: Final = {
    Effect.NOW: "at once",
    Effect.SAFE_POINT: "when a virtual machine boots next; one with a saved state or a checkpoint keeps what it has",
    Effect.RESTART: "when the program starts next",
}
IN_USE: Final = {Preset.GENTLE: "pauses while you use the computer", Preset.BALANCED: "runs gently while you use the computer"}


def origin_mark(one: SettingView, *, always: bool) -> str:
    """Where a value comes from, behind it; with ``always`` also what needs no saying."""
    if not always and one.origin in {Origin.DEFAULT, Origin.HERE}:
        return ""
    return f"  ({gettext(ORIGINS[one.origin])})"


def effect(when: Effect) -> str:
    """When a change acts."""
    return gettext(EFFECTS[when])


def held_by_command_line(path: str) -> str:
    """A change that does not act as long as this run of the program lasts."""
    return gettext("{path} is kept; as long as this run of the program lasts, its command line says otherwise.").format(path=path)


def exported(file: str, count: int) -> str:
    """The settings are in a file of BOINC's."""
    return gettext("{count} of BOINC's preferences are set in {file}; everything else in it is as it was.").format(count=count, file=file)


def nothing_changed() -> str:
    """A change that changed nothing."""
    return gettext("Nothing is different now.")


def preset_line(view: SettingsView) -> str:
    """Which preset it is."""
    name = view.preset.value.capitalize()
    if view.preset is view.suggested:
        return gettext("{name}, as suggested for this computer.").format(name=name)
    return gettext("{name}. Suggested for this computer: {suggested}.").format(name=name, suggested=view.suggested.value.capitalize())


def preset(one: Preset, computer: Computer) -> str:
    """What a preset means on this computer."""
    values = values_of(one, computer)
    cores = values["resources.cores"]
    used = ngettext("{cores} of {all} processor", "{cores} of {all} processors", computer.cores).format(cores=cores, all=computer.cores)
    disk = gettext("up to {disk:.15g} GiB of disk").format(disk=values["resources.disk_max_gib"])
    return ", ".join((used, disk, gettext(IN_USE.get(one, "runs also while you use the computer"))))


def preset_values(computer: Computer) -> dict[str, dict[str, Any]]:
    """All presets as plain data."""
    return {one.value: values_of(one, computer) for one in CHOICES}
