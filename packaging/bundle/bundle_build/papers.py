"""What goes along on paper: the licences of everything, and the list of components."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sqlite3
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bundle_build import licences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LICENCES: Final = "LICENCES.txt"
SBOM: Final = "sbom.cdx.json"


def written(binaries: Sequence[tuple[str, str, str]], *, folder: Path, web: bool, tools: Path, app_sbom: Path) -> list[tuple[str, str, str]]:
    """Write both into ``folder`` and say where they go in the bundle; ``binaries`` are its files as PyInstaller knows them (name, source, kind).

    ``tools``: the Python that has CycloneDX's library; ``app_sbom``: what it found installed.
    """
    libraries = tuple(licences.libraries(importlib.metadata.distributions()))
    from_host = tuple(of_host(binaries))
    text = licences.document((*libraries, licences.python(), *from_host), web=web)
    (folder / LICENCES).write_text(text, encoding="utf-8")
    extra = [{"name": one.name, "version": one.version, "type": "library"} for one in from_host]
    extra += [{"name": name, "version": number, "type": kind} for name, number, kind in _unlisted(web=web)]
    (folder / "extra.json").write_text(json.dumps(extra), encoding="utf-8")
    program = Path(__file__).with_name("sbom.py")
    subprocess.run([tools, program, folder / "extra.json", app_sbom, folder / SBOM], check=True)
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


def _unlisted(*, web: bool) -> Iterator[tuple[str, str, str]]:
    """Name, version and kind of what no package index knows of."""
    qt = importlib.metadata.version("PySide6-Essentials")
    yield "Python", licences.python().version, "platform"
    yield "OpenSSL", ssl.OPENSSL_VERSION.split()[1], "library"
    yield "SQLite", sqlite3.sqlite_version, "library"
    yield "Qt", qt, "framework"
    if web:
        from PySide6 import QtWebEngineCore  # noqa: PLC0415 - the other bundle is made without it

        yield "Qt WebEngine", qt, "framework"
        yield "Chromium", QtWebEngineCore.qWebEngineChromiumVersion(), "framework"
