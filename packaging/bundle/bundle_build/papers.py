"""What goes along on paper: the licences of everything, and the list of components."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sqlite3
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bundle_build import licences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LICENCES: Final = "LICENCES.txt"
SBOM: Final = "sbom.cdx.json"
MARKER: Final = "installation.json"


def marker(kind: str, platform: str, number: str) -> str:
    """How a copy will have come to where it is installed: by that it knows how it is updated (`t4t.updates.installation`). What packs a bundle puts it in."""
    return json.dumps({"kind": kind, "platform": platform, "version": number}) + "\n"


def written(binaries: Sequence[tuple[str, str, str]], *, folder: Path, web: bool, app_sbom: Path) -> list[tuple[str, str, str]]:
    """Write both into ``folder`` and say where they go in the bundle; ``binaries`` are its files as PyInstaller knows them (name, source, kind).

    ``app_sbom``: the libraries that are installed, as CycloneDX's own tool lists them.
    """
    libraries = tuple(licences.libraries(importlib.metadata.distributions()))
    from_host = tuple(of_host(binaries))
    text = licences.document((*libraries, licences.python(), *from_host), web=web)
    (folder / LICENCES).write_text(text, encoding="utf-8")
    extra = [Unlisted(one.name, one.version, "library") for one in from_host]
    listed = with_extra(json.loads(app_sbom.read_text(encoding="utf-8")), [*extra, *_unlisted(web=web)])
    (folder / SBOM).write_text(json.dumps(listed, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return [(name, str(folder / name), "DATA") for name in (LICENCES, SBOM)]


def of_host(binaries: Sequence[tuple[str, str, str]]) -> Iterator[licences.Component]:
    """The packages of the building computer from which libraries go along."""
    found: dict[str, licences.Component] = {}
    for name, source, _ in binaries:
        if "/" not in name and re.match(r"lib[^/]*\.so", name) and not name.startswith("libpython"):
            one = licences.of_debian(Path(source))
            if one is None:
                raise licences.LicenceMissing(f"{source} is of no package that is known here")
            found[one.name] = one
    yield from (found[name] for name in sorted(found))


class Unlisted(NamedTuple):
    """What no package index knows of; ``kind`` is one of CycloneDX's types."""

    name: str
    version: str
    kind: str


def with_extra(listed: dict[str, Any], extra: Iterable[Unlisted]) -> dict[str, Any]:
    """CycloneDX's document ``listed`` with more components; without number and time, so that the same program has the same list."""
    added = [{"bom-ref": f"{one.name}@{one.version}", "name": one.name, "type": one.kind, "version": one.version} for one in extra]
    components = sorted([*listed.get("components", ()), *added], key=lambda one: (str(one["name"]).lower(), str(one.get("version", ""))))
    metadata = {key: value for key, value in listed.get("metadata", {}).items() if key != "timestamp"}
    return {key: value for key, value in listed.items() if key != "serialNumber"} | {"components": components, "metadata": metadata}


def _unlisted(*, web: bool) -> Iterator[Unlisted]:
    qt = importlib.metadata.version("PySide6-Essentials")
    yield Unlisted("Python", licences.python().version, "platform")
    yield Unlisted("OpenSSL", ssl.OPENSSL_VERSION.split()[1], "library")
    yield Unlisted("SQLite", sqlite3.sqlite_version, "library")
    yield Unlisted("Qt", qt, "framework")
    if web:
        from PySide6 import QtWebEngineCore  # noqa: PLC0415 - the other bundle is made without it

        yield Unlisted("Qt WebEngine", qt, "framework")
        yield Unlisted("Chromium", str(QtWebEngineCore.qWebEngineChromiumVersion()), "framework")
