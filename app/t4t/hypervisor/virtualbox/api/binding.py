"""VirtualBox's own Python binding, ``vboxapi``: where it is, and loading it without its neighbours.

It belongs to the installed VirtualBox, so it lies in the system's Python or in VirtualBox's SDK folder, which a virtual environment or a frozen app does not
see. Only this one package is taken from there.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from t4t.domain.errors import HypervisorBroken
from t4t.hypervisor.virtualbox.versions import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_LOG: Final = logging.getLogger(__name__)
PACKAGE: Final = "vboxapi"
STANDARD_MODULES: Final = ("glob", "logging", "operator", "platform", "shutil", "site", "string", "threading", "traceback", "types")
"""What the binding and its ``xpcom`` import of Python's library (seen in 7.2.22): a bundle must carry it, for it looks only for what our own code imports."""
_SYSTEM: Final = ("usr/lib", "usr/lib64", "usr/local/lib")
_SITES: Final = ("dist-packages", "site-packages")
_SDK: Final = ("sdk/installer/python/vboxapi/src", "sdk/installer/python", "sdk/installer", "sdk/install")


def places(folder: str, *, root: Path = Path("/")) -> tuple[Path, ...]:
    """Where the package may be for the installation in ``folder``, best first: the system's Pythons (newest first), then the SDK."""
    return tuple(dict.fromkeys(_places(folder, root)))


def _places(folder: str, root: Path) -> Iterator[Path]:
    for top in _SYSTEM:
        for site in _SITES:
            yield root / top / "python3" / site / PACKAGE
            yield from sorted((root / top).glob(f"python3.*/{site}/{PACKAGE}"), key=lambda path: _minor(path.parts[-3]), reverse=True)
    if folder:
        yield from (Path(folder) / sdk / PACKAGE for sdk in _SDK)


def _minor(name: str) -> int:
    digits = name.removeprefix("python3.")
    return int(digits) if digits.isdigit() else 0


def find(folder: str, *, root: Path = Path("/")) -> Path:
    """The folder of the package; `HypervisorBroken` if it is nowhere."""
    looked = places(folder, root=root)
    found = next((place for place in looked if (place / "__init__.py").is_file()), None)
    if found is None:
        raise HypervisorBroken(hypervisor=NAME, detail=f"its Python binding ({PACKAGE}) is not installed; looked in {', '.join(map(str, looked))}")
    return found


def load(place: Path, folder: str) -> ModuleType:
    """The package in ``place``, loaded; `HypervisorBroken` if that fails. ``folder`` is the installation's.

    Its C code takes no answer to a warning: where warnings are errors, Python's about its types would end the process with SIGSEGV.
    """
    os.environ.setdefault("VBOX_PROGRAM_PATH", folder)
    os.environ.setdefault("VBOX_SDK_PATH", str(Path(folder) / "sdk"))
    spec = importlib.util.spec_from_file_location(PACKAGE, place / "__init__.py", submodule_search_locations=[str(place)])
    if spec is None or spec.loader is None:
        raise HypervisorBroken(hypervisor=NAME, detail=f"{place} is no Python package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    try:
        with quiet():
            spec.loader.exec_module(module)
    except Exception as error:  # whatever foreign code raises while it is loaded means the same
        del sys.modules[PACKAGE]
        raise HypervisorBroken(hypervisor=NAME, detail=f"its Python binding does not load: {type(error).__name__}: {error}") from error
    return module


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Meanwhile warnings are passed over, and what the binding prints (it prints its own exceptions) goes to our log."""
    said = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            warnings.simplefilter("ignore")
            yield
    finally:
        if said.getvalue():
            _LOG.info("vboxapi: %s", said.getvalue().strip()[-500:])


def manager() -> Any:  # noqa: ANN401 - pyvbox's Manager, whose module must not be imported before the binding is there
    """Pyvbox's manager over the loaded binding; `HypervisorBroken` if the API can't be reached."""
    try:
        with quiet():
            return importlib.import_module("virtualbox").Manager()
    except Exception as error:  # as in load
        raise HypervisorBroken(hypervisor=NAME, detail=f"its API does not answer: {type(error).__name__}: {error}") from error
