"""From arguments to documents and exit statuses."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from support.appliances import descriptor
from support.nothing_to_remove import NothingToRemove
from t4t.cli import arguments, verbs
from t4t.cli.services import DemoCredit, DemoResult, MachineOptions
from t4t.domain.appliance_descriptor import parse_descriptor
from t4t.domain.errors import AgentRunning, FileExists, ReportUnwritable
from t4t.domain.progress import Outcome, Progress, TaskEvent, TaskResult
from t4t.domain.project import Decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from t4t.cli.services import ProjectServices, SettingsServices, UpdateServices
    from t4t.domain.appliance_descriptor import Descriptor
    from t4t.domain.autostart import AutostartState
    from t4t.domain.changes import Change, Fetch, Fix, Pending, Plan
    from t4t.domain.contribution import Contribution
    from t4t.domain.diagnosis.findings import Diagnosis, Finding
    from t4t.domain.energy import Day
    from t4t.domain.self_check import Checked, Part
    from t4t.domain.virtualbox_install import Purpose

DESCRIPTOR = parse_descriptor(descriptor().encode(), path="f")
RESULT = TaskResult(outcome=Outcome.DONE, exit_code=0, elapsed_s=2.0, cpu_s=1.0, hypervisor="fake", checkpoints=3, restarts=1, outputs=("/x/\x1bout",))


class NoKeys:
    """No file with keys, and no project."""

    def locked(self) -> bool:
        return False


class Services(NothingToRemove):
    """Remembers what was asked and answers as planned."""

    def __init__(self, *outcomes: Outcome, job: Mapping[str, object] | None = None) -> None:
        self.outcomes = list(outcomes) or [Outcome.DONE]
        self.job = {"events": 100} if job is None else job
        self.credit: DemoCredit | None = None
        self.asked: list[tuple[object, ...]] = []
        self.screen = False
        self.agent_runs = False
        self.data = Path("/data")
        self.decoded = Decoded(kind="error", ok=False, error_num=-206, error="bad\x1b password")

    def run_task(self, folder: Path, options: MachineOptions, listen: Callable[[TaskEvent], None]) -> TaskResult:
        self.asked.append((folder, options))
        listen(Progress(fraction=0.5, elapsed_s=1, cpu_s=1))
        return replace(RESULT, outcome=self.outcomes.pop(0), message="said", error="T4T-TASK-08")

    def serve_demo_project(self, tell: Callable[[str, str], None]) -> None:
        tell("http://127.0.0.1:1/t4t/", "code")

    def of_projects(self) -> ProjectServices:
        return cast("ProjectServices", NoKeys())

    def of_settings(self) -> SettingsServices:
        raise NotImplementedError

    def of_updates(self) -> UpdateServices:
        raise NotImplementedError

    def run_agent(self, options: MachineOptions, *, tasks: int | None, once: bool, tray: bool = False, passphrase: str = "") -> None:
        assert not passphrase
        self.asked.append((options, tasks, once) if not tray else ("tray", tasks, once))
        if self.agent_runs:
            raise AgentRunning(data_dir="/data", pid=7)

    def show_window(self, page: str) -> None:
        self.asked.append(("window", page))

    def run_demo(self, options: MachineOptions, runspec: str | None, listen: Callable[[TaskEvent], None]) -> DemoResult:
        self.asked.append((runspec, options))
        result = replace(RESULT, outcome=self.outcomes.pop(0))
        return DemoResult(
            task=result, runspec="boinc x", folder=Path("/demo"), result=Path("/demo/o"), picture=None, histograms=(), job=self.job, credit=self.credit
        )

    def appliance_folder(self) -> Path:
        return Path("/appliance")

    def appliance_fetch(self, address: str, tell: Callable[[int, int], None]) -> Mapping[str, object]:
        self.asked.append((address, tell))
        return self.appliance_info()

    def appliance_info(self) -> Mapping[str, object]:
        return {"path": "/appliance", "files": {"a": 1, "b": 2}}

    def appliance_descriptors(self) -> Sequence[Descriptor]:
        return (DESCRIPTOR,)

    def appliance_descriptor(self, name: str) -> Descriptor:
        self.asked.append((name,))
        return DESCRIPTOR

    def decode(self, file: Path) -> Decoded:
        self.asked.append((file,))
        return self.decoded

    def virtualbox_plan(self, purpose: Purpose) -> Plan | None:
        raise NotImplementedError(purpose)

    def fix_plan(self, name: str) -> Fix:
        raise NotImplementedError(name)

    def carry_out(self, plan: Plan, tell: Callable[[Change | Fetch, int], None]) -> bool:
        raise NotImplementedError(plan, tell)

    def prepare_resume(self, check: str, remedy: str) -> None:
        raise NotImplementedError(check, remedy)

    def drop_resume(self) -> None:
        raise NotImplementedError

    def resumed(self) -> Pending | None:
        return None

    def follow(self, *, reach: bool, listen: Callable[[Diagnosis], None]) -> None:
        raise NotImplementedError(reach, listen)

    def doctor(self, *, reach: bool, boot: bool = False) -> Diagnosis:
        raise NotImplementedError(reach, boot)

    def report(self) -> str:
        return "everything\n"

    def virtualbox_health(self) -> tuple[Finding, ...]:
        raise NotImplementedError

    def has_screen(self) -> bool:
        return self.screen

    def energy(self) -> Sequence[Day]:
        raise NotImplementedError

    def contribution(self) -> Contribution:
        raise NotImplementedError

    def self_check(self, part: Part | None) -> Sequence[Checked]:
        raise NotImplementedError(part)

    def autostart(self, *, on: bool | None) -> AutostartState:
        raise NotImplementedError

    def proxy(self) -> str:
        return "http://proxy.example:3128"

    def proxy_login(self, login: tuple[str, str] | None) -> None:
        self.asked.append(("proxy", login))

    def end(self) -> bool:
        return self.agent_runs

    def move(self, to: Path, tell: Callable[[int, int], None]) -> Path:
        self.asked.append((to,))
        for done in (0, 1, 1, 2):
            tell(done, 2)
        tell(0, 0)  # empty files alone
        return to / "t4t-vms-1"


def run(services: Services, *words: str) -> int:
    return verbs.run(arguments.parser().parse_args(words), services)


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.DONE, 0), (Outcome.FAILED, 6), (Outcome.SAVED, 130)])
def test_a_task(capsys: pytest.CaptureFixture[str], outcome: Outcome, status: int) -> None:
    services = Services(outcome, outcome)
    assert run(services, "--json", "task", "run", "/t", "--cores", "3", "--cap", "50", "--memory", "700", "--hypervisor", "fake") == status
    assert services.asked == [(Path("/t"), MachineOptions(hypervisor="fake", cores=3, cap_percent=50, memory_mib=700))]
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["outcome"] == outcome.value
    assert set(document) >= {"exit_code", "elapsed_s", "cpu_s", "hypervisor", "checkpoints", "restarts", "outputs", "message", "error"}
    assert "50.0%" in err
    assert run(services, "task", "run", "/t") == status
    text = capsys.readouterr().out
    assert f"Task {outcome.value}, exit code 0 (T4T-TASK-08): said" in text
    assert "/x/ out" in text


def test_the_agent() -> None:
    services = Services()
    assert run(services, "run", "--once", "--tasks", "3", "--cores", "2") == 0
    ((options, tasks, once),) = services.asked
    assert (tasks, once) == (3, True)
    assert isinstance(options, MachineOptions)
    assert options.cores == 2


def test_a_demo_without_a_screen_ends_after_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Services(), "demo") == 0
    assert "100 in 2.0 s" in capsys.readouterr().out


def test_a_second_agent_without_a_screen_is_refused() -> None:
    services = Services()
    services.agent_runs = True
    with pytest.raises(AgentRunning):
        run(services)
    services.screen = True
    assert run(services) == 0
    assert services.asked[-1] == ("window", "home")


def test_a_demo_goes_on_until_it_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    services = Services(Outcome.DONE, Outcome.DONE, Outcome.SAVED)
    services.screen = True
    assert run(services, "demo") == 130
    assert len(services.asked) == 3
    assert "Task saved" in capsys.readouterr().out


@pytest.mark.parametrize(("why", "status", "says"), [("", 0, "valid: 2.5 credits; 7.5 in all"), ("other bits", 6, "refused: other bits; 7.5 in all")])
def test_what_the_project_makes_of_a_demo(why: str, status: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    services = Services(Outcome.DONE, Outcome.DONE)
    services.credit = DemoCredit(project="P", address="http://p/", valid=not why, why=why, granted=2.5, total=7.5)
    assert run(services, "demo") == status
    assert says in capsys.readouterr().out
    assert run(services, "--json", "demo") == status
    assert json.loads(capsys.readouterr().out)["credit"]["why"] == why


@pytest.mark.parametrize("words", [("demo", "--once"), ("--json", "demo"), ("demo", "--runspec", "boinc x")])
def test_a_demo_that_is_asked_for_one(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    services = Services()
    services.screen = True
    assert run(services, *words) == 0
    assert len(services.asked) == 1
    assert capsys.readouterr().out


@pytest.mark.parametrize("events", [None, "\x1b[2J", 10**400, float("nan"), True, [1]])
def test_a_result_that_lies(capsys: pytest.CaptureFixture[str], events: Any) -> None:
    assert run(Services(job={"events": events}), "--json", "demo") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["events"], document["events_per_second"]) == (None, 0.0)
    assert run(Services(job={"events": events}), "demo") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_the_appliance(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Services(), "appliance", "path") == 0
    assert capsys.readouterr().out == "/appliance\n"
    assert run(Services(), "--json", "appliance", "path") == 0
    assert json.loads(capsys.readouterr().out) == {"path": "/appliance"}
    assert run(Services(), "appliance", "info") == 0
    assert "a, b" in capsys.readouterr().out
    assert run(Services(), "--json", "appliance", "info") == 0
    assert json.loads(capsys.readouterr().out)["files"] == {"a": 1, "b": 2}


def test_the_list_of_appliances(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Services(), "appliance", "list") == 0
    assert capsys.readouterr().out == "test              raw      qemu, virtualbox  The reference appliance\n"
    assert run(Services(), "--json", "appliance", "list") == 0
    listed = json.loads(capsys.readouterr().out)["appliances"]
    assert [(one["name"], one["image"]["format"], one["source"]["sha256"]) for one in listed] == [("test", "raw", None)]


def test_the_description_of_an_appliance(capsys: pytest.CaptureFixture[str]) -> None:
    services = Services()
    assert run(services, "appliance", "info", "test") == 0
    assert services.asked == [("test",)]
    out = capsys.readouterr().out
    assert 'name = "test"\n' in out
    assert "\n[machine]\n" in out
    assert "memory_mib = 512\n" in out
    assert "sha256 = (not given)\n" in out
    assert run(services, "--json", "appliance", "info", "test") == 0
    assert json.loads(capsys.readouterr().out)["machine"]["os_type"] == "Linux26_64"


@pytest.mark.parametrize(
    "words",
    [
        ("--cores", "0"),
        ("--cores", "65"),
        ("--cores", "many"),
        ("--cap", "0"),
        ("--cap", "101"),
        ("--memory", "127"),
        ("--memory", str(1 << 21)),
        ("--hypervisor", "x"),
    ],
    ids=" ".join,
)
def test_refused_options(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        arguments.parser().parse_args(["task", "run", "d", *words])
    assert error.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        arguments.parser().parse_args(["--version"])
    assert error.value.code == 0
    assert capsys.readouterr().out.startswith("t4t ")


def test_a_decoded_refusal_is_a_done_command(capsys: pytest.CaptureFixture[str]) -> None:
    services = Services()
    assert run(services, "--json", "decode", "/r") == 0
    assert json.loads(capsys.readouterr().out) == {"kind": "error", "ok": False, "error_num": -206, "error": "bad\x1b password", "fields": {}}
    assert run(services, "decode", "/r") == 0
    assert capsys.readouterr().out == "error: not ok -206: bad  password\n"
    assert services.asked == [(Path("/r"),)] * 2


def test_a_decoded_reply_shows_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    services = Services()
    key = "0123456789abcdef" * 2
    services.decoded = Decoded(
        kind="x",
        ok=True,
        fields={
            "authenticator": key,
            "empty": 0,
            "url": f"https://p/notices.php?userid=8&auth=8_{key}",
            "names": ("a", "b"),
            "files": [{"name": "f", "refs": {"n": 1}}],
            "name": "Zoë",
        },
    )
    assert run(services, "decode", "/r") == 0
    out = capsys.readouterr().out
    assert key not in out
    for line in (
        "x: ok",
        "  names                      a, b",
        "  files[0]",
        "      n                          1",
        "  name                       Zoë",
        "(a key of 32 characters)",
    ):
        assert line in out
    assert "empty" not in out


def test_a_report_is_written_to_a_new_file_or_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services()
    assert run(services, "report", "--print") == 0
    assert capsys.readouterr().out == "everything\n"
    assert run(services, "--json", "report", "--print") == 0
    assert json.loads(capsys.readouterr().out) == {"report": "everything\n"}
    monkeypatch.chdir(tmp_path)
    assert run(services, "--json", "report") == 0
    (path,) = tmp_path.iterdir()
    assert json.loads(capsys.readouterr().out) == {"path": str(path), "bytes": 11}
    assert path.read_text() == "everything\n"
    with pytest.raises(FileExists):
        run(services, "report", "--output", str(path))


def test_a_report_that_can_not_be_written_leaves_nothing_and_touches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ReportUnwritable) as error:
            run(services, "report", "--output", str(tmp_path / "new"))
    assert error.value.reason == "No space left on device"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ReportUnwritable):
        run(services, "report", "--output", str(tmp_path / "none" / "new"))

    def meanwhile() -> str:
        (tmp_path / "new").write_text("somebody was quicker")
        return "everything"

    monkeypatch.setattr(services, "report", meanwhile)
    with pytest.raises(FileExists):
        run(services, "report", "--output", str(tmp_path / "new"))
    assert (tmp_path / "new").read_text() == "somebody was quicker"


def test_a_demo_project_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Services(), "demo-project") == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("http://127.0.0.1:1/t4t/", "code"))
    assert run(Services(), "--json", "demo-project") == 0
    assert json.loads(capsys.readouterr().out) == {"address": "http://127.0.0.1:1/t4t/", "invite_code": "code"}
