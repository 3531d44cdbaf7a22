"""``t4t proxy-login``: what is asked, what is kept, and that no password shows."""

from __future__ import annotations

import io
import json
import sys

import pytest

from t4t.cli import arguments, verbs
from t4t.domain.project_errors import AnswerMissing
from t4t.domain.settings_errors import NoProxySet
from unit.cli.test_verbs import Services

PASSWORD = "open sesame"  # noqa: S105 (of no use)


def run(services: Services, *words: str) -> int:
    return verbs.run(arguments.parser().parse_args(words), services)


def test_kept_and_forgotten(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services()
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    assert run(services, "proxy-login", "--user", "me", "--password-stdin") == 0
    assert services.asked == [("proxy", ("me", PASSWORD))]
    shown = capsys.readouterr()
    assert shown.out == "The login for http://proxy.example:3128 is in the system's keyring.\n"
    assert PASSWORD not in shown.out + shown.err
    assert run(services, "--json", "proxy-login", "--forget") == 0
    assert services.asked[1:] == [("proxy", None)]
    assert json.loads(capsys.readouterr().out) == {"proxy": "http://proxy.example:3128", "login": False}
    assert run(services, "proxy-login", "--forget") == 0
    assert "is forgotten" in capsys.readouterr().out


def test_nobody_is_there_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for words in ([], ["--user", "me"]):
        with pytest.raises(AnswerMissing):
            run(Services(), "proxy-login", *words)


def test_no_proxy_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    class Without(Services):
        def proxy(self) -> str:
            raise NoProxySet(way="none")

    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD))
    services = Without()
    with pytest.raises(NoProxySet):
        run(services, "proxy-login", "--user", "me", "--password-stdin")
    assert services.asked == []
