"""The sentences for errors of `t4t.domain.settings_errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.wording.text import Text

if TYPE_CHECKING:
    from t4t.wording.language import Marked

_ALL: Final[Marked] = "t4t settings show lists all of them, docs/settings.md explains them."

TEXTS: Final[dict[str, Text]] = {
    "T4T-SET-01": Text("No such setting", "“{name}” is no setting. Perhaps you mean: {near}", (_ALL,)),
    "T4T-SET-02": Text("This value can't be right", "{name} can't be “{value}”. It can be: {allowed}.", (_ALL,)),
    "T4T-SET-03": Text(
        "This setting is locked", "Whoever looks after this computer has fixed {name} in {path}.", ("Ask them; everything else stays yours to change.",)
    ),
    "T4T-SET-04": Text("Nothing to undo", "No change of the settings in {path} is left to be undone.", ("Set what you want with t4t settings set.",)),
    "T4T-SET-05": Text("These preferences can't be read", "{path}: {reason}.", ("Give a global_prefs.xml or global_prefs_override.xml of BOINC.",)),
    "T4T-SET-06": Text(
        "The settings could not be read",
        "{path}: {reason}. The file was set aside as {kept}, and the defaults hold.",
        ("Set again what you want with t4t settings, or mend the file that was set aside and put it back.",),
    ),
    "T4T-SET-07": Text(
        "Some settings have no effect",
        "{path} has values that can't be right, so the defaults hold for them: {names}.",
        ("Set them again with t4t settings set, or mend the file.",),
    ),
    "T4T-SET-09": Text(
        "No proxy is in use",
        "By the settings (transfers.proxy is “{way}”) the program reaches the internet without a proxy here, so there is nothing to log in to.",
        ("Name your proxy first: t4t settings set proxy=http proxy_host=NAME proxy_port=PORT.",),
    ),
    "T4T-SET-08": Text("The settings can't be read or written", "{path}: {reason}.", ("Check who owns the file and that the disk is in order.",)),
}
