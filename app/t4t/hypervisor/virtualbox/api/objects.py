"""pyvbox's objects where its own methods do not fit: all that takes or gives an enumeration, and what is newer than 6.1.

Names are those of Oracle's SDK reference. Numbers come from `numbers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from virtualbox.library import Interface

if TYPE_CHECKING:
    from collections.abc import Iterable

_Kind = TypeVar("_Kind", bound=Interface)


def call(target: Interface, method: str, *arguments: object) -> Any:  # noqa: ANN401 - the API's values are as many as its methods
    """The result of a method, as the binding gives it."""
    return target._call(method, in_p=list(arguments))  # noqa: SLF001 - the way that pyvbox's generated methods take


def get(target: Interface, attribute: str) -> Any:  # noqa: ANN401 - as call
    """The value of an attribute, as the binding gives it."""
    return target._get_attr(attribute)  # noqa: SLF001 - as call


def put(target: Interface, attribute: str, value: object) -> None:
    """Set an attribute."""
    target._set_attr(attribute, value)  # noqa: SLF001 - as call


def one(kind: type[_Kind], raw: object) -> _Kind:
    """An object of the binding as pyvbox's."""
    return kind(raw)


def many(kind: type[_Kind], raw: Iterable[object]) -> list[_Kind]:
    """Several."""
    return [kind(each) for each in raw]


def part(target: Interface, attribute: str) -> Interface:
    """An attribute that is an object."""
    return Interface(get(target, attribute))


def there(target: Interface) -> bool:
    """Whether it is an object at all: the API gives null for "none"."""
    return target._i is not None  # noqa: SLF001 - pyvbox says so by __nonzero__, which Python 3 does not ask
