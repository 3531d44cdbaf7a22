"""The sentences for errors of `t4t.domain.install_errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.wording.text import Text

if TYPE_CHECKING:
    from t4t.wording.language import Marked

_BY_HAND: Final[Marked] = "Install it by hand: https://www.virtualbox.org/wiki/Downloads. You do not need the Extension Pack."
_NOTHING_RUN: Final[Marked] = "Nothing of it was run. Try again from another network; if it stays so, tell us."

TEXTS: Final[dict[str, Text]] = {
    "T4T-FIX-01": Text(
        "Virtual machines are running",
        "VirtualBox is not changed while it runs machines: {names}.",
        ("Close them in the program that runs them, and try again.",),
    ),
    "T4T-FIX-02": Text(
        "What is there is another version",
        "VirtualBox {installed} is installed, and {offered} is what would be installed. Nothing is ever replaced by an older one.",
        ("Keep it, or remove it yourself first.",),
    ),
    "T4T-FIX-03": Text("No way is known here", "We don't know how to install {what} on this system ({system}).", (_BY_HAND,)),
    "T4T-FIX-04": Text(
        "Not from who it should be", "{file} must be from {expected}; it is signed by “{found}” (empty: by nobody that can be trusted).", (_NOTHING_RUN,)
    ),
    "T4T-FIX-05": Text("The download place has changed", "{file}: {detail}.", ("Try again later.", _BY_HAND)),
    "T4T-FIX-06": Text(
        "It was not allowed", "The step needs an administrator, and nobody said yes. Nothing of it was done: {command}", ("Try again, or type it yourself.",)
    ),
    "T4T-FIX-07": Text(
        "No administrator can be asked",
        "This step needs an administrator, and there is neither pkexec nor sudo here: {command}",
        ("Type it yourself, as root.",),
    ),
    "T4T-FIX-08": Text(
        "A step failed", "{command} ended with {status}. It said: {detail}", ("Run t4t doctor: it says what is wrong now.", "Try again, or type it yourself.")
    ),
    "T4T-FIX-09": Text("Another installation is under way", "It must end before this can be done: {command}", ("Wait for it, and try again.",)),
    "T4T-FIX-10": Text("Nothing to fix by that name", "“{name}” is nothing that this computer's diagnosis speaks of.", ("Known here: {known}.",)),
}
