"""What apt says, and publishers' names, out of what the systems' own tools print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from t4t.domain.virtualbox_install import Package
from t4t.host import packages, publisher
from t4t.host.publisher import ApplePublisher, NoPublisher, package_signer

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = """virtualbox:
  Installed: (none)
  Candidate: 7.0.16-dfsg-2ubuntu1.1
  Version table:
     7.0.16-dfsg-2ubuntu1.1 500
        500 http://archive.example noble-updates/multiverse amd64 Packages
gcc:
  Installed: 4:13.2.0-7ubuntu1
  Candidate: 4:13.2.0-7ubuntu1
  Version table:
 *** 4:13.2.0-7ubuntu1 500
perl:
  Installed: (none)
  Candidate: (none)
"""
SIGNED = """Package "VirtualBox.pkg":
   Status: signed by a developer certificate issued by Apple for distribution
   Notarization: trusted by the Apple notary service
   Certificate Chain:
    1. Developer ID Installer: Oracle America, Inc. (VB5E2TV963)
       Expires: 2027-02-01 22:12:15 +0000
    2. Developer ID Certification Authority
"""


def test_policy() -> None:
    assert packages.policy(POLICY) == {
        "virtualbox": Package(candidate="7.0.16-dfsg-2ubuntu1.1"),
        "gcc": Package(installed="13.2.0-7ubuntu1", candidate="13.2.0-7ubuntu1"),
        "perl": Package(),
    }
    assert packages.policy("") == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ID=debian\nVERSION_CODENAME=bookworm\n", "bookworm"),
        ('ID=linuxmint\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME="noble"\n', "noble"),
        ("VERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n", "bookworm"),
        ("ID=arch\n", ""),
        ("VERSION_CODENAME=../../x\n", ""),
    ],
)
def test_codenames(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text(text, encoding="utf-8")
    assert packages.codename(tmp_path) == name


def test_no_codename(tmp_path: Path) -> None:
    assert packages.codename(tmp_path) == ""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Programs of the test's own on an otherwise empty path."""
    if sys.platform == "win32":
        pytest.skip("scripts as programs")
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(name: str, text: str) -> None:
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        file.chmod(0o755)

    return make


async def test_apt_is_asked_in_english(program: Callable[[str, str], None]) -> None:
    assert await packages.ask_apt(("virtualbox",)) == {}
    program("apt-cache", 'echo "$2:"; echo "  Installed: $LC_ALL"')
    assert await packages.ask_apt(()) == {}
    assert await packages.ask_apt(("virtualbox",)) == {"virtualbox": Package(installed="C")}


async def test_an_apt_that_hangs(program: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_SECONDS", 0.2)
    program("apt-cache", "exec /bin/sleep 60")
    assert await packages.ask_apt(("virtualbox",)) == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (SIGNED, "Oracle America, Inc."),
        (SIGNED.replace("    1.", "    2."), ""),
        (SIGNED.replace("Installer:", "Application:"), ""),
        ('Package "x":\n   Status: no signature\n', ""),
        ("", ""),
    ],
)
def test_who_signed_a_package(text: str, name: str) -> None:
    assert package_signer(text) == name


@pytest.mark.parametrize(("assessed", "checked", "name"), [(0, 0, "Oracle America, Inc."), (3, 0, ""), (0, 1, "")])
def test_both_tools_must_agree(program: Callable[[str, str], None], tmp_path: Path, assessed: int, checked: int, name: str) -> None:
    program("spctl", f'[ "$*" = "--assess --type install {tmp_path}/x.pkg" ] || exit 9; exit {assessed}')
    program("pkgutil", f"echo '{SIGNED}'; exit {checked}")
    assert ApplePublisher().signer(tmp_path / "x.pkg") == name


def test_who_knows_publishers_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert isinstance(publisher.publisher(), NoPublisher)
    assert NoPublisher().signer(Path("x")) == ""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert isinstance(publisher.publisher(), ApplePublisher)
