"""The descriptors of the program, in a source tree and in a wheel or frozen app."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from t4t.domain.errors import ApplianceUnknown, DescriptorInvalid, DescriptorsMissing
from t4t.storage.descriptors import named, shipped
from t4t.storage.resources import resource_folder


def test_ours_is_the_first() -> None:
    assert [one.name for one in shipped()] == ["reference", "lhcathome-theory", "micro-cernvm"]
    assert named("micro-cernvm").title.startswith("micro-CernVM")


def test_a_name_that_nobody_has() -> None:
    with pytest.raises(ApplianceUnknown) as error:
        named("x")
    assert (error.value.name, error.value.known) == ("x", "reference, lhcathome-theory, micro-cernvm")


def test_an_installation_without_them(tmp_path: Path) -> None:
    with pytest.raises(DescriptorsMissing):
        shipped(tmp_path)
    (tmp_path / "a.toml").mkdir()
    with pytest.raises(DescriptorsMissing):
        shipped(tmp_path)


def test_a_damaged_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("name = 1")
    with pytest.raises(DescriptorInvalid) as error:
        shipped(tmp_path)
    assert error.value.path == str(tmp_path / "a.toml")


def test_a_wheel_has_them_where_they_are_looked_for() -> None:
    project = tomllib.loads((Path(__file__).resolve().parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "resources/appliances" in wheel["only-include"]
    assert wheel["sources"]["resources/appliances"] == "t4t/resources/appliances"


def test_where_resources_lie(tmp_path: Path) -> None:
    package = tmp_path / "app" / "t4t"
    package.mkdir(parents=True)
    assert resource_folder("x", package=package) == tmp_path / "resources" / "x"
    (package / "resources" / "x").mkdir(parents=True)
    assert resource_folder("x", package=package) == package / "resources" / "x"
