"""BOINC's files of preferences (``global_prefs.xml``, ``global_prefs_override.xml``), read and written so that nothing is lost that we don't know.

Only the text between the tags of the values that change is replaced, and only in the general part: venues, ``day_prefs``, other elements, comments, order,
indentation, line ends and bytes that are no UTF-8 stay as they were, and a value that means the same already stays as it was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from t4t.domain.loose_xml import LooseXmlRefused, read_loose
from t4t.domain.preferences import checked, read_account_preferences
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.loose_xml import Element
    from t4t.domain.preferences import AccountPreferences

ROOT: Final = "global_preferences"
MOD_TIME: Final = "mod_time"
EMPTY: Final = f"<{ROOT}>\n</{ROOT}>\n".encode()


def _written(value: float) -> str:
    """As BOINC writes it: yes is 1, and what is not whole has six decimals."""
    return str(int(value)) if isinstance(value, int) else f"{value:f}"


@record
class PreferencesFile:
    """One file's bytes."""

    data: bytes

    def _read(self) -> tuple[str, Element]:
        """The text with a character for each byte, and its root, whose positions are those of the text; raises `LooseXmlRefused`."""
        text = self.data.decode("latin-1")
        top = read_loose(text.replace("\r\n", " \n").encode())
        root = next(top.descendants(ROOT), None)
        if root is None:
            raise LooseXmlRefused(f"no <{ROOT}> in it")
        return text, root

    def preferences(self, venue: str = "") -> AccountPreferences:
        """What it says for a venue; raises `LooseXmlRefused`."""
        self._read()
        return read_account_preferences(self.data.decode("latin-1"), venue)

    def changed(self, values: Mapping[str, Any], *, now: float) -> PreferencesFile:
        """The file with these values in its general part; if it says when it was changed, it says ``now``. Raises `LooseXmlRefused`."""
        text, root = self._read()
        places: list[tuple[int, int, str]] = []
        missing = []
        for name, value in values.items():
            found = list(root.all(name))
            if not found:
                missing.append(name)
            places.extend(_place(text, one, _written(value)) for one in found if _written(_means(one)) != _written(value))
        if not places and not missing:
            return self
        places.extend(_place(text, one, _written(float(now))) for one in root.all(MOD_TIME))
        if missing:
            places.append(_room(text, root, "".join(f"   <{name}>{_written(values[name])}</{name}>\n" for name in missing)))
        for begin, end, new in sorted(places, reverse=True):
            text = text[:begin] + new + text[end:]
        return PreferencesFile(text.encode("latin-1"))


def _means(element: Element) -> float:
    """A value that can't be right is none that anybody would write."""
    value = checked(element.name, "1" if element.self_closed else element.text)
    return -1 if value is None else value


def _place(text: str, element: Element, written: str) -> tuple[int, int, str]:
    """Where an element's value stands, and what is to stand there."""
    if element.self_closed:
        return text.rindex("<", 0, element.begin), element.begin, f"<{element.name}>{written}</{element.name}>"
    return element.begin, element.end, written


def _room(text: str, root: Element, lines: str) -> tuple[int, int, str]:
    """New elements go to the end of the root, on lines of their own."""
    if root.self_closed:
        begin = text.rindex("<", 0, root.begin)
        return begin, root.begin, f"<{ROOT}>\n{lines}</{ROOT}>"
    if "\r\n" in text:
        lines = lines.replace("\n", "\r\n")
    at = root.end
    while text[at - 1 : at] in {" ", "\t"}:
        at -= 1
    new_line = "" if text[at - 1 : at] == "\n" else "\r\n" if "\r\n" in text else "\n"
    return at, at, new_line + lines
