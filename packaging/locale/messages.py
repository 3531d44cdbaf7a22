"""All texts of the program that are marked for translation, read from its source: see `t4t.wording.language` for how they are marked.

Texts of the settings are taken from the settings themselves, those on physics from their table.
A mark that can't be read (a text that is put together, one at import) is an error here.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from t4t.domain.settings.fields import FIELDS, SECTIONS
from t4t.wording import glossary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK: Final = "Marked"
SETTINGS: Final = "t4t/domain/settings/tree.py"
GLOSSARY: Final = "resources/physics/glossary.toml"


class Unreadable(Exception):
    """A mark from which no text can be read."""


@dataclass(slots=True)
class Message:
    """A text, its plural if it has one, where it stands, and what its tables call it."""

    text: str
    plural: str = ""
    places: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def messages(app: Path) -> list[Message]:
    """Of the package in ``app``, each once, in the order of files and lines."""
    found: dict[str, Message] = {}

    def add(place: str, text: str, *, plural: str = "", key: str = "") -> None:
        if not text:
            return
        one = found.setdefault(text, Message(text))
        one.plural = one.plural or plural
        if place not in one.places:
            one.places.append(place)
        if key and key not in one.keys:
            one.keys.append(key)

    trees = {path: ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in sorted(app.rglob("*.py"))}
    shapes = {name: fields for tree in trees.values() for name, fields in _shapes(tree)}
    for path, tree in trees.items():
        place = path.relative_to(app).as_posix()
        if place == SETTINGS:
            for text, key in _of_settings():
                add(place, text, key=key)
        for (_, text), plural, key in sorted(_of_module(tree, shapes, place)):
            add(place, text, plural=plural, key=key)
    for text, key in _of_glossary(app.parent / GLOSSARY):
        add(GLOSSARY, text, key=key)
    return list(found.values())


def _of_glossary(path: Path) -> Iterator[tuple[str, str]]:
    for part, terms in glossary.read(path.read_bytes()).items():
        for term in terms.values():
            yield from ((text, f"{part} {term.id}") for text in (term.name, term.about, term.pair, term.axis) if text)


def _of_settings() -> Iterator[tuple[str, str]]:
    for name, text in SECTIONS.items():
        yield text, name
    for one in FIELDS.values():
        yield from ((text, one.path) for text in (one.text, one.unit, one.zero) if text)


def _marks(annotation: ast.expr | None) -> bool:
    return annotation is not None and any(isinstance(node, ast.Name) and node.id == MARK for node in ast.walk(annotation))


def _shapes(tree: ast.Module) -> Iterator[tuple[str, list[tuple[str, bool]]]]:
    """The classes with marked fields: the names of their fields, and which are marked."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            fields = [(one.target.id, _marks(one.annotation)) for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
            if any(marked for _, marked in fields):
                yield node.name, fields


_Found = tuple[tuple[int, str], str, str]


def _of_module(tree: ast.Module, shapes: dict[str, list[tuple[str, bool]]], place: str) -> Iterator[_Found]:
    """(Line and text), plural, key."""
    inside = {
        id(node) for function in ast.walk(tree) if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(value=ast.expr() as value, annotation=annotation) if _marks(annotation):
                yield from (((line, text), "", key) for line, text, key in _table(value, shapes, ""))
            case ast.Call(func=ast.Name(id=name)) if name in shapes:
                yield from (((line, text), "", key) for line, text, key in _table(node, shapes, ""))
            case ast.Call(func=ast.Name(id="gettext" | "ngettext" as name), args=[first, *more]):
                if id(node) not in inside:
                    raise Unreadable(f"{place}:{node.lineno}: translated when the module is imported")
                if name == "gettext":
                    yield from (((first.lineno, text), "", "") for text in _texts(first, place))
                else:
                    yield (first.lineno, _only(first, place)), _only(more[0], place), ""
            case _:
                pass


def _only(node: ast.expr, place: str) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise Unreadable(f"{place}:{node.lineno}: no plain text")


def _texts(node: ast.expr, place: str) -> Iterator[str]:
    """Of what is given to `gettext`: itself, or what stands in it beside names of tables; keys of tables are no texts."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr() | ast.BinOp():
            raise Unreadable(f"{place}:{node.lineno}: a text that is put together")
        case ast.Subscript():
            pass
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield from _texts(child, place)


def _table(node: ast.expr, shapes: dict[str, list[tuple[str, bool]]], key: str) -> Iterator[tuple[int, str, str]]:
    """Line, text and key."""
    match node:
        case ast.Constant(value=str(text)):
            yield node.lineno, text, key
        case ast.Dict(keys=keys, values=values):
            for name, value in zip(keys, values, strict=True):
                yield from _table(value, shapes, name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else "")
        case ast.Tuple(elts=elements):
            for element in elements:
                yield from _table(element, shapes, key)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=named) if name in shapes:
            fields = shapes[name]
            given = [*zip((one for one, _ in fields), arguments, strict=False), *((one.arg or "", one.value) for one in named)]
            for one, value in given:
                if dict(fields).get(one):
                    yield from _table(value, shapes, key)
        case ast.JoinedStr() | ast.BinOp():
            raise Unreadable(f"line {node.lineno}: a text that is put together")
        case _:
            pass
