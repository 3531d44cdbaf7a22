"""The settings as everybody who looks on is shown them, and what a change did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from t4t.domain.session import NoticeView  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.settings.fields import FIELDS, values
from t4t.domain.settings.layers import Origin
from t4t.domain.settings.meta import Effect  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.settings.presets import Preset, fresh, preset_of, suggested

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.settings.layers import InForce
    from t4t.domain.settings.presets import Computer


class SettingView(msgspec.Struct, frozen=True, kw_only=True):
    """One setting in force: its value as plain data, where it comes from, what it would be on this computer if nobody had set it."""

    path: str
    value: Any
    default: Any
    origin: Origin


class SettingsView(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    preset: Preset
    suggested: Preset
    settings: tuple[SettingView, ...]
    can_undo: bool
    deployment: str = ""
    """The file that locks some of them, if any are."""
    notices: tuple[NoticeView, ...] = ()


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What a change did: when each setting that is another one now takes effect, and all settings as they are."""

    effects: dict[str, Effect]
    settings: SettingsView


def shown(force: InForce, computer: Computer, *, can_undo: bool, deployment: str = "", notices: tuple[NoticeView, ...] = ()) -> SettingsView:
    """All settings, in the tree's order."""
    now, default = values(force.tree), values(fresh(computer))
    return SettingsView(
        preset=preset_of(force.tree, computer),
        suggested=suggested(computer),
        settings=tuple(SettingView(path=path, value=now[path], default=default[path], origin=force.origin(path)) for path in FIELDS),
        can_undo=can_undo,
        deployment=deployment if Origin.LOCKED in force.origins.values() else "",
        notices=notices,
    )


def effects(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Effect]:
    """When what differs takes effect, by path."""
    return {path: field.effect for path, field in FIELDS.items() if before[path] != after[path]}
