"""Where VirtualBox is, and which version."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import vboxmanage_double as double
from t4t.domain.errors import HypervisorBroken, HypervisorMissing
from t4t.hypervisor.virtualbox import locate
from t4t.hypervisor.virtualbox.locate import Surroundings
from t4t.hypervisor.virtualbox.versions import FLOOR, Stage, Version, read_version, usable_version
from unit.virtualbox.recorded import recorded


def around(root: Path, platform: str = "linux", registry: dict[str, str] | None = None, **environment: str) -> Surroundings:
    return Surroundings(platform=platform, environment={"PATH": "", **environment}, home=root / "home", registry=registry or {}, root=root)


def program(path: Path, *, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho 7.2.0r1\n")
    path.chmod(mode)
    return path


# --- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "version", "edition", "revision"),
    [
        ("7.0.14", Version(7, 0, 14), "", 0),
        ("7.0.14r161095\n", Version(7, 0, 14), "", 161095),
        ("7.0.14_SUSEr161095\r\n", Version(7, 0, 14), "SUSE", 161095),
        ("7.0.16_Ubuntur162802", Version(7, 0, 16), "Ubuntu", 162802),
        ("7.2.0_BETA1r164728", Version(7, 2, 0, Stage.BETA), "BETA1", 164728),
        ("7.2.0_RC2r1", Version(7, 2, 0, Stage.RC), "RC2", 1),
        ("WARNING: The vboxdrv kernel module is not loaded.\n 7.1.2 is not it\n\n7.1.4r165100", Version(7, 1, 4), "", 165100),
        ("7.1.0\n7.2.0", Version(7, 2, 0), "", 0),
    ],
)
def test_versions(text: str, version: Version, edition: str, revision: int) -> None:
    found = read_version(text)
    assert found is not None
    assert (found, found.edition, found.revision) == (version, edition, revision)


def test_versions_are_ordered() -> None:
    written = ["6.1.50", "7.0.0_ALPHA1", "7.0.0_BETA2", "7.0.0_RC1", "7.0.0", "7.0.6", "7.0.14_SUSE", "7.2.0_BETA1", "7.2.0", "7.10.0"]
    versions = [usable_version(text) if text[0] == "7" else Version(6, 1, 50) for text in written]
    assert versions == sorted(versions)
    assert [str(version) for version in versions] == written
    assert versions[6].number == "7.0.14"
    assert Version(7, 2, 0, edition="Debian") == Version(7, 2, 0, edition="SUSE")


@pytest.mark.parametrize("text", ["", "hello", "7.2", "a7.2.0", "7.2.0 is here", "٧.٢.٠", "9" * 5000 + ".0.0"])
def test_no_version(text: str) -> None:
    assert read_version(text) is None
    with pytest.raises(HypervisorBroken):
        usable_version(text)


def test_the_floor_and_the_future() -> None:
    with pytest.raises(HypervisorBroken, match="too old"):
        usable_version("6.1.50r161033")
    assert usable_version("7.0.0_BETA1") > FLOOR
    assert usable_version("99.0.1r9").major == 99


@given(st.text())
def test_any_text_has_a_version_or_none(text: str) -> None:
    version = read_version(text)
    assert version is None or min(version.major, version.minor, version.build) >= 0


@given(st.integers(7, 99), st.integers(0, 99), st.integers(0, 999), st.sampled_from(["", "_Debian", "_SUSE", "_RC1", "_Ubuntu~22.04"]), st.integers(1, 999999))
def test_written_versions_are_read(major: int, minor: int, build: int, edition: str, revision: int) -> None:
    text = f"{major}.{minor}.{build}{edition}"
    assert str(usable_version(f"{text}r{revision}")) == text


# --- places ----------------------------------------------------------------------------------------------------------


def test_the_folder_comes_before_debians_script(tmp_path: Path) -> None:
    script, real = program(tmp_path / "usr/bin/VBoxManage"), program(tmp_path / "usr/lib/virtualbox/VBoxManage")
    program(tmp_path / "usr/lib/virtualbox/VBoxHeadless")
    found = locate.find(around(tmp_path, PATH=str(script.parent)))
    assert found == locate.Programs(str(real), str(real.parent / "VBoxHeadless"), str(real.parent))


def test_oracles_folder_and_a_chosen_one(tmp_path: Path) -> None:
    opt = program(tmp_path / "opt/VirtualBox/VBoxManage")
    assert locate.find(around(tmp_path)).manage == str(opt)
    assert locate.find(around(tmp_path)).headless == ""
    own = program(tmp_path / "srv/vbox/VBoxManage")
    (tmp_path / "etc/vbox").mkdir(parents=True)
    (tmp_path / "etc/vbox/vbox.cfg").write_text(f"# VirtualBox\nINSTALL_DIR='{own.parent}'\n")
    assert locate.find(around(tmp_path)).manage == str(own)


def test_the_search_path_is_last(tmp_path: Path) -> None:
    found = program(tmp_path / "elsewhere/VBoxManage")
    assert locate.find(around(tmp_path, PATH=f".:relative:/nowhere:{found.parent}")).manage == str(found)


def test_macos(tmp_path: Path) -> None:
    own = program(tmp_path / "home/Applications/VirtualBox.app/Contents/MacOS/VBoxManage")
    assert locate.find(around(tmp_path, "darwin")).manage == str(own)
    brew = program(tmp_path / "opt/homebrew/bin/VBoxManage")
    assert locate.find(around(tmp_path, "darwin")).manage == str(brew)
    app = program(tmp_path / "Applications/VirtualBox.app/Contents/MacOS/VBoxManage")
    assert locate.find(around(tmp_path, "darwin")).manage == str(app)


def test_windows(tmp_path: Path) -> None:
    places = [tmp_path / "registry", tmp_path / "msi", tmp_path / "pf/Oracle/VirtualBox"]
    for place in reversed(places):
        found = program(place / "VBoxManage.exe")
        program(place / "VBoxHeadless.exe")
        here = around(tmp_path, "win32", {"InstallDir": str(places[0])}, VBOX_MSI_INSTALL_PATH=str(places[1]), ProgramW6432=str(tmp_path / "pf"))
        assert locate.find(here) == locate.Programs(str(found), str(place / "VBoxHeadless.exe"), str(place))
    assert locate.folders(here)[:3] == tuple(places)


def test_the_installers_own_word() -> None:
    assert locate.registered_version({"Version": "7.2.0", "VersionExt": "7.2.0_BETA1"}) == Version(7, 2, 0, Stage.BETA)
    assert locate.registered_version({"Version": "7.0.4"}) == Version(7, 0, 4)
    assert locate.registered_version({}) is None
    assert locate.registry_values() == {}, "only on Windows"


def test_the_volunteers_choice(tmp_path: Path) -> None:
    program(tmp_path / "usr/lib/virtualbox/VBoxManage")
    own = program(tmp_path / "own/vbm")
    assert locate.find(around(tmp_path), str(own)).manage == str(own)
    beside = program(tmp_path / "own/VBoxManage")
    assert locate.find(around(tmp_path), str(own.parent)).manage == str(beside)
    with pytest.raises(HypervisorMissing):
        locate.find(around(tmp_path), str(tmp_path / "typo"))


def test_what_is_no_program_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "usr/lib/virtualbox/VBoxManage", mode=0o644)
    (tmp_path / "opt/VirtualBox/VBoxManage").mkdir(parents=True)
    with pytest.raises(HypervisorMissing):
        locate.find(around(tmp_path))


# --- asked -----------------------------------------------------------------------------------------------------------


async def test_the_version_stands_behind_the_warning(tmp_path: Path) -> None:
    found = await locate.locate(around(tmp_path), double.install(tmp_path, {"out": recorded("version").out}))
    assert (str(found.version), found.version.revision) == ("7.2.22_Debian", 175245)
    assert double.calls(tmp_path)[0]["args"] == ["--version"]


@pytest.mark.parametrize("step", [{"status": 1, "err": "no"}, {"out": "nonsense"}, {"out": "6.0.0r1"}, {"hang": True}])
async def test_a_wrong_virtualbox_is_broken(tmp_path: Path, step: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "_PROBE_SECONDS", 3.0)
    with pytest.raises(HypervisorBroken):
        await locate.locate(around(tmp_path), double.install(tmp_path, step))


async def test_no_virtualbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "here", lambda: around(tmp_path))
    with pytest.raises(HypervisorMissing):
        await locate.locate()


def test_this_computer() -> None:
    assert locate.here().home == Path.home()
    assert locate.folders(locate.here())


# --- the registry of VMs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "homes"),
    [
        ("linux", ["home/.VirtualBox", "home/.config/VirtualBox"]),
        ("darwin", ["home/Library/VirtualBox"]),
        ("win32", ["home/.VirtualBox"]),
    ],
)
def test_where_the_vms_are_registered(tmp_path: Path, platform: str, homes: list[str]) -> None:
    assert locate.expected_homes(around(tmp_path, platform)) == tuple(tmp_path / home for home in homes)


def test_the_volunteer_may_have_moved_it(tmp_path: Path) -> None:
    assert locate.expected_homes(around(tmp_path, VBOX_USER_HOME="/own")) == (Path("/own"),)
    assert locate.expected_homes(around(tmp_path, XDG_CONFIG_HOME="/xdg"))[1] == Path("/xdg/VirtualBox")


def test_another_home_is_not_believed(tmp_path: Path) -> None:
    expected = locate.expected_homes(around(tmp_path))
    locate.check_home(str(tmp_path / "home/.config/../.config/VirtualBox/"), expected)
    with pytest.raises(HypervisorBroken, match="projects"):
        locate.check_home("/var/lib/boinc/projects/VirtualBox", expected)
