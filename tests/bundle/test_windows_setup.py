"""The setup program for Windows, from its first run to its last, under wine, with a bundle that Windows' own Python froze there (``make windows-setup``).

Each test has a Windows of its own, a copy of the one in which the bundle was made. What wine can't show: that Windows refuses to rename a folder that is in
use, elevation, and anything about signatures.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest
from bundle_build import papers

from t4t import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.windows_setup, pytest.mark.timeout(900)]

ROOT: Final = Path(__file__).resolve().parents[2]
MADE: Final = Path(os.environ.get("T4T_WINDOWS", "/nonexistent"))
NEXT: Final = "99.1.0"
SECONDS: Final = 240
KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\org.t4t.desktop"
RUN: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
MAKE: Final = ROOT / "packaging/bundle/make_windows_setup.py"
Altered: TypeAlias = "Callable[[Callable[[Path], object]], Path]"
FOREIGN, NO_START, WRONG_WINDOWS = 3, 5, 10


def setup_of(bundle: Path, out: Path, number: str) -> Path:
    """A quickly packed setup of a bundle."""
    command: list[str | Path] = [sys.executable, MAKE, "--bundle", bundle, "--icons", MADE / "icons", "--out", out, "--number", number, "--quick"]
    subprocess.run(command, check=True, capture_output=True)
    (made,) = out.glob(f"t4t-{number}-*.exe")
    return made


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return setup_of(MADE / "t4t", tmp_path_factory.mktemp("setup"), __version__)


@pytest.fixture(scope="module")
def altered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Altered]:
    """Makes a setup of a later version, of a bundle that a function has changed."""

    def make(change: Callable[[Path], object]) -> Path:
        folder = tmp_path_factory.mktemp("altered")
        shutil.copytree(MADE / "t4t", folder / "t4t")
        change(folder / "t4t")
        return setup_of(folder / "t4t", folder, NEXT)

    yield make
    for folder in tmp_path_factory.getbasetemp().glob("altered[0-9]*"):
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Windows:
    """One of its own."""

    prefix: Path
    environment: dict[str, str]

    def path(self, name: str) -> Path:
        r"""Where this computer has a file that Windows calls ``C:\...``."""
        return self.prefix / "drive_c" / name.removeprefix("C:\\").replace("\\", "/")

    @property
    def home(self) -> str:
        return "C:\\" + str(next((self.prefix / "drive_c/users").glob("[!P]*")).relative_to(self.prefix / "drive_c")).replace("/", "\\")

    @property
    def place(self) -> str:
        return rf"{self.home}\AppData\Local\Programs\Test4Theory"

    @property
    def data(self) -> Path:
        return self.path(rf"{self.home}\AppData\Local\t4t")

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; wine wants pipes."""
        words = ["wine", *map(str, command)]
        return subprocess.run(words, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False)

    def install(self, setup: Path, *words: str) -> int:
        """Run a setup without a window; what it ends with. What it starts would hold pipes open long after it."""
        command = ["wine", str(setup), "/S", *words]
        return subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SECONDS, check=False
        ).returncode

    def wait(self) -> None:
        """Until every program in it has ended: the uninstaller goes on as a copy of itself."""
        subprocess.run(["wineserver", "-w"], env=self.environment, timeout=SECONDS, check=True)

    def t4t(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The installed program."""
        return self.run(self.place + r"\app\t4t.exe", *words)

    def value(self, root: str, key: str, name: str) -> str | None:
        """A value of the registry."""
        done = self.run("reg", "query", rf"{root}\{key}", "/v", name)
        lines = [line.split(maxsplit=2) for line in done.stdout.splitlines() if line.strip().startswith(name)]
        return lines[0][2].strip() if lines else None

    def uninstall(self, *words: str) -> None:
        self.run(self.place + r"\uninstall.exe", "/S", *words)
        self.wait()

    def answers(self) -> dict[str, Any]:
        """The agent's state, once there is an agent that answers."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            done = self.t4t("--json", "status")
            if done.returncode == 0:
                found: dict[str, Any] = json.loads(done.stdout)
                return found
        raise AssertionError(done.stderr)


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """An X server's display."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"], pass_fds=(writing,), stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            yield f":{said.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[Windows]:
    prefix = tmp_path / "prefix"
    subprocess.run(["cp", "-a", "--reflink=auto", MADE / "prefix", prefix], check=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith("T4T_")}
    with screen() as display:
        one = Windows(prefix, own | {"WINEPREFIX": str(prefix), "DISPLAY": display, "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=d;mshtml=d"})
        try:
            yield one
        finally:
            subprocess.run(["wineserver", "-k"], env=one.environment, check=False, timeout=SECONDS)  # all that runs in this one
            shutil.rmtree(prefix)


def tree(folder: Path) -> dict[str, str]:
    """Every file with its hash."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def installed(bundle: Path) -> dict[str, str]:
    """What a setup makes of a bundle: the same, and how it came."""
    marker = papers.marker("setup", "win32-AMD64", __version__).encode()
    return tree(bundle) | {f"_internal/{papers.MARKER}": hashlib.sha256(marker).hexdigest()}


def test_for_one_user(setup: Path, windows: Windows) -> None:
    assert windows.install(setup) == 0
    place = windows.path(windows.place)
    assert tree(place / "app") == installed(MADE / "t4t")
    assert sorted(path.name for path in place.iterdir()) == ["app", "uninstall.exe"]
    assert windows.value("HKCU", KEY, "DisplayVersion") == __version__
    assert windows.value("HKCU", KEY, "InstallLocation") == windows.place
    assert windows.value("HKLM", KEY, "DisplayVersion") is None
    assert windows.value("HKCU", RUN, "Test4Theory") is None, "it starts with the session only when it is told to"
    assert list(windows.prefix.rglob("Test4Theory.lnk"))
    assert not windows.data.exists(), "a setup begins nobody's work"
    assert windows.t4t("--version").stdout.strip() == f"t4t {__version__}"


def test_every_part_of_it_works(setup: Path, windows: Windows) -> None:
    windows.install(setup)
    found = {one["part"]: one for one in json.loads(windows.t4t("--json", "self-check").stdout)["parts"]}
    assert [one for one in found.values() if not one["well"]] == []
    assert "platform windows" in found["window"]["detail"]
    assert "not tried" not in found["tray"]["detail"]


def test_an_upgrade_ends_it_saves_and_starts_it_again(setup: Path, altered: Altered, windows: Windows) -> None:
    def change(bundle: Path) -> None:
        (bundle / "_internal/LICENCES.txt").rename(bundle / "_internal/ANOTHER.txt")
        (bundle / "_internal/LICENCES.txt").write_text("new\n", encoding="utf-8")
        (bundle / "_internal/sbom.cdx.json").unlink()

    later = altered(change)
    windows.install(setup)
    windows.t4t("autostart", "on")
    started = subprocess.Popen(
        ["wine", windows.place + r"\app\t4tw.exe", "run", "--tray", "--hypervisor", "fake"],
        env=windows.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    windows.answers()
    windows.t4t("pause", "forever")
    assert windows.install(later) == 0
    assert started.wait(SECONDS) == 0, "it ended by itself, after saving"
    app = windows.path(windows.place) / "app"
    assert (app / "_internal/ANOTHER.txt").is_file()
    assert not (app / "_internal/sbom.cdx.json").exists(), "what the new one lacks is gone"
    assert sorted(path.name for path in app.parent.iterdir()) == ["app", "uninstall.exe"]
    assert windows.value("HKCU", KEY, "DisplayVersion") == NEXT
    assert windows.answers()["state"] in {"paused_by_you", "needs_you"}, "it runs again, and remembers; here is no real hypervisor"
    assert windows.t4t("quit", "--wait").returncode == 0

    windows.uninstall()
    assert not windows.path(windows.place).exists()
    assert windows.value("HKCU", KEY, "DisplayVersion") is None
    assert windows.value("HKCU", RUN, "Test4Theory") is None
    assert not list(windows.prefix.rglob("Test4Theory.lnk"))
    assert (windows.data / "state.sqlite3").is_file(), "the work stays"


def test_run_again_it_repairs(setup: Path, windows: Windows) -> None:
    windows.install(setup)
    (windows.path(windows.place) / "app/_internal/python313.dll").unlink()
    assert windows.t4t("--version").returncode != 0
    assert windows.install(setup) == 0
    assert tree(windows.path(windows.place) / "app") == installed(MADE / "t4t")
    assert windows.t4t("--version").returncode == 0


def test_a_program_that_does_not_start_never_takes_the_old_ones_place(setup: Path, altered: Altered, windows: Windows) -> None:
    broken = altered(lambda bundle: (bundle / "_internal/python313.dll").write_bytes(b"MZ"))
    assert windows.install(broken) == NO_START
    assert not windows.path(windows.place).exists()
    windows.install(setup)
    assert windows.install(broken) == NO_START
    assert tree(windows.path(windows.place) / "app") == installed(MADE / "t4t")
    assert windows.value("HKCU", KEY, "DisplayVersion") == __version__


def test_who_died_between_two_names_has_lost_nothing(setup: Path, windows: Windows) -> None:
    windows.install(setup)
    place = windows.path(windows.place)
    (place / "app").rename(place / "app.old")
    (place / "app.new").mkdir()
    (place / "app.new/half").write_bytes(b"")
    assert windows.install(setup) == 0
    assert sorted(path.name for path in place.iterdir()) == ["app", "uninstall.exe"]
    assert windows.t4t("--version").returncode == 0


def test_for_all_users_into_a_folder_with_other_things(setup: Path, windows: Windows) -> None:
    folder = windows.path(r"C:\Lab")
    folder.mkdir()
    (folder / "theirs.txt").write_text("keep me", encoding="utf-8")
    assert windows.install(setup, "/AllUsers", "/NoShortcut", r"/D=C:\Lab") == 0
    assert windows.value("HKLM", KEY, "InstallLocation") == r"C:\Lab"
    assert windows.value("HKCU", KEY, "InstallLocation") is None
    assert not list(windows.prefix.rglob("Test4Theory.lnk"))
    assert windows.run(r"C:\Lab\app\t4t.exe", "--version").returncode == 0
    assert windows.install(setup) == 0, "an upgrade finds it by itself"
    assert not windows.path(windows.place).exists()
    windows.run(r"C:\Lab\uninstall.exe", "/S")
    windows.wait()
    assert [path.name for path in folder.iterdir()] == ["theirs.txt"]
    assert windows.value("HKLM", KEY, "InstallLocation") is None


def test_an_app_folder_of_somebody_elses_is_left_alone(setup: Path, windows: Windows) -> None:
    folder = windows.path(r"C:\Theirs")
    (folder / "app").mkdir(parents=True)
    (folder / "app/t4t.exe").write_text("not ours", encoding="utf-8")
    assert windows.install(setup, r"/D=C:\Theirs") == FOREIGN
    assert tree(folder) == {"app/t4t.exe": hashlib.sha256(b"not ours").hexdigest()}


def test_the_work_goes_along_where_that_is_asked_for(setup: Path, windows: Windows) -> None:
    windows.install(setup)
    windows.t4t("settings", "set", "when.away_after_min=7")
    windows.t4t("autostart", "on")
    assert "settings.toml" in windows.t4t("remove-everything", "--show").stdout
    windows.uninstall("/RemoveWork")
    assert not windows.data.exists()
    assert not windows.path(windows.place).exists()
    assert windows.value("HKCU", RUN, "Test4Theory") is None


def test_results_stay_where_that_is_asked_for(setup: Path, windows: Windows) -> None:
    windows.install(setup)
    windows.t4t("settings", "set", "when.away_after_min=7")
    (windows.data / "results").mkdir()
    (windows.data / "results/1.json").write_text("{}", encoding="ascii")
    windows.uninstall("/RemoveWork", "/KeepResults")
    assert [path.name for path in windows.data.iterdir()] == ["results"]
    assert not windows.path(windows.place).exists()


def test_an_old_windows_is_told_apart(setup: Path, windows: Windows) -> None:
    windows.run("winecfg", "-v", "win81")
    assert windows.install(setup) == WRONG_WINDOWS
    assert not windows.path(windows.place).exists()
