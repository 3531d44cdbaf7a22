"""Make this computer ready for ``make run`` and ``make test``: system packages, the virtual environment, the reference appliance.

Standard library only: it runs before anything is installed. Says what it installs and why; does nothing twice.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
VENV: Final = ROOT / ".venv"
APPLIANCE: Final = ROOT / "build" / "appliance"
LAB: Final = ROOT / "build" / "lab"
WINE: Final = ROOT / "build" / "wine"
CACHE: Final = Path(os.environ.get("T4T_BUILD_CACHE") or Path.home() / ".cache" / "t4t-build")
_PIP: Final = "pip>=25.1"
"""The first pip that installs dependency groups."""


@dataclass(frozen=True, slots=True)
class Need:
    """A Debian package, why we need it, and how to see that it is there: a program on PATH (or one that does as well, after ``|``), or else a file."""

    package: str
    why: str
    program: str = ""
    file: str = ""

    def met(self) -> bool:
        """Whether it is there already."""
        if self.program:
            path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
            return any(shutil.which(name, path=path) for name in self.program.split("|"))
        return any(Path("/").glob(self.file.lstrip("/")))


NEEDS: Final = (
    Need("qemu-system-x86", "runs the virtual machine", program="qemu-system-x86_64"),
    Need("qemu-utils", "makes its disks", program="qemu-img"),
    Need("gcc", "compiles the appliance's kernel", program="gcc"),
    Need("make", "builds the appliance's kernel", program="make"),
    Need("flex", "builds the kernel's configuration tool", program="flex"),
    Need("bison", "builds the kernel's configuration tool", program="bison"),
    Need("bc", "builds the kernel", program="bc"),
    Need("libelf-dev", "builds the kernel's object tool", file="/usr/include/libelf.h"),
    Need("libc6-dev", "builds the kernel's tools", file="/usr/include/stdio.h"),
    Need("xz-utils", "unpacks the kernel's source", program="xz"),
    Need("lz4", "compresses the kernel", program="lz4"),
    Need("squashfs-tools", "makes the appliance's file system", program="mksquashfs"),
    Need("mtools", "makes the appliance's boot partition", program="mcopy"),
    Need("dpkg", "unpacks the appliance's packages", program="dpkg-deb"),
    Need("dosfstools", "makes the appliance's boot partition", program="mkfs.fat"),
    Need("xorriso", "makes the appliance's ISO image", program="xorriso"),
    Need("libegl1", "draws the picture of the histograms (Qt)", file="/usr/lib/*/libEGL.so.1"),
    Need("libgl1", "draws the picture of the histograms (Qt)", file="/usr/lib/*/libGL.so.1"),
    Need("libxkbcommon0", "draws the picture of the histograms (Qt)", file="/usr/lib/*/libxkbcommon.so.0"),
    Need("libdbus-1-3", "draws the picture of the histograms (Qt)", file="/usr/lib/*/libdbus-1.so.3"),
    Need("libfontconfig1", "letters in the picture (Qt)", file="/usr/lib/*/libfontconfig.so.1"),
    Need("libglib2.0-0", "draws the picture of the histograms (Qt)", file="/usr/lib/*/libglib-2.0.so.0"),
    Need("libxcb-cursor0", "windows and the tray on an X server (Qt)", file="/usr/lib/*/libxcb-cursor.so.0"),
    Need("libxcb-icccm4", "windows and the tray on an X server (Qt)", file="/usr/lib/*/libxcb-icccm.so.4"),
    Need("libxcb-image0", "windows and the tray on an X server (Qt)", file="/usr/lib/*/libxcb-image.so.0"),
    Need("libxcb-keysyms1", "windows and the tray on an X server (Qt)", file="/usr/lib/*/libxcb-keysyms.so.1"),
    Need("libxcb-randr0", "windows and the tray on an X server (Qt)", file="/usr/lib/*/libxcb-randr.so.0"),
    Need("libxcb-render-util0", "windows and the tray on an X server (Qt)", file="/usr/lib/*/libxcb-render-util.so.0"),
    Need("libxcb-shape0", "windows and the tray on an X server (Qt)", file="/usr/lib/*/libxcb-shape.so.0"),
    Need("libxcb-xkb1", "the keyboard on an X server (Qt)", file="/usr/lib/*/libxcb-xkb.so.1"),
    Need("libxkbcommon-x11-0", "the keyboard on an X server (Qt)", file="/usr/lib/*/libxkbcommon-x11.so.0"),
    Need("libasound2", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libasound.so.2"),
    Need("libgbm1", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libgbm.so.1"),
    Need("libnspr4", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libnspr4.so"),
    Need("libnss3", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libnss3.so"),
    Need("libxcb-dri3-0", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libxcb-dri3.so.0"),
    Need("libxcomposite1", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libXcomposite.so.1"),
    Need("libxdamage1", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libXdamage.so.1"),
    Need("libxkbfile1", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libxkbfile.so.1"),
    Need("libxrandr2", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libXrandr.so.2"),
    Need("libxtst6", "the guest's pages inside of the window (QtWebEngine)", file="/usr/lib/*/libXtst.so.6"),
    Need("fonts-dejavu-core", "letters in the picture", file="/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
)

TEST_NEEDS: Final = (
    Need("xvfb", "the screen on which the tray and the window are tested", program="Xvfb"),
    Need("dbus-daemon", "the session bus of a tested desktop", program="dbus-daemon"),
    Need("trayer", "the panel in which the tray is tested", program="trayer"),
    Need("python3-dbusmock", "plays logind and UPower on a bus of the tests' own", file="/usr/lib/python3/dist-packages/dbusmock/templates/logind.py"),
    Need("iproute2", "changes links in a network of the tests' own", program="ip"),
    Need("x11-utils", "sees which windows there are on that screen", program="xwininfo"),
    Need("dbus", "carries the tests' own keyring, and plays sleep and shutdown", program="dbus-run-session"),
    Need("chromium", "looks at the guest's pages in tests", program="chromium|google-chrome-stable"),
    Need("npm", "fetches what checks these pages for accessibility", program="npm"),
    Need("gnome-keyring", "keeps secrets in the tests of the system's keyring", program="gnome-keyring-daemon"),
)
"""What only ``make test`` needs."""

LAB_NEEDS: Final = (
    Need("debootstrap", "makes the laboratory's small Debian", program="debootstrap"),
    Need("debian-archive-keyring", "checks the signature of Debian's archive", file="/usr/share/keyrings/debian-archive-keyring.gpg"),
    Need("gpgv", "checks the signature of Debian's archive", program="gpgv"),
    Need("dpkg", "reads the packages that are kept for a later build", program="dpkg-deb"),
)
"""What only ``make lab`` needs."""

BUNDLE_NEEDS: Final = (
    Need("binutils", "looks into libraries and makes them smaller", program="objdump"),
    Need("xz-utils", "packs the archive", program="xz"),
)
"""What ``make bundle`` and ``make installers`` need."""

INSTALLER_NEEDS: Final = (
    *BUNDLE_NEEDS,
    Need("debootstrap", "makes the fresh Debian in which the package is installed", program="debootstrap"),
    Need("debian-archive-keyring", "checks the signature of Debian's archive", file="/usr/share/keyrings/debian-archive-keyring.gpg"),
    Need("desktop-file-utils", "checks the desktop file", program="desktop-file-validate"),
    Need("appstream", "checks what software centres show", program="appstreamcli"),
    Need("lintian", "checks the Debian package", program="lintian"),
    Need("rpm", "reads the RPM package", program="rpm"),
    Need("man-db", "shows the manual page", program="man"),
)
"""What only ``make bundle-check`` needs."""

WINE_NEEDS: Final = (
    Need("wine", "runs Windows' own Python for tests", program="wine"),
    Need("wine64", "runs Windows' own Python for tests", file="/usr/lib/wine/wine64"),
)
"""What only ``make wine`` needs."""

SETUP_NEEDS: Final = (
    *WINE_NEEDS,
    Need("nsis", "makes the setup program for Windows", program="makensis"),
    Need("gcc-mingw-w64-x86-64-win32", "makes two libraries that wine lacks", program="x86_64-w64-mingw32-gcc"),
    Need("xvfb", "the screen of the Windows in which it is tried", program="Xvfb"),
    Need("xauth", "lets programs onto that screen", program="xauth"),
)
"""What only ``make windows-setup`` needs."""

RELEASE_NEEDS: Final = (
    Need("shellcheck", "checks the scripts of the installers", program="shellcheck"),
    Need("desktop-file-utils", "checks the desktop file", program="desktop-file-validate"),
    Need("appstream", "checks what software centres show", program="appstreamcli"),
)
"""What only ``make release-check`` needs."""


def say(text: str) -> None:
    """Tell what is going on, at once also through pipes."""
    print(f"[setup] {text}", flush=True)


def run(*command: str | Path, **environment: str) -> None:
    """Run a command quietly; on failure show what it said and end."""
    done = subprocess.run(
        [str(word) for word in command], env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        sys.stdout.write(done.stdout.decode(errors="replace"))
        sys.exit(f"[setup] failed: {' '.join(map(str, command))}")


def _as_root() -> tuple[str, ...]:
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") is None:
        sys.exit("[setup] installing system packages needs root or sudo")
    return ("sudo",)


def install_packages(needs: tuple[Need, ...]) -> None:
    """Install the Debian packages that are missing."""
    missing = [need for need in needs if not need.met()]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        sys.exit("[setup] missing: " + ", ".join(f"{need.package} ({need.why})" for need in missing) + "; please install them with your package manager")
    for need in missing:
        say(f"installing {need.package}: {need.why}")
    run(*_as_root(), "apt-get", "update", "-q")
    run(*_as_root(), "apt-get", "install", "-q", "-y", "--no-install-recommends", *(need.package for need in missing), DEBIAN_FRONTEND="noninteractive")


def _stamp(groups: tuple[str, ...]) -> str:
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + repr((groups, sys.version)).encode()).hexdigest()


def _make_venv() -> None:
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian ships Python without it
    except ImportError:
        minor = f"python3.{sys.version_info.minor}-venv"
        say(f"installing {minor}: Python's virtual environments")
        run(*_as_root(), "apt-get", "update", "-q")
        run(*_as_root(), "apt-get", "install", "-q", "-y", "--no-install-recommends", minor, DEBIAN_FRONTEND="noninteractive")
    run(sys.executable, "-m", "venv", VENV)


def install_python(groups: tuple[str, ...]) -> None:
    """The virtual environment ``.venv`` with the app, its libraries and the dependency groups."""
    marker = VENV / ".t4t-stamp"
    done = marker.read_text(encoding="ascii").split() if marker.is_file() else []
    if _stamp(groups) in done or (not groups and _stamp(("dev",)) in done):
        return
    say("installing Python libraries into .venv")
    if not (VENV / "bin" / "python").exists():
        _make_venv()
    python = VENV / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "-U", _PIP)
    run(python, "-m", "pip", "install", "-q", "-e", str(ROOT), *(word for group in groups for word in ("--group", f"{ROOT / 'pyproject.toml'}:{group}")))
    marker.write_text("\n".join([*done, _stamp(groups)]), encoding="ascii")


def install_from_npm() -> None:
    """What the tests of the guest's pages take from npm, pinned by hash, into ``build/npm``."""
    source, folder = ROOT / "packaging" / "setup" / "browser", ROOT / "build" / "npm"
    names = ("package.json", "package-lock.json")
    wanted = "".join(hashlib.sha256((source / name).read_bytes()).hexdigest() for name in names)
    marker = folder / ".t4t-stamp"
    if marker.is_file() and marker.read_text(encoding="ascii") == wanted:
        return
    say("installing what checks the guest's pages into build/npm")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(source / name, folder / name)
    run("npm", "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund")
    marker.write_text(wanted, encoding="ascii")


def start_appliance() -> subprocess.Popen[bytes]:
    """Build the reference appliance (from the cache if nothing changed) while the rest goes on."""
    CACHE.mkdir(parents=True, exist_ok=True)
    builder = ROOT / "packaging" / "appliance" / "build.py"
    return subprocess.Popen([sys.executable, str(builder), "--cache", str(CACHE), "--out", str(APPLIANCE)], stdin=subprocess.DEVNULL)


def build_lab() -> None:
    """Build the VirtualBox laboratory unless it is there; it says what it does."""
    builder = ROOT / "packaging" / "lab" / "build_lab.py"
    if subprocess.run([*_as_root(), sys.executable, str(builder), "--cache", str(CACHE / "lab"), "--lab", str(LAB)], check=False).returncode:
        sys.exit("[setup] the VirtualBox laboratory could not be built")


def build_wine() -> None:
    """Make Windows' Python run here, unless it does."""
    builder = ROOT / "packaging" / "wine" / "make_wine.py"
    if subprocess.run([str(VENV / "bin" / "python"), str(builder), "--cache", str(CACHE / "wine"), "--out", str(WINE)], check=False).returncode:
        sys.exit("[setup] Windows' Python could not be made to run here")


def main() -> int:
    """Prepare for what the command line names."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("purpose", choices=("run", "test", "appliance", "lab", "wine", "bundle", "bundle-check", "windows-setup", "release-check"))
    purpose = arguments.parse_args().purpose
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything checks it
        sys.exit("[setup] Python 3.11 or newer is needed")
    begun = time.monotonic()
    if purpose == "bundle":  # the appliance is no part of it
        install_packages((*NEEDS, *BUNDLE_NEEDS))
        return 0
    if purpose in {"windows-setup", "release-check"}:  # nor of these
        install_packages((*NEEDS, *SETUP_NEEDS) if purpose == "windows-setup" else RELEASE_NEEDS)
        install_python(("dev",) if purpose == "windows-setup" else ("release",))
        return 0
    more = {"lab": LAB_NEEDS, "wine": WINE_NEEDS, "test": TEST_NEEDS, "bundle-check": (*TEST_NEEDS, *INSTALLER_NEEDS)}
    install_packages((*NEEDS, *more.get(purpose, ())))
    appliance = start_appliance()
    try:
        if purpose in {"run", "test", "wine", "bundle-check"}:
            install_python(() if purpose == "run" else ("dev",))
        if purpose == "test":
            install_from_npm()
        if purpose == "wine":
            build_wine()
        if purpose == "lab":
            build_lab()
        if appliance.wait() != 0:
            sys.exit("[setup] the reference appliance could not be built")
    except BaseException:
        appliance.send_signal(signal.SIGINT)  # it then ends its compiler too
        appliance.wait()
        raise
    say(f"ready after {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
