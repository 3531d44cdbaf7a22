"""The table of failures: rows that have no recorded answer, codes, logs, and what is worth trying again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.errors import (
    CommandFailed,
    CommandTimeout,
    HypervisorBroken,
    HypervisorError,
    NotEnoughDisk,
    NotEnoughMemory,
    PortUnavailable,
    StateUnreadable,
    T4TError,
    VmBusy,
    VmWrongState,
)
from t4t.hypervisor.virtualbox import codes, errors
from t4t.hypervisor.virtualbox.answer import Answer
from unit.virtualbox.recorded import CASES, recorded


def answer(err: str, status: int = 1, *arguments: str) -> Answer:
    return Answer(arguments=arguments or ("startvm", "x"), status=status, err="".join(f"VBoxManage: error: {line}\n" for line in err.split("\n")))


def code(number: int) -> str:
    return f"It failed\nDetails: code {codes.hresult_name(number)} (0x{number:08x}), component X, interface Y"


@pytest.mark.parametrize(
    ("text", "leaf", "data"),
    [
        ("Could not write '/vm/Snapshots/x.sav' (VERR_DISK_FULL)", NotEnoughDisk, {"path": "/vm/Snapshots/x.sav"}),
        ("The machine 'f1' failed (VERR_DISK_FULL)", NotEnoughDisk, {"path": ""}),
        ("No memory (VERR_EM_NO_MEMORY)", NotEnoughMemory, {}),
        (code(codes.OUT_OF_MEMORY), NotEnoughMemory, {}),
        ("VT-x is disabled in the BIOS (VERR_VMX_MSR_ALL_VMX_DISABLED)", HypervisorBroken, {}),
        ("VT-x is being used (VERR_VMX_IN_VMX_ROOT_MODE)", HypervisorBroken, {}),
        ("AMD-V is not there (VERR_SVM_NO_SVM)", HypervisorBroken, {}),
        ("x (VERR_SVM_HOST_SVME_NOT_ENABLED)", HypervisorBroken, {}),
        ("x (VERR_VM_DRIVER_NOT_INSTALLED)", HypervisorBroken, {}),
        ("x (VERR_SUP_VP_NOT_SIGNED_WITH_BUILD_CERT)", HypervisorBroken, {}),
        ("Kernel driver not installed (rc=-1908)", HypervisorBroken, {}),
        ("x (VERR_CPUM_INVALID_XCR0)", StateUnreadable, {}),
        ("The object is not ready", VmBusy, {}),
        ("Already running", VmWrongState, {"state": "running"}),
        (code(codes.INVALID_VM_STATE), VmWrongState, {"state": "another"}),
        (code(codes.CLASS_NOT_REGISTERED), HypervisorBroken, {"detail": "It failed (REGDB_E_CLASSNOTREG)"}),
        (code(codes.SERVER_EXEC_FAILURE), HypervisorBroken, {"detail": "It failed (CO_E_SERVER_EXEC_FAILURE)"}),
        (code(codes.SERVER_UNAVAILABLE), HypervisorBroken, {}),
        (code(codes.SOCKET_FAIL), HypervisorBroken, {}),
        ("Something with 1908-1908 in its name", CommandFailed, {}),
        ("Failed to create the VirtualBox object!\n" + code(codes.ACCESS_DENIED), HypervisorBroken, {}),
    ],
)
def test_rows(text: str, leaf: type[T4TError], data: dict[str, Any]) -> None:
    error = errors.classify(answer(text), "vm")
    assert type(error) is leaf
    assert {name: getattr(error, name) for name in data} == data


@pytest.mark.parametrize("status", [126, 127, -9, 0xC0000135])
def test_a_program_that_did_not_run(status: int) -> None:
    assert isinstance(errors.classify(Answer(arguments=("list", "vms"), status=status)), HypervisorBroken)


def test_a_limit_of_time_from_outside() -> None:
    assert isinstance(errors.classify(Answer(arguments=("list", "vms"), status=124)), CommandTimeout)


def test_a_failure_without_words() -> None:
    error = errors.classify(Answer(arguments=("list", "vms"), status=1, out="only here\n"))
    assert isinstance(error, CommandFailed)
    assert error.detail == "only here"


@pytest.mark.parametrize("command", ["list", "showvminfo", "showmediuminfo"])
def test_who_only_looks_may_complain(command: str) -> None:
    assert errors.classify(answer("one of many can't be read", 0, command, "x")) is None


def test_a_port_that_is_not_named() -> None:
    error = errors.classify(answer("A NAT rule for this host port and this host IP already exists"))
    assert isinstance(error, PortUnavailable)
    assert error.port == 0


@given(st.text(), st.text(), st.integers(-64, 2**32 - 1), st.lists(st.text(max_size=10), max_size=4))
def test_any_answer_is_judged(out: str, err: str, status: int, arguments: list[str]) -> None:
    error = errors.classify(Answer(arguments=tuple(arguments), status=status, out=out, err=err), "vm")
    assert error is None or isinstance(error, T4TError)
    assert status == 0 or error is not None


@given(st.sampled_from(CASES), st.integers(0, 700), st.integers(0, 100), st.text(max_size=4))
def test_damaged_errors_are_judged(case: str, start: int, length: int, put: str) -> None:
    real = recorded(case)
    error = errors.classify(Answer(arguments=real.arguments, status=1, err=real.err[:start] + put + real.err[start + length :]), "vm")
    assert isinstance(error, HypervisorError | NotEnoughDisk | NotEnoughMemory)


# --- codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Details: code NS_ERROR_FAILURE (0x80004005), component X", 0x80004005),
        ("Code NS_ERROR_INVALID_ARG (0x80070057) - Invalid", 0x80070057),
        ("Callee RC: E_ACCESSDENIED (0x80070005)", 0x80070005),
        ("failed, rc=0x80BB0007", 0x80BB0007),
        ("with exit code 1 (0x1)", None),
        ("no code", None),
    ],
)
def test_hresults(text: str, number: int | None) -> None:
    assert codes.hresult(text) == number


def test_hresults_have_names() -> None:
    assert codes.hresult_name(0x80BB0007) == "VBOX_E_INVALID_OBJECT_STATE"
    assert codes.hresult_name(0x80BB00FF) == "0x80bb00ff"


def test_the_cause_stands_before_its_followers() -> None:
    log = "rc=VERR_NEM_NOT_AVAILABLE\nVERR_FILE_NOT_FOUND\nVERR_VMX_MSR_ALL_VMX_DISABLED VERR_NEM_NOT_AVAILABLE VERR_UNHEARD_OF"
    assert [sign.verr for sign in codes.signs(log)] == ["VERR_VMX_MSR_ALL_VMX_DISABLED", "VERR_NEM_NOT_AVAILABLE", "VERR_FILE_NOT_FOUND"]
    assert codes.verr_codes(log)[0] == "VERR_NEM_NOT_AVAILABLE"


@pytest.mark.parametrize(
    ("log", "leaf"),
    [
        ("SSM: VERR_DISK_FULL", NotEnoughDisk),
        ("VERR_NO_MEMORY", NotEnoughMemory),
        ("VERR_SSM_INTEGRITY_FOOTER", StateUnreadable),
        ("VERR_SVM_IN_USE", HypervisorBroken),
        ("VERR_FILE_NOT_FOUND", type(None)),
        ("all is well", type(None)),
    ],
)
def test_a_log_tells_the_cause(log: str, leaf: type[object]) -> None:
    assert type(errors.from_log(f"00:00:01 {log}\n", "vm", "/vm")) is leaf


# --- again -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", errors.TRANSIENT, ids=lambda row: codes.hresult_name(row.code))
def test_patience_is_bounded(row: errors.Transient) -> None:
    text = row.text.partition("|")[0] or "it failed"
    found = errors.delays(answer(f"{text}\n{code(row.code)}" if row.code else text))
    assert found == row.delays
    assert 1 < sum(found) <= 31
    assert list(found) == sorted(found)


def test_what_is_not_transient() -> None:
    assert errors.delays(answer(f"The object functionality is limited\n{code(codes.ACCESS_DENIED)}")) == ()
    assert errors.delays(answer(code(codes.CALL_FAILED))) == (), "nobody knows whether it was done"
    assert errors.delays(answer(f"locked\n{code(codes.INVALID_OBJECT_STATE)}", 0)) == ()
