"""A project elsewhere can't make us knock at doors of this computer."""

from __future__ import annotations

import pytest

from t4t.domain.assignment import work_of
from t4t.domain.project import FileInfo, RssFeed, SchedulerReply
from t4t.domain.project_errors import AddressRefused
from t4t.project.outward import is_outward, outward
from t4t.project.scheduler_reply import read_scheduler_reply
from t4t.transfer.addresses import named_by
from unit.project.recorded import response

ELSEWHERE = "https://project.example/p/"
HERE = "http://127.0.0.1:8123/t4t/"
INWARD = ["http://127.0.0.1:31416/", "https://localhost/x", "http://[::1]:80/", "http://127.1.2.3/", "http://localhost.:1/"]


@pytest.mark.parametrize("url", INWARD)
def test_addresses_of_this_computer(url: str) -> None:
    assert not is_outward(url, master_url=ELSEWHERE)
    assert is_outward(url, master_url=HERE)
    with pytest.raises(AddressRefused):
        named_by(ELSEWHERE, url)


@pytest.mark.parametrize("url", ["http://project.example/", "file:///etc/passwd", "ftp://x/", "", "https://u:p@project.example/"])
def test_addresses_of_no_use_anywhere(url: str) -> None:
    assert not is_outward(url, master_url=ELSEWHERE)
    assert not is_outward(url, master_url=HERE)


def test_only_what_leads_inwards_is_left_out() -> None:
    good = "https://files.example/f"
    info = FileInfo(name="f", urls=(INWARD[0], good), gzipped_urls=(INWARD[1],), upload_urls=(INWARD[2], good))
    reply = SchedulerReply(file_infos=(info,), rss_feeds=(RssFeed(url=INWARD[0]), RssFeed(url=good)))
    seen = outward(reply, master_url=ELSEWHERE)
    assert seen.file_infos == (FileInfo(name="f", urls=(good,), upload_urls=(good,)),)
    assert [feed.url for feed in seen.rss_feeds] == [good]
    assert outward(reply, master_url=HERE).file_infos[0].urls == info.urls


def test_a_task_whose_files_can_not_be_fetched_is_refused() -> None:
    reply = read_scheduler_reply(response("sched.work_sent_three").body)
    assert len(work_of(outward(reply, master_url=HERE), (), {}, {}).tasks) == 3
    refused = work_of(outward(reply, master_url=ELSEWHERE), (), {}, {}).refused
    assert len(refused) == 3
    assert all(one.missing.startswith("an address of ") for one in refused)
