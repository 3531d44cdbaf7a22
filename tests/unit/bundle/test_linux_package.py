"""What the Linux packages ask of the system, and the files beside the program."""

from __future__ import annotations

import configparser
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import make_installers
import pytest
from bundle_build import contents, linux_package, version

from t4t.domain.app_update import Kind
from t4t.updates.installation import installation

SOURCES = version.ROOT / "installers/linux"
NEEDED = {
    "libc.so.6": {"t4t", "_internal/PySide6/Qt/lib/libQt6Core.so.6"},
    "libGL.so.1": {"_internal/PySide6/Qt/lib/libQt6Gui.so.6"},
    "libglib-2.0.so.0": {"_internal/PySide6/Qt/lib/libQt6Core.so.6"},
    "libxcb.so.1": {"_internal/libxcb-cursor.so.0", "_internal/PySide6/Qt/plugins/platforms/libqxcb.so"},
}


def test_without_a_screen_no_screen_is_asked_for() -> None:
    always, screen = linux_package.split(NEEDED)
    assert always == {"libc.so.6"}
    assert screen == {"libGL.so.1", "libglib-2.0.so.0", "libxcb.so.1"}


def test_a_library_that_nobody_has_looked_at_is_a_fault() -> None:
    with pytest.raises(linux_package.Unlisted, match="libnew"):
        linux_package.packages({"libc.so.6", "libnew.so.1"}, glibc=34)


def test_packages_are_named_once(tmp_path: Path) -> None:
    found = linux_package.package(bundle=tmp_path, staged=tmp_path, libraries=NEEDED, glibc=34, mtime="2026-01-01T00:00:00Z", architecture="amd64")
    deb, rpm = found["overrides"]["deb"], found["overrides"]["rpm"]
    assert deb["depends"] == ["libc6 (>= 2.34)"]
    assert {"libgl1", "libglib2.0-0 | libglib2.0-0t64", "libxcb1", *contents.OPENED} <= set(deb["recommends"])
    assert len(deb["recommends"]) == len(set(deb["recommends"]))
    assert rpm["depends"] == ["libc.so.6()(64bit)"]
    assert found["version"] == version.version()
    assert not any("autostart" in entry["dst"] for entry in found["contents"]), "it is off until somebody switches it on"


def test_every_file_beside_the_program_goes_along(tmp_path: Path) -> None:
    found = linux_package.package(bundle=tmp_path, staged=SOURCES, libraries={}, glibc=34, mtime="", architecture="amd64")
    packed = {Path(name).name.removesuffix(".gz") for name in (*(entry["src"] for entry in found["contents"]), *found["scripts"].values())}
    assert {path.name for path in SOURCES.iterdir()} <= packed


def test_the_desktop_file_starts_what_there_is() -> None:
    parser = configparser.RawConfigParser()
    parser.read(SOURCES / "t4t.desktop", encoding="utf-8")
    entry = parser["Desktop Entry"]
    assert (entry["exec"], entry["icon"]) == ("t4t window", "t4t")
    found = ET.parse(SOURCES / "org.t4t.desktop.metainfo.xml").getroot()  # noqa: S314 (ours)
    assert found.findtext("id") == version.IDENTIFIER
    assert found.findtext("launchable") == "t4t.desktop"


@pytest.mark.skipif(shutil.which("sh") is None, reason="no shell")
@pytest.mark.parametrize("name", ["postinst.sh", "prerm.sh"])
def test_the_scripts_are_scripts(name: str) -> None:
    assert subprocess.run(["sh", "-n", str(SOURCES / name)], check=False).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_what_runs_ends_before_the_package_goes_and_goes_on_after_an_upgrade(tmp_path: Path) -> None:
    places = {"ours": tmp_path / "ours", "theirs": tmp_path / "theirs"}
    script = (
        (SOURCES / "prerm.sh").read_text(encoding="utf-8").replace("/usr/lib/t4t/", f"{places['ours']}/").replace("/etc/apparmor.d/t4t", f"{tmp_path}/none")
    )
    sleep = shutil.which("sleep")
    assert sleep is not None
    running = {}
    for name, place in places.items():
        place.mkdir()
        shutil.copy2(Path(sleep).resolve(), place / "sleep")
        running[name] = subprocess.Popen([place / "sleep", "1000"])
    try:
        subprocess.run(["sh", "-c", script, "prerm", "upgrade"], check=True)
        assert running["ours"].poll() is None
        subprocess.run(["sh", "-c", script, "prerm", "remove"], check=True)
        assert running["ours"].wait(20) == -signal.SIGTERM
        assert running["theirs"].poll() is None
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def test_the_service_asks_only_the_agent_to_end() -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.read(SOURCES / "t4t.service", encoding="utf-8")
    assert parser["Service"]["killmode"] == "process"
    assert parser["Service"]["execstart"].split()[0] == "/usr/bin/t4t"


def test_each_way_of_installing_has_its_mark(tmp_path: Path) -> None:
    """By it a copy knows how it is updated; what is not packed has none."""
    (tmp_path / "_internal").mkdir()
    (tmp_path / "t4t").write_text("")
    for kind in ("deb", "tar"):
        make_installers.mark(tmp_path, kind)
        found = installation(tmp_path / "_internal")
        assert found is not None
        assert (found.kind, found.version, found.root) == (Kind(kind), version.version(), tmp_path)
    make_installers.mark(tmp_path, "")
    assert installation(tmp_path / "_internal") is None
