"""The words on settings that are not at the fields themselves: presets, origins, effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, assert_never

from t4t.domain.settings import fields
from t4t.domain.settings.fields import Kind
from t4t.domain.settings.layers import Origin
from t4t.domain.settings.meta import Effect
from t4t.domain.settings.presets import CHOICES, Preset, values_of
from t4t.wording.language import Marked, gettext, ngettext
from t4t.wording.numbers import short

if TYPE_CHECKING:
    from t4t.domain.settings.fields import Field
    from t4t.domain.settings.presets import Computer
    from t4t.domain.settings.view import SettingsView, SettingView

ORIGINS: Final[dict[Origin, Marked]] = {
    Origin.DEFAULT: "default on this computer",
    Origin.DEPLOYMENT: "set by whoever looks after this computer",
    Origin.ACCOUNT: "from your account's preferences",
    Origin.HERE: "set here",
    Origin.COMMAND_LINE: "from the command line, for this run",
    Origin.LOCKED: "locked by whoever looks after this computer",
}
EFFECTS: Final[dict[Effect, Marked]] = {
    Effect.NOW: "at once",
    Effect.SAFE_POINT: "when a virtual machine boots next; one with a saved state or a checkpoint keeps what it has",
    Effect.RESTART: "when the program starts next",
}
PRESETS: Final[dict[Preset, Marked]] = {Preset.GENTLE: "Gentle", Preset.BALANCED: "Balanced", Preset.EVERYTHING: "Everything", Preset.CUSTOM: "Custom"}
IN_USE: Final[dict[Preset, Marked]] = {Preset.GENTLE: "pauses while you use the computer", Preset.BALANCED: "runs gently while you use the computer"}


def name(field: Field) -> str:
    """What a setting does, in a line."""
    return gettext(field.text)


def suffix(field: Field) -> str:
    """Its unit, as it stands behind a number."""
    return f" {gettext(field.unit)}" if field.unit else ""


def told(field: Field, value: object) -> str:
    """A value for people, as it would be typed."""
    match value:
        case int() | float() if not isinstance(value, bool):
            return gettext(field.zero) if field.zero and not value else f"{short(value)}{suffix(field)}"
        case [] | "":
            return gettext("none")
        case _:
            return fields.told(field, value)


def allowed(field: Field) -> str:
    """What it can be, for people."""
    match field.kind:
        case Kind.YES_NO:
            return gettext("yes or no")
        case Kind.WHOLE | Kind.NUMBER:
            low = field.low if field.least is None else field.least
            span = gettext("{low} to {high}").format(low=short(low or 0), high=f"{short(field.high or 0)}{suffix(field)}")
            return gettext("{span}, or 0 for: {zero}").format(span=span, zero=gettext(field.zero)) if field.zero else span
        case Kind.NAMES:
            return gettext("names with commas between them")
        case Kind.HOURS:
            return gettext("a JSON list")
        case Kind.TEXT:
            return gettext("text of up to {count} characters").format(count=fields.LONGEST)
        case Kind.CHOICE:
            return field.allowed
        case _:
            assert_never(field.kind)


def explained(field: Field, default: object) -> tuple[str, ...]:
    """What there is to know of a setting beside its value, as lines."""
    shape = gettext("It can be: {allowed}. Default on this computer: {default}.")
    return (
        name(field),
        shape.format(allowed=allowed(field), default=told(field, default)),
        gettext("A change acts {when}.").format(when=effect(field.effect)),
    )


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
    name = gettext(PRESETS[view.preset])
    if view.preset is view.suggested:
        return gettext("{name}, as suggested for this computer.").format(name=name)
    return gettext("{name}. Suggested for this computer: {suggested}.").format(name=name, suggested=gettext(PRESETS[view.suggested]))


def preset(one: Preset, computer: Computer) -> str:
    """What a preset means on this computer."""
    values = values_of(one, computer)
    cores = values["resources.cores"]
    used = ngettext("{cores} of {all} processor", "{cores} of {all} processors", computer.cores).format(cores=cores, all=computer.cores)
    disk = gettext("up to {disk} GiB of disk").format(disk=short(values["resources.disk_max_gib"]))
    return ", ".join((used, disk, gettext(IN_USE.get(one, "runs also while you use the computer"))))


def preset_values(computer: Computer) -> dict[str, dict[str, Any]]:
    """All presets as plain data."""
    return {one.value: values_of(one, computer) for one in CHOICES}
