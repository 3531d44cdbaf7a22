"""``t4t settings``: shown, explained, changed, undone; with and without an agent that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.cli.terminal import plain, show_notice
from t4t.domain.errors import from_wire
from t4t.domain.settings.fields import FIELDS, field_of, read
from t4t.domain.settings.layers import Origin
from t4t.domain.settings.presets import CHOICES, Preset
from t4t.wording import settings as wording
from t4t.wording.language import gettext
from t4t.wording.notices import notice

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from t4t.cli.services import SettingsServices
    from t4t.domain.settings.view import Changed, SettingsView

DONE: Final = 0
_WIDTH: Final = 34


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The verb's grammar."""
    settings = verbs.add_parser("settings", help=gettext("what it may use, and when; every change can be undone"))
    does = settings.add_subparsers(dest="settings_verb", metavar="VERB", help=gettext("without one: show what was changed"))
    show = does.add_parser("show", help=gettext("show all settings, or those of a section"))
    show.add_argument("section", nargs="?", metavar="SECTION", help=gettext("a section, as the part of a name before the dot"))
    show.add_argument("--origin", action="store_true", help=gettext("say of each where it comes from"))
    get = does.add_parser("get", help=gettext("one setting with all that there is to know of it"))
    get.add_argument("name", metavar="NAME", help=gettext("such as resources.cores; cores alone is enough"))
    change = does.add_parser("set", help=gettext("change settings; all of them or none"))
    change.add_argument("changes", nargs="+", metavar="NAME=VALUE", help=gettext("such as cores=2 cap_percent=50"))
    preset = does.add_parser("preset", help=gettext("give as much as a preset does on this computer"))
    preset.add_argument(
        "preset", nargs="?", choices=[preset.value for preset in CHOICES], metavar="PRESET", help=gettext("gentle, balanced or everything; none: show them")
    )
    does.add_parser("undo", help=gettext("take the last change back"))
    reset = does.add_parser("reset", help=gettext("as if it had never been changed here"))
    reset.add_argument("names", nargs="*", metavar="NAME", help=gettext("settings or sections (default: all)"))
    take = does.add_parser("import", help=gettext("set here what BOINC's preferences say (global_prefs.xml, global_prefs_override.xml)"))
    take.add_argument("file", metavar="FILE", help=gettext("BOINC's file; it is only read"))
    take.add_argument("--venue", default="", metavar="VENUE", help=gettext("home, school or work, if the file has a part for it"))
    give = does.add_parser("export", help=gettext("write the settings into a file of BOINC's preferences; what else is in it stays"))
    give.add_argument("file", metavar="FILE", help=gettext("BOINC's file, or a new one"))


def run(args: argparse.Namespace, services: SettingsServices) -> int:
    """Run the verb in ``args``; raises leaves of `T4TError`."""
    match args.settings_verb:
        case "set":
            changes = _changes(args.changes)
            _tell_change(args, services.change(changes), changes)
        case "preset" if args.preset is not None:
            _tell_change(args, services.preset(Preset(args.preset)))
        case "preset":
            _presets(args, services)
        case "undo":
            _tell_change(args, services.undo())
        case "reset":
            _tell_change(args, services.reset(args.names))
        case "import":
            _tell_change(args, services.take_boinc(Path(args.file), args.venue))
        case "export":
            names = services.give_boinc(Path(args.file))
            print(json.dumps({"file": args.file, "fields": names}) if args.json else wording.exported(plain(args.file, 1000), len(names)))
        case "get":
            _get(args, services.view())
        case _:
            _show(args, services.view())
    return DONE


def _changes(given: list[str]) -> dict[str, object]:
    """``name=value`` each; raises `SettingRefused`, `SettingUnknown`."""
    changes = {}
    for one in given:
        name, _, text = one.partition("=")
        path = field_of(name.strip()).path
        changes[path] = read(path, text)
    return changes


def _notices(view: SettingsView) -> None:
    for one in view.notices:
        show_notice(notice(from_wire({"code": one.code, "data": one.data})))


def _show(args: argparse.Namespace, view: SettingsView) -> None:
    whole = args.settings_verb == "show"
    chosen = [one for one in view.settings if not whole or args.section is None or FIELDS[one.path].section == args.section]
    if not chosen:
        chosen = [one for one in view.settings if one.path == field_of(args.section).path]
    if args.json:
        print(json.dumps(msgspec.to_builtins(msgspec.structs.replace(view, settings=tuple(chosen))), indent=2))
        return
    print(wording.preset_line(view))
    for one in chosen:
        if not whole and one.value == one.default:
            continue
        value = plain(wording.told(FIELDS[one.path], one.value), 200)
        print(f"  {one.path:{_WIDTH}}{value}{wording.origin_mark(one, always=whole and args.origin)}")
    _notices(view)


def _get(args: argparse.Namespace, view: SettingsView) -> None:
    field = field_of(args.name)
    one = next(one for one in view.settings if one.path == field.path)
    if args.json:
        known = {"path": field.path, "value": one.value, "default": one.default, "origin": one.origin.value, "text": field.text, "unit": field.unit}
        print(json.dumps(known | {"low": field.low, "high": field.high, "choices": field.choices, "effect": field.effect.value}, indent=2))
        return
    print(f"{field.path} = {plain(wording.told(field, one.value), 1000)}{wording.origin_mark(one, always=True)}")
    for line in wording.explained(field, one.default):
        print(f"  {line}")


def _presets(args: argparse.Namespace, services: SettingsServices) -> None:
    view, computer = services.view(), services.computer()
    if args.json:
        print(json.dumps({"preset": view.preset.value, "suggested": view.suggested.value, "presets": wording.preset_values(computer)}, indent=2))
        return
    print(wording.preset_line(view))
    for preset in CHOICES:
        print(f"  {preset.value:12}{wording.preset(preset, computer)}")


def _tell_change(args: argparse.Namespace, changed: Changed, wanted: Iterable[str] = ()) -> None:
    if args.json:
        print(json.dumps(msgspec.to_builtins(changed), indent=2))
        return
    now = {one.path: one for one in changed.settings.settings}
    held = [path for path in wanted if path in now and now[path].origin is Origin.COMMAND_LINE]
    if not changed.effects and not held:
        print(wording.nothing_changed())
    for path, effect in changed.effects.items():
        field = FIELDS[path]
        print(f"  {path:{_WIDTH}}{plain(wording.told(field, now[path].value), 200)}  ({wording.effect(effect)})")
    for path in held:
        print(f"  {wording.held_by_command_line(path)}")
    _notices(changed.settings)
