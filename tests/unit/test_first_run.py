"""What the first run has done in the window's process: where it was, what is offered, what is sent."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from support.api_thread import an_agent
from support.window_rig import WELL
from t4t.bootstrap import first_run
from t4t.bootstrap.first_run import WizardWork
from t4t.bootstrap.services import Services
from t4t.domain.autostart import AutostartState
from t4t.domain.changes import Pending
from t4t.domain.errors import AgentMissing
from t4t.domain.setting_up import Setup, Step
from t4t.domain.settings.presets import Preset
from t4t.domain.update_errors import UpdatesNotSetUp
from t4t.host import trial_load
from t4t.storage.appliance import MANIFEST
from t4t.storage.setting_up import FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.trial_load import Trying


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WizardWork:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return WizardWork(Services(tmp_path / "data"))


def test_its_place_is_durable(work: WizardWork) -> None:
    assert work.setup() == Setup()
    work.keep_setup(Setup(step=Step.RESOURCES))
    assert work.setup() == Setup(step=Step.RESOURCES)


@pytest.mark.parametrize("folder", ["attached", "tasks"])
def test_who_has_work_already_needs_no_first_run(work: WizardWork, folder: str) -> None:
    (work.services.data / folder).mkdir(parents=True)
    assert not work.setup().done
    (work.services.data / folder / "one").mkdir()
    assert work.setup().done
    work.keep_setup(Setup(step=Step.FIRST_RESULT, demo=True))  # who is on the way is not through because of that
    assert not work.setup().done
    (work.services.data / FILE).write_text("ruined")
    assert work.setup().done


def test_presets_are_asked_of_the_agent(work: WizardWork) -> None:
    """Which may still be starting: nobody takes its lock meanwhile."""
    starts = threading.Event()

    def ask() -> None:
        starts.set()
        found.append(work.chosen())

    found: list[Preset] = []
    asking = threading.Thread(target=ask)
    asking.start()
    starts.wait(20)
    with an_agent(work.services.data):
        asking.join(30)
        assert found == [Preset.BALANCED]
        work.choose(Preset.EVERYTHING)
        assert work.chosen() is Preset.EVERYTHING
        assert work.price() == (0.0, "EUR")
        assert not (work.services.data / "agent.lock").exists()


def test_an_agent_that_does_not_come_is_told(work: WizardWork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_run, "_START_S", 0.0)
    for ask in (work.chosen, work.price, work.try_demo):
        with pytest.raises(AgentMissing):
            ask()


def test_the_demo_has_its_appliance_fetched(work: WizardWork, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a copy that knows where to ask; only if there is none."""
    data = work.services.data
    monkeypatch.delenv("T4T_APPLIANCE", raising=False)
    fetched: list[tuple[Path, str]] = []
    nobody = True

    def fetch(data: Path, address: str, tell: Callable[[int, int], None]) -> None:
        if nobody:
            raise UpdatesNotSetUp(missing="the key")
        tell(1, 2)
        fetched.append((data, address))

    monkeypatch.setattr("t4t.bootstrap.updating.fetch_appliance", fetch)
    work._have_appliance()  # the agent says what is missing
    nobody = False
    work._have_appliance()
    assert fetched == [(data, "")]
    (data / "appliance").mkdir(parents=True)
    facts = {"version": "1", "architecture": "x86_64", "kernel": "6", "pythia": "8", "files": {}}
    (data / "appliance" / MANIFEST).write_text(json.dumps(facts), encoding="ascii")
    work._have_appliance()
    assert len(fetched) == 1


def test_offers_are_of_this_computer(work: WizardWork) -> None:
    assert [one.preset for one in work.offers()] == [Preset.GENTLE, Preset.BALANCED, Preset.EVERYTHING]


def test_a_load_is_tried(work: WizardWork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_load, "SECONDS", 0.0)
    stop = threading.Event()
    stop.set()
    told: list[Trying] = []
    work.try_load(1, told.append, stop)
    assert told == []


class _Services:
    """The verbs' services, as far as they are passed on."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.asked: list[str] = []

    def resumed(self) -> Pending:
        return Pending(check="virtualization", remedy="x", boot="b")

    def autostart(self, *, on: bool | None) -> AutostartState:
        self.asked.append(f"autostart {on}")
        return AutostartState(on=bool(on))

    def virtualbox_health(self) -> Any:
        return WELL.findings

    def of_projects(self) -> Any:
        return self

    def teams(self, project: str, name: str) -> Any:
        return (project, name)

    def account_key(self, found: object, signup: object) -> Any:
        return (found, signup)


def test_what_other_verbs_do_too_is_theirs(tmp_path: Path) -> None:
    services = _Services(tmp_path)
    work = WizardWork(cast("Services", services))
    assert work.resumed() == services.resumed()
    assert work.autostart(on=True).on
    assert services.asked == ["autostart True"]
    assert cast("Any", work.teams("p", "n")) == ("p", "n")
    assert cast("Any", work.account_key(cast("Any", 1), cast("Any", 2))) == (1, 2)


def test_what_is_sent_names_nobody(tmp_path: Path) -> None:
    sent = dict(WizardWork(cast("Services", _Services(tmp_path / "not there yet"))).sent())
    assert sent["p_ncpus"]
    assert sent["os_name"]
    assert sent["host_cpid"] == ""
