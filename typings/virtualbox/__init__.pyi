"""What the project uses of pyvbox (PyPI ``virtualbox``)."""

from typing import Any

from virtualbox.library import ISession, IVirtualBox

class Manager:
    manager: Any
    def __init__(self, mtype: str | None = None, mparams: Any = None) -> None: ...

class VirtualBox(IVirtualBox):
    def __init__(self, interface: Any = None, manager: Manager | None = None) -> None: ...

class Session(ISession):
    def __init__(self, interface: Any = None, manager: Manager | None = None) -> None: ...
