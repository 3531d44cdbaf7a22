"""The words of the window's page on settings that are not at the fields themselves."""

from __future__ import annotations

from gettext import gettext
from typing import TYPE_CHECKING, Final

from t4t.domain.settings.fields import FIELDS, SECTIONS, told
from t4t.domain.settings.layers import Origin
from t4t.domain.settings.presets import Preset
from t4t.wording import settings as words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.settings.fields import Field
    from t4t.domain.settings.meta import Effect
    from t4t.domain.settings.view import SettingView

_WORDS: Final = {
    "below": "Each change acts by itself and can be undone.",
    "search": "Search the settings",
    "undo": "Undo the last change",
    "reset": "Back to the default",
    "reset_all": "Reset everything",
    "nothing_found": "No setting has these words.",
    "presets": "How much to give",
}
_PRESETS: Final = {Preset.GENTLE: "Gentle", Preset.BALANCED: "Balanced", Preset.EVERYTHING: "Everything", Preset.CUSTOM: "Custom"}
_CHOICES: Final = {
    "go-on": "goes on",
    "gentle": "runs gently",
    "one-core": "uses one processor",
    "pause": "pauses",
    "auto": "the best that is here",
    "virtualbox": "VirtualBox",
    "qemu": "QEMU",
}


def word(key: str) -> str:
    """A word, or a sentence that never changes."""
    return gettext(_WORDS[key])


def preset(one: Preset) -> str:
    """A preset's name."""
    return gettext(_PRESETS[one])


def choice(value: str) -> str:
    """One of a setting's choices; what a newer version offers is shown as it is."""
    return gettext(_CHOICES.get(value, value))


def section(name: str) -> str:
    """Over the settings of a section."""
    return gettext(SECTIONS[name])


def name(field: Field) -> str:
    """What a setting does, in a line."""
    return gettext(field.text)


def origin(view: SettingView) -> str:
    """Where its value comes from, if it is not the default; with the default then."""
    if view.origin is Origin.DEFAULT:
        return ""
    field = FIELDS[view.path]
    default = choice(view.default) if field.choices else told(field, view.default)
    return gettext("{origin}; default: {default}").format(origin=gettext(words.ORIGINS[view.origin]), default=default)


def changed(effects: Mapping[str, Effect]) -> str:
    """After a change: when it acts."""
    if not effects:
        return words.nothing_changed()
    told_of = {words.effect(effect) for effect in effects.values()}
    return gettext("Changed. It acts {when}.").format(when=", ".join(sorted(told_of)))


def matches(field: Field, text: str) -> bool:
    """Whether all words of ``text`` are in what is said of a setting."""
    said = f"{name(field)} {field.path} {section(field.section)} {field.unit}".casefold()
    return all(part in said for part in text.casefold().split())
