"""What of the service needs no VirtualBox: waiting, reading, and what may fail."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.errors import HypervisorBroken
from t4t.domain.vm import BootDisk, BootIso, DiskFormat, PortForward, Share, VmId, VmSpec
from t4t.hypervisor.virtualbox import codes, options
from t4t.hypervisor.virtualbox.api import errorinfo, looking, making
from t4t.hypervisor.virtualbox.api.failure import Failure, Refused
from t4t.hypervisor.virtualbox.api.sessions import finished, patient, unlock
from t4t.hypervisor.virtualbox.view import Rule

if TYPE_CHECKING:
    from collections.abc import Generator

LOCKED = Refused(Failure(codes.INVALID_OBJECT_STATE, "The machine 'x' is already locked by a session"))


def run(steps: Generator[float, None, Any]) -> tuple[list[float], Any]:
    """The waits of a generator, and what it gives."""
    waits = []
    while True:
        try:
            waits.append(next(steps))
        except StopIteration as end:
            return waits, end.value


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_a_lock_is_waited_for_by_the_table() -> None:
    answers: list[Exception | str] = [LOCKED, LOCKED, "had"]

    def attempt() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert run(patient(attempt)) == ([0.25, 0.5], "had")


def test_a_lock_that_stays_is_told() -> None:
    steps = patient(lambda: (_ for _ in ()).throw(LOCKED))
    assert [next(steps) for _ in range(5)] == [0.25, 0.5, 1.0, 2.0, 4.0]
    with pytest.raises(Refused):
        next(steps)


@pytest.mark.parametrize("error", [ValueError("ours"), Refused(Failure(0x80004005, "no"))])
def test_what_waiting_does_not_help_is_told_at_once(error: Exception) -> None:
    with pytest.raises(type(error)):
        next(patient(lambda: (_ for _ in ()).throw(error)))


class Progress:
    """An operation that takes some looks."""

    def __init__(self, looks: int, *texts: str, code: int = 0) -> None:
        self._looks = looks
        self._texts = texts
        self.result_code = code
        self.waited: list[int] = []

    @property
    def completed(self) -> bool:
        return len(self.waited) >= self._looks

    def wait_for_completion(self, timeout: int) -> None:
        self.waited.append(timeout)

    @property
    def error_info(self) -> Any:
        end = SimpleNamespace(_i=None)
        info: Any = end
        for text in reversed(self._texts):
            info = SimpleNamespace(_i=object(), text=text, next_p=info)
        return info


def test_an_operation_is_looked_at_in_short_slices() -> None:
    progress = Progress(3)
    assert run(finished(progress)) == ([0.0, 0.0, 0.0], None)  # type: ignore[arg-type] # the double
    assert max(progress.waited) <= 20


@pytest.mark.parametrize(("texts", "words"), [((), "failed"), (("one", "two", "one"), "one\ntwo")])
def test_an_operations_failure_has_all_its_words(texts: tuple[str, ...], words: str) -> None:
    with pytest.raises(Refused) as refused:
        run(finished(Progress(0, *texts, code=-2135228409)))  # type: ignore[arg-type] # the double
    assert refused.value.failure == Failure(codes.INVALID_OBJECT_STATE, words)


def test_letting_go_of_a_session_whose_vm_is_gone_is_no_failure() -> None:
    unlock(SimpleNamespace(unlock_machine=lambda: 1 / 0))  # type: ignore[arg-type] # the double


# --- reading ----------------------------------------------------------------------------------------------------------


def test_times_are_written_as_vboxmanage_does() -> None:
    assert looking.moment(1700000000123) == "2023-11-14T22:13:20.123000000"


@pytest.mark.parametrize(
    ("kind", "differencing", "words"),
    [("Normal", False, "normal (base)"), ("Normal", True, "normal (differencing)"), ("MultiAttach", False, "multiattach"), ("Readonly", False, "readonly")],
)
def test_kinds_of_media(kind: str, differencing: bool, words: str) -> None:  # noqa: FBT001 - a column of the table
    assert looking.kind_words(kind, differencing=differencing) == words


_NAME = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=12)


@given(_NAME, st.sampled_from([("0", "udp"), ("1", "tcp")]), st.integers(0, 65535), st.integers(0, 65535))
def test_rules_with_any_name(name: str, protocol: tuple[str, str], host: int, guest: int) -> None:
    text = f"{name},{protocol[0]},127.0.0.1,{host},,{guest}"
    assert looking.rules([text]) == (Rule(name=name, protocol=protocol[1], host_ip="127.0.0.1", host_port=host, guest_ip="", guest_port=guest),)


@given(st.text(max_size=30))
def test_any_text_of_a_rule_is_read_or_left_out(text: str) -> None:
    assert len(looking.rules([text])) <= 1


# --- what may fail ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [AttributeError("parallelPort"), HypervisorBroken(hypervisor="v", detail="no VMProcPriority"), Refused(Failure(0x80BB0009, "not supported"))]
)
def test_a_device_that_this_version_lacks_is_no_failure(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def wish() -> None:
        raise error

    with caplog.at_level(logging.INFO):
        making._try("no parallel port", wish)
    assert "not done: no parallel port" in caplog.text


@pytest.mark.parametrize("error", [ZeroDivisionError(), Refused(Failure(0x80004004, "gone"))])
def test_a_bug_or_the_end_of_vboxsvc_is_one(error: Exception) -> None:
    def wish() -> None:
        raise error

    with pytest.raises(type(error)):
        making._try("x", wish)


def test_a_rule_that_can_t_be_is_refused_before_virtualbox_is_asked() -> None:
    with pytest.raises(ValueError, match="no rule"):
        making.redirect(None, PortForward(name="web", guest_port=80), None)  # type: ignore[arg-type] # nothing is asked
    assert options.rule(PortForward(name="web", guest_port=80, host_port=1))


# --- error information ------------------------------------------------------------------------------------------------


class Service:
    """XPCOM's keeper of exceptions."""

    def __init__(self, text: str | None, code: int = -2135228412) -> None:
        self._text = text
        self._code = code
        self.forgotten = 0

    def setCurrentException(self, one: None) -> None:  # noqa: N802 - XPCOM's name
        assert one is None
        self.forgotten += 1

    def getCurrentException(self) -> Any:  # noqa: N802 - XPCOM's name
        if self._text is None:
            return None
        return SimpleNamespace(queryInterface=lambda kind: SimpleNamespace(text=self._text, resultCode=self._code) if kind == "info" else None)


@pytest.fixture
def xpcom(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Service:
    service = Service(request.param)
    keeper = SimpleNamespace(getService=lambda kind: service if kind == "keeper" else None)
    interfaces = SimpleNamespace(nsIExceptionService="keeper", IVirtualBoxErrorInfo="info")
    components = SimpleNamespace(classes={"@mozilla.org/exceptionservice;1": keeper}, interfaces=interfaces)
    monkeypatch.setitem(sys.modules, "xpcom", SimpleNamespace(components=components))
    monkeypatch.setitem(sys.modules, "xpcom.components", components)
    return service


GENERIC = "Object corresponding to the supplied arguments does not exist (VBOX_E_OBJECT_NOT_FOUND)"
REAL = "Could not find file for the medium '/x.vdi' (VERR_FILE_NOT_FOUND)"


@pytest.mark.parametrize("xpcom", [REAL], indirect=True)
def test_the_threads_information_stands_for_a_number_without_words(xpcom: Service) -> None:
    told = errorinfo.told(Refused(Failure(codes.OBJECT_NOT_FOUND, GENERIC)))
    assert isinstance(told, Refused)
    assert told.failure == Failure(0x80BB0004, REAL)
    errorinfo.forget()
    assert xpcom.forgotten == 1


@pytest.mark.parametrize("xpcom", [REAL], indirect=True)
@pytest.mark.usefixtures("xpcom")
@pytest.mark.parametrize("error", [ValueError("ours"), Refused(Failure(codes.OBJECT_NOT_FOUND, "Could not find it")), Refused(Failure(0x80004004, "E_ABORT"))])
def test_other_errors_stay_as_they_are(error: Exception) -> None:
    assert errorinfo.told(error) is error


@pytest.mark.parametrize("xpcom", [None, ""], indirect=True)
@pytest.mark.usefixtures("xpcom")
def test_where_there_is_no_information_the_number_has_to_do() -> None:
    error = Refused(Failure(codes.OBJECT_NOT_FOUND, GENERIC))
    assert errorinfo.told(error) is error


def test_without_xpcom_there_is_none() -> None:
    error = Refused(Failure(codes.OBJECT_NOT_FOUND, GENERIC))
    assert errorinfo.told(error) is error
    errorinfo.forget()


@pytest.mark.parametrize(
    ("change", "more"),
    [
        ({}, False),
        ({"boot": BootIso("/i.iso")}, True),
        ({"config_iso": "/c.iso"}, True),
        ({"floppy": "/f.img"}, True),
        ({"cache_disk_mib": 0}, True),
        ({"shares": (Share("shared", "/s"),)}, False),
    ],
)
def test_a_vm_with_its_boot_disk_alone_is_not_locked_twice(change: dict[str, Any], more: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    values: dict[str, Any] = {"vm_id": VmId("x"), "name": "x", "boot": BootDisk("/d.vdi", DiskFormat.VDI), "memory_mib": 64}
    assert making.has_media(VmSpec(**(values | change))) is more
