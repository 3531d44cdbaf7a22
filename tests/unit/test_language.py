"""A command speaks what its volunteer chose, or else what the system does; documents stay English."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.api_thread import an_agent
from support.command_line import t4t
from t4t.bootstrap import language as bootstrap
from t4t.bootstrap.first_run import WizardWork
from t4t.bootstrap.report import report
from t4t.bootstrap.services import Services
from t4t.cli import arguments
from t4t.domain.errors import AgentMissing
from t4t.domain.language import Language
from t4t.domain.session import TrayState
from t4t.storage.settings import FILE, look
from t4t.wording import language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GERMAN = {"LANGUAGE": "de", "LANG": "C.UTF-8", "LC_ALL": ""}


@pytest.fixture(autouse=True)
def _english_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    yield
    language.speak_english()


def _choose(data: Path, value: str) -> None:
    data.mkdir(exist_ok=True)
    (data / FILE).write_text(f'version = 1\n[general]\nlanguage = "{value}"\n')


def test_status_and_why_in_german_against_an_agent_and_documents_in_english(tmp_path: Path) -> None:
    with an_agent(tmp_path) as agent:
        agent.show(state=TrayState.PAUSED_BY_YOU, deciding="manual_pause", next_change=None)
        status, why = (t4t(verb, data=tmp_path, env=GERMAN) for verb in ("status", "why"))
        assert status.out.startswith("Von Ihnen angehalten"), status
        assert "Genug Platz auf der Festplatte" in why.out, why
        document = t4t("--json", "why", data=tmp_path, env=GERMAN)
        assert json.loads(document.out)
        assert "Platz" not in document.out
    away = t4t("status", data=tmp_path, env=GERMAN)
    assert "Test4Theory läuft nicht (T4T-RUN-03)" in away.err


class TestWhichOne:
    @pytest.mark.parametrize(("words", "expected"), [(["--help"], "de"), (["--json", "status"], "en"), ([], "de")])
    def test_of_a_command(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], expected: str) -> None:
        monkeypatch.setenv("LANGUAGE", "de_AT")
        monkeypatch.setenv("T4T_DATA_DIR", str(tmp_path))
        bootstrap.of_command(words)
        assert language.language().value == expected

    @pytest.mark.parametrize("words", [["--data-dir", "{data}", "status"], ["--data-dir={data}"], ["status", "--data-dir", "{data}"]])
    def test_the_settings_come_before_the_system(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str]) -> None:
        monkeypatch.setenv("LANGUAGE", "de")
        data = tmp_path / "data"
        _choose(data, "fr")
        bootstrap.of_command([word.format(data=data) for word in words])
        assert language.language() is Language.FRENCH

    @pytest.mark.parametrize("ruin", ["language = 3", "[general]\nlanguage = 'xx'", "\0", "[general"])
    def test_settings_that_cannot_be_right(self, tmp_path: Path, ruin: str) -> None:
        (tmp_path / FILE).write_text(ruin)
        assert bootstrap.of_settings(tmp_path) is Language.SYSTEM
        assert "general.language" not in look(tmp_path)

    def test_an_option_without_its_value(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("T4T_DATA_DIR", str(tmp_path))
        bootstrap.of_command(["--data-dir"])
        assert language.language() is Language.ENGLISH


def test_the_first_run_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t4t.bootstrap.first_run._START_S", 0.0)
    work = WizardWork(Services(tmp_path))
    assert work.language() is Language.SYSTEM
    work.speak(Language.ITALIAN)
    assert language.gettext("Help") == "Aiuto"
    with pytest.raises(AgentMissing):
        work.keep_language(Language.ITALIAN)
    with an_agent(tmp_path):
        work.keep_language(Language.ITALIAN)
    assert work.language() is Language.ITALIAN


def test_a_report_is_english_whatever_is_spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    bootstrap.settle(Language.SYSTEM)
    assert "Names of people, accounts and computers" in report(tmp_path, doctor_too=False)
    assert language.gettext("Help") == "Hilfe"


def test_help_has_its_own_words_in_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LANGUAGE", "fr")
    bootstrap.settle(Language.SYSTEM)
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["pause", "--help"])
    said = capsys.readouterr().out
    assert said.startswith("usage\N{NO-BREAK SPACE}: t4t")
    assert "montrer cette aide et terminer" in said
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["task", "run", "x", "--cores", "many"])
    assert "nombre entier" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["task", "run", "x", "--cores", "0"])
    assert "n’est pas entre 1" in capsys.readouterr().err
