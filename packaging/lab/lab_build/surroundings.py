"""What the laboratory takes over from this machine: Debian mirror, CA bundle, apt's and pip's way out. Nothing is copied that could hold a password."""

from __future__ import annotations

import configparser
import os
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from lab_build.folder import LabFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_APT: Final = Path("/etc/apt")
_BUNDLE: Final = "/etc/ssl/certs/ca-certificates.crt"
LAB_BUNDLE: Final = "/etc/ssl/machine.pem"
"""The machine's bundle in the laboratory: not Debian's own place, which the package ca-certificates rewrites."""
_ACQUIRE: Final = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries", "Acquire::ForceIPv")


def _deb822(text: str) -> Iterator[tuple[str, str]]:
    """Pairs (address, suite) of a deb822 `.sources` file; stanzas that are switched off are left out."""
    for stanza in text.replace("\r", "").split("\n\n"):
        fields: dict[str, list[str]] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields.setdefault(name, []).extend(line.split())
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.split()
        if fields.get("enabled") != ["no"] and "deb" in fields.get("types", []) and "main" in fields.get("components", []):
            yield from ((address, suite) for address in fields.get("uris", []) for suite in fields.get("suites", []))


def _one_line(text: str) -> Iterator[tuple[str, str]]:
    """Pairs (address, suite) of the one-line format, `deb [options] ADDRESS SUITE COMPONENT...`."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words[:1] != ["deb"]:
            continue
        if len(words) > 1 and words[1].startswith("["):
            closing = next((place for place, word in enumerate(words) if word.endswith("]")), len(words))
            words = ["deb", *words[closing + 1 :]]
        if "main" in words[3:]:
            yield words[1], words[2]


def debian_mirror(folder: Path = _APT) -> str:
    """Address of the Debian archive that this machine's own apt uses.

    Raises LabFailed where none is found, for example on another distribution.
    """
    found: list[tuple[str, str]] = []
    for path in sorted([folder / "sources.list", *folder.glob("sources.list.d/*")]):
        if path.suffix not in {".list", ".sources"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found.extend(_deb822(text) if path.suffix == ".sources" else _one_line(text))
    for address, suite in found:
        parts = urlsplit(address)
        if parts.scheme in {"http", "https", "file"} and "security" not in suite and parts.path.rstrip("/").endswith("/debian"):
            return address.rstrip("/")
    raise LabFailed("this machine's apt names no Debian archive; give one with --mirror")


def ca_bundle() -> Path | None:
    """The machine's bundle of certificate authorities."""
    named = [os.environ.get(name, "") for name in ("SSL_CERT_FILE", "PIP_CERT")]
    candidates = [*named, _BUNDLE, ssl.get_default_verify_paths().cafile or ""]
    return next((Path(name) for name in candidates if name and Path(name).is_file()), None)


def apt_options() -> str:
    """Proxies and checks of this machine's apt, as a configuration file."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
    kept = [line for line in dump.splitlines() if line.startswith(_ACQUIRE) and "CaInfo" not in line]
    return "".join(f"{line}\n" for line in [*kept, f'Acquire::https::CaInfo "{LAB_BUNDLE}";'])


def _pip_files() -> Iterator[Path]:
    yield from (Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"))
    home = Path.home()
    yield from (home / ".pip/pip.conf", home / ".config/pip/pip.conf")
    if named := os.environ.get("PIP_CONFIG_FILE"):
        yield Path(named)


def pip_settings(files: Iterable[Path] | None = None, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Settings of this machine's pip as environment variables; the bundle is the laboratory's."""
    settings: dict[str, str] = {}
    for path in _pip_files() if files is None else files:
        parser = configparser.RawConfigParser()
        parser.read(path, encoding="utf-8")
        for section in ("global", "install", "download"):
            if parser.has_section(section):
                settings.update({f"PIP_{name.upper().replace('-', '_')}": " ".join(value.split()) for name, value in parser.items(section)})
    variables = os.environ if environment is None else environment
    settings.update({name: value for name, value in variables.items() if name.startswith("PIP_")})
    for name in ("PIP_CONFIG_FILE", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_CACHE_DIR"):
        settings.pop(name, None)
    return settings | {"PIP_CERT": LAB_BUNDLE, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}


def pip_folders(settings: Mapping[str, str]) -> list[Path]:
    """Folders of this machine that pip's settings name; the build shows them to the pip in the laboratory."""
    words = [word for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS") for word in settings.get(name, "").split()]
    folders: set[Path] = set()
    for word in words:
        path = Path(unquote(urlsplit(word).path)) if word.startswith("file:") else Path(word)
        if path.is_absolute() and path.is_dir():
            # An index beside its files: the pages of ".../simple" link to "../files".
            folders.add(path.parent if path.name == "simple" else path)
    return sorted(folders)


def proxies() -> dict[str, str]:
    """Proxy variables of this machine."""
    return {name: value for name, value in os.environ.items() if name.lower() in {"http_proxy", "https_proxy", "no_proxy"}}
