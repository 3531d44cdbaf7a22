"""The guest's root tree: BusyBox, a pruned Python without sources, Pythia, and our own files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from appliance_build.commands import run
from appliance_build.stages import BuildFailed, cached, file_hash, folder_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance_build.debian import Package

MULTIARCH = "x86_64-linux-gnu"
LOADER = f"lib/{MULTIARCH}/ld-linux-x86-64.so.2"
EPOCH = 1767225600
"""2026-01-01 00:00 UTC in Unix seconds: the date of every file in the images."""

_APPLETS = (
    "sh cat cp dd df dmesg echo free httpd ifconfig ip kill ln ls mkdir mount mv nc ping poweroff ps reboot rm sed sleep sync "
    "test [ top touch tr udhcpc umount uptime vi"
)
_LIBRARIES = (
    "ld-linux-x86-64.so.2",
    *("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "libresolv.so.2", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "libexpat.so.1"),
)
_EXTENSIONS = ("_json",)
# Kinds of the files the guest's web server hands out; a browser runs no script of an unknown one.
_SERVED = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "log": "text/plain; charset=utf-8",
    "svg": "image/svg+xml",
    "tgz": "application/gzip",
    "yoda": "text/plain; charset=utf-8",
}
# What the guest imports, and what that imports. A module missing here shows in the build: the tree is tried before it is used.
_MODULES = (
    "__future__ _collections_abc _sitebuiltins _weakrefset abc argparse ast base64 bisect codecs contextlib copy copyreg dataclasses dis enum "
    "fnmatch functools genericpath gettext hashlib heapq inspect io keyword linecache locale opcode operator os posixpath random reprlib runpy "
    "selectors shutil signal socket stat string struct subprocess tarfile tempfile textwrap threading token tokenize traceback types typing warnings weakref"
)
_PACKAGES = ("collections", "importlib", "json", "re")
_ENCODINGS = ("__init__", "aliases", "ascii", "latin_1", "utf_8")
# Parton densities the built-in tunes ask for; the others would double the size of the image.
_DENSITIES = (
    *("NNPDF23_lo_as_0119_qed_0000.dat", "NNPDF23_lo_as_0130_qed_0000.dat", "NNPDF31_lo_as_0130_0000.dat", "ct09mc1.pds", "ct09mc2.pds", "ct09mcs.pds"),
    *("cteq6l.tbl", "cteq6l1.tbl", "ctq66.00.pds", "mrstlostar.00.dat", "mrstlostarstar.00.dat", "mstw2008lo.00.dat", "mstw2008nlo.00.dat"),
    *("pomH1FitA.data", "pomH1FitB.data", "pomH1FitBlo.data"),
)


def guest_packages(python: str) -> list[str]:
    """Debian packages the root tree is made of, for a guest Python `3.N`."""
    interpreter = [f"python{python}-minimal", f"libpython{python}-minimal", f"libpython{python}-stdlib"]
    return ["busybox-static", *interpreter, "libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libexpat1"]


def build_tree(cache: Path, *, debian: Path, wheel: Path, packages: Sequence[Package], resources: Path, python: str, version: str) -> Path:
    """Folder with the tree in `tree/`; from the cache where packages, wheel and our files are the same."""
    inputs = {
        "packages": " ".join(f"{package.name}={package.version}" for package in packages),
        "wheel": wheel.name,
        "resources": folder_hash(resources),
        "recipe": file_hash(Path(__file__)),
        "python": python,
        "version": version,
    }
    return cached(cache, "tree", inputs, lambda folder: _make(folder / "tree", debian=debian, wheel=wheel, resources=resources, python=python, version=version))


def _make(tree: Path, *, debian: Path, wheel: Path, resources: Path, python: str, version: str) -> None:
    for place in ("bin", "sbin", "dev", "proc", "sys", "run", "shared", "tmp", "mnt", "etc", f"lib/{MULTIARCH}", "lib64", "usr/bin", "usr/share/t4t"):
        (tree / place).mkdir(parents=True)
    _copy(debian / "bin/busybox", tree / "bin/busybox")
    for applet in _APPLETS.split():
        (tree / "bin" / applet).symlink_to("busybox")
    for library in _LIBRARIES:
        found = [debian / base / library for base in (f"lib/{MULTIARCH}", f"usr/lib/{MULTIARCH}") if (debian / base / library).exists()]
        if not found:
            raise BuildFailed(f"the packages of the guest have no {library}")
        _copy(found[0].resolve(), tree / f"lib/{MULTIARCH}" / library)
    (tree / "lib64/ld-linux-x86-64.so.2").symlink_to(f"../{LOADER}")
    _copy(debian / f"usr/bin/python{python}", tree / f"usr/bin/python{python}")
    (tree / "usr/bin/python3").symlink_to(f"python{python}")
    modules = tree / f"usr/lib/python{python}"
    _copy_library(debian / f"usr/lib/python{python}", modules)
    for extension in (wheel / "extension").iterdir():
        _copy(extension, modules / "lib-dynload" / extension.name)
    _copy_pythia(wheel / "share", tree / "usr/share/Pythia8")
    _copy_ours(resources, tree, modules, version)
    _compile(tree, modules, python)
    _normalise(tree)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if os.access(source, os.X_OK) or ".so" in source.name else 0o644)


def _copy_library(source: Path, target: Path) -> None:
    for module in _MODULES.split():
        _copy(source / f"{module}.py", target / f"{module}.py")
    for package in _PACKAGES:
        for path in sorted((source / package).glob("*.py")):
            _copy(path, target / package / path.name)
    for module in _ENCODINGS:
        _copy(source / "encodings" / f"{module}.py", target / "encodings" / f"{module}.py")
    for extension in _EXTENSIONS:
        for path in (source / "lib-dynload").glob(f"{extension}.*.so"):
            _copy(path, target / "lib-dynload" / path.name)


def _copy_pythia(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.is_file() and (name.parts[0] != "pdfdata" or name.name in _DENSITIES):
            _copy(path, target / name)


def _copy_ours(resources: Path, tree: Path, library: Path, version: str) -> None:
    _copy(resources / "init", tree / "sbin/init")
    (tree / "sbin/init").chmod(0o755)
    for path in sorted((resources / "web").rglob("*")):
        if path.is_file():
            _copy(path, tree / "usr/share/t4t/www" / path.relative_to(resources / "web"))
    for path in sorted((resources / "guest/t4t_guest").glob("*.py")):
        _copy(path, library / "t4t_guest" / path.name)
    (tree / "usr/share/t4t/version").write_text(version + "\n")
    for name, text in {
        "passwd": "root:x:0:0:root:/run:/bin/sh\n",
        "group": "root:x:0:\n",
        "hosts": "127.0.0.1 localhost\n",
        "resolv.conf": "nameserver 10.0.2.3\n",
        "nsswitch.conf": "hosts: files dns\n",
        "httpd.conf": "".join(f".{suffix}:{kind}\n" for suffix, kind in _SERVED.items()),
    }.items():
        (tree / "etc" / name).write_text(text)


def python_command(tree: Path, python: str) -> list[str]:
    """How the tree's own Python is started on the building machine, with none of that machine's libraries."""
    return [str(tree / LOADER), "--library-path", str(tree / f"lib/{MULTIARCH}"), str(tree / f"usr/bin/python{python}"), "-I", "-S"]


_COMPILE = """
import marshal, os, sys
import importlib._bootstrap_external as external
top = sys.argv[1]
for folder, folders, names in os.walk(top):
    folders.sort()
    for name in sorted(names):
        if not name.endswith(".py"):
            continue
        path = os.path.join(folder, name)
        with open(path, "rb") as stream:
            source = stream.read()
        code = compile(source, os.path.relpath(path, top), "exec", dont_inherit=True, optimize=2)
        content = external._code_to_hash_pyc(code, bytes(8), False)
        with open(path + "c", "wb") as stream:
            stream.write(content)
        os.unlink(path)
"""


def _compile(tree: Path, library: Path, python: str) -> None:
    """Replace all sources by their byte code, made by the guest's Python itself; file names in it are relative."""
    script = tree.parent / "compile.py"
    script.write_text(_COMPILE)
    # The sources must be readable while they are being replaced, so the compiler runs from a copy of the library.
    stage = tree.parent / "library"
    shutil.copytree(library, stage)
    # Not isolated: isolated mode would ignore the hash seed, and the order of frozen sets in the byte code depends on it.
    run([*python_command(tree, python)[:-2], "-S", "-s", "-B", script, stage], environment={"PYTHONHASHSEED": "0"})
    shutil.rmtree(library)
    stage.rename(library)
    script.unlink()
    run([*python_command(tree, python), "-c", "import t4t_guest.agent, t4t_guest.run, t4t_guest.pilot, pythia8mc"])


def _normalise(tree: Path) -> None:
    """Fixed dates and rights, so that the images depend on content alone."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)
