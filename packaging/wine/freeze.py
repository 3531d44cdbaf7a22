"""The Windows bundle, frozen by Windows' own Python under wine, for tests of the setup program alone: never hand it out.

The recipe is the one of the release (``packaging/bundle/t4t.spec``, the same locks). Two libraries of Windows that wine 8 lacks are stood in for, and land in
the bundle: ``icuuc.dll``, of which Qt asks for exotic encodings only, and ``bcryptprimitives.dll``, whose one function hands on to wine's own random numbers.
Run it with the project's own environment; it needs wine, Xvfb and MinGW.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from make_bundle import HERE, LOCKS, environment, epoch, say
from packaging.markers import Marker
from windows_python import PLATFORM, QUIET, ROOT, pip, run, unpack, windows_path

_WINDOWS: Final = {
    "implementation_name": "cpython",
    "os_name": "nt",
    "platform_machine": "AMD64",
    "platform_python_implementation": "CPython",
    "platform_system": "Windows",
    "python_full_version": "3.13.2",
    "python_version": "3.13",
    "sys_platform": "win32",
}
_PINNED: Final = re.compile(r"(?P<what>\S+==\S+)(?: ; (?P<when>.+?))?(?P<more> \\)?")
_IMPORTED: Final = re.compile(r"^\s+[0-9a-f]+\s+\d+\s+(\w+)$", re.MULTILINE)
_OPEN_FAILS: Final = "__declspec(dllexport) void *ucnv_open(const char *name, int *error) { (void)name; *error = 4; return 0; }\n"
_RANDOM: Final = """
#include <stddef.h>
int __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int ProcessPrng(unsigned char *to, size_t length) { return SystemFunction036(to, (unsigned long)length); }
"""


def for_windows(lock: str) -> str:
    """What of a lock for all systems is for Windows: pip would go by the system that it runs on itself."""
    kept, keeping = [], True
    for line in lock.splitlines():
        if line and line[0] not in " #":
            found = _PINNED.fullmatch(line)
            if found is None:
                raise ValueError(line)
            keeping = found["when"] is None or Marker(found["when"]).evaluate(_WINDOWS)
            line = found["what"] + (found["more"] or "")  # noqa: PLW2901 - the same line, without its condition
        if keeping:
            kept.append(line)
    return "\n".join(kept) + "\n"


def stand_ins(python: Path, site: Path) -> None:
    """Compile the two libraries beside ``python.exe``."""
    said = run("x86_64-w64-mingw32-objdump", "-p", site / "PySide6/Qt6Core.dll")
    asked = _IMPORTED.findall(said.partition("DLL Name: icuuc.dll")[2].partition("\n\n")[0])
    unicode = "".join(f"__declspec(dllexport) void *{name}(void) {{ return 0; }}\n" for name in asked if name != "ucnv_open") + _OPEN_FAILS
    for name, text in (("icuuc", unicode), ("bcryptprimitives", _RANDOM)):
        source = python.with_name(f"{name}.c")
        source.write_text(text, encoding="ascii")
        run("x86_64-w64-mingw32-gcc", "-shared", "-O1", "-s", "-o", source.with_suffix(".dll"), source, "-ladvapi32")
        source.unlink()


def prepare(cache: Path, out: Path) -> None:
    """Python, the pinned libraries and PyInstaller for it."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    site = out / "python/Lib/site-packages"
    python = unpack(cache, out, path_lines=["Lib\\site-packages", windows_path(out / "freeze"), "import site"])
    for name, target in (("app", site), ("freeze", out / "freeze")):
        lock = out / f"{name}.txt"
        lock.write_text(for_windows((LOCKS / f"{name}.txt").read_text(encoding="utf-8")), encoding="utf-8")
        pip("install", "--no-deps", "--require-hashes", *PLATFORM, "--target", target, "-r", lock)
    stand_ins(python, site)
    run("xvfb-run", "-a", "wine", "winecfg", "-v", "win10", WINEPREFIX=str(out / "prefix"), **QUIET)


def freeze(out: Path) -> Path:
    """Make ``out/t4t``."""
    python, site, icons = out / "python/python.exe", out / "python/Lib/site-packages", out / "icons"
    for old in (*site.glob("t4t"), *site.glob("t4t_desktop-*")):
        shutil.rmtree(old)
    pip("install", "--no-deps", "--target", site, ROOT)
    run(sys.executable, HERE / "bundle_build/icons.py", ROOT / "resources/icons/app.svg", icons)
    tools = environment(out, "tools")
    listed = out / "app.cdx.json"
    run(tools.with_name("cyclonedx-py"), "requirements", "--output-reproducible", "--pyproject", ROOT / "pyproject.toml", "-o", listed, out / "app.txt")
    shutil.rmtree(out / "t4t", ignore_errors=True)
    places = ("--distpath", windows_path(out), "--workpath", windows_path(out / "work"))
    options = ("--icons", windows_path(icons), "--app-sbom", windows_path(listed), "--without-web")
    run(
        *("xvfb-run", "-a", "wine", python, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "ERROR", *places),
        *(windows_path(HERE / "t4t.spec"), "--", *options),
        WINEPREFIX=str(out / "prefix"),
        PYTHONHASHSEED="1",
        SOURCE_DATE_EPOCH=epoch(),
        PYINSTALLER_CONFIG_DIR=windows_path(out / "cache"),
        **QUIET,
    )
    return out / "t4t"


def main() -> int:
    """Make it, with what was prepared before if that is still right."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    out = given.out.resolve()
    parts = [Path(__file__), Path(__file__).with_name("windows_python.py"), LOCKS / "app.txt", LOCKS / "freeze.txt"]
    recipe = hashlib.sha256(b"".join(path.read_bytes() for path in parts) + str(ROOT).encode()).hexdigest()
    ready = out / "ready"
    if not ready.is_file() or ready.read_text(encoding="ascii") != recipe:
        say("preparing Windows' Python and its libraries")
        prepare(given.cache, out)
        ready.write_text(recipe, encoding="ascii")
    say("freezing under wine")
    made = freeze(out)
    said = subprocess.run(["du", "-sm", made], capture_output=True, text=True, check=True).stdout.split()[0]
    say(f"{made}: {said} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
