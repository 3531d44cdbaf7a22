"""The words of remedies where somebody reads them in the window: what a page does is not sent to a terminal. What no page does keeps its command."""

from __future__ import annotations

from typing import Final

PAGES: Final = {
    "Run t4t doctor: it says what is wrong with this computer, and what to do.": "Open Computer: it says what is wrong with this computer, and what to do.",
    "Run t4t doctor: it says what is wrong now.": "Open Computer: it says what is wrong now.",
    "Free some space there, or choose another place with --data-dir.": "Free some space there.",
    "Close some programs, or give the machine less with --memory.": "Close some programs, or give the machine less memory in Settings.",
    "Start it: t4t run.": "Start it on Home.",
    "Start it first: t4t run. Or keep the key in the keyring, or in a file.": "Start it on Home first. Or keep the key in the keyring, or in a file.",
    "Choose another with --hypervisor.": "Choose another in Settings.",
    "Try another hypervisor with --hypervisor. Bridged networks and remote desktops are offered with none.": (
        "Try another hypervisor in Settings. Bridged networks and remote desktops are offered with none."
    ),
    "Ask it: t4t status. To work beside it, choose another data folder with --data-dir.": "Home shows what it does.",
    "Ask for what it does in words: t4t status.": "",
    "Have it shown instead: t4t report --print.": "",
    "t4t settings show lists all of them, docs/settings.md explains them.": "Settings has all of them.",
    "Name your proxy first: t4t settings set proxy=http proxy_host=NAME proxy_port=PORT.": "Name your proxy in Settings first.",
    "Set what you want with t4t settings set.": "Set what you want in Settings.",
    "Set again what you want with t4t settings, or mend the file that was set aside and put it back.": (
        "Set again what you want in Settings, or mend the file that was set aside and put it back."
    ),
    "Set them again with t4t settings set, or mend the file.": "Set them again in Settings, or mend the file.",
    "Its work needs VirtualBox, which is not what runs machines here. t4t doctor says how to get it.": (
        "Its work needs VirtualBox, which is not what runs machines here. Computer says how to get it."
    ),
    "VirtualBox is installed here and can't be used. t4t doctor says why.": "VirtualBox is installed here and can't be used. Computer says why.",
    "Its work needs hardware virtualization, which is missing or switched off here. t4t doctor says what to do.": (
        "Its work needs hardware virtualization, which is missing or switched off here. Computer says what to do."
    ),
}
"""By the words for a terminal; empty where the window itself is the remedy."""


def for_window(text: str) -> str:
    """The words before they are translated and filled in."""
    return PAGES.get(text, text)
