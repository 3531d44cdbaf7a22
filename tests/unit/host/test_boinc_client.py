"""Another BOINC client on this computer, read from files of a real one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t4t.host import boinc_client
from t4t.host.boinc_client import OtherClient, is_running, other_clients

FIXTURES = Path(__file__).parents[2] / "fixtures" / "boinc"
URL = "http://127.0.0.1:8123/t4t/"
KEY = "f74797137624bd9e795a13b81126a31a"
ACCOUNT = (
    f"<account>\n    <master_url>{URL}</master_url>\n    <authenticator>{KEY}</authenticator>\n<project_preferences>\n</project_preferences>\n</account>\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "boinc-client"
    folder.mkdir()
    shutil.copyfile(FIXTURES / "real-client.client_state.xml", folder / "client_state.xml")
    (folder / "account_127.0.0.1_8123_t4t.xml").write_text(ACCOUNT)
    return folder


def read(folder: Path, *, running: bool = True) -> OtherClient:
    (client,) = other_clients([folder, folder], running=running)
    return client


def test_a_real_one(folder: Path) -> None:
    client = read(folder)
    assert (client.readable, client.running, client.host_cpid) == (True, True, "f44f2df5e9331c274e7adcee5acd8647")
    (project,) = client.projects
    assert (project.master_url, project.name, project.user_name, project.hostid) == (URL, "LHC@home Dev", "Real Client", 15)
    assert (project.tasks, project.vm_tasks) == (5, 5)
    assert project.authenticator == KEY
    assert KEY not in repr(client)
    assert client.runs_beside(URL)
    assert not client.runs_beside("https://elsewhere.example/")
    assert not read(folder, running=False).runs_beside(URL)


def test_accounts_without_state_and_state_without_accounts(folder: Path) -> None:
    (folder / "client_state.xml").unlink()
    assert [(project.master_url, project.authenticator, project.tasks) for project in read(folder).projects] == [(URL, KEY, 0)]
    (folder / "account_127.0.0.1_8123_t4t.xml").unlink()
    assert other_clients([folder]) == ()
    shutil.copyfile(FIXTURES / "real-client.client_state.xml", folder / "client_state.xml")
    client = read(folder)
    assert (client.readable, client.projects[0].authenticator) == (False, "")


def test_damaged_files(folder: Path) -> None:
    (folder / "client_state.xml").write_bytes(b"<x>" * 100)
    (folder / "account_b.xml").write_bytes(b"")
    client = read(folder)
    assert (client.readable, [project.master_url for project in client.projects]) == (False, [URL])
    (folder / "client_state.xml").write_text(
        "<client_state><project><master_url>u</master_url><hostid>x</hostid></project><app/><result><plan_class></plan_class></result></client_state>"
    )
    assert [(project.hostid, project.tasks, project.vm_tasks) for project in read(folder).projects] == [(0, 1, 0), (0, 0, 0)]


class Forbidden(type(Path())):  # type: ignore[misc]  # the system's own kind of path
    """A folder of another user's."""

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        raise PermissionError

    def glob(self, pattern: str, **_more: object) -> list[Path]:
        raise PermissionError


def test_a_folder_that_may_not_be_looked_into() -> None:
    (client,) = other_clients([Forbidden("/var/lib/boinc")], running=True)
    assert (client.readable, client.projects, client.running) == (False, (), True)


def test_nobody_else() -> None:
    assert other_clients([Path("/nonexistent")]) == ()
    assert all(isinstance(path, Path) for path in boinc_client.default_folders())
    assert isinstance(other_clients(), tuple)


def test_whether_one_runs() -> None:
    assert is_running() in {True, False}
    assert os.getpid() > 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_content_is_read(folder: Path, state: bytes, account: bytes) -> None:
    (folder / "client_state.xml").write_bytes(b"<client_state>" + state)
    (folder / "account_b.xml").write_bytes(b"<account>" + account)
    assert read(folder).running
