"""VirtualBox's API on Windows: a module in the shape of ``vboxapi`` over pywin32's COM, as far as pyvbox and this road use it.

VirtualBox brings no ``vboxapi`` to a Python that its installer did not know. Constants come from the type library, so they are those of the installed version.
Objects are wrapped, since COM writes names with a capital letter (``MemorySize``) where XPCOM and pyvbox have none. No run on a real Windows was seen by us.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from t4t.hypervisor.virtualbox.api import failure
from t4t.hypervisor.virtualbox.api.binding import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_CLIENT: Final = "VirtualBox.VirtualBoxClient"
_SESSION: Final = "VirtualBox.Session"
_MULTITHREADED: Final = 0
"""COINIT_MULTITHREADED: objects are used by the command thread and by the listener."""


class Surface:
    """What is used of pywin32, imported late: it exists on Windows only."""

    def __init__(self) -> None:
        """Import it; every thread that imports ``pythoncom`` is initialised as ``sys.coinit_flags`` says."""
        sys.coinit_flags = _MULTITHREADED  # type: ignore[attr-defined] # pywin32's own convention
        self.pythoncom: Any = importlib.import_module("pythoncom")
        self.win32com: Any = importlib.import_module("win32com")
        self.client: Any = importlib.import_module("win32com.client")


class Constants:
    """The type library's enumerations, as ``vboxapi``'s ``constants`` gives them."""

    def __init__(self, tables: Iterable[Mapping[str, Any]]) -> None:
        """``tables`` are pywin32's, each from names such as ``MachineState_Running`` to numbers."""
        self._all = {name: number for table in tables for name, number in table.items() if isinstance(number, int)}

    def all_values(self, kind: str, /) -> dict[str, int]:
        """All names of an enumeration with their numbers; empty for one that the type library does not have."""
        prefix = f"{kind}_"
        return {name.removeprefix(prefix): number for name, number in self._all.items() if name.startswith(prefix)}

    def __getattr__(self, name: str) -> int:
        """One number by its whole name."""
        try:
            return self._all[name]
        except KeyError:
            raise AttributeError(name) from None


class Wrapped:
    """One object of COM. Attributes are found whatever their first letter's case; what they give is wrapped, what is handed over is unwrapped."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - an object of pywin32's generated classes
        """``inner`` is an instance of a class that pywin32 made from the type library."""
        object.__setattr__(self, "_inner", inner)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as many kinds as attributes
        """An attribute's value, or a method as a function (pyvbox asks whether it is one)."""
        inner = object.__getattribute__(self, "_inner")
        found = getattr(inner, _spelled(inner, name))
        if not callable(found) or hasattr(found, "_oleobj_"):
            return wrap(found)

        def method(*arguments: object) -> Any:  # noqa: ANN401 - as above
            try:
                return wrap(found(*(unwrap(argument) for argument in arguments)))
            except Exception as error:
                raise _whole(error) from error

        return method

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute."""
        inner = object.__getattribute__(self, "_inner")
        setattr(inner, _spelled(inner, name), unwrap(value))


class ComFailure(Exception):
    """A failure of COM that always has its exception info: pyvbox takes VirtualBox's words out of it without asking whether it is there."""

    def __init__(self, hresult: int, words: str) -> None:
        """As ``pywintypes.com_error``."""
        self.hresult = hresult
        self.strerror = words
        self.excepinfo = (0, None, words, None, 0, hresult)
        super().__init__(hresult, words, self.excepinfo, None)


def _whole(error: Exception) -> Exception:
    """``error`` with its exception info, if it is one of COM's."""
    known = failure.read(error)
    return error if known is None else ComFailure(known.code - (1 << 32), known.words)


def _spelled(inner: Any, name: str) -> str:  # noqa: ANN401 - an object of pywin32's generated classes
    """The type library's spelling of a name; `AttributeError` if the class has none."""
    wanted = name.lower()
    kind = type(inner)
    known = {*getattr(kind, "_prop_map_get_", {}), *getattr(kind, "_prop_map_put_", {}), *vars(kind)}
    found: str | None = next((one for one in sorted(known) if one.lower() == wanted), None)
    if found is None:
        raise AttributeError(f"{kind.__name__} has no {name}")
    return found


def wrap(value: Any) -> Any:  # noqa: ANN401 - any value of COM
    """Objects wrapped, arrays (tuples in pywin32) with their members; bytes and plain values as they are."""
    if isinstance(value, tuple):
        return [wrap(one) for one in value]
    if isinstance(value, memoryview):
        return bytes(value)
    return Wrapped(value) if hasattr(value, "_oleobj_") else value


def unwrap(value: Any) -> Any:  # noqa: ANN401 - as wrap
    """The inverse of `wrap`."""
    if isinstance(value, list | tuple):
        return [unwrap(one) for one in value]
    return object.__getattribute__(value, "_inner") if isinstance(value, Wrapped) else value


class VirtualBoxManager:
    """`vboxapi.VirtualBoxManager`, COM on this computer only."""

    def __init__(self, surface: Surface, classes: Path) -> None:
        """``classes`` is the folder for what pywin32 generates (`class_folder`). Raises what COM raises (`failure.read` understands it)."""
        self._surface = surface
        self._surface.win32com.__gen_path__ = str(classes)
        self._surface.win32com.gen_py.__path__ = [str(classes)]
        with contextlib.suppress(self._surface.pythoncom.com_error):  # another library of this process may have chosen already
            com = self._surface.pythoncom
            com.CoInitializeSecurity(None, None, None, com.RPC_C_AUTHN_LEVEL_DEFAULT, com.RPC_C_IMP_LEVEL_IMPERSONATE, None, com.EOAC_NONE, None)
        self._client = self._surface.client.gencache.EnsureDispatch(_CLIENT)
        """Kept: VBoxSDS lives as long as a client does."""
        self.constants = Constants(self._surface.client.constants.__dicts__)

    def getVirtualBox(self) -> Any:  # noqa: ANN401, N802 - vboxapi's name
        """IVirtualBox."""
        return getattr(Wrapped(self._client), "virtualBox")  # noqa: B009 - a name of COM's

    def getSessionObject(self, vbox: object = None) -> Any:  # noqa: ANN401, N802 - vboxapi's name
        """A new ISession."""
        del vbox
        return wrap(self._surface.client.gencache.EnsureDispatch(_SESSION))

    def queryInterface(self, one: object, name: str) -> Any:  # noqa: ANN401, N802 - vboxapi's name
        """The object by another of its interfaces."""
        return wrap(self._surface.client.CastTo(unwrap(one), name))

    def initPerThread(self) -> None:  # noqa: N802 - vboxapi's name
        """Before another thread uses objects."""
        self._surface.pythoncom.CoInitializeEx(_MULTITHREADED)


def class_folder(installation: str) -> Path:
    """Where pywin32's classes for this very VirtualBox lie: its type library keeps its number where its content changes, so older classes must not be found."""
    try:
        stamp = (Path(installation) / "VBoxSVC.exe").stat().st_mtime_ns
    except OSError:
        stamp = 0
    folder = Path(tempfile.gettempdir()) / f"t4t-com-{stamp:x}"
    folder.mkdir(exist_ok=True)
    return folder


def install(installation: str, surface: Callable[[], Surface] = Surface) -> None:
    """Let ``import vboxapi`` find this module; pyvbox does so."""

    def manager(style: str | None = None, parameters: object = None) -> VirtualBoxManager:
        """As ``vboxapi.VirtualBoxManager``; what it is given is for the web service, which is not offered here."""
        del style, parameters
        return VirtualBoxManager(surface(), class_folder(installation))

    module = ModuleType(PACKAGE)
    module.VirtualBoxManager = manager  # type: ignore[attr-defined] # what pyvbox takes from it
    sys.modules[PACKAGE] = module
