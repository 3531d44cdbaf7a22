"""``t4t leftovers`` and ``t4t quit --wait``: all of ours is found and removed, nothing else is, and whatever stands against it leaves the rest where it is."""

from __future__ import annotations

import itertools
import shutil
import time
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.bootstrap import ending, leftovers, login, machines
from t4t.bootstrap.services import Services
from t4t.domain.errors import FolderBusy, FolderUnwritable, HypervisorMissing, VmNotFound
from t4t.domain.leftovers import Leftovers
from t4t.domain.project_view import ProjectDetails, ProjectView
from t4t.domain.vm import VmId, VmInfo, VmState
from t4t.host.autostart import AutostartFile, autostart_entry, read_entry
from t4t.hypervisor.records import FILE
from t4t.storage import paths
from t4t.storage.files import FolderLock
from t4t.wording.leftovers import said

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.hypervisor.remote import RemoteHypervisor

A, B = (VmInfo(vm_id=VmId(name), name=f"t4t-{name}", state=VmState.SAVED) for name in ("a", "b"))


class Driver:
    """A hypervisor that has these machines in its list."""

    def __init__(self, *listed: VmInfo, refuses: bool = False, missing: bool = False) -> None:
        self.listed = list(listed)
        self.refuses = refuses
        self.missing = missing
        self.open = 0

    async def inspect(self) -> tuple[VmInfo, ...]:
        assert self.open == 1
        if self.missing:
            raise HypervisorMissing(hypervisor="virtualbox")
        return tuple(self.listed)

    async def delete(self, vm_id: VmId) -> None:
        assert self.open == 1
        if self.refuses:
            raise VmNotFound(vm=vm_id)
        self.listed = [info for info in self.listed if info.vm_id != vm_id]

    async def close(self) -> None:
        self.open -= 1


class Projects:
    """The attached projects."""

    def __init__(self, *urls: str) -> None:
        self.urls = list(urls)

    def projects(self) -> list[ProjectDetails]:
        return [ProjectDetails(project=ProjectView(url=url, name="P")) for url in self.urls]

    def detach(self, project: str, passphrase: str, *, force: bool) -> str:
        assert (passphrase, force) == ("", True)
        self.urls.remove(project)
        return "P"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's own place for our data, with work in it."""
    place = tmp_path / "share" / "t4t"
    for name in ("logs/t4t.log", "vms/a/disk", "settings.toml", "id"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(b"x" * 5000)
    (place / "vms/a" / FILE).write_text('{"hypervisor": "virtualbox"}', encoding="ascii")
    (tmp_path / "share/theirs").write_bytes(b"keep")
    monkeypatch.setattr(paths, "own_data_dir", lambda: place)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return place


@pytest.fixture
def login_entry(tmp_path: Path) -> AutostartFile:
    return AutostartFile(tmp_path / "autostart/t4t.desktop", autostart_entry, read_entry)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    one = Driver(A, B)

    def remote(kind: str, _data: Path, *, log: Path) -> RemoteHypervisor:
        assert (kind, log.name) == ("virtualbox", "leftovers.log")
        one.open += 1
        return cast("RemoteHypervisor", one)

    monkeypatch.setattr(machines, "remote", remote)
    return one


def test_where_nobody_ever_worked_nothing_is_begun(tmp_path: Path, login_entry: AutostartFile) -> None:
    data = tmp_path / "data"
    for found in (leftovers.look(data, at_login=login_entry), leftovers.remove(data, at_login=login_entry)):
        assert found == Leftovers(folder="")
        assert not found.any
    assert not ending.end(data)
    assert list(tmp_path.iterdir()) == []


def test_all_of_it_is_found_and_goes(data: Path, driver: Driver, login_entry: AutostartFile) -> None:
    login_entry.on(login.command(data))
    found = leftovers.look(data, at_login=login_entry)
    assert (found.folder, found.hypervisor, found.machines, found.foreign) == (str(data), "virtualbox", ("t4t-a", "t4t-b"), False)
    assert found.occupied >= 20_000
    assert found.autostart == str(login_entry.file)
    left = leftovers.remove(data, at_login=login_entry)
    assert not left.any
    assert driver.listed == []
    assert [path.name for path in data.parent.iterdir()] == ["theirs"]


def test_projects_get_their_work_back(data: Path, driver: Driver, login_entry: AutostartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "attached").mkdir()
    projects = Projects("https://one.example/", "https://two.example/")
    monkeypatch.setattr(leftovers, "ProjectVerbs", lambda _data: projects)
    assert leftovers.look(data, at_login=login_entry).projects == ("https://one.example/", "https://two.example/")
    assert not leftovers.remove(data, at_login=login_entry).any
    assert projects.urls == []
    assert driver.open == 0


def test_a_folder_of_somebodys_choice_is_never_removed(data: Path, driver: Driver, login_entry: AutostartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "own_data_dir", lambda: data.parent / "elsewhere")
    left = leftovers.remove(data, at_login=login_entry)
    assert (left.folder, left.machines, left.foreign) == (str(data), (), True)
    assert (data / "settings.toml").is_file()
    assert driver.listed == []


def test_machines_on_another_disk_go_too(data: Path, driver: Driver, login_entry: AutostartFile, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "theirs").write_bytes(b"keep")
    (data / "vms").rename(disk / "t4t-vms-1")
    (data / "vms").symlink_to(disk / "t4t-vms-1", target_is_directory=True)
    assert leftovers.look(data, at_login=login_entry).machines_folder == str(disk / "t4t-vms-1")
    assert not leftovers.remove(data, at_login=login_entry).any
    assert [path.name for path in disk.iterdir()] == ["theirs"]
    assert driver.open == 0


def test_a_machine_that_stays_keeps_what_tells_of_it(data: Path, driver: Driver, login_entry: AutostartFile) -> None:
    driver.refuses = True
    with pytest.raises(VmNotFound):
        leftovers.remove(data, at_login=login_entry)
    assert (data / "vms/a" / FILE).is_file()
    assert driver.open == 0
    driver.refuses = False
    assert not leftovers.remove(data, at_login=login_entry).any


def test_a_hypervisor_that_is_gone_has_no_list(data: Path, driver: Driver, login_entry: AutostartFile) -> None:
    driver.missing = True
    found = leftovers.look(data, at_login=login_entry)
    assert (found.hypervisor, found.machines) == ("", ())
    assert not leftovers.remove(data, at_login=login_entry).any


def test_without_a_machine_on_the_disk_the_list_counts_where_there_is_one(
    data: Path, driver: Driver, login_entry: AutostartFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "vms/a" / FILE).unlink()
    monkeypatch.setattr(machines, "virtualbox_is_ready", lambda: False)
    assert leftovers.look(data, at_login=login_entry).machines == ()
    monkeypatch.setattr(machines, "virtualbox_is_ready", lambda: True)
    assert leftovers.look(data, at_login=login_entry).machines == ("t4t-a", "t4t-b")
    assert driver.open == 0


def test_another_installations_start_is_not_ours(data: Path, driver: Driver, login_entry: AutostartFile) -> None:
    login_entry.on(("/opt/other/t4t", "run", "--tray"))
    assert leftovers.look(data, at_login=login_entry).autostart == ""
    leftovers.remove(data, at_login=login_entry)
    assert login_entry.file.is_file()
    assert driver.open == 0


def test_the_start_alone_goes_without_a_folder(tmp_path: Path, login_entry: AutostartFile) -> None:
    data = tmp_path / "data"
    login_entry.on(login.command(data))
    assert leftovers.look(data, at_login=login_entry).any
    assert not leftovers.remove(data, at_login=login_entry).any


def test_a_disk_that_refuses_is_told(data: Path, driver: Driver, login_entry: AutostartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "no", str(path))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(FolderUnwritable) as caught:
        leftovers.remove(data, at_login=login_entry)
    assert caught.value.reason == "no"
    assert driver.open == 0


def test_the_end_is_waited_for(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, looks = FolderLock(data, ending.LOCKS[1]), iter(range(2))
    lock.take()

    def sleep(_seconds: float) -> None:
        if next(looks, None) is None:
            lock.release()

    monkeypatch.setattr(time, "sleep", sleep)
    assert not ending.end(data)
    assert next(looks, None) is None, "it was asked again and again"


def test_the_end_is_not_waited_for_forever(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0.0, 200.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with FolderLock(data, ending.LOCKS[0]), pytest.raises(FolderBusy):
        ending.end(data)


def test_the_verb_of_a_data_folder_ends_its_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "ask", lambda data: data == tmp_path)
    assert Services(tmp_path).end()


FOUND = st.builds(
    Leftovers,
    folder=st.sampled_from(["", "/data"]),
    occupied=st.integers(0, 10**12),
    hypervisor=st.sampled_from(["", "virtualbox", "qemu", "fake"]),
    machines=st.lists(st.text(min_size=1), max_size=3).map(tuple),
    machines_folder=st.sampled_from(["", "/disk"]),
    projects=st.lists(st.just("https://p.example/"), max_size=2).map(tuple),
    autostart=st.sampled_from(["", "/etc/x"]),
    foreign=st.booleans(),
)


@given(FOUND)
def test_all_of_it_is_said(found: Leftovers) -> None:
    text = "\n".join(said(found))
    if not found.any:
        assert said(found) == ("Nothing of Test4Theory is on this computer beside the program itself.",)
        return
    assert all(machine in text for machine in found.machines)
    assert all(part in text for part in (found.folder, found.machines_folder, found.autostart))
    assert ("https://p.example/" in text) is bool(found.projects)
    assert ("never removed" in text) is found.foreign
