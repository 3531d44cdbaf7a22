"""The translations as the program reads them, and what their check finds; `make check` runs it on them."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import catalogs
import pytest
from babel.messages.catalog import Catalog as BabelCatalog
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from support.notices import sample
from t4t.domain.diagnosis.findings import Check, Verdict
from t4t.domain.errors import leaves
from t4t.domain.language import Language
from t4t.domain.settings.fields import FIELDS
from t4t.wording import catalog, findings, language, screen, settings
from t4t.wording.notices import notice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=catalogs.TONGUES)
def tongue(request: pytest.FixtureRequest) -> Iterator[Language]:
    chosen = Language(request.param)
    language.speak(chosen, catalogs.LOCALE)
    yield chosen
    language.speak_english()


def test_our_own_reader_reads_what_babel_does(tongue: Language) -> None:
    path = catalogs.path_of(tongue.value)
    ours = catalog.read(path.read_text(encoding="utf-8"))
    with path.open("rb") as file:
        theirs = read_po(file)
    assert ours.texts == {_first(message.id): _all(message.string) for message in theirs if message.id}
    expression = theirs.plural_expr
    assert all(ours.form(count) == int(eval(expression, {"n": count})) for count in (0, 1, 2, 3, 11, 1_000_000))  # noqa: S307 - the expression of our own file


def _first(of: Any) -> str:
    return of if isinstance(of, str) else of[0]


def _all(of: Any) -> tuple[str, ...]:
    return (of,) if isinstance(of, str) else tuple(of)


def test_every_error_has_words_in_every_language(tongue: Language) -> None:
    with language.in_english():
        english = {leaf.code: notice(sample(leaf)) for leaf in leaves()}
    assert tongue is language.language()
    for leaf in leaves():
        said, in_english = notice(sample(leaf)), english[leaf.code]
        assert said.code == leaf.code
        assert "{" not in said.title + said.body
        assert len(said.remedies) == len(in_english.remedies)
        assert said.title != in_english.title or said.body != in_english.body


def test_rules_findings_and_settings_speak_it(tongue: Language) -> None:
    assert tongue is language.language()
    assert all(findings.check_name(check.value) for check in Check)
    said = {verdict: language.gettext(findings.SENTENCES[verdict].detail) for verdict in Verdict}
    assert all(said[verdict] != findings.SENTENCES[verdict].detail for verdict in Verdict)
    assert all(settings.name(field) != field.text for field in FIELDS.values())
    assert screen.because("manual_pause") != "you paused it"


class TestWhatIsFound:
    """Each fault that a hand can make in a catalog."""

    @pytest.mark.parametrize(
        ("message", "fault"),
        [
            (Message("a {b}", "A {b}"), ""),
            (Message("a {b}", ""), "not translated"),
            (Message("a {b}", "A {c}"), "filled in"),
            (Message("a {b}", "A {b"), "braces"),
            (Message("a {b:.0f}", "A {b}"), "filled in"),
            (Message("a", "A "), "space"),
            (Message(" a", " A"), ""),
            (Message("a\nb", "A B"), "lines"),
            (Message("a", "A\u202e"), "can't be seen"),
            (Message("a", "A\N{NO-BREAK SPACE}B"), ""),
            (Message("say --all", "sag --alle"), "not kept"),
            (Message("see https://a.example/b.", "siehe https://a.example/b."), ""),
            (Message("`t4t on`", "`t4t an`"), "not kept"),
            (Message("a", "A", flags=("fuzzy",)), "fuzzy"),
            (Message(("{n} a", "{n} as"), ("ein A", "{n} As")), ""),
            (Message(("{n} a", "{n} as"), ("{n} A", "viele As")), "filled in"),
            (Message(("{n} a", "{n} as"), ("{n} A", "")), "not translated"),
        ],
    )
    def test_faults(self, message: Message, fault: str) -> None:
        found = list(catalogs.faults(message))
        assert (found == []) if not fault else any(fault in one for one in found)

    def test_files_that_are_out_of_date(self, tmp_path: Path) -> None:
        source = tmp_path / "app" / "t4t" / "words.py"
        source.parent.mkdir(parents=True)
        source.write_text('def word() -> str:\n    return gettext("One")\n')
        glossary = tmp_path / "resources" / "physics" / "glossary.toml"
        glossary.parent.mkdir(parents=True)
        glossary.write_bytes((catalogs.ROOT / "resources" / "physics" / "glossary.toml").read_bytes())
        found = list(catalogs.wrong(tmp_path))
        assert any("t4t.pot is out of date" in one for one in found)
        assert sum("out of date" in one for one in found) == 1 + len(catalogs.TONGUES)
        assert sum("'One': not translated" in one for one in found) == len(catalogs.TONGUES)

    def test_new_texts_come_and_old_ones_go_and_nothing_is_guessed(self, tmp_path: Path) -> None:
        path = tmp_path / "t4t.po"
        before = BabelCatalog(locale="de", fuzzy=False)
        before.add("Old text", "Alter Text")
        before.add("Stays", "Bleibt")
        path.write_text(catalogs.as_file(before, "de"), encoding="utf-8")
        wanted = BabelCatalog(fuzzy=False)
        wanted.add("Old texts")
        wanted.add("Stays")
        merged = catalogs.merged(wanted, path, "de")
        assert {message.id: message.string or "" for message in merged if message.id} == {"Old texts": "", "Stays": "Bleibt"}
        assert 'Old text"' not in catalogs.as_file(merged, "de")


class TestReader:
    @given(st.dictionaries(st.text(min_size=1).filter(str.strip), st.text(min_size=1), min_size=1))
    def test_whatever_babel_writes(self, texts: dict[str, str]) -> None:
        made = BabelCatalog(locale="it", fuzzy=False)
        clean = {_clean(text): _clean(translated) for text, translated in texts.items()}
        for text, translated in clean.items():
            made.add(text, translated)
        assert catalog.read(catalogs.as_file(made, "it")).texts == {text: (translated,) for text, translated in clean.items()}

    def test_plural_forms(self) -> None:
        made = BabelCatalog(locale="fr", fuzzy=False)
        made.add(("{n} task", "{n} tasks"), ("{n} tâche", "{n} tâches"))
        read = catalog.read(catalogs.as_file(made, "fr"))
        assert [read.counted("{n} task", "{n} tasks", count) for count in (0, 1, 2)] == ["{n} tâche", "{n} tâche", "{n} tâches"]
        assert [read.counted("{n} job", "{n} jobs", count) for count in (0, 1, 2)] == ["{n} jobs", "{n} job", "{n} jobs"]
        assert read.one("{n} task") == "{n} tâche"
        assert read.one("unknown") == "unknown"

    def test_without_a_rule_for_plurals(self) -> None:
        read = catalog.read('msgid "a"\nmsgid_plural "as"\nmsgstr[0] "x"\nmsgstr[1] "xs"\n')
        assert [read.counted("a", "as", count) for count in (0, 1, 2)] == ["xs", "x", "xs"]

    @pytest.mark.parametrize("text", ["", 'msgid "a"\nmsgstr ""\n', "nonsense", 'msgid "a"\nmsgstr "\\q"\n', "<html>"])
    def test_what_is_no_catalog(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            catalog.read(text)

    def test_a_catalog_that_cannot_be_read_leaves_english(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        for content in (None, "nonsense"):
            if content:
                path = catalogs.path_of("de", tmp_path)
                path.parent.mkdir(parents=True)
                path.write_text(content)
            language.speak(Language.GERMAN, tmp_path)
            assert language.language() is Language.ENGLISH
            assert language.gettext("Help") == "Help"
        assert "the words of de can't be read" in caplog.text


def _clean(text: str) -> str:
    """Control characters are in no text of ours, and babel does not escape them."""
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n").replace("\\", "/") or "x"


def test_english_for_helpers_whatever_is_spoken() -> None:
    language.speak(Language.GERMAN, catalogs.LOCALE)
    try:
        with language.in_english():
            assert language.gettext("Help") == "Help"
        assert language.gettext("Help") == "Hilfe"
    finally:
        language.speak_english()


@given(st.text(alphabet=string.ascii_letters + "{}%\\ \n"))
def test_what_is_not_in_it_stays_english(text: str) -> None:
    assert catalog.ENGLISH.one(text) == text
