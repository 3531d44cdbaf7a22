"""The scripts that sign, pack and notarise on macOS, run here with doubles of Apple's programs: in which order, and never without keys."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from bundle_build import version

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the doubles and GNU's find")

SCRIPTS = version.ROOT / "installers/macos"
ENTITLEMENTS = f"{SCRIPTS}/../../packaging/bundle/macos/entitlements.plist"
IDENTITY = "Developer ID Application: Somebody (ABCDE12345)"
DOUBLE = """#!/bin/sh
name=$(basename "$0")
printf '%s' "$name" >> "$T4T_SAID"
for word in "$@"; do printf '|%s' "$word" >> "$T4T_SAID"; done
echo >> "$T4T_SAID"
case $name in
ditto) cp -a "$1" "$2" ;;
hdiutil)
    case $1 in
    create) for image in "$@"; do :; done
        : > "$image" ;;
    verify) ;;
    *) exit 64 ;;
    esac ;;
codesign | xcrun | spctl) ;;
*) exit 64 ;;
esac
"""


class Mac:
    """A folder with an app, and the programs of Apple's in the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = folder / "said"
        programs = folder / "bin"
        programs.mkdir()
        for name in ("codesign", "ditto", "hdiutil", "spctl", "xcrun"):
            (programs / name).write_text(DOUBLE, encoding="ascii")
            (programs / name).chmod(stat.S_IRWXU)
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "T4T_SAID": str(self.said)}
        self.app = folder / "A b.app"
        for name in (
            "MacOS/t4t",
            "Resources/LICENCES.txt",
            "Frameworks/libz.dylib",
            "Frameworks/_ssl.cpython-312-darwin.so",
            "Frameworks/QtWebEngineCore.framework/Versions/A/QtWebEngineCore",
            "Frameworks/QtWebEngineCore.framework/Versions/A/Helpers/QtWebEngineProcess.app/Contents/MacOS/QtWebEngineProcess",
        ):
            (self.app / "Contents" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.app / "Contents" / name).write_text(name, encoding="ascii")

    def run(self, name: str, *words: str | Path, **more: str) -> tuple[str, list[list[str]]]:
        """What a script said, and what it called."""
        done = subprocess.run([SCRIPTS / name, *words], env=self.environment | more, capture_output=True, text=True, check=True)
        called = self.said.read_text(encoding="utf-8").splitlines() if self.said.exists() else []
        return done.stdout, [line.split("|") for line in called]


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    return Mac(tmp_path)


def test_without_keys_nothing_is_signed_and_nothing_sent(mac: Mac) -> None:
    image = mac.folder / "t.dmg"
    assert "is not signed" in mac.run("sign.sh", mac.app)[0]
    assert "is not notarised" in mac.run("notarise.sh", image)[0]
    assert "is not notarised" in mac.run("notarise.sh", image, T4T_NOTARY_KEY="/key")[0]
    _, called = mac.run("dmg.sh", mac.app, image)
    assert [line[:2] for line in called] == [["ditto", str(mac.app)], ["hdiutil", "create"], ["hdiutil", "verify"]]
    assert image.exists()


def test_signed_from_within_to_without(mac: Mac) -> None:
    _, called = mac.run("sign.sh", mac.app, T4T_MACOS_IDENTITY=IDENTITY)
    signed = [line for line in called if "--sign" in line]
    assert all(line[:7] == ["codesign", "--force", "--timestamp", "--options", "runtime", "--sign", IDENTITY] for line in signed)
    core = f"{mac.app}/Contents/Frameworks/QtWebEngineCore.framework"
    process = f"{core}/Versions/A/Helpers/QtWebEngineProcess.app"
    libraries = [f"{mac.app}/Contents/Frameworks/{name}" for name in ("_ssl.cpython-312-darwin.so", "libz.dylib")]
    assert [line[-1] for line in signed] == [*libraries, process, core, str(mac.app)]
    entitled = {line[-1] for line in signed if line[7:9] == ["--entitlements", ENTITLEMENTS]}
    assert entitled == {process, str(mac.app)}, "libraries have none"
    assert called[-1] == ["codesign", "--verify", "--deep", "--strict", "--verbose=2", str(mac.app)]


def test_the_image_has_the_app_the_place_for_it_and_the_licences(mac: Mac) -> None:
    """Looked at while the double of hdiutil makes it."""
    seen = mac.folder / "seen"
    hook = mac.folder / "bin/hdiutil"
    hook.write_text(DOUBLE.replace("create) ", f'create) cp -a "$6" "{seen}"; '), encoding="ascii")
    _, called = mac.run("dmg.sh", mac.app, mac.folder / "t.dmg", T4T_MACOS_IDENTITY=IDENTITY)
    assert sorted(path.name for path in seen.iterdir()) == ["A b.app", "Applications", "Licences.txt"]
    assert str((seen / "Applications").readlink()) == "/Applications"
    staged = Path(called[1][6])
    assert not staged.exists()
    assert called[2] == ["codesign", "--force", "--timestamp", "--sign", IDENTITY, str(mac.folder / "t.dmg")]


def test_notarised_and_stapled(mac: Mac) -> None:
    keys = {"T4T_NOTARY_KEY": "/k.p8", "T4T_NOTARY_KEY_ID": "ID", "T4T_NOTARY_ISSUER": "ISSUER", "T4T_MACOS_IDENTITY": IDENTITY}
    _, called = mac.run("notarise.sh", "t.dmg", **keys)
    assert called[0] == ["xcrun", "notarytool", "submit", "t.dmg", "--wait", "--timeout", "1h", "--key", "/k.p8", "--key-id", "ID", "--issuer", "ISSUER"]
    assert [line[:3] for line in called[1:3]] == [["xcrun", "stapler", "staple"], ["xcrun", "stapler", "validate"]]
    assert called[3][:2] == ["spctl", "--assess"]


def test_uninstalling_asks_the_program(mac: Mac) -> None:
    program = mac.folder / "bin/t4t"
    shutil.copyfile(mac.folder / "bin/codesign", program)
    program.write_text(DOUBLE.replace("codesign |", "t4t | codesign |"), encoding="ascii")
    program.chmod(stat.S_IRWXU)
    mac.run("uninstall.sh", T4T_PROGRAM=str(program))
    mac.run("uninstall.sh", "--remove-work", "results", "logs", T4T_PROGRAM=str(program))
    _, called = mac.run("uninstall.sh", "--remove-work", T4T_PROGRAM=str(program))
    everything = ["t4t", "remove-everything", "--yes"]
    assert called == [
        ["t4t", "quit", "--wait"],
        ["t4t", "remove-everything", "--show"],
        ["t4t", "autostart", "off"],
        [*everything, "--keep", "results", "logs"],
        everything,
    ]
    for words, status in (((), 1), (("--wrong",), 2)):
        where = {"T4T_PROGRAM": "/nonexistent"} if not words else {"T4T_PROGRAM": str(program)}
        refused = subprocess.run([SCRIPTS / "uninstall.sh", *words], env=mac.environment | where, capture_output=True, check=False)
        assert refused.returncode == status
