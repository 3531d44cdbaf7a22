"""Parts of the laboratory's build that need no laboratory."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import neighbour
import pytest
import run_tests
from lab_build.folder import MANIFEST, LabFailed, read_manifest, recipe_hash
from lab_build.packages import SUITE, incoming, kept_archive
from lab_build.surroundings import LAB_BUNDLE, debian_mirror, pip_folders, pip_settings

if TYPE_CHECKING:
    from pathlib import Path

_DEB822 = """\
Types: deb
URIs: http://other.example/tool
Suites: stable
Components: main

# a comment
Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://switched-off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://mirror.example/debian/
Suites: bookworm
 bookworm-updates
Components: main
"""


def _apt(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder


def test_mirror_from_deb822(tmp_path: Path) -> None:
    assert debian_mirror(_apt(tmp_path, "sources.list.d/debian.sources", _DEB822)) == "https://mirror.example/debian"


@pytest.mark.parametrize(
    "line",
    [
        "deb http://mirror.example/debian bookworm main",
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian/ bookworm contrib main # ours",
        "deb [ arch=amd64 ] http://mirror.example/debian bookworm main",
    ],
)
def test_mirror_from_one_line_format(tmp_path: Path, line: str) -> None:
    _apt(tmp_path, "sources.list", f"# deb http://comment.example/debian bookworm main\ndeb http://x.example/debian-security bookworm-security main\n{line}\n")
    assert debian_mirror(tmp_path) == "http://mirror.example/debian"


def test_files_that_apt_does_not_read_are_not_read(tmp_path: Path) -> None:
    _apt(tmp_path, "sources.list.d/debian.sources.disabled", _DEB822)
    with pytest.raises(LabFailed, match="--mirror"):
        debian_mirror(tmp_path)


def test_pip_settings_and_the_folders_they_name(tmp_path: Path) -> None:
    (tmp_path / "index/simple").mkdir(parents=True)
    (tmp_path / "wheels").mkdir()
    file = tmp_path / "pip.conf"
    file.write_text(f"[global]\nextra-index-url =\n  file://{tmp_path}/index/simple\n  https://mirror.example/simple\ncert = /elsewhere.pem\ntarget = /x\n")
    settings = pip_settings([file, tmp_path / "missing"], {"PIP_FIND_LINKS": str(tmp_path / "wheels"), "HOME": "/h"})
    assert settings["PIP_CERT"] == LAB_BUNDLE
    assert "PIP_TARGET" not in settings
    assert "HOME" not in settings
    assert settings["PIP_EXTRA_INDEX_URL"] == f"file://{tmp_path}/index/simple https://mirror.example/simple"
    assert pip_folders(settings) == [tmp_path / "index", tmp_path / "wheels"]


def _keep(cache: Path, content: bytes = b"package") -> None:
    (incoming(cache) / "one_1_amd64.deb").write_bytes(content)
    entry = {"name": "one", "sha256": hashlib.sha256(b"package").hexdigest(), "control": "Package: one\nVersion: 1\nPriority: required\n"}
    (cache / "kept-set.json").write_text(json.dumps({"one_1_amd64.deb": entry}))


def test_kept_packages_become_an_archive(tmp_path: Path) -> None:
    _keep(tmp_path / "cache")
    place = kept_archive(tmp_path / "cache", tmp_path / "archive")
    (index,) = (place / f"dists/{SUITE}/main").glob("*/Packages")
    text = index.read_text()
    assert text.endswith("\n\n")  # debootstrap overlooks a last stanza without its empty line
    assert "Filename: pool/one_1_amd64.deb\nSize: 7\n" in text
    assert hashlib.sha256(index.read_bytes()).hexdigest() in (place / f"dists/{SUITE}/Release").read_text()
    assert (place / "pool/one_1_amd64.deb").read_bytes() == b"package"


def test_kept_packages_that_are_damaged_or_missing_are_refused(tmp_path: Path) -> None:
    _keep(tmp_path / "damaged", b"other")
    with pytest.raises(LabFailed, match="one_1_amd64"):
        kept_archive(tmp_path / "damaged", tmp_path / "a")
    with pytest.raises(LabFailed, match="earlier build"):
        kept_archive(tmp_path / "empty", tmp_path / "b")


def test_a_folder_without_manifest_is_no_laboratory(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == {}
    (tmp_path / MANIFEST).write_text('{"recipe": ')
    assert read_manifest(tmp_path) == {}
    (tmp_path / MANIFEST).write_text('{"recipe": "r"}')
    assert read_manifest(tmp_path) == {"recipe": "r"}


def test_recipe_follows_files_and_requirements(tmp_path: Path) -> None:
    file = tmp_path / "recipe"
    file.write_text("one")
    first = recipe_hash([file], ["pytest"])
    assert recipe_hash([file], ["pytest"]) == first
    assert recipe_hash([file], ["pytest", "other"]) != first
    file.write_text("two")
    assert recipe_hash([file], ["pytest"]) != first


@pytest.mark.parametrize(
    ("harm", "told"), [(None, "the same to the byte"), ("change", "CHANGED: ['a/disk']"), ("remove", "CHANGED: ['a/disk']"), ("add", "CHANGED: ['b']")]
)
def test_what_somebody_else_has_is_compared_to_the_byte(tmp_path: Path, capsys: pytest.CaptureFixture[str], harm: str | None, told: str) -> None:
    disk = tmp_path / "a" / "disk"
    disk.parent.mkdir()
    disk.write_bytes(b"12")
    before = neighbour.fingerprint(tmp_path)
    match harm:
        case "change":
            disk.write_bytes(b"13")
        case "remove":
            disk.unlink()
        case "add":
            (tmp_path / "b").touch()
        case _:
            pass
    assert run_tests.untouched(tmp_path, before) is (harm is None)
    assert told in capsys.readouterr().out
