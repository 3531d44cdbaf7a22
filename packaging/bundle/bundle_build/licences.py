"""The licences of everything in the bundle, in one text: our own, each library's, Python's, those of the building computer's libraries, Qt's and Chromium's."""

from __future__ import annotations

import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import importlib.metadata
    from collections.abc import Iterable, Iterator

_HERE: Final = Path(__file__).resolve().parents[1] / "licences"
_ROOT: Final = Path(__file__).resolve().parents[3]
_RULE: Final = "=" * 100
_TEXTS: Final = re.compile(r"(?:^|/)(?:licen[cs]e|copying|notice|authors)[^/]*$", re.IGNORECASE)
_OURS: Final = "t4t-desktop"
_QT: Final = re.compile(r"^(?:pyside6|shiboken6)")


class LicenceMissing(ValueError):
    """Something would go along of which no licence is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of the bundle: its licence in a word, and the texts."""

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]


def libraries(found: Iterable[importlib.metadata.Distribution]) -> Iterator[Component]:
    """Python's libraries among ``found``, but for our own; raises `LicenceMissing`. Qt's have no text in them: theirs is ours to give."""
    for one in sorted(found, key=lambda one: one.name.lower()):
        if one.name in {_OURS, "pip", "setuptools"}:
            continue
        texts = tuple(sorted({text for file in one.files or () if _is_text(str(file)) and (text := _read(Path(str(one.locate_file(file)))))}))
        licence = _licence(one)
        if not (licence and (texts or _QT.match(one.name.lower()))):
            raise LicenceMissing(f"{one.name} {one.version} ({licence or 'no licence named'}): no text")
        yield Component(name=one.name, version=one.version, licence=licence, texts=texts)


def _is_text(name: str) -> bool:
    return "dist-info/" in name and (_TEXTS.search(name) is not None or "/licenses/" in name)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _licence(one: importlib.metadata.Distribution) -> str:
    words = one.metadata
    short = words["License-Expression"] or ""
    classified = ", ".join(
        line.rpartition(" :: ")[2] for line in words.get_all("Classifier") or () if line.startswith("License :: ") and line.count(" :: ") > 1
    )
    said = (words["License"] or "").strip()
    return short or (said if said and "\n" not in said and len(said) < 80 else "") or classified  # noqa: PLR2004 - longer ones are the text itself


def python() -> Component:
    """Python itself, whose text lies beside its library."""
    path = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    version = ".".join(map(str, sys.version_info[:3]))
    return Component(name="Python", version=version, licence="PSF-2.0", texts=(_read(path) or _read(Path(sys.base_prefix) / "LICENSE.txt"),))


def of_debian(source: Path, *, root: Path = Path("/")) -> Component | None:
    """The Debian package that the building computer's library ``source`` is from, with its copyright file; None where there is none."""
    real = source.resolve()
    names = {str(real), str(real).removeprefix("/usr")}
    info = root / "var/lib/dpkg/info"
    for listed in sorted(info.glob("*.list")):
        if names & set(listed.read_text(encoding="utf-8", errors="replace").splitlines()):
            package = listed.stem.partition(":")[0]
            text = _read(root / "usr/share/doc" / package / "copyright")
            return Component(name=package, version=_debian_version(root, package), licence="see its text", texts=(text,)) if text else None
    return None


def _debian_version(root: Path, package: str) -> str:
    for stanza in (root / "var/lib/dpkg/status").read_text(encoding="utf-8", errors="replace").split("\n\n"):
        if stanza.startswith(f"Package: {package}\n") and (found := re.search(r"^Version: (.+)$", stanza, re.MULTILINE)):
            return found[1]
    return ""


def document(components: Iterable[Component], *, web: bool) -> str:
    """The whole text."""
    known = list(components)
    head = [
        "Test4Theory Desktop is free software under the GNU General Public License, version 3 or later, whose text is at the end.",
        "It is built of the components below. This file has the licence of each.",
        "",
        *(f"  {one.name} {one.version}: {one.licence}" for one in known),
    ]
    chapters = [("Components", "\n".join(head)), ("Qt", _read(_HERE / "Qt.txt"))]
    if web:
        chapters.append(("Qt WebEngine", _read(_HERE / "Chromium.txt")))
    chapters += [(f"{one.name} {one.version}", text) for one in known for text in one.texts]
    chapters += [("GNU Lesser General Public License, version 3", _read(_HERE / "LGPL-3.0.txt"))]
    chapters += [("GNU General Public License, version 3", _read(_ROOT / "LICENSE"))]
    return "".join(f"{_RULE}\n{title}\n{_RULE}\n\n{text}\n\n" for title, text in chapters)
