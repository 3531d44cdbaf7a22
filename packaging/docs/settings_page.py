"""The page on the settings: a table of the tree's own words."""

from __future__ import annotations

from appliances_page import cell

from t4t.domain.settings.fields import FIELDS, SECTIONS, told
from t4t.domain.settings.presets import CHOICES, Computer, values_of
from t4t.wording.settings import EFFECTS, ORIGINS
from t4t.wording.settings import preset as preset_words

_EXAMPLES = (
    ("2 processors, 4 GB", Computer(cores=2, memory_bytes=4 << 30, disk_bytes=64 << 30)),
    ("8 processors, 16 GB", Computer(cores=8, memory_bytes=16 << 30, disk_bytes=512 << 30)),
)


def page() -> str:
    """The page."""
    lines = [
        "# Settings",
        "",
        "Written by `packaging/docs/generate.py` from `t4t.domain.settings`.",
        "",
        "`t4t settings show` lists all, `t4t settings get NAME` explains one, `t4t settings set NAME=VALUE …` changes some (all or none),",
        "`t4t settings preset` shows the presets and chooses one, `t4t settings undo` takes the last change back, `t4t settings reset` forgets changes.",
        "Each works with and without a program that runs; one that does applies the change before it answers, and the answer says when each change acts.",
        "",
        "What was changed lies in `settings.toml` in the data folder. People may write there, too: comments and keys that are not known stay, what can't be",
        "right is said and has no effect, and a file that is no TOML is set aside and said. A program that runs reads it again with `t4t settings`.",
        "",
        "## Where a value comes from",
        "",
        "Of these each later one wins, but for the account and a change made here: of these two the last change does.",
        "",
        "| origin | what it is |",
        "|---|---|",
        *(f"| `{origin.value}` | {words} |" for origin, words in ORIGINS.items()),
        "",
        "BOINC's own default in the account's preferences is nobody's wish (its pages write all fields as soon as one is changed): the default here holds.",
        "Whoever looks after a computer writes `settings.toml` in the system's folder for configuration of `t4t` (Linux: `/etc/xdg/t4t`, macOS:",
        "`/Library/Application Support/t4t`, Windows: `%ProgramData%\\t4t`), with tables `[default.SECTION]` for what may be changed and `[locked.SECTION]`",
        "for what may not.",
        "",
        "## Presets",
        "",
        "Computed for each computer; any other choice is called Custom. Suggested: Gentle with a battery, up to 4 processors or up to 8 GB, else Balanced.",
        "",
        "| computer | preset | what it means | memory that must stay free |",
        "|---|---|---|---|",
    ]
    for name, computer in _EXAMPLES:
        for preset in CHOICES:
            free = told(FIELDS["resources.memory_free_mib"], values_of(preset, computer)["resources.memory_free_mib"])
            lines.append(f"| {name} | {preset.value} | {preset_words(preset, computer)} | {free} |")
    for section, text in SECTIONS.items():
        lines += ["", f"## {section}: {text}", "", "| setting | what it does | it can be | default | a change acts |", "|---|---|---|---|---|"]
        for field in FIELDS.values():
            if field.section == section:
                row = (f"`{field.path}`", field.text, field.allowed, told(field, field.default), EFFECTS[field.effect].partition(";")[0])
                lines.append("| " + " | ".join(cell(one) for one in row) + " |")
    return "\n".join([*lines, ""])
