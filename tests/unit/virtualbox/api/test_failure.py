"""What the API's exceptions mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtualbox import library

from t4t.domain.errors import CommandFailed, HypervisorBroken, NotEnoughMemory, StateUnreadable, T4TError, VmBusy, VmNotFound, VmWrongState
from t4t.hypervisor.virtualbox import codes
from t4t.hypervisor.virtualbox.api import failure
from t4t.hypervisor.virtualbox.api.failure import Failure, Refused


class XpcomError(Exception):
    """As XPCOM's binding raises it: a signed number and VirtualBox's text."""

    def __init__(self, errno: int, msg: str | None) -> None:
        super().__init__(errno)
        self.errno = errno
        self.msg = msg


class ComError(Exception):
    """As pywin32 raises it."""

    def __init__(self, hresult: int, strerror: str | None, excepinfo: tuple[object, ...] | None) -> None:
        super().__init__(hresult, strerror, excepinfo, None)
        self.hresult = hresult
        self.strerror = strerror
        self.excepinfo = excepinfo


def signed(code: int) -> int:
    return code - (1 << 32)


NOT_FOUND = "Could not find a registered machine with UUID {00000000-0000-4000-8000-000000000000}"


@pytest.mark.parametrize(
    "error",
    [
        XpcomError(signed(codes.OBJECT_NOT_FOUND), NOT_FOUND),
        ComError(signed(codes.OBJECT_NOT_FOUND), NOT_FOUND, None),
        ComError(signed(0x80020009), "Exception occurred.", (0, "VirtualBoxWrap", NOT_FOUND, None, 0, signed(codes.OBJECT_NOT_FOUND))),
    ],
)
def test_the_same_failure_on_all_systems(error: Exception) -> None:
    wrapped = library.VBoxError()
    wrapped.exc = error
    for raised in (error, wrapped):
        found = failure.read(raised)
        assert found == Failure(codes.OBJECT_NOT_FOUND, NOT_FOUND)
        leaf = found.leaf("machine", "one")
        assert isinstance(leaf, VmNotFound)
        assert leaf.vm == "one"


@pytest.mark.parametrize(
    ("code", "words", "leaf"),
    [
        (codes.INVALID_OBJECT_STATE, "The machine 'x' is already locked by a session (or being locked or unlocked)", VmBusy),
        (codes.INVALID_VM_STATE, "Invalid machine state: Paused", VmWrongState),
        (codes.ACCESS_DENIED, "The object functionality is limited", VmWrongState),
        (codes.OUT_OF_MEMORY, "", NotEnoughMemory),
        (codes.SERVER_UNAVAILABLE, "", HypervisorBroken),
        (0x80004005, "Failed to load unit 'pgm' (VERR_SSM_INTEGRITY_REC_HDR)", StateUnreadable),
        (0x80070057, "Invalid argument value (NS_ERROR_INVALID_ARG)", CommandFailed),
    ],
)
def test_leaves_by_the_one_table(code: int, words: str, leaf: type[T4TError]) -> None:
    found = failure.read(XpcomError(signed(code), words))
    assert found is not None
    assert isinstance(found.leaf("start", "x"), leaf)


def test_a_code_without_words_is_called_by_its_name() -> None:
    found = failure.read(XpcomError(signed(0x80004005), None))
    assert found == Failure(0x80004005, "E_FAIL")
    assert failure.read(ComError(signed(0x80001234), None, (1, 2))) == Failure(0x80001234, "0x80001234")


@pytest.mark.parametrize("error", [ValueError("x"), FileNotFoundError(2, "no such file"), ComError(0, "fine", None), KeyError("errno")])
def test_other_exceptions_are_no_failures_of_the_api(error: Exception) -> None:
    assert failure.read(error) is None


def test_what_waiting_helps() -> None:
    locked = failure.read(XpcomError(signed(codes.INVALID_OBJECT_STATE), "The machine 'x' is already locked by a session"))
    assert locked is not None
    assert locked.delays
    other = failure.read(XpcomError(signed(codes.INVALID_OBJECT_STATE), "The medium is in use"))
    assert other is not None
    assert other.delays == ()


def test_dead_objects() -> None:
    assert Failure(0x80004004, "").dead
    assert Failure(codes.CALL_FAILED, "").dead
    assert not Failure(codes.INVALID_VM_STATE, "").dead


def test_an_operations_failure_is_read_back() -> None:
    known = Failure(codes.INVALID_VM_STATE, "x")
    assert failure.read(Refused(known)) is known


@given(st.integers(0, (1 << 32) - 1), st.text(max_size=80))
def test_any_failure_has_a_leaf(code: int, words: str) -> None:
    found = failure.read(XpcomError(signed(code) if code >> 31 else code, words))
    if code >> 31:
        assert found is not None
        assert isinstance(found.leaf("start", "x"), T4TError)
    else:
        assert found is None
