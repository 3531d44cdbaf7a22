"""The tree as data: every field with its range, unit, default and words, for the command line, the window and the documentation."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final, assert_never

import msgspec
from msgspec import inspect

from t4t.domain.record import record
from t4t.domain.settings.tree import Tree
from t4t.domain.settings_errors import SettingRefused, SettingUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from t4t.domain.settings.meta import Effect


class Kind(enum.Enum):
    """What a value is."""

    YES_NO = "yes-no"
    WHOLE = "whole"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    NAMES = "names"
    """A list of texts."""
    HOURS = "hours"
    """A list of hours, or of spans of the schedule."""


_YES: Final = frozenset({"yes", "true", "on", "1"})
_NO: Final = frozenset({"no", "false", "off", "0"})
LONGEST: Final = 200
"""Characters of a text."""
_MOST: Final = 100


@record(kw_only=True)
class Field:
    """One setting; ``low`` and ``high`` are None where it is no number. ``default`` is that of any computer, as plain data."""

    path: str
    kind: Kind
    text: str
    unit: str
    zero: str
    least: float | None
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    default: Any
    effect: Effect

    @property
    def section(self) -> str:
        """The name of its section."""
        return self.path.partition(".")[0]

    @property
    def name(self) -> str:
        """Its name in its section."""
        return self.path.partition(".")[2]

    @property
    def allowed(self) -> str:
        """What it can be, for people."""
        unit = f" {self.unit}" if self.unit else ""
        match self.kind:
            case Kind.YES_NO:
                return "yes or no"
            case Kind.CHOICE:
                return ", ".join(self.choices)
            case Kind.WHOLE | Kind.NUMBER:
                low = self.low if self.least is None else self.least
                span = f"{low:.15g} to {self.high:.15g}{unit}"
                return f"{span}, or 0 for: {self.zero}" if self.zero else span
            case Kind.NAMES:
                return "names with commas between them"
            case Kind.HOURS:
                return "a JSON list"
            case Kind.TEXT:
                return f"text of up to {LONGEST} characters"
            case _:
                assert_never(self.kind)


def _plain(value: Any) -> Any:  # noqa: ANN401 - plain data of any shape
    """Lists are lists, as files and messages have them."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _kind(kind: inspect.Type) -> Kind:
    match kind:
        case inspect.BoolType():
            return Kind.YES_NO
        case inspect.IntType():
            return Kind.WHOLE
        case inspect.FloatType():
            return Kind.NUMBER
        case inspect.EnumType():
            return Kind.CHOICE
        case inspect.VarTupleType(item_type=inspect.StrType()):
            return Kind.NAMES
        case inspect.VarTupleType():
            return Kind.HOURS
        case _:
            return Kind.TEXT


def _fields() -> Iterator[Field]:
    for section in msgspec.structs.fields(Tree):
        yield from _fields_of(section.name, section.type)


def _fields_of(section: str, kind_of_section: type) -> Iterator[Field]:
    for one in _inspected(kind_of_section).fields:
        wrapped = one.type
        if not isinstance(wrapped, inspect.Metadata) or wrapped.extra is None or wrapped.extra_json_schema is None:
            raise TypeError(f"{one.name} is not described")
        kind, known = wrapped.type, wrapped.extra
        yield Field(
            path=f"{section}.{one.name}",
            kind=_kind(kind),
            text=wrapped.extra_json_schema["description"],
            unit=known["unit"],
            zero=known["zero"],
            least=known["least"],
            low=getattr(kind, "ge", None),
            high=getattr(kind, "le", None),
            choices=tuple(choice.value for choice in kind.cls) if isinstance(kind, inspect.EnumType) else (),
            default=_plain(msgspec.to_builtins(one.default)),
            effect=known["effect"],
        )


def _inspected(section: type) -> inspect.StructType:
    found = inspect.type_info(section)
    if not isinstance(found, inspect.StructType):
        raise TypeError(f"{section} is no section")
    return found


FIELDS: Final[dict[str, Field]] = {field.path: field for field in _fields()}
SECTIONS: Final[dict[str, str]] = {section.name: (section.type.__doc__ or "").strip().removesuffix(".") for section in msgspec.structs.fields(Tree)}


def field_of(path: str) -> Field:
    """The field at ``path``, or the only one whose name in its section is ``path``; raises `SettingUnknown`."""
    found = FIELDS.get(path)
    if found is None:
        named = [field for field in FIELDS.values() if field.name == path]
        if len(named) == 1:
            return named[0]
        known = {field.name: field for field in FIELDS.values()} | FIELDS
        import difflib  # noqa: PLC0415 - only for who mistypes

        near = named or [known[name] for name in difflib.get_close_matches(path, known, n=3)]
        raise SettingUnknown(name=path[:LONGEST], near=", ".join(dict.fromkeys(field.path for field in near)) or "–")
    return found


def get(tree: Tree, path: str) -> Any:  # noqa: ANN401 - as the field's kind
    """The value at ``path`` as plain data."""
    section, _, name = path.partition(".")
    return _plain(msgspec.to_builtins(getattr(getattr(tree, section), name)))


def checked(path: str, value: object) -> Any:  # noqa: ANN401 - as the field's kind
    """``value`` (plain data) as the tree would have it, as plain data again; raises `SettingRefused`, `SettingUnknown`."""
    field = field_of(path)
    refused = SettingRefused(name=field.path, value=str(value)[:LONGEST], allowed=field.allowed)
    section = type(getattr(Tree(), field.section))
    try:
        found = _plain(msgspec.to_builtins(getattr(msgspec.convert({field.name: value}, section), field.name)))
    except msgspec.ValidationError as error:
        raise refused from error
    if isinstance(found, float | int) and field.least is not None and found and found < field.least:
        raise refused
    if isinstance(found, str) and (len(found) > LONGEST or not found.isprintable()):
        raise refused
    if isinstance(found, list) and (len(found) > _MOST or any(isinstance(one, str) and not _is_name(one) for one in found)):
        raise refused
    return found


def _is_name(text: str) -> bool:
    return 0 < len(text.strip()) <= LONGEST and text.isprintable() and text == text.strip()


def read(path: str, text: str) -> Any:  # noqa: ANN401 - as the field's kind
    """The value that ``text`` means on a command line, as plain data; raises `SettingRefused`, `SettingUnknown`."""
    field = field_of(path)
    try:
        value = _read(field, text.strip())
    except ValueError as error:
        raise SettingRefused(name=field.path, value=text[:LONGEST], allowed=field.allowed) from error
    return checked(field.path, value)


def _read(field: Field, text: str) -> object:
    match field.kind:
        case Kind.YES_NO:
            word = text.lower()
            if word not in _YES | _NO:
                raise ValueError(text)
            return word in _YES
        case Kind.WHOLE:
            return int(_number(field, text))
        case Kind.NUMBER:
            return float(_number(field, text))
        case Kind.NAMES:
            return [name.strip() for name in text.split(",") if name.strip()]
        case Kind.HOURS:
            return msgspec.json.decode(text or "[]")
        case Kind.CHOICE:
            return text.lower().replace("_", "-")
        case Kind.TEXT:
            return text
        case _:
            assert_never(field.kind)


def _number(field: Field, text: str) -> str:
    """Its unit may stand behind it."""
    return text.removesuffix(field.unit).strip() if field.unit else text


def told(field: Field, value: object) -> str:
    """A value for people."""
    unit = f" {field.unit}" if field.unit else ""
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return field.zero if field.zero and not value else f"{value:.15g}{unit}"
        case list() if field.kind is Kind.NAMES:
            return ", ".join(map(str, value)) or "none"
        case list():
            return msgspec.json.encode(value).decode() if value else "none"
        case _:
            return str(value) or "none"


def put(tree: Tree, values: dict[str, Any]) -> Tree:
    """The tree with these values (path: plain data); raises `SettingRefused`, `SettingUnknown`."""
    sections: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        field = field_of(path)
        sections.setdefault(field.section, {})[field.name] = checked(field.path, value)
    changed = {}
    for name, fields in sections.items():
        before = getattr(tree, name)
        changed[name] = msgspec.convert(msgspec.to_builtins(before) | fields, type(before))
    return msgspec.structs.replace(tree, **changed)


def values(tree: Tree) -> dict[str, Any]:
    """All values by path, as plain data."""
    return {path: get(tree, path) for path in FIELDS}


def differences(before: Tree, after: Tree) -> dict[str, tuple[Any, Any]]:
    """What differs: path to what it was and what it is."""
    was, now = values(before), values(after)
    return {path: (was[path], now[path]) for path in FIELDS if was[path] != now[path]}
