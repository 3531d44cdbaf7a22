"""Whose value is in force."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.settings_values import values_of_fields
from t4t.domain.settings.fields import FIELDS, values
from t4t.domain.settings.layers import Deployment, Origin, Set, in_force
from t4t.domain.settings.meta import Effect
from t4t.domain.settings.presets import Computer, Preset, fresh
from t4t.domain.settings.view import effects, shown

COMPUTER = Computer(cores=8)
SOME = values_of_fields()
LAID = (Origin.DEPLOYMENT, Origin.ACCOUNT, Origin.HERE, Origin.COMMAND_LINE, Origin.LOCKED)


@given(st.fixed_dictionaries(dict.fromkeys(LAID, SOME)), st.floats(0, 100), st.floats(0, 100))
def test_each_value_has_one_origin_and_is_that_layers(layers: dict[Origin, dict[str, Any]], at: float, account_at: float) -> None:
    deployment = Deployment(path="x", defaults=layers[Origin.DEPLOYMENT], locked=layers[Origin.LOCKED])
    here, account, run = (layers[origin] for origin in (Origin.HERE, Origin.ACCOUNT, Origin.COMMAND_LINE))
    force = in_force(COMPUTER, Set(values=here, time=at), deployment=deployment, account=Set(values=account, time=account_at), run=run)
    found = values(force.tree)
    for path in FIELDS:
        origin = force.origin(path)
        assert found[path] == (values(fresh(COMPUTER))[path] if origin is Origin.DEFAULT else layers[origin][path])
        assert (origin is Origin.LOCKED) == (path in deployment.locked)
        if path in here and path in account and path not in run and path not in deployment.locked:
            assert origin is (Origin.HERE if at >= account_at else Origin.ACCOUNT)


def test_the_last_change_of_each_field_wins() -> None:
    here = Set(values={"resources.cores": 3, "resources.cap_percent": 60}, times={"resources.cores": 50.0}, time=200.0)
    account = Set(values={"resources.cores": 2, "resources.cap_percent": 70}, time=100.0)
    force = in_force(COMPUTER, here, deployment=Deployment(), account=account)
    assert (force.tree.resources.cores, force.origin("resources.cores")) == (2, Origin.ACCOUNT)
    assert (force.tree.resources.cap_percent, force.origin("resources.cap_percent")) == (60, Origin.HERE)


def test_what_is_shown() -> None:
    deployment = Deployment(path="/etc/t4t", locked={"resources.cores": 1})
    view = shown(in_force(COMPUTER, Set(), deployment=deployment), COMPUTER, can_undo=True, deployment=deployment.path)
    assert (view.preset, view.suggested, view.can_undo, view.deployment) == (Preset.CUSTOM, Preset.BALANCED, True, "/etc/t4t")
    cores = next(one for one in view.settings if one.path == "resources.cores")
    assert (cores.value, cores.default, cores.origin) == (1, 2, Origin.LOCKED)
    free = shown(in_force(COMPUTER, Set(), deployment=dataclasses.replace(deployment, locked={})), COMPUTER, can_undo=False, deployment="/etc/t4t")
    assert (free.preset, free.deployment) == (Preset.BALANCED, "")


@pytest.mark.parametrize(
    ("path", "effect"), [("resources.cores", Effect.SAFE_POINT), ("resources.cap_percent", Effect.NOW), ("advanced.hypervisor", Effect.RESTART)]
)
def test_when_a_change_acts(path: str, effect: Effect) -> None:
    before = values(fresh(COMPUTER))
    assert effects(before, before | {path: "other"}) == {path: effect}
