"""The table of failures tells no tales: each test that it names exists, each code is an error's, each line of the history is one that is written."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from t4t.domain.diagnosis.findings import Verdict
from t4t.domain.errors import leaves
from t4t.wording.timeline import PLAIN, WITH_DATA

_ROOT: Final = Path(__file__).resolve().parents[3]
_WANTED: Final = frozenset(map(str, range(1, 26)))


@pytest.fixture(scope="module")
def rows() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(_ROOT / "packaging" / "docs"))
        import failures_table  # noqa: PLC0415 - a script's part, not a package's

        return failures_table.rows()


@functools.cache
def _tests_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"))


def test_every_failure_has_a_row(rows: Any) -> None:
    ids = [row.id for row in rows]
    assert len(ids) == len(set(ids))
    assert set(ids) >= _WANTED
    assert sum(name.startswith("rare: ") for name in ids) >= 6


def test_each_test_that_is_named_exists(rows: Any) -> None:
    for row in rows:
        assert row.tests
        for test in row.tests:
            file, _, name = test.partition("::")
            if file.startswith("tests/fixtures/machines/"):
                shown = tomllib.loads((_ROOT / file).read_text(encoding="utf-8"))
                assert set(shown["expected"]["not_ok"]) & set(row.findings), test
            else:
                assert name in _tests_of(_ROOT / file) or (not name and _tests_of(_ROOT / file)), test


def test_what_is_read_is_the_wordings(rows: Any) -> None:
    codes = {leaf.code for leaf in leaves()}
    for row in rows:
        assert row.code or row.history or row.silent or row.findings, row.id
        assert set(row.findings) <= {verdict.id for verdict in Verdict}
        assert not row.code or row.code in codes
        assert not row.history or row.history.partition(" ")[0] in {*PLAIN, *WITH_DATA}
        assert not row.history or row.told
        assert row.reads
        assert not re.search("24 h|a day|ignored", row.does)


def test_the_page_has_every_row(rows: Any) -> None:
    page = (_ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
    for row in rows:
        assert f"\n| {row.id} | " in page
