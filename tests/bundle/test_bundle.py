"""The bundles as they are handed out: whole, small, the same each time, and good company for the programs that they start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bundle_build import contents, linux_package, papers

from support.bundles import BUNDLES, ROOT
from support.command_line import can_mount, mounting
from support.desktop import session_bus, x_server
from t4t import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(900)]

MEGABYTES = {"with-web": 118.0, "without-web": 42.0}
"""What may be downloaded."""
NOBODY = 65534
VALIDATE = """
import sys
import tempfile
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()))
"""


@pytest.fixture(params=sorted(BUNDLES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bundle(kind: str) -> Path:
    return BUNDLES[kind]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the ordinary user's, where an ordinary user may go; pytest's own folders are closed again by each pytest that begins."""
    with tempfile.TemporaryDirectory(prefix="t4t-") as made:
        place = Path(made) / "home"
        place.mkdir()
        if os.geteuid() == 0:
            place.parent.chmod(0o755)
            os.chown(place, NOBODY, NOBODY)
        yield place


@pytest.fixture
async def surroundings(folder: Path, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """What an ordinary user's session has: nothing of ours."""
    async with x_server() as display, session_bus(tmp_path) as bus:
        yield {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": bus}


def as_user(*command: str | Path, environment: dict[str, str], seconds: float = 300) -> subprocess.CompletedProcess[str]:
    """Run it as an ordinary user to its end."""
    before = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if os.geteuid() == 0 else ()
    words = [*before, *map(str, command)]
    return subprocess.run(words, env=environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False)


async def test_it_checks_itself(bundle: Path, kind: str, surroundings: dict[str, str]) -> None:
    done = as_user(bundle / "t4t", "--json", "self-check", environment=surroundings)
    found = {one["part"]: one for one in json.loads(done.stdout)["parts"]}
    assert [one for one in found.values() if not one["well"]] == []
    assert "platform xcb" in found["window"]["detail"]
    assert found["web"]["detail"].startswith("a page was shown" if kind == "with-web" else "not in this copy")
    assert "not tried" not in found["tray"]["detail"]
    assert done.returncode == 0


async def test_it_says_what_it_is(bundle: Path, surroundings: dict[str, str]) -> None:
    assert as_user(bundle / "t4t", "--version", environment=surroundings).stdout == f"t4t {__version__}\n"
    assert f"t4t {__version__} (bundle)" in as_user(bundle / "t4t", "report", "--print", environment=surroundings).stdout


@pytest.mark.parametrize("before", [{}, {"LD_LIBRARY_PATH": "/somebody/lib"}])
async def test_what_it_starts_gets_the_environment_as_it_was(bundle: Path, folder: Path, surroundings: dict[str, str], before: dict[str, str]) -> None:
    """VBoxManage with our libraries would not run, and a browser neither."""
    seen, programs = folder / "seen", folder.parent / "bin"
    programs.mkdir()
    manage = programs / "VBoxManage"
    manage.write_text(f"#!/bin/sh\nenv > {seen}\nexit 1\n", encoding="utf-8")
    manage.chmod(0o755)
    given = surroundings | {"PATH": f"{programs}:/usr/bin:/bin", "T4T_DATA_DIR": str(folder / "data")} | before
    as_user(bundle / "t4t", "virtualbox", "health", environment=given)
    found = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    assert found.get("LD_LIBRARY_PATH") == before.get("LD_LIBRARY_PATH")
    assert not [name for name in found if name.startswith(("_PYI", "_MEI", "QT_", "QML"))]


@pytest.mark.skipif(not can_mount(), reason="a root of another distribution needs mounts")
@pytest.mark.parametrize("place", ["/etc/ssl/ca-bundle.pem", ""])
def test_certificates_are_found_where_another_distribution_has_them(bundle: Path, tmp_path: Path, place: str) -> None:
    """OpenSSL only knows where the building computer has them; openSUSE has one file elsewhere. Where there are none, that is said."""
    kept = shutil.copyfile("/etc/ssl/certs/ca-certificates.crt", tmp_path / "all.pem")
    script = "mount -t tmpfs none /etc/ssl; mount -t tmpfs none /usr/lib/ssl" + (f"; cp {kept} {place}" if place else "")
    command = [*mounting(script), str(bundle / "t4t"), "--json", "self-check", "certificates"]
    done = subprocess.run(command, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    (found,) = json.loads(done.stdout)["parts"]
    assert found["well"] is bool(place), found
    assert not place or int(found["detail"].split()[0]) > 50, found


def test_the_system_is_asked_for_what_is_listed(bundle: Path) -> None:
    libraries = linux_package.needed(linux_package.programs(bundle), bundle)
    assert {name: users for name, users in libraries.items() if name not in contents.SYSTEM} == {}
    assert linux_package.packages(linux_package.split(libraries)[0], glibc=34)


def test_every_library_is_found(bundle: Path) -> None:
    missing = {}
    for path in linux_package.programs(bundle):
        said = subprocess.run(
            ["ldd", path], env={"LD_LIBRARY_PATH": str(bundle / "_internal"), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
        )
        if lost := [line.strip() for line in said.stdout.splitlines() if "not found" in line]:
            missing[str(path.relative_to(bundle))] = lost
    assert missing == {}


def test_nothing_is_in_it_that_is_not_ours_to_give(bundle: Path) -> None:
    files = [path for path in bundle.rglob("*") if path.is_file()]
    assert [path for path in files if path.suffix in {".iso", ".vdi", ".vmdk", ".qcow2", ".img", ".map"}] == [], "the appliance is fetched apart"
    here = str(ROOT).encode()
    assert [path for path in files if here in path.read_bytes()] == [], "the computer on which it was built"
    assert [path for path in bundle.rglob("*") if path.is_symlink() and not path.resolve().is_relative_to(bundle)] == []


def test_licences_and_components(bundle: Path, kind: str) -> None:
    text = (bundle / "_internal" / papers.LICENCES).read_text(encoding="utf-8")
    assert ("The Chromium Authors" in text) is (kind == "with-web")
    document = json.loads((bundle / "_internal" / papers.SBOM).read_text(encoding="utf-8"))
    names = {one["name"] for one in document["components"]}
    assert {"Python", "OpenSSL", "Qt", "aiohttp", "cryptography", "libffi8"} <= names
    assert ("Chromium" in names) is (kind == "with-web")
    assert "serialNumber" not in document
    tools = ROOT / "build/bundle/tools/bin/python"
    assert subprocess.run([tools, "-c", VALIDATE], input=json.dumps(document), capture_output=True, text=True, check=True).stdout == "None\n"


def test_it_is_small(bundle: Path, kind: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    packed = tmp_path / "packed.tar.xz"
    subprocess.run(["tar", "-C", bundle.parent, "-I", "xz -6 -T2", "-cf", packed, bundle.name], check=True)
    size = packed.stat().st_size / 1e6
    record_property(f"{kind}, MB compressed", round(size, 1))
    assert size <= MEGABYTES[kind]


def test_a_second_build_is_the_same(tmp_path: Path) -> None:
    kind, bundle = max(BUNDLES.items())
    again = tmp_path / "again"
    again.mkdir()
    for name in ("app", "tools", "freeze"):
        (again / name).symlink_to(ROOT / "build/bundle" / name)
    command = [sys.executable, str(ROOT / "packaging/bundle/make_bundle.py"), "--out", str(again), *(["--without-web"] if kind == "without-web" else [])]
    subprocess.run(command, check=True)
    made = again / "plain/t4t" if kind == "without-web" else again / "t4t"
    done = subprocess.run(["diff", "-r", "--no-dereference", bundle, made], capture_output=True, text=True, check=False)
    shutil.rmtree(again)
    assert done.stdout == ""
