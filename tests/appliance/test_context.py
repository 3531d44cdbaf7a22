"""The guest's context: reading places, and which place wins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t_guest.context import boinc_keys, key_lines, merge, place_from_files, place_from_floppy

XML = (
    "<app_init_data><user_name>A &amp; B &lt;c&gt;</user_name><userid>3</userid><hostid>5</hostid><authenticator>0123456789</authenticator>"
    "<user_total_credit>12.5</user_total_credit><host_total_credit>7</host_total_credit><ncpus>2.000000</ncpus></app_init_data>"
)


def test_without_anything_there_are_the_defaults() -> None:
    context = merge([])
    assert (context.mode, context.heartbeat_seconds, context.cores, context.power_off, context.job) == ("task", 60, None, True, None)


def test_the_first_place_that_gives_a_key_wins() -> None:
    share = place_from_files({"context": "T4T_MODE=idle\n"})
    iso = place_from_files({"user-data": "T4T_MODE=pilot\nT4T_CORES=3\n"})
    floppy = place_from_floppy("T4T_CORES=9\nT4T_HEARTBEAT_SECONDS=7")
    context = merge([share, iso, floppy])
    assert (context.mode, context.cores, context.heartbeat_seconds) == ("idle", 3, 7)


def test_the_job_of_the_first_place_wins_whether_file_or_key() -> None:
    by_key = place_from_files({"context": "T4T_INPUT=first"})
    by_file = place_from_files({"input": "second"})
    assert merge([by_key, by_file]).job == "first"
    assert merge([by_file, by_key]).job == "second"


def test_an_empty_input_is_none() -> None:
    assert merge([place_from_files({"input": " \n"})]).job is None


def test_only_the_section_t4t_of_an_ini_file_counts() -> None:
    text = "[amiconfig]\nplugins=cernvm\nT4T_CORES=1\n[t4t]\nT4T_CORES = 2\n# T4T_MODE=idle\n[cernvm]\nT4T_MODE=idle\n"
    assert key_lines(text) == {"T4T_CORES": "2"}


def test_credit_figures_are_read_and_an_authenticator_never() -> None:
    keys = boinc_keys(XML)
    assert keys == {
        "BOINC_USERNAME": "A & B <c>",
        "BOINC_USERID": "3",
        "BOINC_HOSTID": "5",
        "BOINC_USER_TOTAL_CREDIT": "12.5",
        "BOINC_HOST_TOTAL_CREDIT": "7",
        "BOINC_NCPUS": "2.000000",
    }
    assert merge([place_from_floppy(XML)]).boinc == keys
    assert "BOINC_AUTHENTICATOR" not in merge([place_from_floppy("BOINC_AUTHENTICATOR=x\nBOINC_HOSTID=1")]).boinc


@pytest.mark.parametrize(("text", "seconds"), [("0", 1), ("99999", 3600), ("-3", 60), ("x", 60), ("", 60), ("9" * 50, 60), ("15", 15)])
def test_the_heartbeat_stays_within_its_limits(text: str, seconds: int) -> None:
    assert merge([place_from_floppy(f"T4T_HEARTBEAT_SECONDS={text}")]).heartbeat_seconds == seconds


def test_an_unknown_mode_is_a_task() -> None:
    assert merge([place_from_floppy("T4T_MODE=dance")]).mode == "task"


def test_power_off_can_be_refused() -> None:
    assert merge([place_from_floppy("T4T_POWER_OFF=0")]).power_off is False


@given(st.dictionaries(st.sampled_from(["input", "init_data.xml", "cmdline", "context", "user-data"]), st.text(max_size=200)), st.text(max_size=200))
def test_any_text_gives_a_context(files: dict[str, str], floppy: str) -> None:
    context = merge([place_from_files(files), place_from_floppy(floppy)])
    assert context.mode in {"task", "pilot", "idle"}
    assert 1 <= context.heartbeat_seconds <= 3600


KEYS = st.dictionaries(st.sampled_from(["T4T_A", "T4T_B", "T4T_C", "BOINC_D"]), st.text("abc123", min_size=1, max_size=5))


@given(KEYS)
def test_written_keys_read_back(keys: dict[str, str]) -> None:
    assert key_lines("".join(f"{key}={value}\n" for key, value in keys.items())) == keys


@pytest.mark.parametrize("name", ["user-data", "openstack/latest/user_data", "ec2/latest/user-data"])
def test_user_data_is_found_where_each_kind_of_iso_has_it(name: str) -> None:
    assert place_from_files({name: "T4T_CORES=2"}).keys == {"T4T_CORES": "2"}


@pytest.mark.parametrize("name", ["context.sh", "CONTEXT.SH"])
def test_user_data_inside_a_context_script(name: str) -> None:
    script = "ONE_CONTEXT_PATH=\"/var/lib/amiconfig\"\nEC2_USER_DATA='W3Q0dF0KVDRUX0NPUkVTPTI='\n"
    assert place_from_files({name: script}).keys == {"T4T_CORES": "2"}
    assert place_from_files({name: script, "user-data": "T4T_CORES=3"}).keys == {"T4T_CORES": "3"}


@pytest.mark.parametrize("script", ["", "EC2_USER_DATA=", "EC2_USER_DATA=!", "EC2_USER_DATA=QQ", "EC2_USER_DATA=é", "nothing"])
def test_a_context_script_that_says_nothing(script: str) -> None:
    assert place_from_files({"context.sh": script}).keys == {}
