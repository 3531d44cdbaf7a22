"""Records beside the dataclasses that they stand for."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.record import record


@record
class Point:
    x: int
    y: int = 2
    tags: tuple[str, ...] = field(default_factory=tuple)
    secret: str = field(default="", repr=False)


@record(kw_only=True)
class Named:
    name: str
    point: Point = dataclasses.field(default_factory=lambda: Point(0))

    def __post_init__(self) -> None:
        """What a record may have of its own."""
        if not self.name:
            raise ValueError("no name")

    def __repr__(self) -> str:
        """As above."""
        return f"<{self.name}>"


@record(kw_only=True)
class Grown(Named):
    size: int = 1


@dataclass(frozen=True, slots=True)
class PlainPoint:
    x: int
    y: int = 2
    tags: tuple[str, ...] = field(default_factory=tuple)
    secret: str = field(default="", repr=False)


words = st.lists(st.one_of(st.integers(), st.text()), max_size=5)
keywords = st.dictionaries(st.sampled_from(["x", "y", "tags", "secret", "z"]), st.integers(), max_size=5)


def made(kind: type, args: list[Any], given: dict[str, Any]) -> object:
    try:
        return kind(*args, **given)
    except TypeError:
        return TypeError


@given(words, keywords, words, keywords)
def test_it_is_what_a_dataclass_is(args: list[Any], given: dict[str, Any], others: list[Any], more: dict[str, Any]) -> None:
    plain, one = made(PlainPoint, args, given), made(Point, args, given)
    assert (plain is TypeError) == (one is TypeError)
    other_plain, other = made(PlainPoint, others, more), made(Point, others, more)
    assert (plain == other_plain) == (one == other)
    if one is TypeError:
        return
    assert repr(one) == repr(plain).replace("PlainPoint", "Point")
    assert hash(one) == hash(copy.copy(one))
    assert dataclasses.asdict(one) == dataclasses.asdict(plain)  # type: ignore[call-overload]  # it is one
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - our own
    assert dataclasses.replace(one, x=3) == dataclasses.replace(dataclasses.replace(one, x=4), x=3)  # type: ignore[type-var]  # as above


def test_it_is_frozen_and_small() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]  # that is what is tried
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    assert not hasattr(point, "__dict__")
    assert Point.__init__ is Named.__init__  # type: ignore[comparison-overlap]  # that is what it is for


def test_methods_of_its_own_stay() -> None:
    with pytest.raises(ValueError, match="no name"):
        Named(name="")
    assert repr(Named(name="a")) == "<a>"


def test_what_inherits() -> None:
    grown = Grown(name="a", size=2)
    assert (grown.name, grown.size, grown == Named(name="a")) == ("a", 2, False)
    with pytest.raises(ValueError, match="no name"):
        Grown(name="")


def test_match_json_and_signature() -> None:
    match Point(1, 5):
        case Point(x, y):
            assert (x, y) == (1, 5)
    assert msgspec.json.decode(msgspec.json.encode(Point(1, tags=("a",))), type=Point) == Point(1, tags=("a",))
    assert msgspec.convert({"name": "a"}, Named) == Named(name="a")
    parameters = inspect.signature(Grown).parameters.values()
    assert [(one.name, one.kind is one.KEYWORD_ONLY, one.default is one.empty) for one in parameters] == [
        ("name", True, True),
        ("point", True, False),
        ("size", True, False),
    ]
