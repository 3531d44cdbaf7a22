"""Threads of message boards: strangers' words become plain and short, and nothing but a web page is behind a link."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from t4t.domain.boards import AGAIN_S, MOST, Boards, Thread, is_fresh, newest, thread_of
from t4t.domain.project import FeedItem

LINKS = st.sampled_from(("https://x.org/forum_thread.php?id=1", "http://x.org/", "javascript:alert(1)", "file:///etc/passwd", "https://a:b@x.org/", ""))


@given(title=st.text(), html=st.text(), link=LINKS, guid=LINKS, time=st.floats(-1e12, 1e12))
@example(title="<b>Z</b> &amp; jets", html="<script>1</script>" + "word " * 400, link="https://x.org/t", guid="", time=5.0)
def test_whatever_a_feed_says(title: str, html: str, link: str, guid: str, time: float) -> None:
    made = thread_of(FeedItem(title=title, link=link, guid=guid, html=html, time=time), "Cafe", 1e9)
    good = [one for one in (link, guid) if one in {"https://x.org/forum_thread.php?id=1", "http://x.org/", "https://x.org/t"}]
    if not good:
        assert made is None
        return
    assert made is not None
    assert made.link == good[0]
    assert 0 <= made.time <= 1e9
    assert len(made.text) <= 281
    assert len(made.title) <= 201
    assert (made.title + made.text + "x").isprintable()


def test_a_post_is_cut_between_words() -> None:
    made = thread_of(FeedItem(title="t", link="https://x.org/", html="<p>one</p>\n" + "word " * 100), "Cafe", 0.0)
    assert made is not None
    assert made.text.startswith("one word word")
    assert made.text.endswith("word…")
    long = thread_of(FeedItem(title="x" * 500, link="https://x.org/"), "Cafe", 0.0)
    assert long is not None
    assert long.title == "x" * 200 + "…"


@given(st.lists(st.builds(Thread, title=st.text(max_size=3), board=st.just("b"), link=st.integers(0, 50).map(str), time=st.floats(0, 1e9)), max_size=80))
def test_the_newest_come_first_and_once(threads: list[Thread]) -> None:
    found = newest(threads)
    assert len(found) == min(MOST, len({one.link for one in threads}))
    assert [one.time for one in found] == sorted((one.time for one in found), reverse=True)
    assert len({one.link for one in found}) == len(found)
    latest = {link: max(one.time for one in threads if one.link == link) for link in {one.link for one in threads}}
    assert all(one.time == latest[one.link] for one in found)


def test_when_it_is_asked_again() -> None:
    seen = Boards(at=1000.0, boards=0)
    assert is_fresh(seen, 1000.0)
    assert not is_fresh(seen, 1000.0 + AGAIN_S)
    assert not is_fresh(seen, 999.0), "a clock that was set back"
    assert not is_fresh(None, 0.0)
