"""Why no work came: each recorded reply beside the computer that asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from t4t.domain.no_work import NoWork, local_reasons, version_of, why_no_work
from t4t.domain.project import Assignment, Message, SchedulerReply
from t4t.domain.scheduler_request import HostInfo
from t4t.project.fields import fill
from t4t.project.scheduler_reply import read_scheduler_reply
from unit.project.recorded import request_body, response, root

GOOD = HostInfo(virtualbox_version="7.1.6r167084", p_features="fpu vmx sse2")


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("vbox_missing", (NoWork.NO_VIRTUALBOX,)),
        ("vbox_unusable", (NoWork.VIRTUALBOX_UNUSABLE,)),
        ("vbox_too_old", (NoWork.VIRTUALBOX_TOO_OLD,)),
        ("vbox_too_old_builtin_class", (NoWork.VIRTUALBOX_TOO_OLD,)),
        ("vbox_cpu_without_vt", (NoWork.NO_VIRTUALIZATION,)),
        ("apple_silicon", (NoWork.NO_VIRTUALIZATION,)),
        ("too_little_memory", (NoWork.MEMORY,)),
        ("too_little_disk", (NoWork.DISK,)),
        ("unknown_platform", (NoWork.PLATFORM,)),
        ("client_too_old", (NoWork.CLIENT_TOO_OLD,)),
        ("user_max_jobs_reached", (NoWork.LIMIT_REACHED,)),
        ("daily_quota", (NoWork.DAILY_QUOTA,)),
        ("too_recent", (NoWork.TOO_RECENT,)),
        ("code_sign_key_mismatch", (NoWork.KEY_CHANGED,)),
        ("app_not_selected", (NoWork.NOT_SELECTED,)),
        ("no_work", (NoWork.NONE_AVAILABLE,)),
        ("work_sent_more", ()),
    ],
)
def test_recorded_reasons(name: str, reasons: tuple[NoWork, ...]) -> None:
    host = fill(HostInfo, root(request_body(f"sched.{name}"), "host_info"))
    assert why_no_work(read_scheduler_reply(response(f"sched.{name}").body), host) == reasons


def test_what_nobody_says() -> None:
    assert why_no_work(SchedulerReply(messages=(Message(text="No tasks sent"),)), GOOD) == (NoWork.UNKNOWN,)
    assert why_no_work(SchedulerReply(), replace(GOOD, p_vm_extensions_disabled=True)) == (NoWork.NO_VIRTUALIZATION,)
    assert why_no_work(SchedulerReply(results=(Assignment(),)), HostInfo()) == ()


def test_this_computer() -> None:
    assert local_reasons(GOOD) == ()
    assert local_reasons(HostInfo()) == (NoWork.NO_VIRTUALBOX, NoWork.NO_VIRTUALIZATION)
    assert local_reasons(replace(GOOD, virtualbox_version="nonsense")) == (NoWork.VIRTUALBOX_UNUSABLE,)
    assert local_reasons(replace(GOOD, virtualbox_version="6.1.50_Debian")) == (NoWork.VIRTUALBOX_TOO_OLD,)
    assert version_of("7.2.22r1_Debian") == (7, 2, 22)
    assert version_of("7.2") is None
