"""The tolerant reader: what servers really send, what they never should, and time and memory that stay bounded."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.loose_xml import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, Element, LooseXmlRefused, decode, read_loose, unescape

if TYPE_CHECKING:
    import random

RECORDED = sorted((Path(__file__).parents[2] / "fixtures" / "boinc").glob("*.response"))


def child(data: str) -> Element:
    return read_loose(data.encode()).children[0]


def test_elements_texts_and_attributes() -> None:
    root = child('<?xml version="1.0"?><!DOCTYPE x><!-- <a/> --><r><m priority="low">one</m> <m/>two<n></n></r>')
    assert (root.name, root.text, len(root.children)) == ("r", "two", 3)
    first, second, third = root.children
    assert (first.text, first.attributes, first.self_closed) == ("one", 'priority="low"', False)
    assert (second.self_closed, third.self_closed) == (True, False)
    assert list(root.all("m")) == [first, second]
    assert root.find("m") is second
    assert root.find("x") is None
    assert first.inner == "one"
    assert root.inner.startswith("<m ")


def test_descendants_come_in_order() -> None:
    top = read_loose(b"<k><v>1</v><w><v>2</v></w><v>3</v></k>")
    assert [element.text for element in top.descendants("v")] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a &lt;b&gt; &amp;&quot;&apos; &#65;&#x42;", "a <b> &\"' AB"),
        ("Zo&#195;&#171; &#231;&#137;&#169;", "Zoë 物"),
        ("caf&#233;", "café"),
        ("&#0;&#xD800;&#x110000;&#9999999;", "\ufffd" * 4),
        ("x&y=1&auth=2 &nbsp; &unknown;", "x&y=1&auth=2 &nbsp; &unknown;"),
        ("&amp;lt;", "&lt;"),
        ("plain", "plain"),
    ],
)
def test_escapes(written: str, meant: str) -> None:
    assert unescape(written) == meant


def test_escapes_do_not_reach_into_cdata() -> None:
    assert child("<r>a&amp;<![CDATA[b&amp;<x>]]>c</r>").text == "a&b&amp;<x>c"


def test_an_end_tag_closes_what_is_open_inside() -> None:
    root = child("<r><k><v>1</k></nothing><w>2</w></r>")
    assert [element.name for element in root.children] == ["k", "w"]
    assert root.children[0].children[0].text == "1"


def test_what_is_cut_off_is_read_as_far_as_it_goes() -> None:
    assert child("<r><k>1</k><v>2").children[1].text == "2"
    assert child("<r>x<![CDATA[y").text == "xy"
    assert child("<r>x<!-- y").text == "x"
    assert child("<r>x<?y").text == "x"
    assert child("<r>1 < 2 <").text == "1 < 2 <"
    assert read_loose(b"").children == []


def test_html_is_noise_and_terms_are_kept_as_written() -> None:
    root = child("<r>\n<br />\n<b>Deprecated</b>: x in <b>/y.php</b><br>\n<k>1</k><terms_of_use>\nA & <b>B</b>\n</terms_of_use><v>2</v></r>")
    assert [element.name for element in root.children] == ["k", "terms_of_use", "v"]
    terms = root.find("terms_of_use")
    assert terms is not None
    assert terms.text == "A & <b>B</b>"
    assert child("<terms_of_use>a <x>").text == "a <x>"


def test_bytes_are_utf8_or_else_latin1() -> None:
    assert decode("\ufeffë\r\n".encode()) == "ë\n"
    assert decode(b"\xeb") == "ë"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b" " * (MAX_BYTES + 1), "larger than"),
        (b"<x>" * (MAX_DEPTH + 1), "nested deeper"),
        (b"<x/>" * (MAX_ELEMENTS + 1), "elements"),
    ],
)
def test_limits(data: bytes, reason: str) -> None:
    with pytest.raises(LooseXmlRefused, match=reason):
        read_loose(data)


def test_entities_are_not_expanded_and_nothing_is_fetched() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><r>&a;&b;</r>'
    assert next(read_loose(bomb.encode()).descendants("r")).text == "&a;&b;"


@given(st.binary(max_size=2000))
def test_any_bytes_give_a_tree(data: bytes) -> None:
    assert read_loose(data).name == ""


@given(st.text(alphabet="<>/!-[]CDATA?&#;1x9 \"='a", max_size=400))
def test_any_heap_of_marks_gives_a_tree(text: str) -> None:
    assert read_loose(text.encode()).name == ""


@given(st.randoms(use_true_random=False), st.sampled_from(RECORDED))
def test_mutated_recordings_give_a_tree_or_are_refused(chance: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes()[:20_000])
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randrange(200)]
            case 2:
                piece = data[at : at + chance.randrange(200)]
                data[at:at] = piece * chance.randrange(1, 9)
            case _:
                data[at:at] = chance.choice([b"<", b"</", b"<![CDATA[", b"]]>", b"<!--", b"&#195;", b"<x>", b"</scheduler_reply>"])
    with contextlib.suppress(LooseXmlRefused):
        assert read_loose(bytes(data)).name == ""


@pytest.mark.parametrize("piece", [b"<", b"<a ", b"</a>", b"<!--", b"<![CDATA[", b"&#195;", b"&", b"<x/>", b"<b>", b"<terms_of_use>", b"<?", b"<a><b></a>"])
def test_hostile_repetition_takes_linear_time_and_memory(piece: bytes) -> None:
    def seconds(size: int) -> float:
        data = piece * (size // len(piece))
        begun = time.process_time()
        with contextlib.suppress(LooseXmlRefused):
            read_loose(data)
        return time.process_time() - begun

    small = min(seconds(25_000) for _ in range(3))
    assert seconds(400_000) < 16 * 12 * (small + 0.002)
    tracemalloc.start()
    try:
        seconds(200_000)
        assert tracemalloc.get_traced_memory()[1] < 120 * 200_000
    finally:
        tracemalloc.stop()
