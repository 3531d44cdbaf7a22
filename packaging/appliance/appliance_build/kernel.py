"""The kernel: Debian's source of Linux 6, "make tinyconfig" and our fragment, no modules."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from appliance_build.commands import run, tool_environment
from appliance_build.debian import Package, download, unpack
from appliance_build.stages import BuildFailed, cached, file_hash, say

# Sources of folders nothing of which is built; their Kconfig and Makefile files are still needed.
_OTHER_PROCESSORS = "alpha arc arm arm64 csky hexagon ia64 loongarch m68k microblaze mips nios2 openrisc parisc powerpc riscv s390 sh sparc um xtensa"
_OTHER_DRIVERS = "gpu media staging infiniband isdn iio mtd usb pinctrl soc phy power regulator leds comedi mfd target nfc net/wireless"
_UNUSED_SOURCES = (
    *(f"arch/{name}" for name in _OTHER_PROCESSORS.split()),
    *(f"drivers/{name}" for name in _OTHER_DRIVERS.split()),
    "sound",
)
# Named otherwise, or always on, in later series; nothing of the guest depends on them.
_MAY_DIFFER = {"CONFIG_BASE_FULL", "CONFIG_RANDOM_TRUST_CPU", "CONFIG_SQUASHFS_DECOMP_MULTI_PERCPU"}
_SOURCE_SUFFIXES = ("c", "h", "S", "dts", "dtsi")
_UNUSED_TREES = ("Documentation/*/*", "tools/testing", "tools/perf", "samples/*.c")
# Fixed, so that the same source and compiler give the same bits.
_BUILD_STAMP = {
    "KBUILD_BUILD_TIMESTAMP": "2026-01-01 00:00:00 UTC",
    "KBUILD_BUILD_USER": "t4t",
    "KBUILD_BUILD_HOST": "appliance",
    "KBUILD_BUILD_VERSION": "1",
}


def build_kernel(cache: Path, *, source: Package, fragment: Path, jobs: int) -> Path:
    """Folder with `vmlinuz`, `release` and `config`; from the cache where source, fragment and compiler are the same."""
    compiler = run(["gcc", "--version"]).splitlines()[0] + " / " + run(["ld", "--version"]).splitlines()[0]
    inputs = {"source": f"{source.name}={source.version}", "fragment": file_hash(fragment), "compiler": compiler, "recipe": file_hash(Path(__file__))}
    return cached(cache, "kernel", inputs, lambda folder: _make(folder, source=source, fragment=fragment, jobs=jobs))


def _make(folder: Path, *, source: Package, fragment: Path, jobs: int) -> None:
    tree = folder / "source"
    _unpack_source(folder, tree, source)
    say("kernel: configuring")
    run(["make", "-s", "tinyconfig"], folder=tree, log=folder / "log", environment=_BUILD_STAMP)
    config = tree / ".config"
    config.write_text(config.read_text() + fragment.read_text())
    run(["make", "-s", "olddefconfig"], folder=tree, log=folder / "log", environment=_BUILD_STAMP)
    refused = refused_options(fragment.read_text(), config.read_text())
    if refused:
        raise BuildFailed(f"this kernel source does not take {', '.join(refused)} from {fragment.name}")
    say(f"kernel: compiling with {jobs} jobs, the longest part (about 8 minutes of processor time)")
    run(["make", "-s", f"-j{jobs}", "bzImage"], folder=tree, log=folder / "log", environment=_BUILD_STAMP)
    release = run(["make", "-s", "kernelrelease"], folder=tree, environment=_BUILD_STAMP).strip()
    shutil.copyfile(tree / "arch/x86/boot/bzImage", folder / "vmlinuz")
    shutil.copyfile(config, folder / "config")
    (folder / "release").write_text(release)
    shutil.rmtree(tree)
    (folder / "log").unlink()


def _unpack_source(folder: Path, tree: Path, source: Package) -> None:
    archives = download([source], folder)
    unpack(archives, folder / "package")
    archive = next((folder / "package/usr/src").glob("linux-source-*.tar.xz"))
    top = archive.name.removesuffix(".tar.xz")
    unused = [f"--exclude={top}/{pattern}" for pattern in _UNUSED_TREES]
    unused += [f"--exclude={top}/{place}/*.{suffix}" for place in _UNUSED_SOURCES for suffix in _SOURCE_SUFFIXES]
    tree.mkdir()
    say("kernel: unpacking the source")
    with subprocess.Popen(["xz", "-T0", "-dc", archive], stdout=subprocess.PIPE, env=tool_environment()) as unpacker:
        subprocess.run(["tar", "-x", "-C", tree, "--strip-components=1", *unused], stdin=unpacker.stdout, check=True, env=tool_environment())
    if unpacker.returncode:
        raise BuildFailed(f"unpacking {archive.name} failed")
    shutil.rmtree(folder / "package")
    for path in archives:
        path.unlink()


def refused_options(fragment: str, config: str) -> list[str]:
    """Options set by the fragment that the final configuration has otherwise, those left out that another Linux 6 has in another form."""
    have = set(config.splitlines())
    wanted = [line for line in fragment.splitlines() if line.startswith("CONFIG_") and line not in have]
    return [option for option in (line.split("=")[0] for line in wanted) if option not in _MAY_DIFFER]
