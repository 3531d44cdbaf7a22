"""pyvbox's way below its generated methods."""

from __future__ import annotations

from types import SimpleNamespace

from virtualbox.library import IMedium, Interface

from t4t.hypervisor.virtualbox.api.objects import call, get, many, one, part, put, there


class Raw:
    """As XPCOM's objects: methods, attributes, and arrays by a method of their own."""

    def __init__(self) -> None:
        self.memorySize = 512
        self.location = "/x"
        self.platform = SimpleNamespace(name="x86")
        self.nothing = None

    def attach(self, medium: object, number: int) -> tuple[object, int]:
        return medium, number

    def getChildren(self) -> list[Raw]:  # noqa: N802 - XPCOM's name
        return [self]


def test_objects_go_in_as_the_binding_knows_them() -> None:
    raw = Raw()
    target, medium = Interface(raw), IMedium(Raw())
    assert call(target, "attach", medium, 3) == (medium._i, 3)
    put(target, "memorySize", 600)
    assert get(target, "memorySize") == 600
    assert [child.location for child in many(IMedium, get(target, "children"))] == ["/x"]
    assert one(IMedium, raw).location == "/x"
    assert get(part(target, "platform"), "name") == "x86"
    assert there(target)
    assert not there(part(target, "nothing"))
