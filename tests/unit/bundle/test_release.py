"""What must agree before a release, and what of a lock is for Windows."""

from __future__ import annotations

import importlib.util
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from bundle_build import papers, version
from hypothesis import given
from hypothesis import strategies as st
from make_windows_setup import PLATFORM, definitions

from t4t.domain.app_update import Kind
from t4t.updates.installation import Installation, installation

if TYPE_CHECKING:
    from pathlib import Path

ROOT = version.ROOT
NAMES = ("app/t4t/__init__.py", "CHANGELOG.md", "pyproject.toml", "packaging/bundle/macos/entitlements.plist", ".github/workflows/release.yml")


def module(path: str) -> Any:
    """A script, imported by its place: it is in no package."""
    spec = importlib.util.spec_from_file_location(path.rpartition("/")[2].removesuffix(".py"), ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


release = module("packaging/checks/release.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def test_this_one_agrees() -> None:
    assert release.faults(ROOT) == []
    assert release.version(ROOT) == version.version()


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("CHANGELOG.md", f"## {version.version()}", "## 0.0.1", "CHANGELOG.md says nothing"),
        ("app/t4t/__init__.py", f'"{version.version()}"', '"1.2"', "none that all systems understand"),
        ("pyproject.toml", 'dynamic = ["version"]', 'version = "1.0.0"', "a version of its own"),
        (".github/workflows/release.yml", "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2", "actions/checkout@v4", "not pinned"),
        (".github/workflows/release.yml", " # v4.2.2", "", "with its version beside it"),
    ],
)
def test_what_does_not_agree_is_said(root: Path, name: str, before: str, after: str, said: str) -> None:
    assert release.faults(root) == []
    change(root / name, before, after)
    assert any(said in fault for fault in release.faults(root))


def test_a_version_is_needed(root: Path) -> None:
    change(root / "app/t4t/__init__.py", "__version__", "version")
    with pytest.raises(ValueError, match="no version"):
        release.faults(root)


def test_a_tag_is_the_version_and_released(root: Path) -> None:
    changes = root / "CHANGELOG.md"
    number = version.version()
    changes.write_text(f"# Changes\n\n## {number} (unreleased)\n\n* one\n\n## 0.0.1\n\n* two\n", encoding="utf-8")
    assert release.faults(root, tag=f"v{number}") == [f"CHANGELOG.md calls {number} unreleased"]
    change(changes, "unreleased", "2026-12-01")
    assert release.faults(root, tag=f"v{number}") == []
    assert release.faults(root, tag="v9.9.9") == [f"the tag is v9.9.9, the version {number}"]
    assert release.notes(changes.read_text(encoding="utf-8"), number) == "* one\n"


@given(st.sampled_from(["1.2.3", "0.1.0rc1"]), st.text(alphabet="ab* \n", max_size=30))
def test_notes_are_one_versions(number: str, text: str) -> None:
    changes = f"# Changes\n\n## {number} (2026-01-01)\n{text}\n## 0.0.1\n\n* older\n"
    assert release.notes(changes, number).strip() == text.strip()
    assert release.notes(changes, "9.9.9") == ""


def test_of_a_lock_windows_gets_its_own() -> None:
    pytest.importorskip("packaging.markers")
    freeze = module("packaging/wine/freeze.py")
    lock = (
        "# head\n"
        "all==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n"
        "linux==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:bb\n"
        "win==2.0 ; platform_machine != 'ARM64' or sys_platform != 'win32' \\\n    --hash=sha256:cc\n"
        "old==2.0 ; python_full_version < '3.13' \\\n    --hash=sha256:dd\n"
    )
    assert freeze.for_windows(lock) == ("# head\nall==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\nwin==2.0 \\\n    --hash=sha256:cc\n")
    with pytest.raises(ValueError, match="nonsense"):
        freeze.for_windows("nonsense\n")


@pytest.mark.parametrize(("quick", "sign"), [(False, ""), (True, "osslsigncode")])
def test_the_setup_is_told_all_that_it_asks_for(tmp_path: Path, sign: str, *, quick: bool) -> None:
    given = definitions(tmp_path / "t4t", tmp_path / "icons", tmp_path, tmp_path / "marker", number="1.2.3rc1", quick=quick, sign=sign)
    assert given["NUMBERS"] == "1.2.3.0"
    assert given["OUT"].endswith("t4t-1.2.3rc1-windows-x86_64-setup.exe")
    assert ("QUICK" in given, given.get("SIGN", "")) == (quick, sign)
    script = (ROOT / "installers/windows/t4t.nsi").read_text(encoding="utf-8")
    assert [name for name in given if f"${{{name}}}" not in script and f"ifdef {name}" not in script] == []


def test_the_marker_comes_last_and_the_program_understands_it(tmp_path: Path) -> None:
    script = (ROOT / "installers/windows/t4t.nsi").read_text(encoding="utf-8")
    installing = script[script.index('Section "program"') : script.index("SectionEnd")]
    assert installing.index("${MARKER}") > max(installing.rindex(one) for one in ("WriteReg", "Rename ", "CreateShortcut", "self-check"))
    home = tmp_path / "app" / "_internal"
    home.mkdir(parents=True)
    (home / papers.MARKER).write_text(papers.marker("setup", PLATFORM, "1.2.3"), encoding="ascii")
    assert installation(home) == Installation(kind=Kind.SETUP, platform="win32-AMD64", version="1.2.3", root=tmp_path / "app")
