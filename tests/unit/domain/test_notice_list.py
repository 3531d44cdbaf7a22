"""Notices: text without markup, links that may be opened, new only once."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.notice_list import KEPT_S, MOST, marked_read, with_feed, with_messages
from t4t.domain.plain_html import PlainText, plain_html, safe_link
from t4t.domain.project import FeedItem, Message
from t4t.project import replies
from unit.project.recorded import response, root

DAY = 86400.0
NOW = 1795355500.0


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        (
            "We released a <b>new version</b>.<br />\nSee <a href='https://a.example/x?y=1&amp;z'>the site</a>.",
            PlainText("We released a new version.\n\nSee the site.", ("https://a.example/x?y=1&z",)),
        ),
        ("<script>alert(1)</script><style>x</style>A &lt;b&gt; &amp; Zo&euml;", PlainText("A <b> & Zoë")),
        ("<a href='javascript:alert(1)'>x</a><a href='file:///etc/passwd'>y</a><a>z</a><img src='http://a.example/pixel'>", PlainText("xyz")),
        ("<p>one</p>\n\n\n<p>two\x1b[31m</p></b>", PlainText("one\n\ntwo [31m")),
        ("<a href='https://a/'>1</a><a href='https://a/'>2</a>", PlainText("12", ("https://a/",))),
        ("1 < 2 <!-- x --> and <A HREF=https://b/>3</A><!-- open", PlainText("1 < 2 and 3", ("https://b/",))),
        ("<script>never closed", PlainText("")),
        ("", PlainText("")),
    ],
)
def test_html_becomes_text(html: str, plain: PlainText) -> None:
    assert plain_html(html) == plain


@pytest.mark.parametrize(
    "address",
    ["javascript:x", "https://u:p@a/", "https://a b/", "https://[", "//a/", "mailto:a@b", "https://a/\x00", "data:text/html,x", "https://a/" + "x" * 2000],
)
def test_links_that_are_not_opened(address: str) -> None:
    assert safe_link(address) == ""


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<![", "<a ", "</", "&", "&#", "<?", "<script>", "<a href='", '<a href="', "<p>", "<![CDATA[", "<a '<\"", "</script"]
)
def test_hostile_html_takes_no_longer_than_any(piece: str) -> None:
    begun = time.process_time()
    plain_html(piece * (64 * 1024 // len(piece)))
    assert time.process_time() - begun < 20.0  # where it is quadratic, it takes minutes


def test_not_endless_many_links() -> None:
    assert len(plain_html("".join(f"<a href='https://a/{n}'>x</a>" for n in range(500))).links) == 100


@given(st.one_of(st.text(max_size=300), st.text(alphabet="<>/a href='\"!-script&;#x1", max_size=300)))
def test_any_text_is_read(html: str) -> None:
    plain = plain_html(html)
    assert all(c.isprintable() or c == "\n" for c in plain.text)
    assert all(safe_link(link) == link for link in plain.links)


def test_a_recorded_feed() -> None:
    feed = replies.feed(root(response("notices.ok").body, "rss"))
    notices = with_feed((), feed.items, NOW)
    assert [notice.title for notice in notices] == ["Planned maintenance", "New Theory version 300.30"]
    assert notices[0].text == "The servers will be down on Monday & Tuesday <10:00 UTC>. Zoë"
    assert notices[1].links == ("http://127.0.0.1:8123/t4t/forum_thread.php?id=5", "http://lhcathome.web.cern.ch")
    seen = marked_read(notices, frozenset({notices[0].id}))
    again = with_feed(seen, feed.items, NOW + DAY)
    assert [notice.read for notice in again] == [True, False]
    assert len(again) == 2


def test_old_and_future_items() -> None:
    item = FeedItem(guid="g", title="t", html="x", time=NOW - 10)
    known = with_feed((), [item], NOW)
    assert with_feed(known, [], NOW + KEPT_S) == ()
    assert with_feed(known, [], NOW) == known
    assert with_feed((), [FeedItem(guid="g", time=NOW + 99)], NOW)[0].time == NOW
    undated = with_feed((), [FeedItem(link="javascript:x", title="t")], NOW)
    assert (undated[0].time, undated[0].links) == (NOW, ())
    assert with_feed(undated, [FeedItem(link="javascript:x", title="t")], NOW + 5)[0].time == NOW
    assert len(with_feed((), [FeedItem(guid=str(n)) for n in range(MOST + 9)], NOW)) == MOST


def test_the_schedulers_notices_come_and_go() -> None:
    missing = Message(text="VirtualBox is not installed", priority="notice")
    known = with_messages((), [missing, Message(text="No tasks sent"), Message(text=" ", priority="notice")], NOW, asked_for_work=True)
    assert [(notice.text, notice.from_scheduler) for notice in known] == [("VirtualBox is not installed", True)]
    read = marked_read(known, frozenset(notice.id for notice in known))
    assert with_messages(read, [missing], NOW + DAY, asked_for_work=True) == read
    assert with_messages(read, [], NOW + DAY, asked_for_work=False) == read
    assert with_messages(read, [], NOW + DAY, asked_for_work=True) == ()
    assert with_feed(read, [], NOW + 2 * KEPT_S) == read
    both = with_messages(with_feed((), [FeedItem(guid="g", time=NOW)], NOW), [], NOW, asked_for_work=True)
    assert len(both) == 1
