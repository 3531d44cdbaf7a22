"""The words about newer versions."""

from __future__ import annotations

import pytest

from t4t.domain.app_update import Failed, Step, UpdateView, Verdict
from t4t.domain.notification_policy import Event
from t4t.domain.session import MessageView
from t4t.domain.update_errors import UpdateUnfit
from t4t.wording.messages import message
from t4t.wording.screen import Reader
from t4t.wording.updates import downloaded, sentence, trouble, way_back

VIEW = UpdateView(installed="1.0.0", newest="1.1.0", checked_at=1.0)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("step", Step)
def test_there_is_always_a_sentence(verdict: Verdict, step: Step) -> None:
    said = sentence(UpdateView(installed="1.0.0", newest="1.1.0", checked_at=1.0, verdict=verdict, step=step))
    assert said.startswith("Version 1.0.0")
    assert said.endswith(".")
    assert ("1.1.0" in said) == (verdict is not Verdict.NOTHING or step in {Step.SWITCHING, Step.TRIAL, Step.RETURNING})
    assert "{" not in said


def test_what_else_is_said() -> None:
    assert "asked yet" in sentence(UpdateView(installed="1.0.0"))
    assert trouble(VIEW) == way_back(VIEW) == ""
    failed = UpdateView(installed="1.0.0", previous="0.9.0", failure=Failed(UpdateUnfit.code, {"version": "1.1.0", "reason": "it ended"}))
    assert "1.1.0 was tried and does not work" in trouble(failed)
    assert "0.9.0" in way_back(failed)
    assert downloaded(7) == "7 % downloaded"


@pytest.mark.parametrize("event", [Event.UPDATE, Event.SECURITY_UPDATE])
def test_the_message(event: Event) -> None:
    said = message(MessageView(key="k", event=event, at=0.0, data={"version": "1.1.0"}), Reader(0.0))
    assert said.title == "An update is ready"
    assert "1.1.0" in said.body
