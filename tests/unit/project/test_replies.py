"""Every recorded reply, read."""

from __future__ import annotations

import pytest

from t4t.domain.credit import decayed
from t4t.domain.project import AccountInfo, AccountOut, ErrorDocument, FileInfo, Refusal, SchedulerReply
from t4t.domain.project_errors import ReplyUnreadable
from t4t.project import account_manager, replies
from t4t.project.scheduler_reply import read_scheduler_reply
from unit.project.recorded import RESPONSES, response, root


def sched(name: str) -> SchedulerReply:
    return read_scheduler_reply(response(name).body)


def test_project_configs() -> None:
    def config(name: str) -> object:
        return replies.project_config(replies.root_of(response(f"get_project_config.{name}").body, "project_config", kind="project_config"))

    plain = replies.project_config(root(response("get_project_config.ok").body, "project_config"))
    assert (plain.name, plain.master_url, plain.min_passwd_length, plain.closed) == ("LHC@home Dev", "http://127.0.0.1:8123/t4t/", 6, False)
    assert [platform.platform_name for platform in plain.platforms] == ["windows_x86_64", "x86_64-apple-darwin", "x86_64-pc-linux-gnu"]
    assert plain.platforms[0].plan_class == "vbox64_theory"
    assert config("php_warning_noise") == plain
    terms = replies.project_config(root(response("get_project_config.terms_of_use").body, "project_config"))
    assert terms.terms_of_use.endswith("Second line & <b>markup</b>.")
    closed = replies.project_config(root(response("get_project_config.account_creation_disabled").body, "project_config"))
    assert (closed.closed, closed.invite_code_required) == (True, False)
    invited = replies.project_config(root(response("get_project_config.invite_code_required").body, "project_config"))
    assert (invited.closed, invited.invite_code_required, invited.account_creation_disabled) == (False, True, True)
    assert replies.project_config(root(response("get_project_config.account_manager").body, "project_config")).account_manager
    assert replies.project_config(root(response("get_project_config.sched_stopped").body, "project_config")).sched_stopped
    assert replies.project_config(root(response("get_project_config.min_client_version").body, "project_config")).min_client_version == 71800


@pytest.mark.parametrize(
    ("name", "reason"),
    [("get_project_config.project_down", "a web page"), ("rss_main.no_news_forum", "nothing"), ("upload.small_ok", "another document")],
)
def test_other_documents_are_refused(name: str, reason: str) -> None:
    with pytest.raises(ReplyUnreadable) as caught:
        replies.root_of(response(name).body, "project_config", kind="project_config")
    assert (caught.value.kind, caught.value.reason) == ("project_config", reason)


def test_limits_are_told() -> None:
    with pytest.raises(ReplyUnreadable, match="nested deeper"):
        replies.root_of(b"<x>" * 100, "y", kind="y")


def test_accounts() -> None:
    out = replies.account_out(root(response("lookup_account.ok").body, "account_out"))
    assert out == AccountOut(authenticator="68cfddaba9e4fbd9895879015a00be8e")
    assert replies.account_out(root(response("lookup_account.exists_no_password").body, "account_out")) == AccountOut(success=True)
    info = replies.account_info(root(response("am_get_info.utf8_name").body, "am_get_info_reply"))
    assert (info.id, info.name, info.country, info.weak_auth) == (4, "Zoë Müller 物理", "International", "4_b36a30e55dd0248f8aab2157e3058a05")
    with_prefs = replies.account_info(root(response("am_get_info.with_prefs").body, "am_get_info_reply"))
    assert with_prefs.global_prefs.startswith("<global_preferences>")
    assert with_prefs.teamfounder
    assert replies.account_info(root(b"<am_get_info_reply></am_get_info_reply>", "am_get_info_reply")) == AccountInfo()


def test_errors() -> None:
    document = replies.error_document(root(response("am_set_info.not_supported").body, "error"))
    assert document == ErrorDocument(error_num=-1, error_msg="not supported")


def test_users_and_teams() -> None:
    user = replies.user(root(response("show_user.utf8_name").body, "user"))
    assert (user.name, user.id, user.hosts[0].domain_name, user.hosts[0].p_ncpus) == ("Zoë Müller 物理", 4, "utf8host", 4)
    assert replies.team(root(response("team_lookup.ok").body, "team")).name == "CERN Volunteers"
    assert [team.id for team in replies.teams(root(response("team_lookup.by_name").body, "teams"))] == [1]
    credit = replies.user(root(response("show_user.public_with_credit").body, "user"))
    assert decayed(credit.expavg_credit, credit.expavg_time, credit.expavg_time + 604800) == pytest.approx(credit.expavg_credit / 2)
    assert decayed(8.0, 100.0, 50.0) == 8.0


def test_feeds() -> None:
    feed = replies.feed(root(response("notices.ok").body, "rss"))
    assert feed.title == "LHC@home Dev notices"
    first, second = feed.items
    assert (first.title, first.guid, first.time) == ("Planned maintenance", "http://127.0.0.1:8123/t4t/forum_thread.php?id=6", 1795355460.0)
    assert "&lt;10:00 UTC&gt;. Zoë" in first.html
    assert 'href="http://lhcathome.web.cern.ch"' in second.html
    assert replies.feed(root(response("rss_main.empty").body, "rss")).items == ()
    odd = replies.feed(
        root(b"<rss><item><link>l</link><pubDate>nonsense</pubDate></item><item><pubDate>Sun, 99 Nov 999999 13:51:00 GMT</pubDate></item></rss>", "rss")
    )
    assert [(item.guid, item.time, item.html) for item in odd.items] == [("l", 0.0, ""), ("", 0.0, "")]


@pytest.mark.parametrize("name", ["master_page.ok", "master_page.project_down", "real-client.04.master-page"])
def test_master_pages(name: str) -> None:
    assert replies.master_page(response(name).body).scheduler_urls == ("http://127.0.0.1:8123/t4t_cgi/cgi",)


def test_schedulers_in_order_once() -> None:
    page = b"<!-- <scheduler> https://a/cgi?x=1&amp;y=2 </scheduler><scheduler>https://b/cgi</scheduler> --><LINK rel=boinc_scheduler href=https://b/cgi>"
    assert replies.master_page(page).scheduler_urls == ("https://a/cgi?x=1&y=2", "https://b/cgi")
    assert replies.master_page(b"<html>").scheduler_urls == ()


def test_uploads() -> None:
    def read(name: str) -> object:
        reply = replies.upload_reply(root(response(f"upload.{name}").body, "data_server_reply"))
        return (reply.status, reply.message, reply.file_size)

    assert read("get_size_partial") == (0, "", 700000)
    assert read("bad_signature") == (-1, "invalid signature", 0)
    assert read("no_command") == (1, "no command", 0)
    assert replies.upload_reply(root(b"<data_server_reply><status>x</status></data_server_reply>", "data_server_reply")).status is None
    assert replies.upload_reply(root(b"<data_server_reply></data_server_reply>", "data_server_reply")).status is None


def test_account_managers() -> None:
    manager = account_manager.reply(root(response("account_manager.rpc_ok").body, "acct_mgr_reply"))
    assert (manager.name, manager.repeat_sec, manager.accounts[0].url) == ("Synthetic account manager", 86400.0, "http://127.0.0.1:8123/t4t/")
    assert manager.accounts[0].dont_request_more_work


def test_work() -> None:
    reply = sched("real-client.05.sched-first-ask-got-work")
    assert (reply.hostid, reply.userid, reply.request_delay, reply.refusal) == (15, 8, 7.0, None)
    wrapper, job, image, job_input, output = reply.file_infos
    assert (wrapper.executable, wrapper.nbytes, wrapper.is_output) == (True, 650, False)
    assert wrapper.file_signature.splitlines()[-1] == "."
    assert (job.urls, job.gzipped_urls) == (("http://127.0.0.1:8123/t4t/download/Theory_2025_08_13_dev.xml",), ())
    assert (image.gzipped_nbytes, image.nbytes, len(image.gzipped_urls)) == (1243, 1049600, 1)
    assert job_input.md5_cksum == "e4b498149badce20d668300a7603cf12"
    assert (output.is_output, output.urls, output.upload_urls) == (True, (), ("http://127.0.0.1:8123/t4t_cgi/file_upload_handler",))
    (version,) = reply.app_versions
    assert version.key == ("Theory", "x86_64-pc-linux-gnu", 30031, "vbox64_theory")
    assert [(ref.open_name, ref.main_program, ref.copy_file) for ref in version.file_refs] == [
        ("", True, True),
        ("vbox_job.xml", False, True),
        ("", False, False),
    ]
    assert (version.dont_throttle, version.needs_network, version.is_wrapper) == (True, True, False)
    (unit,), (result,) = reply.workunits, reply.results
    assert (unit.command_line, unit.rsc_memory_bound, result.report_deadline) == ("", 1.1e9, 1796306267.0)
    assert result.file_refs[0].open_name == "shared/output"
    assert reply.code_sign_key.startswith("1024\n")
    assert reply.rss_feeds[0].url.endswith("&auth=8_e128d944882212d49b7e9bfd897281ec")
    assert "auth=" not in repr(reply.rss_feeds)
    assert len(reply.gui_urls) == 3
    assert len(sched("sched.work_sent_three").gui_urls) == 4
    assert len(sched("sched.work_sent_three").results) == 3


def test_credit_acks_and_aborts() -> None:
    assert sched("sched.report_and_fetch").result_acks == ("Theory_rec_5_1",)
    assert sched("sched.result_abort").result_aborts == ("Theory_rec_6_0",)
    assert sched("sched.credit_updated").user_total_credit == 100.5
    assert sched("sched.utf8_user_name").user_name == "Zoë Müller 物理"
    assert sched("sched.project_ended").ended
    assert sched("sched.next_rpc_delay_and_flags").next_rpc_delay == 86400.0
    assert sched("sched.next_rpc_delay_and_flags").strict_memory_bound
    assert sched("sched.trickle_down").trickle_downs[0].text == "<text>hello from the project</text>"
    assert sched("sched.trickle_up").message_ack
    rotated = sched("sched.code_sign_key_rotated")
    assert rotated.code_sign_key
    assert rotated.code_sign_key_signature
    assert sched("sched.no_work").global_preferences.startswith("<global_preferences>\n<mod_time>1795355466")


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("sched.bad_authenticator_known_host", Refusal.KEY),
        ("sched.bad_authenticator_new_host", Refusal.KEY),
        ("sched.missing_authenticator", Refusal.KEY),
        ("sched.project_down", Refusal.DOWN),
        ("sched.feeder_not_running", Refusal.DOWN),
        ("sched.database_down", Refusal.DOWN),
        ("sched.truncated_request", Refusal.REQUEST),
        ("sched.not_xml", Refusal.REQUEST),
        ("sched.dont_send_jobs", None),
        ("sched.weak_authenticator", None),
    ],
)
def test_refusals(name: str, refusal: Refusal | None) -> None:
    reply = sched(name)
    assert reply.refusal is refusal
    assert reply.request_delay > 0


def test_messages_are_plain() -> None:
    assert sched("sched.bad_authenticator_known_host").messages[0].text == "Invalid or missing account key.  To fix, remove and add this project."
    assert sched("sched.bad_authenticator_known_host").messages[0].priority == "notice"
    reply = read_scheduler_reply(b"<scheduler_reply><message>x</message></scheduler_reply>")
    assert (reply.messages[0].priority, reply.messages[0].text) == ("low", "x")


def test_rare_elements() -> None:
    reply = read_scheduler_reply(
        b"<scheduler_reply><delete_file_info>a</delete_file_info><delete_file_info><name>b</name></delete_file_info><delete_file_info/>"
        b"<no_rsc_apps>NVIDIA</no_rsc_apps><no_cpu_apps>1</no_cpu_apps><send_full_workload/>"
        b"<result_abort_if_not_started><name>r</name><name>r</name></result_abort_if_not_started>"
        b"<file_info><name>f</name><max_nbytes>5</max_nbytes></file_info><file_info><name>g</name><upload_url>https://u/x</upload_url></file_info>"
        b"<file_info><name>h</name><download_url>https://d/h</download_url><download_gzipped_url>https://d/h.gz</download_gzipped_url></file_info></scheduler_reply>"
    )
    assert reply.delete_files == ("a", "b")
    assert reply.no_rsc_apps == ("NVIDIA", "CPU")
    assert (reply.send_full_workload, reply.result_aborts_if_not_started) == (True, ("r",))
    output, upload, download = reply.file_infos
    assert (output.is_output, upload.is_output, download.is_output) == (True, True, False)
    assert download == FileInfo(name="h", urls=("https://d/h",), gzipped_urls=("https://d/h.gz",))


def test_numbers_that_are_none() -> None:
    reply = read_scheduler_reply(
        b"<scheduler_reply><request_delay>nan</request_delay><next_rpc_delay>1e400</next_rpc_delay><userid>x</userid><hostid>1e3</hostid>"
        b"<teamid>99999999999999999999999</teamid><ended></ended><non_cpu_intensive>0</non_cpu_intensive></scheduler_reply>"
    )
    assert (reply.request_delay, reply.next_rpc_delay, reply.userid, reply.hostid, reply.teamid) == (0.0, 0.0, 0, 1000, 0)
    assert (reply.ended, reply.non_cpu_intensive) == (False, False)


def test_a_reply_without_its_end_is_refused() -> None:
    with pytest.raises(ReplyUnreadable, match="end is missing"):
        read_scheduler_reply(response("sched.no_work").body[:-30])


@pytest.mark.parametrize("name", [name for name in RESPONSES if name.startswith("sched.") or (".sched" in name and "real-client" in name)])
def test_every_scheduler_reply_is_read(name: str) -> None:
    assert sched(name).request_delay > 0
