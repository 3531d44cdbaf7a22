"""What a guest is told of its task."""

from __future__ import annotations

from support.given_task import made
from t4t.domain.init_data import read_init_data, redact_init_data
from t4t.domain.preferences import Preferences
from t4t.domain.project_state import ProjectState
from t4t.domain.task_init_data import write_init_data

STATE = ProjectState(master_url="https://lhcathome.cern.ch/lhcathome/", user_name="A <b> & c\n", userid=7, hostid=9, user_total_credit=1.5)


def test_what_is_written_is_read_again() -> None:
    data = write_init_data(made(project="lhcathome.cern.ch_lhcathome"), STATE, Preferences(), cores=2)
    read = read_init_data(data)
    assert (read.user_name, read.userid, read.hostid, read.result_name, read.ncpus) == ("A <b> & c", 7, 9, "r_1", 2.0)
    assert read.project_dir.endswith("/lhcathome.cern.ch_lhcathome")  # by which LHC@home's guest knows the project
    assert b"<authenticator></authenticator>" in data


def test_there_is_nothing_to_hide_in_it() -> None:
    data = write_init_data(made(), STATE, Preferences(), cores=1)
    assert redact_init_data(data) == data
