"""Each leaf of the error tree has wording that uses its own data."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from t4t.domain.errors import HypervisorMissing, InternalFault, LimitNotHeld, Retry, T4TError, from_wire, leaves, to_wire
from t4t.domain.install_errors import ChangeError
from t4t.domain.project_errors import AccountError, ProjectError
from t4t.domain.settings_errors import SettingLocked, SettingsSetAside
from t4t.wording.in_window import PAGES
from t4t.wording.notices import TEXTS, notice
from t4t.wording.projects import NO_WORK

_SAMPLE: dict[str, Any] = {"str": "sample", "int": 7, "float": 1.5}


def _sample(leaf: type[T4TError]) -> T4TError:
    return leaf(**{field.name: _SAMPLE[str(field.type)] for field in dataclasses.fields(leaf)})


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.code)
def test_every_leaf_speaks(leaf: type[T4TError]) -> None:
    said = notice(_sample(leaf))
    assert said.title
    assert said.body.endswith((".", "sample"))
    assert "{" not in said.title + said.body
    assert said.remedies or leaf.retry is Retry.NEVER


def test_codes_are_unique_and_all_used() -> None:
    codes = [leaf.code for leaf in leaves()]
    assert len(codes) == len(set(codes))
    assert set(codes) == set(TEXTS)
    assert {SettingLocked.code, SettingsSetAside.code} <= set(codes)
    assert set(leaves(ProjectError) + leaves(AccountError) + leaves(ChangeError)) <= set(leaves())
    assert all(leaf.exit_code in {2, 3, 4, 5, 6} for leaf in leaves() if leaf is not InternalFault)
    assert InternalFault.exit_code == 1


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.code)
def test_errors_cross_the_pipe(leaf: type[T4TError]) -> None:
    error = _sample(leaf)
    back = from_wire(to_wire(error))
    assert type(back) is leaf
    assert str(back) == str(error)


@pytest.mark.parametrize("message", [{}, {"code": "T4T-VM-01"}, {"code": "T4T-VM-01", "data": {"wrong": 1}}, {"code": "nonsense", "data": {}}])
def test_foreign_errors_are_told_apart(message: dict[str, Any]) -> None:
    assert from_wire(message).code == "T4T-HV-07"


def test_the_window_sends_nobody_to_a_terminal_for_what_a_page_does() -> None:
    known = {remedy for text in TEXTS.values() for remedy in text.remedies} | set(NO_WORK.values())
    assert set(PAGES) <= known, "these are said nowhere any more"
    for leaf in leaves():
        for remedy in notice(_sample(leaf), in_window=True).remedies:
            assert remedy
            assert not re.search(r"t4t (doctor|settings|status|run|report)|--(memory|hypervisor)", remedy)
    assert notice(HypervisorMissing(hypervisor="VirtualBox"), in_window=True).remedies[0].startswith("Open Computer: ")
    assert notice(HypervisorMissing(hypervisor="VirtualBox")).remedies[0].startswith("Run t4t doctor: ")


def test_hypervisors_are_called_as_their_makers_call_them() -> None:
    said = notice(LimitNotHeld(hypervisor="virtualbox", limit_percent=50, measured_percent=84))
    assert said.body == "The limit is 50 %, and 84 % were measured: this VirtualBox can't be limited on this computer."
    assert [notice(HypervisorMissing(hypervisor=name)).title for name in ("qemu", "another")] == ["No QEMU here", "No another here"]
