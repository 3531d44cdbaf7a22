"""The installers for Linux: what their own tools say of them, and a life of the Debian package in a fresh Debian."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import native
import pytest
from bundle_build import linux_package, papers
from make_installers import settle_modes

from support.bundles import BUNDLES, INSTALLERS, ROOT
from support.task_folders import job_xml
from support.task_shell import EE
from t4t import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(1800)]

CACHE = Path(os.environ.get("T4T_BUILD_CACHE") or Path.home() / ".cache" / "t4t-build") / "fresh"
FORBIDDEN_TAGS = (
    *("bad-package-name", "control-file-has-bad-permissions", "desktop-entry-contains-encoding-key", "description-synopsis-is-duplicated", "dir-in-usr-local"),
    *(
        "elevated-privileges",
        "file-in-etc-not-marked-as-conffile",
        "file-in-usr-local",
        "maintainer-script-ignores-errors",
        "maintainer-shell-script-fails-syntax-check",
    ),
    *("malformed-deb-archive", "no-copyright-file", "no-manual-page", "non-standard-dir-perm", "non-standard-executable-perm"),
    *(
        "non-standard-file-perm",
        "package-contains-timestamped-gzip",
        "statically-linked-binary",
        "syntax-error-in-debian-changelog",
        "wrong-file-owner-uid-or-gid",
    ),
    *("zero-byte-file-in-doc-directory", "shared-library-is-executable", "groff-message"),
)
"""What lintian must not say. It has much more to say of a program that brings its libraries along; that is how such a bundle is."""
OLDER = "0.0.1"
RUNSPEC = EE.format(events=12_000, seed=11)
MEGABYTES = {"*.deb": 118.0, "t4t-*.tar.xz": 118.0, "*.rpm": 140.0}
"""RPM packages are packed by nfpm alone, whose compression is weaker."""


def one(pattern: str) -> Path:
    (found,) = INSTALLERS.glob(pattern)
    return found


def said(*command: str | Path, status: int = 0) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("pattern", sorted(MEGABYTES))
def test_they_are_small(pattern: str, record_property: Callable[[str, object], None]) -> None:
    size = one(pattern).stat().st_size / 1e6
    record_property(f"{pattern}, MB", round(size, 1))
    assert size <= MEGABYTES[pattern]


def test_the_desktops_own_tools_are_content() -> None:
    assert said("desktop-file-validate", INSTALLERS / "staged/t4t.desktop") == ""
    said("appstreamcli", "validate", "--no-net", INSTALLERS / "staged/org.t4t.desktop.metainfo.xml")
    assert "give spare computing time" in said("man", "-l", "-Tutf8", INSTALLERS / "staged/t4t.1")


def test_lintian_has_nothing_to_say_that_counts() -> None:
    found = said("lintian", "--allow-root", "--tags", ",".join(FORBIDDEN_TAGS), one("*.deb"))
    assert found == ""


def test_the_rpm_package_says_what_it_is() -> None:
    package = one("*.rpm")
    assert said("rpm", "-qp", "--qf", "%{NAME} %{VERSION} %{LICENSE}", package) == f"t4t {__version__} GPL-3.0-or-later"
    said("rpm", "-K", "--nosignature", package)
    assert "libc.so.6()(64bit)" in said("rpm", "-qpR", package).splitlines()


def test_the_rpm_package_installs_and_checks_itself(tmp_path: Path) -> None:
    """Without a database of its distribution's packages: what the files need is on this computer."""
    said("rpm", "--root", tmp_path, "--nodeps", "--noscripts", "-i", one("*.rpm"))
    program = tmp_path / "usr/lib/t4t/t4t"
    found = json.loads(said(program, "--json", "self-check"))
    assert [part for part in found["parts"] if not part["well"]] == []
    assert (tmp_path / "usr/bin/t4t").readlink() == Path(linux_package.PLACE) / "t4t"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of an older version: the bundle without the web view, whose program is another file, with the newer one's scripts and needs."""
    folder = tmp_path_factory.mktemp("older")
    said("dpkg-deb", "-x", one("*.deb"), folder / "newer")
    tree = folder / "tree"
    tree.mkdir()
    said("dpkg-deb", "-e", one("*.deb"), tree / "DEBIAN")
    shutil.copytree(BUNDLES["without-web"], tree / "usr/lib/t4t", symlinks=True)
    settle_modes(tree / "usr/lib/t4t")
    (tree / "usr/lib/t4t/_internal" / papers.MARKER).write_text(papers.marker("deb", "linux-x86_64", OLDER), encoding="ascii")
    for name in ("usr/bin", "usr/share"):
        shutil.copytree(folder / "newer" / name, tree / name, symlinks=True)
    (tree / "DEBIAN/md5sums").unlink()
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text(encoding="utf-8").replace(f"Version: {__version__}", f"Version: {OLDER}"), encoding="utf-8")
    package = folder / "packed" / f"t4t_{OLDER}-1_amd64.deb"
    package.parent.mkdir()
    said("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, package)
    shutil.rmtree(tree)
    shutil.rmtree(folder / "newer")
    return package


@pytest.fixture(scope="module")
def appliance() -> Path:
    return Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build/appliance")


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory, appliance: Path) -> Path:
    """Some minutes of work."""
    folder = tmp_path_factory.mktemp("task") / "a"
    folder.mkdir()
    (folder / "vbox_job.xml").write_text(job_xml(), encoding="utf-8")
    (folder / "input").write_text(RUNSPEC + "\n", encoding="utf-8")
    shutil.copyfile(appliance / "t4t-appliance.raw", folder / "vm_image.raw")
    return folder


@pytest.fixture(scope="module")
def life(older: Path, task: Path, appliance: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        pytest.skip("a fresh Debian needs root")
    command: list[str | Path] = [sys.executable, ROOT / "packaging/lab/fresh_debian.py", "--cache", CACHE, "--appliance", appliance]
    found: dict[str, Any] = json.loads(said(*command, "--package", one("*.deb"), "--older", older, "--task", task))
    return found


def test_a_computer_without_a_screen_needs_none_of_its_libraries(life: dict[str, Any]) -> None:
    assert life["without a screen"] == {"libraries": True, "certificates": True, "vm-host": True, "agent": True}


def test_it_starts_by_itself_only_when_it_is_told_to(life: dict[str, Any]) -> None:
    assert life["autostart"] is False
    assert life["started by itself"] == []


def test_an_ordinary_user_sees_the_whole_of_it(life: dict[str, Any]) -> None:
    assert life["version"] == f"t4t {__version__}"
    assert [part for part in life["self-check"].values() if not part["well"]] == []
    assert life["self-check"]["web"]["detail"].startswith("a page was shown")
    assert life["self-check"]["window"]["detail"].count("platform xcb")
    assert life["doctor"] is True


def test_the_demonstration_gets_its_credit(life: dict[str, Any]) -> None:
    assert life["demo"]["outcome"] == "done"
    assert life["demo"]["credit"]["valid"] is True


def test_an_upgrade_while_it_computes_costs_no_work(life: dict[str, Any], appliance: Path, tmp_path: Path) -> None:
    """Nobody does anything but apt: the agent notices, saves, and goes on as the new version; the result is that of a computer where nothing happened."""
    found = life["upgrade"]
    assert (found["of the older package"], found["of a file that is gone"], found["the same process"]) == (True, True, True)
    before, after = found["fraction before and after"]
    assert 0 < before <= after
    (started, lost_s) = found["started again and lost"][0]
    assert (started, lost_s < 10) == (1, True), "once, from where it was saved"
    result = native.run_native(appliance, RUNSPEC, tmp_path / "native").read_bytes()
    assert found["result"] == hashlib.sha256(result).hexdigest()
    assert found["ended with"] == 0


def test_an_ordinary_user_clicks_from_the_welcome_to_the_first_result(life: dict[str, Any]) -> None:
    assert life["first run"]["finished"] >= 1
    assert life["first run"]["window is open"] is True


def test_removing_it_ends_what_runs_and_keeps_the_work(life: dict[str, Any]) -> None:
    assert life["at work before"] is True
    assert life["at work after"] == 0
    assert life["work is kept"] is True


def test_nothing_is_left_of_it(life: dict[str, Any]) -> None:
    assert life["left"] == []
    assert life["named after it"] == []
