"""The vboxapi-shaped module over pywin32, against strict doubles of what it uses of pywin32."""

from __future__ import annotations

import importlib
import inspect
import sys
from typing import TYPE_CHECKING, Any, cast

import pytest
import virtualbox
from virtualbox.library import IMachine

from t4t.hypervisor.virtualbox.api import com, failure
from t4t.hypervisor.virtualbox.api.com import Constants, Surface, VirtualBoxManager, unwrap, wrap
from t4t.hypervisor.virtualbox.api.numbers import Numbers
from t4t.hypervisor.virtualbox.api.objects import call, get, many, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ComError(Exception):
    """``pythoncom.com_error``."""

    def __init__(self, hresult: int, words: str) -> None:
        super().__init__(hresult, words, None, None)
        self.hresult = hresult
        self.strerror = words
        self.excepinfo = None


class Dispatched:
    """As pywin32's generated classes: attributes by their exact names only, properties by maps, methods in the class."""

    _prop_map_get_: dict[str, Any] = {}  # noqa: RUF012 - as generated
    _prop_map_put_: dict[str, Any] = {}  # noqa: RUF012 - as generated
    _oleobj_ = object()

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            if name not in self._prop_map_get_:
                raise AttributeError(name)
            self.__dict__["_values"] = self.__dict__.get("_values", {}) | {name: value}

    def __getattr__(self, name: str) -> Any:
        """As generated: exact names only."""
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        """As generated: what can be set only."""
        if name not in self._prop_map_put_:
            raise AttributeError(name)
        self.__dict__["_values"][name] = value


class Medium(Dispatched):
    _prop_map_get_ = {"Location": ()}  # noqa: RUF012 - as generated


class Machine(Dispatched):
    _prop_map_get_ = {"Name": (), "MemorySize": (), "State": (), "Media": ()}  # noqa: RUF012 - as generated
    _prop_map_put_ = {"MemorySize": ()}  # noqa: RUF012 - as generated

    def AttachDevice(self, name: str, medium: Any) -> Any:  # noqa: N802 - as generated
        assert isinstance(medium, Medium)
        return (name, medium.Location)

    def LockMachine(self, session: Any, kind: int) -> None:  # noqa: N802 - as generated
        assert isinstance(session, Session)
        raise ComError(-2135228409, f"locked {kind}")

    def ReadLog(self) -> Any:  # noqa: N802 - as generated
        return memoryview(b"log")


class Session(Dispatched):
    _prop_map_get_ = {"State": ()}  # noqa: RUF012 - as generated


class Box(Dispatched):
    _prop_map_get_ = {"Version": (), "Machines": ()}  # noqa: RUF012 - as generated

    def FindMachine(self, name: str) -> Machine:  # noqa: N802 - as generated
        found: Machine = next(one for one in self.Machines if one.Name == name)
        return found


class Client(Dispatched):
    _prop_map_get_ = {"VirtualBox": ()}  # noqa: RUF012 - as generated


class Pythoncom:
    com_error = ComError
    RPC_C_AUTHN_LEVEL_DEFAULT = 0
    RPC_C_IMP_LEVEL_IMPERSONATE = 3
    EOAC_NONE = 0

    def __init__(self, *, late: bool) -> None:
        self.late = late
        self.said: list[Any] = []

    def CoInitializeSecurity(self, *arguments: Any) -> None:  # noqa: N802 - pywin32's name
        assert arguments == (None, None, None, 0, 3, None, 0, None)
        if self.late:
            raise ComError(-2147417831, "RPC_E_TOO_LATE")

    def CoInitializeEx(self, flags: int) -> None:  # noqa: N802 - pywin32's name
        self.said.append(("thread", flags))


class Gencache:
    def __init__(self, made: dict[str, Any]) -> None:
        self._made = made

    def EnsureDispatch(self, name: str) -> Any:  # noqa: N802 - pywin32's name
        return self._made[name]


class Pywin32(Surface):
    def __init__(self, *, late: bool = False) -> None:
        machine = Machine(Name="one", MemorySize=512, State=6, Media=(Medium(Location="/a"), Medium(Location="/b")))
        box = Box(Version="7.2.22", Machines=(machine,))
        self.pythoncom = Pythoncom(late=late)

        class GenPy:
            __path__: list[str] = []  # noqa: RUF012 - as there

        class Win32com:
            gen_py = GenPy
            __gen_path__ = ""

        class ClientModule:
            gencache = Gencache({"VirtualBox.VirtualBoxClient": Client(VirtualBox=box), "VirtualBox.Session": Session(State=1)})

            class constants:  # noqa: N801 - pywin32's name
                __dicts__ = ({"MachineState_Running": 6, "MachineState_FirstOnline": 6, "LockType_Shared": 1}, {"x": "no number"})

            @staticmethod
            def CastTo(one: Any, name: str) -> Any:  # noqa: N802 - pywin32's name
                assert isinstance(one, Dispatched)
                return Medium(Location=name)

        self.win32com = Win32com
        self.client = ClientModule


@pytest.fixture
def manager(tmp_path: Path) -> VirtualBoxManager:
    return VirtualBoxManager(Pywin32(), tmp_path)


def test_constants_of_the_type_library(manager: VirtualBoxManager) -> None:
    numbers = Numbers(manager.constants)
    assert numbers.name("MachineState", 6) == "Running"
    assert manager.constants.LockType_Shared == 1
    assert manager.constants.all_values("NoSuch") == {}
    with pytest.raises(AttributeError):
        manager.constants.LockType_Weak  # noqa: B018 - the access is what fails


def test_classes_are_generated_where_it_is_said(tmp_path: Path) -> None:
    surface = Pywin32(late=True)  # another library of the process has set COM's security: no matter
    VirtualBoxManager(surface, tmp_path)
    assert surface.win32com.__gen_path__ == str(tmp_path)
    assert surface.win32com.gen_py.__path__ == [str(tmp_path)]


def test_names_in_either_case_and_arrays(manager: VirtualBoxManager) -> None:
    box = virtualbox.library.IVirtualBox(manager.getVirtualBox())
    machine = box.find_machine("one")
    assert machine.name == "one"
    assert machine.memory_size == 512
    machine.memory_size = 600
    assert machine.memory_size == 600
    assert get(machine, "state") == 6
    assert [medium.location for medium in many(virtualbox.library.IMedium, get(machine, "media"))] == ["/a", "/b"]
    put(machine, "memorySize", 700)
    assert get(machine, "memorySize") == 700
    with pytest.raises(AttributeError):
        put(machine, "name", "two")


def test_methods_are_functions_that_hand_over_what_com_knows(manager: VirtualBoxManager) -> None:
    raw = manager.getVirtualBox().findMachine("one")
    assert inspect.isfunction(raw.attachDevice)
    medium = virtualbox.library.IMedium(raw.media[1])
    assert call(IMachine(raw), "attachDevice", "Disks", medium) == ["Disks", "/b"]
    assert raw.readLog() == b"log"
    with pytest.raises(AttributeError, match="Machine has no weight"):
        raw.weight  # noqa: B018 - the access is what fails


def test_refusals_are_read(manager: VirtualBoxManager) -> None:
    machine = IMachine(manager.getVirtualBox().findMachine("one"))
    with pytest.raises(virtualbox.library.VBoxError) as raised:
        call(machine, "lockMachine", manager.getSessionObject(None), 1)
    found = failure.read(raised.value)
    assert found is not None
    assert (found.code, found.words) == (0x80BB0007, "locked 1")
    assert raised.value.exc.args[2][2] == "locked 1"  # where pyvbox looks on Windows, without asking whether it is there


def test_other_exceptions_stay_what_they_are() -> None:
    class Odd(Dispatched):
        def Fail(self) -> None:  # noqa: N802 - as generated
            raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        wrap(Odd()).fail()


def test_casting_and_threads(manager: VirtualBoxManager) -> None:
    event = manager.queryInterface(manager.getVirtualBox(), "IMachineStateChangedEvent")
    assert event.location == "IMachineStateChangedEvent"
    manager.initPerThread()
    assert cast("Pythoncom", manager._surface.pythoncom).said == [("thread", 0)]


def test_wrapping_is_undone(manager: VirtualBoxManager) -> None:
    machine = manager._client.VirtualBox.Machines[0]
    assert unwrap(wrap((machine, 1, "x"))) == [machine, 1, "x"]
    assert wrap(b"x") == b"x"


@pytest.fixture
def _without_vboxapi() -> Iterator[None]:
    yield
    sys.modules.pop("vboxapi", None)


@pytest.mark.usefixtures("_without_vboxapi")
def test_pyvbox_finds_it(tmp_path: Path) -> None:
    (tmp_path / "VBoxSVC.exe").write_bytes(b"")
    com.install(str(tmp_path), Pywin32)
    made = importlib.import_module("vboxapi").VirtualBoxManager(None, None)
    assert isinstance(made, VirtualBoxManager)
    assert made.getVirtualBox().version == "7.2.22"


def test_classes_of_another_installation_are_not_found(tmp_path: Path) -> None:
    nowhere = com.class_folder(str(tmp_path))
    (tmp_path / "VBoxSVC.exe").write_bytes(b"")
    assert com.class_folder(str(tmp_path)) != nowhere
    assert com.class_folder(str(tmp_path)).is_dir()


def test_constants_alone() -> None:
    assert Constants([{"A_B": 1, "A_C": "x", "AB_D": 2}]).all_values("A") == {"B": 1}
