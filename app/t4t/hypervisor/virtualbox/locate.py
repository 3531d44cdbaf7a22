"""Where VirtualBox is on this computer and which version, and where its registry of VMs must be.

Installers leave ``PATH`` alone on Windows, and Debian's ``VBoxManage`` on it is a script that prints warnings: the folder of the installation comes first.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandTimeout, HypervisorBroken, HypervisorMissing
from t4t.domain.record import record
from t4t.hypervisor.virtualbox import run
from t4t.hypervisor.virtualbox.versions import NAME, Version, read_version, usable_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROBE_SECONDS: Final = 20.0
_KERNEL_DRIVER: Final = Path("/dev/vboxdrv")
_CONFIGURATION: Final = "etc/vbox/vbox.cfg"
_INSTALL_DIR: Final = re.compile(r"""^INSTALL_DIR=["']?([^"'\n]+?)["']?[ \t]*$""", re.MULTILINE)
_LINUX: Final = ("usr/lib/virtualbox", "usr/lib64/virtualbox", "opt/VirtualBox", "usr/local/lib/virtualbox", "usr/local/bin")
_MACOS: Final = ("Applications/VirtualBox.app/Contents/MacOS", "usr/local/bin", "opt/homebrew/bin")
_REGISTRY_KEY: Final = r"SOFTWARE\Oracle\VirtualBox"


@record(kw_only=True)
class Surroundings:
    """What the search looks at. ``registry`` holds the values that VirtualBox's installer wrote (`registry_values`); ``root`` is the file system."""

    platform: str
    environment: Mapping[str, str]
    home: Path
    registry: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path("/")


@record
class Programs:
    """The programs of an installation; ``headless`` is empty if it is not beside VBoxManage (only diagnosis needs it)."""

    manage: str
    headless: str
    folder: str


@record
class Installation:
    """The programs and their version."""

    programs: Programs
    version: Version


if sys.platform == "win32":
    import winreg

    def registry_values() -> dict[str, str]:
        """What the installer wrote: ``InstallDir``, ``Version``, ``VersionExt``; nothing if it did not."""
        found: dict[str, str] = {}
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _REGISTRY_KEY, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
                for name in ("InstallDir", "Version", "VersionExt"):
                    try:
                        found[name] = str(winreg.QueryValueEx(key, name)[0])
                    except OSError:
                        continue
        except OSError:
            return found
        return found

else:

    def registry_values() -> dict[str, str]:
        """Nothing: only Windows has a registry."""
        return {}


def here() -> Surroundings:
    """This computer."""
    return Surroundings(platform=sys.platform, environment=os.environ, home=Path.home(), registry=registry_values())


def registered_version(registry: Mapping[str, str]) -> Version | None:
    """The version that the installer wrote down (``VersionExt`` also names test builds); None if there is none."""
    return read_version(registry.get("VersionExt", "")) or read_version(registry.get("Version", ""))


def folders(around: Surroundings) -> tuple[Path, ...]:
    """Where an installation may be, best first, each once."""
    return tuple(dict.fromkeys(_folders(around)))


def _folders(around: Surroundings) -> Iterator[Path]:
    if around.platform == "win32":
        named = [around.registry.get("InstallDir", ""), *(around.environment.get(name, "") for name in ("VBOX_MSI_INSTALL_PATH", "VBOX_INSTALL_PATH"))]
        yield from (Path(name) for name in named if name)
        programs = (around.environment.get(name, "") for name in ("ProgramW6432", "ProgramFiles", "ProgramFiles(x86)"))
        yield from (Path(name) / "Oracle" / "VirtualBox" for name in programs if name)
    elif around.platform == "darwin":
        yield from (around.root / name for name in _MACOS)
        yield around.home / _MACOS[0]
    else:
        yield from (around.root / name for name in _LINUX[:2])
        yield from _configured(around.root / _CONFIGURATION)
        yield from (around.root / name for name in _LINUX[2:])
    path = around.environment.get("PATH", "").split(";" if around.platform == "win32" else ":")
    yield from (Path(name) for name in path if Path(name).is_absolute())


def _configured(file: Path) -> Iterator[Path]:
    """Oracle's Linux installer may put VirtualBox elsewhere and says so in a file."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    yield from (Path(name) for name in _INSTALL_DIR.findall(text))


def find(around: Surroundings, override: str | None = None) -> Programs:
    """The programs of the first installation that is there; `HypervisorMissing` if none is.

    ``override`` is the volunteer's own choice, VBoxManage or its folder: nothing else is taken then.
    """
    if override is not None:
        chosen = Path(override)
        found = _programs(chosen.parent, around, chosen) if chosen.is_file() else _programs(chosen, around)
    else:
        found = next((programs for folder in folders(around) if (programs := _programs(folder, around)) is not None), None)
    if found is None:
        raise HypervisorMissing(hypervisor=NAME)
    return found


def _programs(folder: Path, around: Surroundings, manage: Path | None = None) -> Programs | None:
    suffix = ".exe" if around.platform == "win32" else ""
    manage = manage or folder / f"VBoxManage{suffix}"
    if not (manage.is_file() and os.access(manage, os.X_OK)):
        return None
    headless = folder / f"VBoxHeadless{suffix}"
    return Programs(os.path.abspath(manage), os.path.abspath(headless) if headless.is_file() else "", os.path.abspath(folder))  # noqa: PTH100 - links stay


async def locate(around: Surroundings | None = None, override: str | None = None) -> Installation:
    """Find VirtualBox and ask its version. Raises `HypervisorMissing`, or `HypervisorBroken` (no answer, no version, too old).

    It proves nothing about VBoxSVC and the kernel driver: ``--version`` touches neither.
    """
    around = around or here()
    programs = find(around, override)
    try:
        answer = await run.execute(programs.manage, ("--version",), seconds=_PROBE_SECONDS, environment=around.environment)
    except CommandTimeout as error:
        raise HypervisorBroken(hypervisor=NAME, detail=f"{programs.manage} --version: no answer in {error.seconds:.0f} s") from None
    if answer.status:
        raise HypervisorBroken(hypervisor=NAME, detail=f"{programs.manage} ended with {answer.status}: {answer.error}"[:500])
    return Installation(programs, usable_version(answer.out))


def expected_homes(around: Surroundings) -> tuple[Path, ...]:
    """Where VirtualBox keeps its registry of VMs for this user; on Linux the older of two places wins if it is there."""
    own = around.environment.get("VBOX_USER_HOME", "")
    if own:
        return (Path(own),)
    if around.platform == "darwin":
        return (around.home / "Library" / "VirtualBox",)
    if around.platform == "win32":
        return (around.home / ".VirtualBox",)
    configuration = around.environment.get("XDG_CONFIG_HOME", "")
    return (around.home / ".VirtualBox", (Path(configuration) if configuration else around.home / ".config") / "VirtualBox")


def check_home(seen: str, expected: tuple[Path, ...]) -> None:
    """Compare the home folder that VBoxSVC uses (the API's ``homeFolder``) with the expected ones; `HypervisorBroken` if it is another.

    The first program that started VBoxSVC decided it for all. Until they agree, "VM not found" must not be believed and nothing be cleaned up.
    """
    if not any(_same(Path(seen), one) for one in expected):
        raise HypervisorBroken(hypervisor=NAME, detail=f"it keeps its virtual machines in {seen}, and {expected[-1]} was expected")


def _same(one: Path, other: Path) -> bool:
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def has_hardware() -> bool:
    """Whether VirtualBox can use hardware virtualization here, as far as can be seen without a VM: on Linux its kernel driver is there."""
    return sys.platform != "linux" or _KERNEL_DRIVER.exists()
